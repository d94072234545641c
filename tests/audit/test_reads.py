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
    seen = db.session.scalars(readings_of(user_id))
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
    from portal.audit.chain import VALUE

    with demo_application.app_context():
        for event in db.session.scalars(select(AuditEvent)):
            for value in event.details.values():
                assert isinstance(value, int | bool | None) or VALUE.fullmatch(value), event.event


def test_a_way_in_that_did_not_open_is_noted_without_what_was_tried(client: CheckingClient) -> None:
    client.get("/sign-in")
    client.post(f"/sign-in/{'x' * 43}", status=422)
    (event,) = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "sign-in refused"))
    assert (event.actor_id, event.subject, event.details) == (None, "sign_in:link", {"way": "link"})
