"""What one tells of one's challenges is kept only with a yes of one's own, and can be emptied, all of it or a part."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from portal import clock, consents, jobs
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.coaching.models import Booking, Coach, Slot
from portal.consents import Consent, NotAgreed, Purpose
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import lapsing, profiles, proposal_answers
from portal.mentoring.own_words import forget_own_words
from portal.mentoring.pool import how_many_seek, pool
from portal.mentoring.profile_models import MenteeProfile, Modes
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.rounds import start_round
from portal.mentoring.text_vectors import TextVector
from portal.privacy.register import ASKED_FOR, REGISTER, Basis, Use
from portal.privacy.withdrawal import withdraw
from tests.coaching.programmes import NOW, booked, new_programme, new_slot, participant
from tests.mentoring.pairing import areas, new_mentee, new_mentor, new_round, propose
from tests.privacy.lives import SECRET, Life
from tests.support.client import CheckingClient
from tests.support.people import agree, new_member
from tests.support.racing import race

WORDS = consents.current(Purpose.OWN_WORDS)
CHALLENGES = "/profile/challenges"


def without_a_yes(user: User) -> None:
    """As after a restore, or as one who told it before anybody was asked."""
    db.session.execute(
        update(Consent).where(Consent.user_id == user.id).values(withdrawn_at=Consent.given_at)
    )
    db.session.commit()


def told(**more: str) -> dict[str, Any]:
    ((mayor, _weight),) = areas("mayor").items()
    return {f"area_{mayor}": "3", "text": SECRET, "modes": "either", **more}


def nothing(client: CheckingClient) -> dict[str, Any]:
    """«Nei» to every area of the page."""
    assert client.page is not None
    fields = client.page.form(CHALLENGES).fields
    return {name: "0" for name in fields if name.startswith("area_")}


# Asked where it is first given


def test_the_words_are_beside_the_box_while_there_is_no_yes_and_never_after(
    client: CheckingClient, bjorn: Member
) -> None:
    page = client.sign_in(bjorn).get(CHALLENGES)
    assert WORDS.text in page.main
    client.submit(CHALLENGES, **told(agreed="1"))
    assert consents.holds(bjorn.user_id, Purpose.OWN_WORDS)
    page = client.get(CHALLENGES)
    assert WORDS.text not in page.main
    assert not page.all("[name=agreed]")


def test_without_the_yes_nothing_is_kept_and_what_was_typed_is_there_still(
    client: CheckingClient, bjorn: Member
) -> None:
    client.sign_in(bjorn).get(CHALLENGES)
    page = client.submit(CHALLENGES, status=422, **told())
    assert "Kryss av for samtykket" in page.texts("#error-summary")[0]
    assert page.one("#error-summary a").get("href") == "#agreed"
    assert page.one("#agreed").get("aria-invalid") == "true"
    assert (page.one("textarea").text or "").strip() == SECRET
    assert db.session.query(MenteeProfile).count() == 0
    client.submit(CHALLENGES, agreed="1")
    assert db.session.query(MenteeProfile).one().text == SECRET


def test_a_yes_to_words_that_have_changed_meanwhile_is_none(client: CheckingClient, bjorn: Member) -> None:
    client.sign_in(bjorn).get(CHALLENGES)
    page = client.submit(CHALLENGES, status=422, **told(agreed="7"))
    assert "Teksten er endret" in page.texts("#error-summary")[0]
    assert not consents.holds(bjorn.user_id, Purpose.OWN_WORDS)


def test_a_yes_on_a_form_that_is_refused_for_something_else_is_not_recorded(
    client: CheckingClient, bjorn: Member
) -> None:
    client.sign_in(bjorn).get(CHALLENGES)
    page = client.submit(CHALLENGES, status=422, **told(agreed="1", county="månen"))
    assert not consents.holds(bjorn.user_id, Purpose.OWN_WORDS)
    assert page.one("#agreed").get("checked") is not None


def test_the_rule_is_not_only_the_pages(app: Flask, bjorn: Member, astrid: Member, cecilie: Coach) -> None:
    mentor = new_mentor(astrid)
    with pytest.raises(NotAgreed):
        profiles.seek(bjorn, areas("mayor"), "", {}, Modes.EITHER, bjorn.user, NOW)
    with pytest.raises(NotAgreed):
        profiles.tell_experience(mentor, areas("mayor"), SECRET, Modes.EITHER, False, NOW)


def test_a_mentors_areas_need_no_yes_and_words_do(client: CheckingClient, astrid: Member) -> None:
    mentor = new_mentor(astrid)
    client.sign_in(astrid).get("/mentor/experience")
    client.submit("/mentor/experience", text="")
    client.get("/mentor/experience")
    page = client.submit("/mentor/experience", status=422, text=SECRET)
    assert "Kryss av for samtykket" in page.texts("#error-summary")[0]
    assert (page.one("textarea").text or "").strip() == SECRET
    client.submit("/mentor/experience", agreed="1")
    db.session.expire_all()
    assert mentor.text == SECRET


@pytest.fixture
def hour(bjorn: Member, cecilie: Coach) -> Slot:
    participant(bjorn, new_programme(), clock.now() - timedelta(days=9))
    return new_slot(cecilie, clock.now() + timedelta(days=9))


def test_an_hour_is_booked_without_a_yes_and_without_a_theme(
    client: CheckingClient, bjorn: Member, hour: Slot
) -> None:
    page = client.sign_in(bjorn).get(f"/coaching/slots/{hour.id}")
    assert WORDS.text in page.main
    client.submit("/booking")
    assert db.session.query(Booking).one().theme == ""
    assert not consents.holds(bjorn.user_id, Purpose.OWN_WORDS)


@pytest.mark.parametrize("htmx", [False, True])
def test_a_theme_without_a_yes_is_refused_at_its_box_and_books_nothing(
    client: CheckingClient, bjorn: Member, hour: Slot, htmx: bool
) -> None:
    client.sign_in(bjorn).get(f"/coaching/slots/{hour.id}")
    page = (client.htmx if htmx else client).submit("/booking", status=422, theme="En krevende sak")
    assert "Kryss av for samtykket" in page.texts("#error-summary")[0]
    assert page.one("#agreed").get("aria-invalid") == "true"
    assert page.form("/booking").fields["theme"] == ["En krevende sak"]
    assert db.session.query(Booking).count() == 0
    client.submit(page.form("/booking"), agreed="1")
    assert db.session.query(Booking).one().theme == "En krevende sak"


# Emptied


def test_a_theme_can_be_emptied_and_the_hour_stays(
    client: CheckingClient, bjorn: Member, cecilie: Coach
) -> None:
    seat = participant(bjorn, new_programme(), clock.now() - timedelta(days=9))
    booking = booked(seat, cecilie, clock.now() + timedelta(days=9), theme="En krevende sak")
    client.sign_in(bjorn).get(f"/coaching/bookings/{booking.id}")
    page = client.submit("Fjern temaet")
    assert "Temaet er fjernet. Samtalen står som før." in page.words
    assert "krevende" not in page.main
    assert "krevende" not in client.sign_in(cecilie).get("/coach/sessions").main
    db.session.expire_all()
    assert (booking.theme, booking.is_live) == ("", True)
    client.sign_in(bjorn).post(f"/coaching/bookings/{booking.id}/theme/deletion", status=303)
    emptied = select(func.count()).where(AuditEvent.event == "theme of a conversation emptied")
    assert db.session.scalar(emptied) == 1


@pytest.mark.parametrize("who", ["the member", "the coach"])
def test_a_conversation_that_is_cancelled_tells_nobody_what_it_was_to_be_about(
    client: CheckingClient, bjorn: Member, cecilie: Coach, who: str
) -> None:
    seat = participant(bjorn, new_programme(), clock.now() - timedelta(days=9))
    booking = booked(seat, cecilie, clock.now() + timedelta(days=9), theme="En krevende sak")
    booking.cancel(bjorn.user if who == "the member" else cecilie.user, clock.now())
    page = client.sign_in(cecilie).get("/coach/sessions?show=cancelled")
    assert "Bjørn Haugland" in page.main
    assert "krevende" not in page.main
    assert db.session.scalars(select(Booking.theme)).all() == [None]


def test_whoever_chooses_nothing_any_more_is_not_looked_for_and_is_told(
    client: CheckingClient, bjorn: Member, astrid: Member, now: Any
) -> None:
    mentee = new_mentee(bjorn, now)
    (given,) = propose(mentee, new_mentor(astrid, now=now), within=new_round(now))
    proposal_answers.accept(given, bjorn.user, now)
    client.sign_in(bjorn).get(CHALLENGES)
    chosen = nothing(client)
    page = client.submit(CHALLENGES, **chosen, text="")
    assert "vi leter ikke lenger etter en mentor til deg" in page.words
    db.session.expire_all()
    assert (mentee.areas, mentee.text, mentee.wishes, mentee.seeking_since) == ([], "", {}, None)
    assert given.lapsed_at is not None
    assert pool(now).mentees == []
    assert "Bjørn" not in client.sign_in(astrid).get("/mentor/").main


def test_whoever_has_a_mentor_can_empty_it_too_and_the_pair_goes_on(
    client: CheckingClient, life: Life
) -> None:
    client.sign_in(life.bjorn, NOW).get(CHALLENGES)
    chosen = nothing(client)
    client.submit(CHALLENGES, **chosen, text="")
    db.session.expire_all()
    assert (life.mentee.areas, life.mentee.text) == ([], "")
    assert life.pair.is_live


# Taken back


def test_taking_it_back_says_first_what_it_means_and_then_empties_it_all(
    client: CheckingClient, life: Life
) -> None:
    page = client.sign_in(life.bjorn, NOW).get("/personal-data")
    (form,) = [f for f in page.forms if f.fields.get("purpose") == ["own_words"]]
    assert "tømmes nå, og kan ikke hentes tilbake" in page.main
    assert "Mentorpar og samtaler som er i gang, fortsetter." in page.main
    page = client.submit(form)
    assert "Det du hadde fortalt, er tømt" in page.words
    db.session.expire_all()
    assert (life.mentee.text, life.mentee.wishes, life.mentee.areas) == ("", {}, [])
    assert db.session.scalars(select(Booking.theme)).all() == [None, None]
    kept = db.session.scalars(select(Proposal).where(Proposal.mentee_id == life.mentee.id)).all()
    assert not any(proposal.reasons or proposal.difference for proposal in kept)
    assert not consents.holds(life.bjorn.user_id, Purpose.OWN_WORDS)
    assert life.pair.is_live
    assert life.ahead.is_live
    assert SECRET not in page.text


def test_the_search_stops_and_a_draft_that_was_made_of_it_goes(
    app: Flask, bjorn: Member, astrid: Member, daniel: Member, eva: User, now: Any
) -> None:
    mentee, other = new_mentee(bjorn, now), new_mentee(daniel, now)
    mentor = new_mentor(astrid, 2, now=now)
    (waiting,) = propose(mentee, mentor, within=new_round(now))
    proposal_answers.accept(waiting, bjorn.user, now)
    start_round("Utkast", eva, now)
    withdraw(bjorn.user, Purpose.OWN_WORDS, now)
    db.session.commit()
    assert waiting.lapsed_at is not None
    assert [m.id for m in pool(now).mentees] == [str(other.member_id)]
    vectors = select(TextVector.member_id).where(TextVector.member_id == bjorn.id)
    assert db.session.scalars(vectors).all() == []
    assert mentee.seeking_since is None


def test_a_draft_that_the_person_is_in_goes_and_one_without_them_stays(
    app: Flask, bjorn: Member, astrid: Member, daniel: Member, eva: User, now: Any
) -> None:
    new_mentee(bjorn, now)
    new_mentor(astrid, 2, now=now)
    start_round("Utkast", eva, now)
    agree(daniel, now)
    withdraw(daniel.user, Purpose.OWN_WORDS, now)
    assert db.session.query(MatchRound).count() == 1
    withdraw(bjorn.user, Purpose.OWN_WORDS, now)
    assert db.session.query(MatchRound).count() == 0


def test_a_mentor_who_takes_it_back_stays_a_mentor_with_the_same_areas(
    app: Flask, astrid: Member, now: Any
) -> None:
    mentor = new_mentor(astrid, now=now)
    known = {area.area_id for area in mentor.areas}
    agree(astrid, now)
    profiles.tell_experience(mentor, dict.fromkeys(known, 3), SECRET, Modes.EITHER, False, now)
    withdraw(astrid.user, Purpose.OWN_WORDS, now)
    assert mentor.text == ""
    assert {area.area_id for area in mentor.areas} == known
    assert [m.id for m in pool(now).mentors] == [str(astrid.id)]


def test_taking_it_back_twice_changes_nothing_more(app: Flask, life: Life) -> None:
    for _twice in range(2):
        withdraw(life.bjorn.user, Purpose.OWN_WORDS, NOW)
    stopped = select(func.count()).where(AuditEvent.event == "consent withdrawn")
    db.session.commit()
    assert db.session.scalar(stopped) == 1
    forget_own_words(life.bjorn.user, NOW)


# Without a yes: kept, and not used


def test_who_told_it_before_anybody_was_asked_is_asked_at_the_next_visit_and_is_in_no_round_until_then(
    client: CheckingClient, bjorn: Member, now: Any
) -> None:
    mentee = new_mentee(bjorn, now)
    mentee.text = SECRET
    without_a_yes(bjorn.user)
    assert (pool(now).mentees, how_many_seek()) == ([], 0)
    page = client.sign_in(bjorn).get("/home")
    assert "Si ja, så leter vi videre" in page.texts(".next-step")[0]
    assert page.link("Se over og si ja") == CHALLENGES
    assert "Si ja, så leter vi videre" in client.get("/mentoring/").main
    assert "Vi trenger et ja fra deg" in client.get("/profile").main
    page = client.get(CHALLENGES)
    assert (page.one("textarea").text or "").strip() == SECRET
    client.submit(CHALLENGES, agreed="1")
    assert [m.id for m in pool(now).mentees] == [str(bjorn.id)]
    assert "Si ja, så leter vi videre" not in client.get("/home").main


def test_who_would_rather_not_can_empty_it_without_saying_yes(
    client: CheckingClient, bjorn: Member, now: Any
) -> None:
    mentee = new_mentee(bjorn, now)
    mentee.text = SECRET
    without_a_yes(bjorn.user)
    client.sign_in(bjorn).get("/personal-data")
    client.submit("Trekk og tøm")
    db.session.expire_all()
    assert (mentee.text, mentee.areas, mentee.seeking_since) == ("", [], None)
    page = client.get("/personal-data")
    assert not [f for f in page.forms if "Trekk og tøm" in f.text]


def test_no_mentor_is_asked_for_one_whose_yes_has_lapsed_before_it_is_said_anew(
    app: Flask, bjorn: Member, astrid: Member, now: Any
) -> None:
    (given,) = propose(new_mentee(bjorn, now), new_mentor(astrid, now=now), within=new_round(now))
    without_a_yes(bjorn.user)
    proposal_answers.accept(given, bjorn.user, now)
    lapsing.expire(now)
    assert given.mentor_asked_at is None
    agree(bjorn, now)
    lapsing.expire(now)
    assert given.mentor_asked_at == now


def test_a_mentor_who_has_been_asked_sees_the_areas_only_while_the_yes_lasts(
    client: CheckingClient, bjorn: Member, astrid: Member, now: Any
) -> None:
    (given,) = propose(new_mentee(bjorn, now), new_mentor(astrid, now=now), within=new_round(now))
    proposal_answers.accept(given, bjorn.user, now)
    assert "Står i dette" in client.sign_in(astrid).get("/mentor/").main
    without_a_yes(bjorn.user)
    page = client.get("/mentor/")
    assert "Bjørn Haugland" in page.main
    assert "Står i dette" not in page.main


def test_a_coach_sees_the_theme_only_while_the_yes_lasts_and_the_member_is_told(
    client: CheckingClient, bjorn: Member, cecilie: Coach
) -> None:
    seat = participant(bjorn, new_programme(), clock.now() - timedelta(days=9))
    booking = booked(seat, cecilie, clock.now() + timedelta(days=9), theme="En krevende sak")
    assert "En krevende sak" in client.sign_in(cecilie).get("/coach/sessions").main
    without_a_yes(bjorn.user)
    assert "krevende" not in client.get("/coach/sessions").main
    assert booking.theme_for(cecilie.user) is None
    page = client.sign_in(bjorn).get(f"/coaching/bookings/{booking.id}")
    assert "En krevende sak" in page.main
    assert "til du har sagt ja" in page.main


def test_the_worker_compares_no_text_without_its_writers_yes_and_does_not_try_for_ever(
    app: Flask, now: Any
) -> None:
    people = [new_member(f"Mentee Nr{n}", place) for n, place in enumerate(("Nome", "Lierne", "Sirdal"))]
    for person in people:
        new_mentee(person, now).text = f"{SECRET}, og kommunestyret strides om skolene"
    without_a_yes(people[0].user)
    jobs.run_due(now)
    fits = dict(db.session.execute(select(TextVector.member_id, TextVector.fit)).tuples().all())
    assert fits[people[0].id] is None
    assert fits[people[1].id] is not None
    assert jobs.run_due(now)["compare texts"] == 0
    agree(people[0], now)
    db.session.commit()
    assert jobs.run_due(now)["compare texts"] > 0


def save_or_take_back(number: int) -> None:
    """One window saves while the other takes the yes back."""
    user = db.session.get_one(User, abs(number))
    if number > 0:
        withdraw(user, Purpose.OWN_WORDS, NOW)
    else:
        member = db.session.scalars(select(Member).where(Member.user_id == user.id)).one()
        profiles.seek(member, areas("mayor"), SECRET, {}, Modes.EITHER, user, NOW)
    db.session.commit()


def test_words_that_are_saved_while_the_yes_is_taken_back_do_not_outlive_it(
    app: Flask, database_url: str, bjorn: Member
) -> None:
    user_id = bjorn.user_id
    new_mentee(bjorn)
    for _round in range(4):
        agree(bjorn, NOW)
        db.session.commit()
        seen = race(database_url, save_or_take_back, [user_id, -user_id])
        assert set(seen) <= {"done", "NotAgreed"}
        db.session.expire_all()
        profile = db.session.query(MenteeProfile).one()
        assert not consents.holds(user_id, Purpose.OWN_WORDS)
        assert (profile.text, profile.areas, profile.seeking_since) == ("", [], None)


# The record


def test_the_record_has_the_words_of_every_consent_and_the_basis_of_what_may_be_health_data() -> None:
    assert set(ASKED_FOR) == set(Purpose)
    sensitive = {
        (table.table, line.column)
        for table in REGISTER
        for line in table.lines
        if line.sensitive and (line.use or table.use) is not Use.OWN_WORDS
    }
    assert sensitive == {("mentor_area", "area_id"), ("reservation", "content")}
    assert Use.OWN_WORDS.basis is Basis.EXPLICIT
    assert ASKED_FOR[Purpose.OWN_WORDS].basis is Basis.EXPLICIT
