"""The clip card: whatever is done in whatever order, it tells the truth and never gives more than was promised."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal import clock
from portal.coaching import clip_card
from portal.coaching.booking import book, move
from portal.coaching.clip_card import ClipState
from portal.coaching.models import Booking, Coach, Enrolment, Mode, Slot
from portal.coaching.refusals import ClipCardEmpty
from portal.errors import DomainError
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_programme, new_slot, participant
from tests.support.racing import race

THURSDAY = date(2026, 12, 3)


@pytest.fixture
def bjorns(bjorn: Member) -> Enrolment:
    return participant(bjorn, new_programme())


@pytest.fixture
def coach(cecilie: Coach) -> Coach:
    return cecilie


def states(enrolment: Enrolment, now: datetime = NOW) -> list[str]:
    db.session.flush()
    return [ticket.state.value for ticket in clip_card.read(enrolment, clock.today(now)).tickets]


def test_a_new_participant_has_two_free_clips_paid_by_kdf(bjorns: Enrolment) -> None:
    card = clip_card.read(bjorns, clock.today(NOW))
    assert [t.state for t in card.tickets] == [ClipState.FREE, ClipState.FREE]
    assert {t.payer.value for t in card.tickets} == {"kdf"}
    assert (card.left, card.next_free) == (2, 1)
    assert {t.valid_until for t in card.tickets} == {date(2027, 7, 31)}


def test_a_booking_takes_the_lowest_free_clip(bjorns: Enrolment, coach: Coach) -> None:
    first = booked(bjorns, coach, at(THURSDAY, 9))
    booked(bjorns, coach, at(THURSDAY, 12))
    first.cancel(bjorns.member.user, NOW)
    third = booked(bjorns, coach, at(THURSDAY, 14))
    assert third.clip_number == 1
    assert states(bjorns) == ["booked", "booked"]


def test_a_clip_is_booked_then_used(bjorns: Enrolment, coach: Coach) -> None:
    booking = booked(bjorns, coach, at(THURSDAY, 9))
    assert states(bjorns) == ["booked", "free"]
    booking.confirm_held(coach.user, at(THURSDAY, 10))
    assert states(bjorns) == ["used", "free"]


def test_cancelling_in_time_gives_the_clip_back(bjorns: Enrolment, coach: Coach) -> None:
    booking = booked(bjorns, coach, at(THURSDAY, 9))
    booking.cancel(bjorns.member.user, at(THURSDAY, 9) - timedelta(hours=24))
    assert states(bjorns) == ["free", "free"]


def test_cancelling_a_minute_too_late_forfeits_the_clip(bjorns: Enrolment, coach: Coach) -> None:
    booking = booked(bjorns, coach, at(THURSDAY, 9))
    booking.cancel(bjorns.member.user, at(THURSDAY, 9) - timedelta(hours=24) + timedelta(minutes=1))
    assert states(bjorns) == ["lost", "free"]


def test_the_coach_never_costs_a_member_a_clip(bjorns: Enrolment, coach: Coach) -> None:
    booking = booked(bjorns, coach, at(THURSDAY, 9))
    booking.cancel(coach.user, at(THURSDAY, 8))
    assert states(bjorns) == ["free", "free"]


def test_a_programme_can_be_kinder_than_that(bjorns: Enrolment, coach: Coach) -> None:
    bjorns.programme.late_forfeits = bjorns.programme.no_show_forfeits = False
    booked(bjorns, coach, at(THURSDAY, 9)).cancel(bjorns.member.user, at(THURSDAY, 8))
    booked(bjorns, coach, at(THURSDAY, 12)).confirm_no_show(coach.user, at(THURSDAY, 13))
    assert states(bjorns) == ["free", "free"]


def test_a_no_show_forfeits_the_clip(bjorns: Enrolment, coach: Coach) -> None:
    booked(bjorns, coach, at(THURSDAY, 9)).confirm_no_show(coach.user, at(THURSDAY, 10))
    assert states(bjorns) == ["lost", "free"]


def test_a_clip_that_was_never_used_is_lost_when_its_time_is_out(bjorns: Enrolment) -> None:
    assert states(bjorns, at(date(2027, 7, 31), 23)) == ["free", "free"]
    assert states(bjorns, at(date(2027, 8, 1), 1)) == ["lost", "lost"]


def test_the_second_clip_cannot_be_used_twice(bjorns: Enrolment, coach: Coach) -> None:
    booked(bjorns, coach, at(THURSDAY, 9))
    booked(bjorns, coach, at(THURSDAY, 12))
    with pytest.raises(ClipCardEmpty):
        booked(bjorns, coach, at(THURSDAY, 14))


def test_moving_keeps_the_clip(bjorns: Enrolment, coach: Coach) -> None:
    booking = booked(bjorns, coach, at(THURSDAY, 9))
    moved = move(booking, new_slot(coach, at(THURSDAY, 14)), bjorns.member.user, NOW)
    assert (moved.clip_number, states(bjorns)) == (1, ["booked", "free"])


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["book", "cancel", "cancel late", "coach cancels", "move", "held", "no-show"]),
        st.integers(0, 5),
    ),
    max_size=14,
)


@pytest.mark.promise(
    "Uansett hva som bestilles, flyttes, avlyses eller går tapt, får ingen flere klipp enn to",
    small=25,
    full=400,
)
def test_no_order_of_things_uses_more_clips_than_there_are(
    promise: Any, bjorns: Enrolment, coach: Coach
) -> None:
    tried = 0

    @settings(
        max_examples=promise.size, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(STEPS)
    def whatever_happens(steps: list[tuple[str, int]]) -> None:
        nonlocal tried
        tried += 1
        with db.session.begin_nested() as savepoint:
            for number, (what, which) in enumerate(steps):
                _do(what, which, number, bjorns, coach)
                _the_card_tells_the_truth(bjorns)
            savepoint.rollback()
        db.session.expire_all()

    whatever_happens()
    promise.saw(f"{tried} histories, never more than 2 clips in use")


def _do(what: str, which: int, number: int, enrolment: Enrolment, coach: Coach) -> None:
    own = db.session.scalars(
        select(Booking).where(Booking.enrolment_id == enrolment.id).order_by(Booking.id)
    ).all()
    hour = at(THURSDAY + timedelta(days=number), 9)
    if what == "book":
        _unless_refused(
            lambda: book(new_slot(coach, hour), enrolment, Mode.DIGITAL, enrolment.member.user, NOW)
        )
    if what == "book" or not own:
        return
    booking = own[which % len(own)]
    starts, ends, member = booking.slot.starts_at, booking.slot.ends_at, enrolment.member.user
    doings: dict[str, Any] = {
        "cancel": lambda: booking.cancel(member, NOW),
        "cancel late": lambda: booking.cancel(member, starts - timedelta(hours=1)),
        "coach cancels": lambda: booking.cancel(coach.user, starts - timedelta(hours=1)),
        "move": lambda: move(booking, new_slot(coach, hour), member, NOW),
        "held": lambda: booking.confirm_held(coach.user, ends),
        "no-show": lambda: booking.confirm_no_show(coach.user, ends),
    }
    _unless_refused(doings[what])


def _unless_refused(doing: Any) -> None:
    try:
        with db.session.begin_nested():
            doing()
    except DomainError:
        pass


def _the_card_tells_the_truth(enrolment: Enrolment) -> None:
    db.session.flush()
    card = clip_card.read(enrolment, clock.today(NOW))
    rows = select(func.count()).where(
        Booking.enrolment_id == enrolment.id,
        Booking.clip_number.is_not(None),
        Booking.clip_returned_at.is_(None),
    )
    in_use = db.session.scalar(rows) or 0
    assert card.total == 2
    assert card.total - card.left == in_use <= 2


def book_my_last_clip(slot_id: int) -> None:
    enrolment = db.session.scalars(select(Enrolment)).one()
    slot = db.session.get_one(Slot, slot_id)
    book(slot, enrolment, Mode.DIGITAL, enrolment.member.user, NOW)
    db.session.commit()


@pytest.mark.promise("Et klipp kan aldri brukes to ganger", small=20, full=120)
def test_of_many_bookings_at_once_the_last_clip_goes_to_one(
    promise: Any, app: Flask, database_url: str, bjorns: Enrolment, coach: Coach
) -> None:
    booked(bjorns, coach, at(THURSDAY, 8))
    monday = date(2026, 12, 7)
    hours = [at(monday + timedelta(days=n // 8), 8 + n % 8) for n in range(promise.size)]
    slots = [new_slot(coach, hour).id for hour in hours]
    seen = race(database_url, book_my_last_clip, slots)
    assert seen == {"done": 1, "ClipCardEmpty": promise.size - 1}
    assert states(bjorns) == ["booked", "booked"]
    promise.saw(
        f"{promise.size} bookings at once with one clip left: 1 took it, {seen['ClipCardEmpty']} were told"
    )
