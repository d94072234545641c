"""What has become of the programme's conversations, and of those who take part, counted by the database."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select

from portal import clock
from portal.coaching.models import Booking, Clip, Coach, Enrolment, Payer, Programme, Seat, Slot
from portal.extensions import db
from portal.language import gettext as _


class Outcome(StrEnum):
    """How a conversation ended, or where it stands. The order is the order of a report."""

    HELD = "held"
    NO_SHOW = "no_show"
    LATE = "late"
    UNCONFIRMED = "unconfirmed"
    BOOKED = "booked"
    CANCELLED = "cancelled"

    @classmethod
    def of(cls, booking: Booking, now: datetime) -> "Outcome":
        """The outcome of a booking at hand; `outcome_of` is the same in SQL."""
        if booking.held_at is not None:
            return cls.HELD
        if booking.no_show_at is not None:
            return cls.NO_SHOW
        if booking.cancelled_at is not None:
            return cls.LATE if booking.takes_clip else cls.CANCELLED
        return cls.UNCONFIRMED if booking.slot.ends_at <= now else cls.BOOKED

    @property
    def label(self) -> str:
        labels = {
            Outcome.HELD: _("Holdt"),
            Outcome.NO_SHOW: _("Ikke møtt"),
            Outcome.LATE: _("Avlyst for sent"),
            Outcome.UNCONFIRMED: _("Å bekrefte"),
            Outcome.BOOKED: _("Bestilt"),
            Outcome.CANCELLED: _("Avlyst i tide"),
        }
        return str(labels[self])

    @property
    def is_incurred(self) -> bool:
        """Whether the coach is to be paid: for the hour held, and for the hour kept free in vain."""
        return self in INCURRED

    @property
    def tone(self) -> str:
        """The shape and colour that goes with the word."""
        tones = {Outcome.HELD: "happened", Outcome.UNCONFIRMED: "waiting", Outcome.BOOKED: "free"}
        return tones.get(self, "out" if self is Outcome.CANCELLED else "lost")

    @property
    def is_committed(self) -> bool:
        return self in COMMITTED


INCURRED = frozenset({Outcome.HELD, Outcome.NO_SHOW, Outcome.LATE})
COMMITTED = frozenset({Outcome.UNCONFIRMED, Outcome.BOOKED})


@dataclass(frozen=True)
class Count:
    """So many conversations in a month (its first day) with one outcome, payer and price."""

    month: date
    outcome: Outcome
    payer: Payer
    price: Decimal
    sessions: int
    coach: str = ""

    @property
    def amount(self) -> Decimal:
        return self.price * self.sessions


@dataclass(frozen=True)
class Standing:
    """Where people are: persons, except for `clips` (the seated's) and `clips_taken` (used, booked or lost)."""

    seats: int
    seated: int
    waiting: int
    withdrawn: int
    started: int
    clips: int
    clips_taken: int
    unbooked: int
    waiting_since: datetime | None

    @property
    def free_seats(self) -> int:
        return self.seats - self.seated

    @property
    def free_clips(self) -> int:
        return self.clips - self.clips_taken

    @property
    def applied(self) -> int:
        """All who have ever wanted a seat."""
        return self.seated + self.waiting + self.withdrawn


def outcome_of(now: datetime) -> ColumnElement[str]:
    """The outcome in SQL, of a booking joined to its slot. What was moved on has none: it lives on elsewhere."""
    lost = and_(Booking.clip_number.is_not(None), Booking.clip_returned_at.is_(None))
    return case(
        (Booking.held_at.is_not(None), literal(Outcome.HELD.value)),
        (Booking.no_show_at.is_not(None), literal(Outcome.NO_SHOW.value)),
        (and_(Booking.cancelled_at.is_not(None), lost), literal(Outcome.LATE.value)),
        (Booking.cancelled_at.is_not(None), literal(Outcome.CANCELLED.value)),
        (Slot.ends_at <= now, literal(Outcome.UNCONFIRMED.value)),
        else_=literal(Outcome.BOOKED.value),
    )


def months(programme: Programme) -> list[date]:
    """The first day of each month in which conversations can be held."""
    last = programme.last_day
    count = (last.year - programme.starts_on.year) * 12 + last.month - programme.starts_on.month + 1
    first = programme.starts_on.year * 12 + programme.starts_on.month - 1
    return [date((first + n) // 12, (first + n) % 12 + 1, 1) for n in range(count)]


def month_starts(month: date) -> datetime:
    """The moment a month begins in Norway."""
    return clock.from_oslo(month, time())


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def tally(programme: Programme, now: datetime, by_coach: bool = False) -> list[Count]:
    """All conversations of the programme, in one query that gives few rows however many there are."""
    order = months(programme)
    later = [(Slot.starts_at >= month_starts(m), n) for n, m in reversed(list(enumerate(order)))]
    month = case(*later, else_=0).label("month")
    outcome, coach = (
        outcome_of(now).label("outcome"),
        (Slot.coach_id if by_coach else literal(0)).label("coach"),
    )
    found: Any = (
        select(month, outcome, Booking.payer, Booking.price, coach, func.count().label("sessions"))
        .join(Booking.slot)
        .join(Booking.enrolment)
        .where(Enrolment.programme_id == programme.id, Booking.moved_to_id.is_(None))
        .group_by("month", "outcome", Booking.payer, Booking.price, "coach")
        .order_by("month")
    )
    names = _coach_names() if by_coach else {}
    return [
        Count(order[n], Outcome(what), payer, price, sessions, names.get(who, ""))
        for n, what, payer, price, who, sessions in db.session.execute(found)
    ]


def _coach_names() -> dict[int, str]:
    return {coach.id: coach.name for coach in db.session.scalars(select(Coach))}


def standing(programme: Programme) -> Standing:
    """The programme's people and clips, in one query."""
    mine = Enrolment.programme_id == programme.id
    seated, waiting = Enrolment.seat_number.is_not(None), Enrolment.seat_number.is_(None)
    here = Enrolment.withdrawn_at.is_(None)
    held = Enrolment.bookings.any(Booking.held_at.is_not(None))
    has_booked = Enrolment.bookings.any(Booking.cancelled_at.is_(None))
    seats = select(func.count()).where(Seat.programme_id == programme.id).scalar_subquery()
    clips = select(func.count()).select_from(Clip).join(Enrolment, Clip.enrolment_id == Enrolment.id)
    keeps = (Booking.clip_number.is_not(None), Booking.clip_returned_at.is_(None))
    taken = select(func.count()).select_from(Booking).join(Booking.enrolment).where(mine, seated, *keeps)
    people: Any = select(
        seats,
        func.count().filter(seated),
        func.count().filter(waiting, here),
        func.count().filter(Enrolment.withdrawn_at.is_not(None)),
        func.count().filter(held),
        clips.where(mine, seated).scalar_subquery(),
        taken.scalar_subquery(),
        func.count().filter(seated, ~has_booked),
        func.min(Enrolment.applied_at).filter(waiting, here),
    ).where(mine)
    return Standing(*db.session.execute(people).one())
