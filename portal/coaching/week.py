"""A coach's week, laid out for the grid: days, hours, and where each hour lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import contains_eager, joinedload

from portal import clock
from portal.coaching.models import Availability, Booking, Coach, Enrolment, Slot
from portal.extensions import db
from portal.rendering import long_date, short_date

QUARTER = 15
FIRST_HOUR, LAST_HOUR = 8, 17


@dataclass(frozen=True)
class Hours:
    """Something in the calendar: a conversation, or free hours side by side. `booking` is None for free time."""

    starts_at: datetime
    ends_at: datetime
    booking: Booking | None = None

    @property
    def day(self) -> date:
        return clock.today(self.starts_at)

    def state(self, now: datetime) -> str:
        """The grid's word for it."""
        if self.booking is None:
            return "free"
        if self.booking.is_confirmed:
            return "held"
        return "confirm" if self.ends_at <= now else "booked"


@dataclass(frozen=True)
class Week:
    """Monday to Friday, and the weekend too when something is on it."""

    monday: date
    hours: Sequence[Hours]

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def key(self) -> str:
        """2026-W48, as in the address."""
        return f"{self.monday.isocalendar().year}-W{self.number:02}"

    @property
    def words(self) -> str:
        """23.–27. november 2026"""
        first, last = self.days[0], self.days[-1]
        start = f"{first.day}." if first.month == last.month else short_date(first)
        return f"{start}–{long_date(last)}"

    @property
    def before(self) -> "Week":
        return Week(self.monday - timedelta(days=7), ())

    @property
    def after(self) -> "Week":
        return Week(self.monday + timedelta(days=7), ())

    @property
    def days(self) -> list[date]:
        weekend = any(h.day.weekday() > 4 for h in self.hours)
        return [self.monday + timedelta(days=n) for n in range(7 if weekend else 5)]

    @property
    def clock_hours(self) -> range:
        """The hours the grid shows: the working day, stretched to what lies outside it."""
        first = min([FIRST_HOUR, *(clock.oslo(h.starts_at).hour for h in self.hours)])
        last = max([LAST_HOUR, *(_end_hour(h) for h in self.hours)])
        return range(min(first, last - 1), min(last, first + 16))

    def column(self, at: datetime) -> int:
        return (clock.today(at) - self.monday).days + 1

    def quarter(self, at: datetime) -> int:
        """Quarters of an hour from the grid's first hour."""
        local = clock.oslo(at)
        return (local.hour - self.clock_hours.start) * 4 + local.minute // QUARTER

    def length(self, hours: Hours) -> int:
        return int((hours.ends_at - hours.starts_at).total_seconds()) // 60 // QUARTER

    def holds(self, at: datetime) -> bool:
        """Whether the moment can be marked in the grid."""
        return clock.today(at) in self.days and clock.oslo(at).hour in self.clock_hours

    def holds_day(self, day: date) -> bool:
        return self.monday <= day < self.monday + timedelta(days=7)

    def on(self, day: date) -> list[Hours]:
        return [h for h in self.hours if h.day == day]

    @property
    def sessions(self) -> int:
        return sum(h.booking is not None for h in self.hours)

    @property
    def free_hours(self) -> int:
        return sum(self.length(h) for h in self.hours if h.booking is None) * QUARTER // 60


def _end_hour(hours: Hours) -> int:
    end = clock.oslo(hours.ends_at)
    return 24 if end.date() > hours.day else end.hour + (end.minute > 0)


def this_monday(now: datetime) -> date:
    today = clock.today(now)
    return today - timedelta(days=today.weekday())


def opening_monday(now: datetime) -> date:
    """The week that a coach wants to see first: on a Saturday or a Sunday that is the coming one."""
    weekend = clock.today(now).weekday() > 4
    return this_monday(now) + timedelta(days=7 if weekend else 0)


def monday_of(key: str | None, now: datetime) -> date | None:
    """The Monday of 2026-W48; of the opening week when nothing is asked for; None when it is no week."""
    if not key:
        return opening_monday(now)
    year, _, number = key.partition("-W")
    try:
        return date.fromisocalendar(int(year), int(number), 1) if 2000 <= int(year) <= 2100 else None
    except ValueError:
        return None


def read(coach: Coach, monday: date, now: datetime) -> Week:
    """The coach's week, in one query."""
    live = and_(Booking.slot_id == Slot.id, Booking.cancelled_at.is_(None))
    member = joinedload(Booking.enrolment).joinedload(Enrolment.member)
    found = (
        select(Slot, Booking)
        .outerjoin(Booking, live)
        .where(Slot.coach_id == coach.id, Slot.withdrawn_at.is_(None))
        .where(Slot.starts_at >= clock.from_oslo(monday, time()))
        .where(Slot.starts_at < clock.from_oslo(monday + timedelta(days=7), time()))
        .order_by(Slot.starts_at)
        .options(member, joinedload(Booking.enrolment).joinedload(Enrolment.programme))
    )
    hours = [
        Hours(slot.starts_at, slot.ends_at, booking)
        for slot, booking in db.session.execute(found)
        if booking is not None or slot.starts_at > now
    ]
    return Week(monday, _joined(hours))


def _joined(hours: list[Hours]) -> list[Hours]:
    """Free hours that follow each other, as one."""
    joined: list[Hours] = []
    for each in hours:
        last = joined[-1] if joined else None
        both_free = last is not None and last.booking is None and each.booking is None
        if last is not None and both_free and last.ends_at == each.starts_at and last.day == each.day:
            joined[-1] = Hours(last.starts_at, each.ends_at)
        else:
            joined.append(each)
    return joined


def unconfirmed(coach: Coach, now: datetime) -> Select[tuple[Booking]]:
    """The coach's conversations that are over and wait for a word, the oldest first."""
    waiting = (
        Slot.coach_id == coach.id,
        Slot.ends_at <= now,
        Booking.cancelled_at.is_(None),
        Booking.held_at.is_(None),
        Booking.no_show_at.is_(None),
    )
    rows = select(Booking).join(Booking.slot).where(*waiting).order_by(Slot.starts_at)
    return rows.options(
        contains_eager(Booking.slot), joinedload(Booking.enrolment).joinedload(Enrolment.member)
    )


def patterns(coach: Coach, now: datetime) -> list[Availability]:
    """The weekly patterns with hours still to come."""
    ahead = select(Slot.availability_id).where(Slot.withdrawn_at.is_(None), Slot.starts_at > now)
    rows = select(Availability).where(Availability.coach_id == coach.id, Availability.id.in_(ahead))
    return list(db.session.scalars(rows.order_by(Availability.weekday, Availability.starts)))
