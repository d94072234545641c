"""A round that is released: what goes out, what comes back, and how it ends."""

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.extensions import db
from portal.mentoring import profiles, proposal_answers
from portal.mentoring.apart import told_to
from portal.mentoring.profile_models import MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_release import release_round, remind
from portal.mentoring.rounds import start_round
from portal.notifications import Kind, OutboxMessage
from portal.notifications.delivery import compose
from tests.mentoring.pairing import new_mentee, new_mentor
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user

MENTEES = ("Nome", "Lierne", "Sirdal", "Åfjord")
MENTORS = (("Hitra", 1), ("Nordreisa", 2), ("Ringebu", 1))


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    mentees = [new_mentee(new_member(f"Mentee {place}", place)) for place in MENTEES]
    mentors = [new_mentor(new_member(f"Mentor {place}", place), number) for place, number in MENTORS]
    return SimpleNamespace(mentees=mentees, mentors=mentors)


@pytest.fixture
def made(pool: SimpleNamespace, eva: User) -> MatchRound:
    return start_round("Høstrunden", eva, clock.now())


def in_two_weeks() -> date:
    return clock.today(clock.now()) + timedelta(days=14)


@pytest.fixture
def released(made: MatchRound, eva: User) -> MatchRound:
    release_round(made, in_two_weeks(), eva, clock.now())
    return made


def at(round_: MatchRound, rest: str = "") -> str:
    return f"/secretariat/rounds/{round_.id}{rest}"


def mails() -> list[OutboxMessage]:
    rows = select(OutboxMessage).where(OutboxMessage.kind == Kind.PROPOSAL_WAITING)
    return list(db.session.scalars(rows.order_by(OutboxMessage.id)))


def own(round_: MatchRound, mentee_id: int) -> list[Proposal]:
    rows = select(Proposal).where(Proposal.round_id == round_.id, Proposal.mentee_id == mentee_id)
    return list(db.session.scalars(rows.order_by(Proposal.rank)))


def yesterday() -> None:
    """Let the mails that went out have gone out the day before."""
    for mail in mails():
        mail.created_at -= timedelta(days=1)


def test_the_page_before_the_release_shows_exactly_what_goes_out(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    page = client.sign_in(eva).get(at(made, "/release"))
    assert page.texts(".release-list dt") == ["4", "0", "12", "0"]
    page = client.submit("/releases")
    assert "Frigitt. 4 mentees får beskjed." in page.words
    assert len(mails()) == 4
    for mail in mails():
        assert compose(mail, clock.now())["Subject"] == "Noe venter på deg i Varde"


def test_the_mail_is_shown_word_for_word_and_says_nothing(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    page = client.sign_in(eva).get(at(made, "/release"))
    shown = page.texts(".mail__text")[0]
    client.submit("/releases")
    for mail in mails():
        text = " ".join(compose(mail, clock.now()).get_content().split())
        assert text == shown
        for word in ("mentor", "forslag", "Mentee", "Høstrunden", "runde"):
            assert word not in text.replace("/mentoring", "")


def test_the_mentees_see_their_proposals_only_once_the_round_is_released(
    made: MatchRound, eva: User, pool: SimpleNamespace
) -> None:
    user = pool.mentees[0].member.user
    assert db.session.scalars(Proposal.for_mentee(user)).all() == []
    release_round(made, in_two_weeks(), eva, clock.now())
    assert len(db.session.scalars(Proposal.for_mentee(user)).all()) == 3
    assert db.session.scalars(told_to(pool.mentors[0].member.user)).all() == []


def test_releasing_twice_does_nothing_the_second_time(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    client.sign_in(eva).get(at(made, "/release"))
    form = client.page.form("/releases") if client.page else None
    assert form is not None
    client.submit(form)
    first = db.session.get_one(MatchRound, made.id).released_at
    page = client.submit(form)
    assert "Runden var alt frigitt" in page.words
    assert len(mails()) == 4
    assert db.session.get_one(MatchRound, made.id).released_at == first


@pytest.mark.parametrize("day", ["", "i morgen", "01.01.2020", "24.11.3000", "31.02.2027", "x" * 100_000])
def test_the_deadline_must_be_a_day_that_comes(
    client: CheckingClient, eva: User, made: MatchRound, day: str
) -> None:
    page = client.sign_in(eva).post(at(made, "/releases"), {"answer_by": day}, status=422)
    assert page.one("#answer_by").get("aria-invalid") == "true"
    assert page.one("#answer_by").get("value") == day
    assert not mails()
    assert db.session.get_one(MatchRound, made.id).released_at is None


def test_a_draft_that_a_colleague_has_changed_is_looked_over_again_before_it_goes_out(
    client: CheckingClient,
    new_client: Callable[[], CheckingClient],
    eva: User,
    made: MatchRound,
    pool: SimpleNamespace,
) -> None:
    form = client.sign_in(eva).get(at(made, "/release")).form("/releases")
    pair = {"mentee": pool.mentees[0].id, "mentor": own(made, pool.mentees[0].id)[0].mentor_id}
    kari = new_client().sign_in(new_user("Kari Kollega", Role.SECRETARIAT))
    kari.post(at(made, "/exclusions"), {**pair, "ground": "conflict"})
    page = client.submit(form, status=422, answer_by="i morgen")
    page = client.submit("/releases", status=422, answer_by=f"{in_two_weeks():%d.%m.%Y}")
    assert "endret etter at du åpnet siden" in page.main
    assert not page.all("#answer_by[aria-invalid]")
    assert not mails()
    client.submit("/releases")
    assert len(mails()) == 4


@pytest.mark.parametrize("day", ["", "i morgen"])
def test_a_wrong_day_for_a_round_that_is_out_leads_to_the_answers(
    client: CheckingClient, eva: User, released: MatchRound, day: str
) -> None:
    page = client.follow(client.sign_in(eva).post(at(released, "/releases"), {"answer_by": day}, 303))
    assert page.one("#answers") is not None
    assert "Ingenting er sendt" not in page.main


def test_whoever_has_paused_since_the_run_is_left_out_with_a_sentence(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    pool.mentees[0].paused_at = clock.now()
    page = client.sign_in(eva).get(at(made, "/release"))
    assert "Mentee Nome" in page.main
    assert "Søker ikke mentor nå" in page.main
    client.submit("/releases")
    assert len(mails()) == 3
    assert own(made, pool.mentees[0].id) == []


@pytest.mark.parametrize("by_mentor", [True, False], ids=["the mentor's", "the mentee's"])
def test_a_pair_reserved_since_the_run_goes_out_like_the_others(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace, *, by_mentor: bool
) -> None:
    """Were it taken out, the tables before and after would differ by the two who are kept apart."""
    mentee = pool.mentees[0]
    before = [(p.mentor_id, p.rank) for p in own(made, mentee.id)]
    mentor = db.session.get_one(MentorProfile, before[0][0]).member
    owner, other = (mentor, mentee.member) if by_mentor else (mentee.member, mentor)
    reserve(owner, ReservationKind.PERSON, str(other.id), clock.now())
    page = client.sign_in(eva).get(at(made, "/release"))
    assert "tatt ut" not in page.main
    client.submit("/releases")
    assert [(p.mentor_id, p.rank) for p in own(made, mentee.id)] == before
    page = client.sign_in(mentee.member).get("/mentoring/proposals")
    assert len(page.texts(".proposals > *")) == 3
    client.submit(f"/mentoring/proposals/{own(made, mentee.id)[0].id}/acceptance")
    db.session.expire_all()
    assert own(made, mentee.id)[0].awaits_mentor
    assert mentee.member.name not in client.sign_in(mentor).get("/mentor/").main


def test_a_mentor_who_has_paused_since_is_proposed_to_nobody(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentor = pool.mentors[0]
    profiles.pause(mentor, mentor.member.user, clock.now())
    client.sign_in(eva).get(at(made, "/release"))
    client.submit("/releases")
    rows = select(Proposal).where(Proposal.round_id == made.id, Proposal.mentor_id == mentor.id)
    assert db.session.scalars(rows).all() == []
    for mentee in pool.mentees:
        ranks = [p.rank for p in own(made, mentee.id)]
        assert ranks == list(range(1, len(ranks) + 1))


def test_with_everyone_gone_there_is_nothing_to_release(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    for mentee in pool.mentees:
        mentee.paused_at = clock.now()
    client.sign_in(eva).get(at(made, "/release"))
    page = client.submit("/releases", status=422)
    assert "ingen forslag å frigi" in page.main
    assert not mails()


@pytest.mark.parametrize("action", ["/runs", "/undoings", "/removal"])
def test_a_released_round_is_not_shaped_any_more(
    client: CheckingClient, eva: User, released: MatchRound, action: str
) -> None:
    page = client.sign_in(eva).post(at(released, action), status=422)
    assert "alt frigitt" in page.main
    assert db.session.get(MatchRound, released.id) is not None


def test_what_the_engine_was_given_is_forgotten_at_the_release(released: MatchRound) -> None:
    assert db.session.scalars(select(MatchRun.inputs)).all() == [None]


def test_the_page_follows_the_answers(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    now, (one, two, three, _silent) = clock.now(), pool.mentees
    yes = own(released, one.id)[0]
    proposal_answers.accept(yes, one.member.user, now)
    proposal_answers.accept(yes, yes.mentor.member.user, now)
    proposal_answers.accept(own(released, two.id)[0], two.member.user, now)
    for proposal in own(released, three.id):
        proposal_answers.decline(proposal, three.member.user, now)
    page = client.sign_in(eva).get(at(released))
    found = dict(
        zip(page.texts("#answers tbody th"), page.texts("#answers tbody td:nth-of-type(1)"), strict=True)
    )
    assert found["Mentee Nome Nome"] == "Paret"
    assert found["Mentee Lierne Lierne"] in ("Spør mentor", "Sa ja")
    assert found["Mentee Sirdal Sirdal"] == "Sa nei"
    assert found["Mentee Åfjord Åfjord"] == "Venter på svar"
    only = client.htmx.get(at(released, "?state=waiting"))
    assert only.texts("#answers tbody th") == ["Mentee Åfjord Åfjord"]
    client.get(at(released, "?state=nonsense"))


def test_a_mentee_whose_mentors_all_said_no_is_not_said_to_have_said_no(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    for proposal in own(released, mentee.id):
        proposal_answers.accept(proposal, mentee.member.user, clock.now())
    for _turn in range(3):
        for proposal in own(released, mentee.id):
            if proposal.awaits_mentor:
                proposal_answers.decline(proposal, proposal.mentor.member.user, clock.now())
    page = client.sign_in(eva).get(at(released, "?state=unpaired"))
    assert page.texts("#answers tbody td:nth-of-type(1)") == ["Fikk ikke mentor"]


def test_a_reminder_goes_to_those_who_have_not_answered_at_most_once_a_day(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    proposal_answers.accept(own(released, pool.mentees[0].id)[0], pool.mentees[0].member.user, clock.now())
    page = client.sign_in(eva).get(at(released))
    assert "e-post sendt i dag" in page.main
    assert "som venter" not in page.main
    yesterday()
    page = client.get(at(released))
    client.submit("Påminn 3 som venter")
    assert len(mails()) == 7
    client.post(at(released, "/reminders"), {"mentee": "0"})
    assert len(mails()) == 7
    sent = {mail.user_id for mail in mails()[4:]}
    assert pool.mentees[0].member.user_id not in sent


def test_one_who_has_answered_some_and_is_asked_for_by_nobody_is_reminded_of_the_rest(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    proposal_answers.decline(own(released, mentee.id)[0], mentee.member.user, clock.now())
    yesterday()
    client.sign_in(eva)
    assert "Fire mentees har ikke svart" in client.get("/secretariat/").main
    page = client.get(at(released))
    page = client.submit(next(f for f in page.forms if f.fields.get("mentee") == [str(mentee.id)]))
    assert "1 påminnelse er sendt." in page.words
    assert mails()[-1].user_id == mentee.member.user_id
    assert "e-post sendt i dag" in page.main


def test_one_for_whom_a_mentor_is_asked_is_not_waited_for_anywhere(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    proposal_answers.accept(own(released, mentee.id)[0], mentee.member.user, clock.now())
    yesterday()
    client.sign_in(eva)
    assert "Tre mentees har ikke svart" in client.get("/secretariat/").main
    page = client.get(at(released, "?state=waiting"))
    assert len(page.texts("#answers tbody tr")) == 3
    client.post(at(released, "/reminders"), {"mentee": str(mentee.id)})
    assert len(mails()) == 4


def test_one_who_has_asked_for_others_is_marked_where_the_next_round_is_made(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    client.sign_in(mentee.member).get("/mentoring/proposals")
    client.submit("/mentoring/others")
    page = client.sign_in(eva).get("/secretariat/rounds")
    assert page.texts(".round-pool li")[0] == "Mentee Nome Nome · har bedt om andre forslag"


def test_one_who_has_been_given_others_is_no_longer_marked(
    eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    profiles.set_capacity(pool.mentors[0], 2, pool.mentors[0].member.user, clock.now())
    new_mentor(new_member("Mentor Alta", "Alta"), 1)
    proposal_answers.ask_for_others(mentee, mentee.member.user, clock.now())
    again = start_round("Neste", eva, clock.now())
    assert own(again, mentee.id)
    assert mentee.others_wanted_at is not None
    release_round(again, in_two_weeks(), eva, clock.now())
    db.session.expire_all()
    assert mentee.others_wanted_at is None


def test_a_mentor_who_works_in_the_secretariat_is_not_told_that_somebody_else_was_wanted(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    mentee, mentor = pool.mentees[0], pool.mentors[0].member
    assert mentor.user_id in [p.mentor.member.user_id for p in own(released, mentee.id)]
    mentor.user.grant(Role.SECRETARIAT, eva, clock.now())
    proposal_answers.ask_for_others(mentee, mentee.member.user, clock.now())
    page = client.sign_in(mentor).get("/secretariat/rounds")
    assert page.texts(".round-pool li")[0] == "Mentee Nome Nome"


def test_nobody_is_reminded_of_a_deadline_that_has_passed(
    eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    late = clock.now() + timedelta(days=16)
    assert remind(released, [mentee.id for mentee in pool.mentees], eva, late) == 0


@pytest.mark.parametrize("mentee", ["", "x", "-5", "1000000000000", "4711"])
def test_a_reminder_to_nobody_is_harmless(
    client: CheckingClient, eva: User, released: MatchRound, mentee: str
) -> None:
    yesterday()
    client.sign_in(eva).post(at(released, "/reminders"), {"mentee": mentee})
    assert len(mails()) == 4


def test_closing_lets_what_is_unanswered_lapse_so_that_it_can_be_proposed_again(
    client: CheckingClient, eva: User, released: MatchRound, pool: SimpleNamespace
) -> None:
    one = pool.mentees[0]
    proposal_answers.decline(own(released, one.id)[0], one.member.user, clock.now())
    client.sign_in(eva).get(at(released))
    page = client.submit("/closure")
    assert "Runden er lukket. 11 forslag uten svar falt bort." in page.words
    assert "Lukk runden" not in page.main
    assert all(mail.withdrawn_at for mail in mails())
    client.post(at(released, "/closure"))
    rows = select(func.count()).select_from(Proposal).where(Proposal.lapsed_at.is_not(None))
    assert db.session.scalar(rows) == 11
    assert start_round("Neste", eva, clock.now())


def test_a_draft_cannot_be_closed(client: CheckingClient, eva: User, made: MatchRound) -> None:
    page = client.sign_in(eva).post(at(made, "/closure"), status=422)
    assert "ikke frigitt" in page.main


def test_what_is_done_to_a_round_is_audited_without_names(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    client.sign_in(eva).get(at(made, "/release"))
    client.submit("/releases")
    events = db.session.scalars(
        select(AuditEvent).where(AuditEvent.subject == f"match_round:{made.id}").order_by(AuditEvent.id)
    ).all()
    assert [event.event for event in events] == ["round started", "round released"]
    assert events[1].details["mails"] == 4
    assert "Mentee" not in str([event.details for event in events])


def test_no_page_of_a_released_round_asks_more_than_twelve_times(
    client: CheckingClient, eva: User, released: MatchRound, queries: Callable[[], Any]
) -> None:
    client.sign_in(eva).get(at(released))
    page = at(released)
    for rest in ("", "?state=waiting", "/tables/csv"):
        with queries() as seen:
            client.get(page + rest)
        assert len(seen) <= 12, rest
