"""Whose data was read by whom: once a day for each reader, role and purpose, and never what it said."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import audit, clock
from portal.access import Role
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.coaching.models import Coach
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.rounds import start_round
from portal.privacy.readers import readings_of
from tests.coaching.programmes import NOW, booked, new_programme, participant
from tests.mentoring.pairing import new_mentee, new_mentor, pair
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def seen_of(person: Any) -> list[tuple[Role, str]]:
    user_id = person.id if isinstance(person, User) else person.user_id
    seen = db.session.scalars(readings_of(user_id, clock.now()))
    return [(Role(event.details["role"]), event.details["purpose"]) for event in seen]


def reads() -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.event == "personal data read")))


def test_opening_a_members_page_is_noted_with_ids_only(
    client: CheckingClient, eva: User, bjorn: Member
) -> None:
    client.sign_in(eva).get(f"/secretariat/members/{bjorn.id}")
    (event,) = reads()
    assert event.details == {"person": bjorn.user_id, "role": "secretariat", "purpose": "member-page"}
    assert (event.actor_id, event.subject) == (eva.id, f"user:{bjorn.user_id}")
    assert audit.verify() == []


def test_the_same_reading_is_noted_once_a_day(
    client: CheckingClient, new_client: Any, eva: User, bjorn: Member
) -> None:
    other = new_user("Per Moe", Role.SECRETARIAT)
    page = f"/secretariat/members/{bjorn.id}"
    for _time in range(3):
        client.sign_in(eva).get(page)
    assert len(reads()) == 1
    new_client().sign_in(other).get(page)
    assert len(reads()) == 2
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        client.sign_in(eva, clock.now()).get(page)
    assert len(reads()) == 3


def test_a_page_that_was_refused_was_not_read(client: CheckingClient, fredrik: User, bjorn: Member) -> None:
    client.sign_in(fredrik).get(f"/secretariat/members/{bjorn.id}", status=403)
    assert reads() == []


def test_what_is_ones_own_is_no_news(client: CheckingClient, bjorn: Member) -> None:
    client.sign_in(bjorn)
    for path in ("/home", "/profile", "/coaching/", "/mentoring/"):
        client.get(path)
    assert reads() == []


def test_a_coach_is_noted_with_each_person_met(client: CheckingClient, cecilie: Coach, bjorn: Member) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=3))
    client.sign_in(cecilie).get("/coach/sessions")
    client.get("/coach/")
    assert seen_of(bjorn) == [(Role.COACH, "coaching")]


def test_the_two_of_a_pair_are_noted_with_each_other(
    client: CheckingClient, new_client: Any, astrid: Member, bjorn: Member
) -> None:
    made = pair(new_mentee(bjorn), new_mentor(astrid))
    for person in (astrid, bjorn):
        new_client().sign_in(person).get(f"/mentoring/mentorships/{made.id}")
    assert [purpose for _role, purpose in seen_of(bjorn)] == ["mentoring"]
    assert [purpose for _role, purpose in seen_of(astrid)] == ["mentoring"]


def test_a_list_taken_out_is_one_event_with_its_count_and_a_line_for_each_person_in_it(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member
) -> None:
    for kind in ("csv", "xlsx"):
        client.sign_in(eva).get(f"/secretariat/members.{kind}")
    taken = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "list taken out")).all()
    assert [event.details for event in taken] == [
        {"list": "members", "kind": kind, "count": 2, "role": "secretariat"} for kind in ("csv", "xlsx")
    ]
    assert seen_of(bjorn) == seen_of(daniel) == [(Role.SECRETARIAT, "members-list")]


def test_the_pair_that_is_looked_at_in_a_round_is_noted(client: CheckingClient, eva: User) -> None:
    mentee, mentor = new_member("Mentee Én", "Nome"), new_member("Mentor Én", "Hitra")
    new_mentee(mentee), new_mentor(mentor)
    made = start_round("Høst", eva, NOW)
    client.sign_in(eva).get(f"/secretariat/rounds/{made.id}")
    assert seen_of(mentee) == seen_of(mentor) == [(Role.SECRETARIAT, "match-round")]


def test_a_page_whose_reading_cannot_be_noted_is_not_shown(
    app: Flask, client: CheckingClient, eva: User, bjorn: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_details: Any) -> None:
        raise OSError("no room")

    client.sign_in(eva)
    monkeypatch.setattr("portal.audit.reads.record", refuse)
    with pytest.raises(OSError, match="no room"):
        client.get(f"/secretariat/members/{bjorn.id}")


def test_no_event_of_a_whole_world_holds_a_word(demo_application: Flask) -> None:
    from portal.audit.chain import is_wordy

    with demo_application.app_context():
        for event in db.session.scalars(select(AuditEvent)):
            for value in event.details.values():
                assert isinstance(value, int | bool | None) or not is_wordy(value), event.event


def test_a_way_in_that_did_not_open_is_noted_without_what_was_tried(client: CheckingClient) -> None:
    client.get("/sign-in")
    client.post(f"/sign-in/{'x' * 43}", status=422)
    (event,) = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "sign-in refused"))
    assert (event.actor_id, event.subject, event.details) == (None, "sign_in:link", {"way": "link"})


# Lists


def told(person: Any) -> list[str]:
    return [purpose for _role, purpose in seen_of(person)]


def together() -> list[AuditEvent]:
    rows = (
        select(AuditEvent).where(AuditEvent.event == "personal data of several read").order_by(AuditEvent.id)
    )
    return list(db.session.scalars(rows))


def test_a_list_that_is_opened_is_one_event_with_those_who_stood_on_it(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member
) -> None:
    for _time in range(3):
        client.sign_in(eva).get("/secretariat/members")
    (event,) = together()
    ids = ",".join(map(str, sorted((bjorn.user_id, daniel.user_id))))
    assert event.details == {"people": f",{ids},", "role": "secretariat", "purpose": "members"}
    assert (event.actor_id, event.subject) == (eva.id, "list:members")
    assert seen_of(bjorn) == seen_of(daniel) == [(Role.SECRETARIAT, "members")]
    assert audit.verify() == []


def test_who_comes_to_the_list_later_is_told_only_of_what_came_after(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member
) -> None:
    client.sign_in(eva).get("/secretariat/members")
    new = new_member("Nina Ny", "Hitra")
    assert told(new) == []
    client.get("/secretariat/members")
    assert told(new) == told(bjorn) == ["members"]
    late = new_member("Siri Sen", "Voss")
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        assert told(late) == []
        client.sign_in(eva, clock.now()).get("/secretariat/members")
        assert (told(late), told(bjorn)) == (["members"], ["members", "members"])


def test_who_is_filtered_away_or_on_another_page_was_not_seen(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member
) -> None:
    client.sign_in(eva).get("/secretariat/members?q=Bjørn")
    assert (told(bjorn), told(daniel)) == (["members"], [])


def test_no_number_is_taken_for_another(client: CheckingClient, eva: User) -> None:
    many = [new_member(f"Person {number}", "Nome") for number in range(45)]
    client.sign_in(eva).get("/secretariat/members")
    assert all(told(person) == ["members"] for person in many)
    strangers = {1, *range(max(m.user_id for m in many) + 1, 500)} - {m.user_id for m in many}
    assert not [i for i in strangers if db.session.scalars(readings_of(i, clock.now())).first()]


def test_whoever_asks_for_a_seat_is_told_who_has_seen_it(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member, cecilie: Coach
) -> None:
    from portal.coaching.enrolment import apply

    programme = new_programme()
    booked(participant(bjorn, programme), cecilie, NOW + timedelta(days=3))
    apply(daniel, programme, NOW)
    client.sign_in(eva).get("/secretariat/enrolments")
    assert told(bjorn) == told(daniel) == ["participants"]
    client.get("/secretariat/sessions")
    assert (told(cecilie), told(bjorn)) == (["sessions"], ["participants"])


def test_all_who_are_in_a_draft_are_told_the_same_whoever_is_shown(client: CheckingClient, eva: User) -> None:
    mentees = [new_member(f"Mentee {place}", place) for place in ("Nome", "Lierne")]
    mentors = [new_member(f"Mentor {place}", place) for place in ("Hitra", "Ringebu", "Voss")]
    for mentee in mentees:
        new_mentee(mentee)
    for mentor in mentors:
        new_mentor(mentor)
    outside = new_mentor(new_member("Mentor Etterpå", "Hamar"))
    outside.paused_at = NOW
    made = start_round("Høst", eva, NOW)
    client.sign_in(eva).get(f"/secretariat/rounds/{made.id}")
    assert [told(person) for person in (*mentees, *mentors)] == [["match-round"]] * 5
    assert told(outside.member) == []
    details = [event.details for event in (*together(), *reads())]
    assert {key for each in details for key in each} == {"people", "role", "purpose"}, (
        "and with whom is not told"
    )


def test_that_somebody_is_about_to_be_let_in_anew_is_told_when_it_is_over(
    client: CheckingClient, eva: User, bjorn: Member
) -> None:
    from portal.accounts.recoveries import Recovery

    asked = Recovery.ask(bjorn.user, eva, NOW)
    client.sign_in(eva).get("/secretariat/access")
    assert told(bjorn) == []
    asked.withdraw(eva, NOW)
    db.session.expire_all()
    assert told(bjorn) == ["way-in"]


def test_a_person_reads_it_in_words_and_in_the_copy(
    client: CheckingClient, new_client: Any, eva: User, bjorn: Member, daniel: Member
) -> None:
    from portal.privacy.export.gathering import gather

    client.sign_in(eva).get("/secretariat/members")
    page = new_client().sign_in(bjorn).get("/personal-data/readings")
    assert "Så over medlemslisten" in page.main and "Sekretariat" in page.main
    assert "Eva" not in page.main and "Daniel" not in page.main
    assert [r["purpose"] for r in gather(bjorn.user, NOW).readings] == ["Så over medlemslisten"]
