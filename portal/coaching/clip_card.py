"""The clip card: what became of each prepaid conversation. Derived from bookings, stored nowhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.coaching.models import Booking, Clip, Enrolment, Payer, Slot
from portal.extensions import db


class ClipState(StrEnum):
    FREE = "free"
    BOOKED = "booked"
    USED = "used"
    LOST = "lost"


@dataclass(frozen=True)
class Ticket:
    """One clip. A free one has no booking, and neither has one that ran out unused."""

    number: int
    state: ClipState
    valid_until: date
    booking: Booking | None = None
    payer: Payer = Payer.KDF


@dataclass(frozen=True)
class ClipCard:
    tickets: tuple[Ticket, ...] = ()

    @property
    def total(self) -> int:
        return len(self.tickets)

    @property
    def left(self) -> int:
        return sum(t.state is ClipState.FREE for t in self.tickets)

    @property
    def next_free(self) -> int | None:
        """The clip that the next booking takes: the lowest one free."""
        return next((t.number for t in self.tickets if t.state is ClipState.FREE), None)


def derive(numbers: Iterable[int], bookings: Iterable[Booking], valid_until: date, today: date) -> ClipCard:
    """The card of a participant with these clips and bookings."""
    taken = {b.clip_number: b for b in bookings if b.takes_clip}
    return ClipCard(tuple(_ticket(n, taken.get(n), valid_until, today) for n in sorted(numbers)))


def read(enrolment: Enrolment, today: date) -> ClipCard:
    """The card as the database has it now, with each booking's slot and coach."""
    numbers = select(Clip.number).where(Clip.enrolment_id == enrolment.id)
    taking = select(Booking).where(
        Booking.enrolment_id == enrolment.id,
        Booking.clip_number.is_not(None),
        Booking.clip_returned_at.is_(None),
    )
    with_coach = joinedload(Booking.slot, innerjoin=True).joinedload(Slot.coach, innerjoin=True)
    fresh = taking.options(with_coach).execution_options(populate_existing=True)
    clips, bookings = db.session.scalars(numbers).all(), db.session.scalars(fresh).all()
    return derive(clips, bookings, enrolment.programme.clips_valid_until, today)


def _ticket(number: int, booking: Booking | None, valid_until: date, today: date) -> Ticket:
    if booking is None:
        state = ClipState.FREE if today <= valid_until else ClipState.LOST
    elif booking.cancelled_at is not None or booking.no_show_at is not None:
        state = ClipState.LOST
    else:
        state = ClipState.USED if booking.held_at is not None else ClipState.BOOKED
    return Ticket(number, state, valid_until, booking)
