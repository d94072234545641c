"""Taking an hour, and changing it for another. What happens to a booking afterwards is the booking's own."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from portal import audit, clock, consents
from portal.accounts.models import User
from portal.coaching import clip_card, notices
from portal.coaching.models import Booking, Enrolment, Mode, Payer, RateKind, Slot
from portal.coaching.refusals import (
    AccountShut,
    AlreadyBusy,
    BookingClosed,
    ClipCardEmpty,
    ModeNotOffered,
    NoSeat,
    NoticePassed,
    ProgrammeOver,
    SlotPassed,
    SlotTaken,
)
from portal.consents import Purpose
from portal.database import hold, lock, refused
from portal.extensions import db
from portal.members.models import Membership
from portal.notifications import Kind

BOOKED = audit.declare("booking made", "mode", "payer", "clip")
MOVED = audit.declare("booking moved", "to")


def book(
    slot: Slot,
    enrolment: Enrolment,
    mode: Mode,
    by: User,
    now: datetime,
    payer: Payer = Payer.KDF,
    theme: str | None = None,
) -> Booking:
    """Take the hour for the participant, with the lowest free clip when KDF pays.

    Pressing twice gives the same booking. Raises NotAgreed for a theme, SlotTaken, SlotPassed, ModeNotOffered, ProgrammeOver,
    AccountShut, NoSeat, AlreadyBusy, ClipCardEmpty or NoPrice.
    """
    _hold(enrolment)
    if not enrolment.member.user.is_active:
        raise AccountShut
    slot.lock()
    mine = _live(slot)
    if mine is not None and mine.enrolment_id == enrolment.id:
        return mine
    if not enrolment.has_seat:
        raise NoSeat
    if theme:
        consents.require(enrolment.member.user, Purpose.OWN_WORDS)
    _require_bookable(slot, enrolment, mode, payer, now)
    number = clip_card.read(enrolment, clock.today(now)).next_free if payer is Payer.KDF else None
    if payer is Payer.KDF and number is None:
        raise ClipCardEmpty
    booking = Booking(
        slot=slot,
        enrolment=enrolment,
        mode=mode,
        clip_number=number,
        payer=payer,
        price=price(slot, enrolment),
        theme=theme,
        booked_at=now,
        booked_by_id=by.id,
    )
    _insert(booking)
    audit.record(BOOKED, by=by, on=booking, at=now, mode=mode.value, payer=payer.value, clip=number)
    notices.tell(Kind.BOOKING_MADE, booking, now)
    notices.remind(booking, now)
    return booking


def move(booking: Booking, new_slot: Slot, by: User, now: datetime, mode: Mode | None = None) -> Booking:
    """Give up the hour and take another with the same clip, payer, price and theme: both or neither.

    Pressing twice gives the same booking. Raises NoticePassed for the member once the notice is out,
    BookingClosed, and what `book` raises about the hour.
    """
    _hold(booking.enrolment)
    new_slot.lock()
    lock(booking)
    taken = _live(new_slot)
    if booking.moved_to_id is not None and taken is not None and taken.id == booking.moved_to_id:
        return taken
    if not booking.is_ahead(now):
        raise BookingClosed
    if by.id == booking.member.user_id and now > booking.notice_until:
        raise NoticePassed
    mode = mode or (booking.mode if new_slot.offers(booking.mode) else Mode(new_slot.mode.value))
    _require_bookable(new_slot, booking.enrolment, mode, booking.payer, now, leaving=booking)
    moved = _replace(booking, new_slot, mode, by, now)
    audit.record(MOVED, by=by, on=booking, at=now, to=moved.id)
    notices.forget_reminders(booking, now)
    notices.tell(Kind.BOOKING_MOVED, moved, now)
    notices.remind(moved, now)
    return moved


def price(slot: Slot, enrolment: Enrolment) -> Decimal:
    """What the conversation costs whoever pays, by the rate of its day."""
    member = enrolment.member.membership is Membership.MEMBER
    kind = RateKind.MEMBER if member else RateKind.NON_MEMBER
    return enrolment.programme.rate_for(kind, clock.today(slot.starts_at))


def _hold(enrolment: Enrolment) -> None:
    """The person before the seat, as whoever erases takes them: neither is changed by another until this is over."""
    hold(enrolment.member.user)
    enrolment.lock()


def _live(slot: Slot) -> Booking | None:
    return db.session.scalar(
        select(Booking).where(Booking.slot_id == slot.id, Booking.cancelled_at.is_(None))
    )


def _require_bookable(
    slot: Slot, enrolment: Enrolment, mode: Mode, payer: Payer, now: datetime, leaving: Booking | None = None
) -> None:
    if slot.withdrawn_at is not None or _live(slot) is not None:
        raise SlotTaken
    if slot.starts_at <= now:
        raise SlotPassed
    if not slot.offers(mode):
        raise ModeNotOffered
    if not enrolment.programme.covers(clock.today(slot.starts_at), with_clip=payer is Payer.KDF):
        raise ProgrammeOver
    if _is_busy(slot, enrolment, leaving):
        raise AlreadyBusy


def _is_busy(slot: Slot, enrolment: Enrolment, leaving: Booking | None) -> bool:
    own = select(Booking.id).join(Booking.slot).where(Booking.enrolment_id == enrolment.id)
    overlapping = own.where(
        Booking.cancelled_at.is_(None), Slot.starts_at < slot.ends_at, Slot.ends_at > slot.starts_at
    )
    if leaving is not None:
        overlapping = overlapping.where(Booking.id != leaving.id)
    return db.session.scalar(overlapping.limit(1)) is not None


def _insert(booking: Booking) -> None:
    # The locks make these rare; the database's own rules decide, whatever came in between.
    with refused({"uq_booking_slot_live": SlotTaken, "uq_booking_clip_live": ClipCardEmpty}):
        db.session.add(booking)
        db.session.flush()


def _replace(booking: Booking, slot: Slot, mode: Mode, by: User, now: datetime) -> Booking:
    moved = Booking(
        slot=slot,
        enrolment=booking.enrolment,
        mode=mode,
        clip_number=booking.clip_number,
        payer=booking.payer,
        price=booking.price,
        theme=booking.theme,
        booked_at=now,
        booked_by_id=by.id,
    )
    with db.session.begin_nested():
        booking.cancelled_at, booking.cancelled_by_id = now, by.id
        booking.theme = ""  # the new one has it
        booking.clip_returned_at = now if booking.clip_number is not None else None
        db.session.flush()
        _insert(moved)
        booking.moved_to_id = moved.id
    return moved
