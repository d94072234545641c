"""Seats and the queue."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.coaching.enrolment import (
    AlreadyApplied,
    ClipsInUse,
    HasLeft,
    SeatsFull,
    apply,
    give_seat,
    queue,
    withdraw,
)
from portal.coaching.models import Coach, Enrolment
from portal.extensions import db
from portal.members.models import Member
from portal.notifications import Kind, OutboxMessage
from tests.coaching.programmes import NOW, booked, new_programme, participant
from tests.support.people import new_member
from tests.support.racing import race


def test_whoever_applies_waits_at_the_end_of_the_queue(bjorn: Member, daniel: Member) -> None:
    programme = new_programme()
    apply(bjorn, programme, NOW)
    apply(daniel, programme, NOW - timedelta(days=1))
    assert [e.member.name for e in db.session.scalars(queue(programme))] == ["Daniel Ås", "Bjørn Haugland"]


def test_applying_twice_changes_nothing(bjorn: Member) -> None:
    programme = new_programme()
    apply(bjorn, programme, NOW)
    with pytest.raises(AlreadyApplied):
        apply(bjorn, programme, NOW + timedelta(days=1))
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 1


def test_a_seat_brings_the_clips_and_a_mail_that_says_nothing(bjorn: Member, eva: User) -> None:
    programme = new_programme()
    enrolment = give_seat(apply(bjorn, programme, NOW), eva, NOW)
    assert (enrolment.seat_number, [c.number for c in enrolment.clips]) == (1, [1, 2])
    assert enrolment.seated_by_id == eva.id
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert (mail.kind, mail.address) == (Kind.SEAT_GIVEN, bjorn.user.email)


def test_giving_a_seat_twice_gives_one_seat_and_one_mail(bjorn: Member, eva: User) -> None:
    programme = new_programme()
    enrolment = apply(bjorn, programme, NOW)
    give_seat(enrolment, eva, NOW)
    give_seat(enrolment, eva, NOW)
    assert enrolment.seat_number == 1
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 1


def test_the_lowest_free_seat_is_given(bjorn: Member, daniel: Member, astrid: Member) -> None:
    programme = new_programme(seats=3)
    first, second = participant(bjorn, programme), participant(daniel, programme)
    withdraw(first, None, NOW)
    assert participant(astrid, programme).seat_number == 1
    assert second.seat_number == 2


def test_when_all_seats_are_taken_the_next_one_waits(bjorn: Member, daniel: Member) -> None:
    programme = new_programme(seats=1)
    participant(bjorn, programme)
    enrolment = apply(daniel, programme, NOW)
    with pytest.raises(SeatsFull, match="Alle plassene er tatt"):
        give_seat(enrolment, None, NOW)
    assert enrolment.is_waiting


def test_a_seat_without_use_is_free_again(bjorn: Member, eva: User) -> None:
    programme = new_programme()
    enrolment = participant(bjorn, programme)
    withdraw(enrolment, eva, NOW)
    withdraw(enrolment, eva, NOW + timedelta(days=1))
    assert (enrolment.seat_number, enrolment.withdrawn_at) == (None, NOW)


def test_a_seat_with_a_booked_conversation_stays(bjorn: Member, cecilie: Coach, eva: User) -> None:
    enrolment = participant(bjorn, new_programme())
    booked(enrolment, cecilie, NOW + timedelta(days=5))
    with pytest.raises(ClipsInUse):
        withdraw(enrolment, eva, NOW)
    assert enrolment.seat_number == 1


def test_a_seat_whose_conversation_was_cancelled_in_time_can_be_left(bjorn: Member, cecilie: Coach) -> None:
    enrolment = participant(bjorn, new_programme())
    booking = booked(enrolment, cecilie, NOW + timedelta(days=5))
    booking.cancel(bjorn.user, NOW)
    withdraw(enrolment, bjorn.user, NOW)
    assert enrolment.seat_number is None


def test_whoever_left_may_apply_again_and_keeps_two_clips(bjorn: Member) -> None:
    programme = new_programme()
    enrolment = participant(bjorn, programme)
    withdraw(enrolment, None, NOW)
    with pytest.raises(HasLeft):
        give_seat(enrolment, None, NOW)
    again = participant(bjorn, programme, NOW + timedelta(days=1))
    assert (again.id, again.withdrawn_at, len(again.clips)) == (enrolment.id, None, 2)


def sit_down(enrolment_id: int) -> None:
    give_seat(db.session.get_one(Enrolment, enrolment_id), None, clock.now())
    db.session.commit()


@pytest.mark.promise("Den siste plassen gis aldri til to", small=20, full=200)
def test_many_at_once_want_the_last_seat(app: Flask, database_url: str, promise: Any) -> None:
    programme = new_programme(seats=1)
    waiting = [apply(new_member(f"Deltaker {n}", "Nome"), programme, NOW).id for n in range(promise.size)]
    seen = race(database_url, sit_down, waiting)
    assert seen == {"done": 1, "SeatsFull": promise.size - 1}
    assert db.session.scalar(select(func.count(Enrolment.seat_number))) == 1
    promise.saw(f"{promise.size} på én gang, {seen['done']} fikk plassen")


def test_many_at_once_share_the_seats_without_a_gap(app: Flask, database_url: str) -> None:
    programme = new_programme(seats=7)
    waiting = [apply(new_member(f"Deltaker {n}", "Nome"), programme, NOW).id for n in range(10)]
    assert race(database_url, sit_down, waiting) == {"done": 7, "SeatsFull": 3}
    taken = select(Enrolment.seat_number).where(Enrolment.seat_number.is_not(None))
    assert sorted(n for n in db.session.scalars(taken) if n) == list(range(1, 8))
