"""Booking, moving, cancelling and confirming a conversation, and the mails that follow."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.coaching import refusals
from portal.coaching.booking import book, move
from portal.coaching.models import (
    Booking,
    BookingState,
    Coach,
    Enrolment,
    Mode,
    Payer,
    Rate,
    RateKind,
    Slot,
    SlotMode,
)
from portal.errors import DomainError
from portal.extensions import db
from portal.members.models import Member, Membership
from portal.notifications import Kind, OutboxMessage
from tests.coaching.programmes import NOW, at, booked, new_coach, new_programme, new_slot, participant
from tests.support.people import agree, new_member
from tests.support.racing import race

THURSDAY = date(2026, 12, 3)


@pytest.fixture
def bjorns(bjorn: Member) -> Enrolment:
    return participant(bjorn, new_programme())


@pytest.fixture
def coach(cecilie: Coach) -> Coach:
    return cecilie


@pytest.fixture
def slot(coach: Coach) -> Slot:
    return new_slot(coach, at(THURSDAY, 9))


def waiting_mails(kind: Kind) -> list[OutboxMessage]:
    db.session.flush()
    rows = select(OutboxMessage).where(OutboxMessage.kind == kind, OutboxMessage.withdrawn_at.is_(None))
    return list(db.session.scalars(rows.order_by(OutboxMessage.id)))


def take(slot: Slot, enrolment: Enrolment, **changes: Any) -> Booking:
    options: dict[str, Any] = {"mode": Mode.DIGITAL, "by": enrolment.member.user, "now": NOW, **changes}
    if options.get("theme"):
        agree(enrolment.member, NOW)
    return book(slot, enrolment, **options)


def test_a_booking_freezes_what_it_costs(bjorns: Enrolment, slot: Slot) -> None:
    booking = take(slot, bjorns)
    bjorns.programme.rates.append(
        Rate(kind=RateKind.MEMBER, amount=Decimal(2500), valid_from=date(2026, 12, 1))
    )
    db.session.flush()
    assert (booking.payer, booking.price, booking.clip_number) == (Payer.KDF, Decimal(2300), 1)


def test_the_price_is_that_of_the_conversations_day(bjorns: Enrolment, coach: Coach, slot: Slot) -> None:
    bjorns.programme.rates.append(
        Rate(kind=RateKind.MEMBER, amount=Decimal(2500), valid_from=date(2026, 12, 3))
    )
    assert take(slot, bjorns).price == Decimal(2500)
    assert take(new_slot(coach, at(date(2026, 12, 2), 9)), bjorns).price == Decimal(2300)


def test_a_non_member_pays_somewhat_more(bjorns: Enrolment, slot: Slot) -> None:
    bjorns.member.membership = Membership.NON_MEMBER
    assert take(slot, bjorns, payer=Payer.MUNICIPALITY).price == Decimal(2900)


def test_without_a_price_nothing_is_booked(bjorns: Enrolment, slot: Slot) -> None:
    bjorns.programme.rates.clear()
    with pytest.raises(refusals.NoPrice):
        take(slot, bjorns)
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 0


def test_the_municipality_pays_without_a_clip(bjorns: Enrolment, slot: Slot) -> None:
    booking = take(slot, bjorns, payer=Payer.MUNICIPALITY)
    assert (booking.clip_number, booking.payer) == (None, Payer.MUNICIPALITY)


def test_an_hour_is_taken_once(bjorns: Enrolment, daniel: Member, slot: Slot) -> None:
    take(slot, bjorns)
    with pytest.raises(refusals.SlotTaken):
        take(slot, participant(daniel, bjorns.programme))


def test_pressing_twice_books_once(bjorns: Enrolment, slot: Slot) -> None:
    assert take(slot, bjorns) is take(slot, bjorns)
    assert len(waiting_mails(Kind.BOOKING_MADE)) == 2


def test_an_hour_that_was_cancelled_can_be_taken_by_another(
    bjorns: Enrolment, daniel: Member, slot: Slot
) -> None:
    take(slot, bjorns).cancel(bjorns.member.user, NOW)
    assert take(slot, participant(daniel, bjorns.programme)).is_live


def test_an_hour_that_the_coach_took_back_is_gone(bjorns: Enrolment, slot: Slot) -> None:
    slot.withdraw(NOW)
    with pytest.raises(refusals.SlotTaken):
        take(slot, bjorns)


def test_an_hour_that_has_begun_is_passed(bjorns: Enrolment, slot: Slot) -> None:
    with pytest.raises(refusals.SlotPassed):
        take(slot, bjorns, now=slot.starts_at)


def test_the_form_must_be_one_that_the_coach_offers(bjorns: Enrolment, coach: Coach) -> None:
    slot = new_slot(coach, at(THURSDAY, 12), SlotMode.DIGITAL)
    with pytest.raises(refusals.ModeNotOffered):
        take(slot, bjorns, mode=Mode.IN_PERSON)


def test_a_clip_has_a_last_day(bjorns: Enrolment, coach: Coach) -> None:
    bjorns.programme.clips_valid_until = date(2026, 12, 31)
    late = new_slot(coach, at(date(2027, 1, 1), 9))
    with pytest.raises(refusals.ProgrammeOver):
        take(late, bjorns)
    assert take(late, bjorns, payer=Payer.PERSONAL).is_live


def test_the_queue_cannot_book(daniel: Member, slot: Slot) -> None:
    waiting = Enrolment(programme=new_programme(), member=daniel, applied_at=NOW)
    db.session.add(waiting)
    with pytest.raises(refusals.NoSeat):
        take(slot, waiting)


def test_nobody_is_in_two_conversations_at_once(bjorns: Enrolment, slot: Slot) -> None:
    take(slot, bjorns)
    other = new_coach(new_member("Ingrid Solvang").user)
    with pytest.raises(refusals.AlreadyBusy):
        take(new_slot(other, slot.starts_at + timedelta(minutes=30)), bjorns)


def test_both_are_told_and_reminded_a_day_before_in_words_that_say_nothing(
    bjorns: Enrolment, slot: Slot
) -> None:
    take(slot, bjorns, theme="En krevende sak")
    made, reminders = waiting_mails(Kind.BOOKING_MADE), waiting_mails(Kind.BOOKING_REMINDER)
    people = [bjorns.member.user.email, slot.coach.user.email]
    assert [m.address for m in made] == [m.address for m in reminders] == people
    assert {m.next_attempt_at for m in reminders} == {slot.starts_at - timedelta(hours=24)}


def test_what_is_booked_the_same_day_needs_no_reminder(bjorns: Enrolment, slot: Slot) -> None:
    take(slot, bjorns, now=slot.starts_at - timedelta(hours=3))
    assert waiting_mails(Kind.BOOKING_REMINDER) == []


def test_a_cancelled_conversation_is_not_reminded_of(bjorns: Enrolment, slot: Slot) -> None:
    booking = take(slot, bjorns)
    booking.cancel(bjorns.member.user, NOW)
    booking.cancel(bjorns.member.user, NOW)
    assert waiting_mails(Kind.BOOKING_REMINDER) == []
    assert len(waiting_mails(Kind.BOOKING_CANCELLED)) == 2


def test_what_has_begun_cannot_be_cancelled(bjorns: Enrolment, slot: Slot) -> None:
    booking = take(slot, bjorns)
    with pytest.raises(refusals.BookingClosed):
        booking.cancel(bjorns.member.user, slot.starts_at)


def test_moving_frees_the_old_hour_and_takes_the_new(bjorns: Enrolment, coach: Coach, slot: Slot) -> None:
    booking = take(slot, bjorns, theme="En krevende sak")
    new = new_slot(coach, at(THURSDAY, 14))
    moved = move(booking, new, bjorns.member.user, NOW)
    assert db.session.scalars(Slot.free(NOW)).all() == [slot]
    assert (booking.state(NOW), moved.state(NOW)) == (BookingState.MOVED, BookingState.BOOKED)
    assert (moved.price, moved.theme) == (booking.price, "En krevende sak")
    assert {m.next_attempt_at for m in waiting_mails(Kind.BOOKING_REMINDER)} == {at(date(2026, 12, 2), 14)}
    assert len(waiting_mails(Kind.BOOKING_MOVED)) == 2


def test_moving_to_an_hour_that_is_taken_loses_nothing(
    bjorns: Enrolment, daniel: Member, coach: Coach, slot: Slot
) -> None:
    booking = take(slot, bjorns)
    other = booked(participant(daniel, bjorns.programme), coach, at(THURSDAY, 14))
    with pytest.raises(refusals.SlotTaken):
        move(booking, other.slot, bjorns.member.user, NOW)
    assert booking.is_live
    assert booking.takes_clip


def test_moving_twice_moves_once(bjorns: Enrolment, coach: Coach, slot: Slot) -> None:
    booking, new = take(slot, bjorns), new_slot(coach, at(THURSDAY, 14))
    assert move(booking, new, bjorns.member.user, NOW) is move(booking, new, bjorns.member.user, NOW)


def test_the_member_moves_until_the_notice_and_the_coach_after_it(
    bjorns: Enrolment, coach: Coach, slot: Slot
) -> None:
    booking, new = take(slot, bjorns), new_slot(coach, at(THURSDAY, 14))
    late = booking.notice_until + timedelta(minutes=1)
    with pytest.raises(refusals.NoticePassed):
        move(booking, new, bjorns.member.user, late)
    assert move(booking, new, coach.user, late).is_live


def test_a_conversation_is_confirmed_once_it_has_begun(bjorns: Enrolment, coach: Coach, slot: Slot) -> None:
    booking = take(slot, bjorns)
    with pytest.raises(refusals.NotYetBegun):
        booking.confirm_held(coach.user, NOW)
    booking.confirm_held(coach.user, slot.starts_at)
    booking.confirm_held(coach.user, slot.ends_at)
    assert booking.held_at == slot.starts_at


def test_a_wrong_confirmation_is_corrected_the_same_day(
    bjorns: Enrolment, coach: Coach, slot: Slot, eva: User
) -> None:
    booking = take(slot, bjorns)
    booking.confirm_no_show(coach.user, slot.ends_at)
    booking.confirm_held(coach.user, slot.ends_at + timedelta(hours=2))
    assert booking.state(slot.ends_at) is BookingState.HELD
    with pytest.raises(refusals.TooLateToCorrect):
        booking.confirm_no_show(coach.user, slot.ends_at + timedelta(days=1))
    booking.confirm_no_show(eva, slot.ends_at + timedelta(days=1))
    assert booking.state(slot.ends_at) is BookingState.NO_SHOW


def test_what_was_cancelled_is_not_confirmed(bjorns: Enrolment, coach: Coach, slot: Slot) -> None:
    booking = take(slot, bjorns)
    booking.cancel(bjorns.member.user, NOW)
    with pytest.raises(refusals.BookingClosed):
        booking.confirm_no_show(coach.user, slot.ends_at)


def test_the_audit_knows_that_but_never_what(bjorns: Enrolment, slot: Slot) -> None:
    take(slot, bjorns, theme="En krevende sak").cancel(bjorns.member.user, NOW)
    db.session.commit()
    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [e.event for e in events][-2:] == ["booking made", "booking cancelled"]
    assert "krevende" not in str([e.details for e in events])


def test_the_theme_is_for_the_member_and_that_coach_only(
    bjorns: Enrolment, coach: Coach, slot: Slot, eva: User, daniel: Member
) -> None:
    booking = take(slot, bjorns, theme="En krevende sak")
    readers = (bjorns.member.user, coach.user, eva, daniel.user)
    assert [booking.theme_for(user) for user in readers] == ["En krevende sak", "En krevende sak", None, None]


def take_the_only_hour(enrolment_id: int) -> None:
    enrolment = db.session.get_one(Enrolment, enrolment_id)
    slot = db.session.scalars(select(Slot)).one()
    book(slot, enrolment, Mode.DIGITAL, enrolment.member.user, NOW)
    db.session.commit()


@pytest.mark.promise("En time hos en veileder gis aldri til to", small=20, full=60)
def test_of_many_who_book_the_same_hour_one_gets_it(
    promise: Any, app: Flask, database_url: str, slot: Slot
) -> None:
    programme = new_programme(seats=promise.size)
    people = [new_member(f"Medlem {n}") for n in range(promise.size)]
    seen = race(database_url, take_the_only_hour, [participant(p, programme).id for p in people])
    assert seen == {"done": 1, "SlotTaken": promise.size - 1}
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 1
    promise.saw(f"{promise.size} people at once, 1 booking, {seen['SlotTaken']} told that it was taken")


def swap_to_the_free_hour(booking_id: int) -> None:
    booking = db.session.get_one(Booking, booking_id)
    slot = db.session.scalars(Slot.free(NOW).limit(1)).one_or_none()
    if slot is None:
        raise DomainError("Ingen ledige timer.")
    move(booking, slot, booking.member.user, NOW)
    db.session.commit()


def test_many_who_move_at_once_lose_neither_hour_nor_clip(
    app: Flask, database_url: str, coach: Coach
) -> None:
    programme = new_programme()
    hours = [at(THURSDAY, 8 + n) for n in range(8)]
    people = [participant(new_member(f"Medlem {n}"), programme) for n in range(7)]
    bookings = [booked(e, coach, hour).id for e, hour in zip(people, hours, strict=False)]
    new_slot(coach, hours[-1])
    race(database_url, swap_to_the_free_hour, bookings)
    live = db.session.scalars(select(Booking).where(Booking.cancelled_at.is_(None))).all()
    assert sorted(b.enrolment_id for b in live) == sorted(e.id for e in people)
    assert len({b.slot_id for b in live}) == 7
    assert all(b.takes_clip for b in live)
