"""Erasing while others are at work: whoever has thought better of it stays, and nothing comes back afterwards."""

import time
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from flask import Flask
from sqlalchemy import func, select

from portal import audit, jobs
from portal.access import Role
from portal.accounts.models import LoginLink, User
from portal.accounts.sign_in import ask_for_link
from portal.audit import AuditEvent
from portal.coaching.booking import book
from portal.coaching.models import Booking, Coach, Enrolment, Mode, Slot
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import round_runs
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_models import MatchRun
from portal.mentoring.rounds import start_round
from portal.notifications import OutboxMessage, outbox
from portal.notifications.outbox import one_time_token
from portal.privacy import erasure, leaving
from portal.privacy.models import WAIT, Erasure
from tests.coaching.programmes import NOW, booked, new_programme, new_slot, participant
from tests.mentoring.pairing import new_mentee, new_mentor
from tests.support.people import agree, new_member, new_user
from tests.support.racing import race


def those_who_wait(count: int) -> list[int]:
    """The numbers of so many people whose week is over."""
    people = [new_member(f"Medlem Nummer{number}").user for number in range(count)]
    for user in people:
        erasure.ask(user, user, NOW - WAIT)
    return [user.id for user in people]


def erase_all(_number: int) -> None:
    erasure.erase_due(NOW)


def test_two_workers_at_once_erase_each_person_once(app: Flask, database_url: str) -> None:
    waiting = those_who_wait(6)
    assert race(database_url, erase_all, [1, 2, 3, 4]) == {"done": 4}
    subjects = select(AuditEvent.subject).where(AuditEvent.event == "person erased")
    assert Counter(db.session.scalars(subjects)) == {f"user:{user_id}": 1 for user_id in waiting}
    assert audit.verify() == []


def erase_one_slowly(user_id: int) -> None:
    end_everything = leaving.end_everything

    def slowly(user: User, now: datetime) -> None:
        time.sleep(0.5)
        end_everything(user, now)

    with patch.object(leaving, "end_everything", slowly):
        erasure.erase(db.session.get_one(User, user_id), None, NOW)
        db.session.commit()


def test_the_last_two_of_the_secretariat_are_not_erased_in_the_same_moment(
    app: Flask, database_url: str, eva: User
) -> None:
    two = [eva.id, new_user("Helge Nes", Role.SECRETARIAT).id]
    assert race(database_url, erase_one_slowly, two) == {"done": 1, "LastOfTheSecretariat": 1}
    db.session.expire_all()
    assert len(db.session.scalars(User.who_can_act_as(Role.SECRETARIAT)).all()) == 1


def erase_all_or_undo(number: int) -> None:
    if number == 0:
        erase_all(number)
    else:
        user = db.session.get_one(User, number)
        erasure.undo(user, user, NOW)
        db.session.commit()


def test_whoever_undoes_it_at_the_last_moment_is_not_erased(app: Flask, database_url: str) -> None:
    waiting = those_who_wait(8)
    race(database_url, erase_all_or_undo, [0, *reversed(waiting)])
    for user, wish in db.session.execute(select(User, Erasure).join(Erasure, Erasure.user_id == User.id)):
        assert (wish.undone_at is None) == (wish.done_at is not None)
        assert user.name.startswith("Slettet" if wish.done_at else "Medlem")
        assert user.is_active == (wish.done_at is None)


def erase_slowly(user_id: int) -> None:
    erasure.erase(db.session.get_one(User, user_id), None, NOW)
    time.sleep(0.6)
    db.session.commit()


def book_or_erase(number: int) -> None:
    """What the person had begun a moment before, and what the worker does meanwhile."""
    if number > 0:
        return erase_slowly(number)
    enrolment = db.session.get_one(Enrolment, -number)
    assert enrolment.member.user.name
    hour = db.session.scalars(Slot.free(NOW)).one()
    time.sleep(0.3)
    book(hour, enrolment, Mode.DIGITAL, enrolment.member.user, NOW, theme="Noe")
    return db.session.commit()


def test_nobody_books_while_being_erased(
    app: Flask, database_url: str, bjorn: Member, cecilie: Coach
) -> None:
    seat = participant(bjorn, new_programme(), NOW - timedelta(days=60))
    agree(bjorn, NOW - timedelta(days=60))
    booked(seat, cecilie, NOW - timedelta(days=20)).confirm_held(cecilie.user, NOW - timedelta(days=19))
    new_slot(cecilie, NOW + timedelta(days=20))
    seen = race(database_url, book_or_erase, [bjorn.user_id, -seat.id])
    assert seen in ({"done": 2}, {"done": 1, "AccountShut": 1})
    assert not db.session.scalars(
        select(Booking).where(Booking.cancelled_at.is_(None), Booking.held_at.is_(None))
    ).all()
    assert "bjorn.haugland@example.org" not in db.session.scalars(select(OutboxMessage.address)).all()


def erase_after_a_while(user_id: int) -> None:
    time.sleep(0.3)
    erasure.erase(db.session.get_one(User, user_id), None, NOW)
    db.session.commit()


def reckon_or_erase(number: int) -> None:
    if number > 0:
        return erase_after_a_while(number)
    solve = round_runs.solve

    def slowly(*given: Any) -> Any:
        time.sleep(0.8)
        return solve(*given)

    with patch.object(round_runs, "solve", slowly):
        start_round("Høst", db.session.get_one(User, -number), NOW)
        return db.session.commit()


def test_a_round_that_was_reckoned_meanwhile_keeps_nothing_of_the_person(
    app: Flask, database_url: str, eva: User, astrid: Member, bjorn: Member, daniel: Member
) -> None:
    new_mentee(bjorn, NOW), new_mentor(astrid, now=NOW), new_mentor(daniel, now=NOW)
    evas = eva.id
    assert race(database_url, reckon_or_erase, [astrid.user_id, -evas]) == {"done": 2}
    jobs.run_due(NOW + timedelta(minutes=1))
    assert not db.session.scalars(select(MatchRun).where(MatchRun.inputs.is_not(None))).all()
    start_round("Høst igjen", db.session.get_one(User, evas), NOW + timedelta(minutes=2))
    db.session.commit()
    jobs.run_due(NOW + timedelta(minutes=3))
    assert db.session.scalars(select(MatchRound.name)).all() == [
        "Høst igjen"
    ]  # one that never held the person stays


def ask_or_erase(number: int) -> None:
    if number > 0:
        return erase_after_a_while(number)

    def slowly(nonce: str) -> str:
        time.sleep(0.8)
        return one_time_token(nonce)

    with patch.object(outbox, "one_time_token", slowly):
        ask_for_link("bjorn.haugland@example.org", "browser", NOW)
        return db.session.commit()


def test_a_link_that_was_asked_for_meanwhile_is_mailed_to_nobody(
    app: Flask, database_url: str, bjorn: Member
) -> None:
    bjorns = bjorn.user_id
    assert race(database_url, ask_or_erase, [bjorns, -1]) == {"done": 2}
    assert "bjorn.haugland@example.org" not in db.session.scalars(select(OutboxMessage.address)).all()
    jobs.run_due(NOW + timedelta(minutes=1))
    assert not db.session.scalars(select(LoginLink).where(LoginLink.user_id == bjorns)).all()


def test_what_came_afterwards_goes_without_being_said_twice(app: Flask, bjorn: Member) -> None:
    erasure.erase(bjorn.user, None, NOW)
    bjorn.title = "Kommunedirektør i Nome"
    db.session.commit()
    assert erasure.erase_what_came_after(NOW + timedelta(hours=1)) == 1
    assert erasure.erase_what_came_after(NOW + timedelta(hours=1)) == 0
    assert db.session.scalars(select(Member.title)).all() == [""]
    assert db.session.scalar(select(func.count()).where(AuditEvent.event == "person erased")) == 1
