"""A coach's free time."""

import random
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.coaching.availability import (
    Collides,
    HourIsBooked,
    NoTimeAhead,
    OddTimes,
    Offer,
    TooFarAhead,
    offer,
    take_back,
    take_back_rest,
)
from portal.coaching.models import Availability, Coach, Slot, SlotCell, SlotMode
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_coach, new_programme, new_slot, participant
from tests.support.racing import race


def weekly(
    first: date, last: date | None, starts: time = time(9), ends: time = time(12), place: str = ""
) -> Offer:
    return Offer(first, last, starts, ends, SlotMode.EITHER, place)


def test_a_weekly_pattern_makes_hours_until_its_last_day(cecilie: Coach) -> None:
    slots = offer(cecilie, weekly(date(2026, 12, 1), date(2026, 12, 21)), NOW)
    assert [clock.oslo(s.starts_at).strftime("%d.%m %H") for s in slots] == [
        f"{day:02}.12 {hour:02}" for day in (1, 8, 15) for hour in (9, 10, 11)
    ]
    assert db.session.scalar(select(func.count()).select_from(SlotCell)) == 9 * 4
    assert {s.availability_id for s in slots} == {db.session.scalars(select(Availability.id)).one()}


def test_the_clock_on_the_wall_is_the_same_after_the_change_to_summer_time(cecilie: Coach) -> None:
    slots = offer(cecilie, weekly(date(2027, 3, 23), date(2027, 3, 30), ends=time(10)), NOW)
    assert [clock.oslo(s.starts_at).hour for s in slots] == [9, 9]
    assert [s.starts_at.hour for s in slots] == [8, 7]


def test_hours_that_have_passed_are_not_offered(cecilie: Coach) -> None:
    slots = offer(cecilie, weekly(date(2026, 11, 24), None), NOW)
    assert [clock.oslo(s.starts_at).hour for s in slots] == [11]
    with pytest.raises(NoTimeAhead):
        offer(slots[0].coach, weekly(date(2026, 11, 23), None), NOW)


@pytest.mark.parametrize(
    ("starts", "ends"),
    [(time(9), time(9)), (time(12), time(9)), (time(9), time(9, 30)), (time(9, 10), time(10, 10))],
)
def test_only_whole_hours_from_a_quarter_are_offered(cecilie: Coach, starts: time, ends: time) -> None:
    with pytest.raises(OddTimes):
        offer(cecilie, weekly(date(2026, 12, 1), None, starts, ends), NOW)


def test_a_pattern_of_more_than_a_year_is_a_slip_of_the_pen(cecilie: Coach) -> None:
    with pytest.raises(TooFarAhead):
        offer(cecilie, weekly(date(2026, 12, 1), date(2062, 12, 1)), NOW)


def test_a_collision_names_its_day_and_nothing_is_saved_half(cecilie: Coach) -> None:
    new_slot(cecilie, at(date(2026, 12, 8), 11, 30))
    with pytest.raises(Collides, match=r"tirsdag 8.\sdesember kl. 11.30"):
        offer(cecilie, weekly(date(2026, 12, 1), date(2026, 12, 21)), NOW)
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 1
    assert db.session.scalar(select(func.count()).select_from(Availability)) == 0


def test_two_coaches_may_be_free_at_the_same_time(cecilie: Coach, eva: User) -> None:
    wish = weekly(date(2026, 12, 1), None)
    assert len(offer(cecilie, wish, NOW)) == len(offer(new_coach(eva), wish, NOW)) == 3


def test_an_hour_taken_back_leaves_its_time_free_for_another(cecilie: Coach) -> None:
    slot = new_slot(cecilie, at(date(2026, 12, 8), 9))
    take_back(slot, cecilie.user, NOW)
    take_back(slot, cecilie.user, NOW)
    assert slot.withdrawn_at == NOW
    assert len(offer(cecilie, weekly(date(2026, 12, 8), None, ends=time(10)), NOW)) == 1


def test_an_hour_that_somebody_has_stays(bjorn: Member, cecilie: Coach) -> None:
    booking = booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=4))
    with pytest.raises(HourIsBooked):
        take_back(booking.slot, cecilie.user, NOW)


def test_the_rest_of_a_pattern_goes_and_booked_hours_stay(bjorn: Member, cecilie: Coach) -> None:
    from portal.coaching import booking as bookings
    from portal.coaching.models import Mode

    slots = offer(cecilie, weekly(date(2026, 12, 1), date(2026, 12, 21)), NOW)
    enrolment = participant(bjorn, new_programme())
    bookings.book(slots[4], enrolment, Mode.DIGITAL, bjorn.user, NOW)
    pattern = db.session.scalars(select(Availability)).one()
    assert take_back_rest(pattern, cecilie.user, NOW) == (8, 1)
    assert list(db.session.scalars(select(Slot.id).where(Slot.withdrawn_at.is_(None)))) == [slots[4].id]
    assert db.session.scalar(select(func.count()).select_from(SlotCell)) == 4


def offer_the_morning(coach_id: int) -> None:
    """9.00, 9.15, 9.30 …: each attempt wants a different hour that overlaps the others."""
    coach = db.session.get_one(Coach, coach_id)
    minute = 15 * random.randrange(4)
    offer(coach, weekly(date(2026, 12, 1), None, time(9, minute), time(10, minute)), NOW)
    db.session.commit()


@pytest.mark.promise("En veileder har aldri to timer som overlapper", small=10, full=100)
def test_many_overlapping_hours_at_once(app: Flask, cecilie: Coach, database_url: str, promise: Any) -> None:
    seen = race(database_url, offer_the_morning, [cecilie.id] * promise.size)
    assert seen["done"] >= 1
    assert seen["done"] + seen["Collides"] == promise.size
    slots = sorted(db.session.scalars(select(Slot.starts_at)))
    assert all(later - earlier >= timedelta(hours=1) for earlier, later in pairwise(slots))
    promise.saw(f"{promise.size} på én gang, {seen['done']} lagret")
