"""A coach's free time: single hours and weekly patterns, made into hours that a member can book."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select, update

from portal import audit, clock
from portal.accounts.models import User
from portal.coaching.models import CELL, Availability, Booking, Coach, Slot, SlotCell, SlotMode
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.rendering import clock_time, long_date, weekday_date

OFFERED = audit.declare("time offered", "hours", "weekly")
TAKEN_BACK = audit.declare("time taken back", "hours")
HOUR = timedelta(minutes=60)
LONGEST = timedelta(days=370)


class NoTimeAhead(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Tiden er passert. Velg en dag og et klokkeslett som ligger fram i tid."))


class TooFarAhead(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Velg en sluttdato innen ett år. Du kan legge til mer senere."))


class OddTimes(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Velg hele timer som begynner på et kvarter, for eksempel 09.00–12.00. Det gir tre samtaler.")
        )


class Collides(DomainError):
    """Hours that the coach has offered already."""

    def __init__(self, at: datetime | None) -> None:
        when = f"{weekday_date(at)} kl. {clock_time(at)}" if at else ""
        super().__init__(
            _l(
                "Du har allerede lagt inn tid %(when)s. Ingenting er lagret; endre tiden eller dagen.",
                when=when,
            )
        )


class HourIsBooked(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Timen er bestilt. Flytt eller avlys samtalen først, så kan du ta tiden tilbake.")
        )


def in_words(weekday: int, starts: time, ends: time, until: date | None) -> str:
    """Tirsdager 09–12, hver uke til 21. desember 2026"""
    days = (
        _("Mandager"), _("Tirsdager"), _("Onsdager"), _("Torsdager"), _("Fredager"), _("Lørdager"), _("Søndager")
    )  # fmt: skip
    when = f"{days[weekday]} {_short(starts)}–{_short(ends)}"
    if until is None:
        return str(_("%(when)s, hver uke", when=when))
    return str(_("%(when)s, hver uke til %(day)s", when=when, day=long_date(until)))


def _short(at: time) -> str:
    return f"{at.hour:02}" if at.minute == 0 else clock_time(at)


@dataclass(frozen=True)
class Offer:
    """When a coach is free: every week on `first`'s weekday until `last`, or on `first` alone when `last` is None."""

    first: date
    last: date | None
    starts: time
    ends: time
    mode: SlotMode
    place: str = ""

    @property
    def is_weekly(self) -> bool:
        return self.last is not None

    @property
    def words(self) -> str:
        """What the coach is about to promise, as a sentence."""
        if self.last is not None:
            return in_words(self.first.weekday(), self.starts, self.ends, self.last)
        return f"{weekday_date(self.first).capitalize()} {_short(self.starts)}–{_short(self.ends)}"

    def check(self, now: datetime) -> None:
        """Raise what is wrong with the times themselves."""
        length = datetime.combine(self.first, self.ends) - datetime.combine(self.first, self.starts)
        if length < HOUR or length % HOUR or self.starts.minute % 15 or self.starts.second:
            raise OddTimes
        if (self.last or self.first) - clock.today(now) > LONGEST:
            raise TooFarAhead

    def hours(self, now: datetime) -> list[datetime]:
        """The starts of all hours still ahead. A Norwegian clock shows the same all year, so summer time moves UTC."""
        return [at for day in self._days() for at in self._on(day) if at > now]

    def _days(self) -> Iterator[date]:
        day = self.first
        while day <= (self.last or self.first):
            yield day
            day += timedelta(days=7)

    def _on(self, day: date) -> Iterator[datetime]:
        at, end = datetime.combine(day, self.starts), datetime.combine(day, self.ends)
        while at + HOUR <= end:
            yield clock.from_oslo(day, at.time())
            at += HOUR


def offer(coach: Coach, wish: Offer, now: datetime) -> list[Slot]:
    """Publish the hours, all or none. Raises Collides with the first day that is taken already."""
    wish.check(now)
    starts = wish.hours(now)
    if not starts:
        raise NoTimeAhead
    pattern = _pattern(coach, wish) if wish.is_weekly else None
    made: list[Slot] = []
    with refused({"pk_slot_cell": lambda: Collides(_first_taken(coach, starts))}):
        if pattern is not None:
            db.session.add(pattern)
            db.session.flush()
        made = [Slot.at(coach, at, at + HOUR, wish.mode, wish.place, pattern) for at in starts]
        db.session.add_all(made)
        db.session.flush()
    audit.record(
        OFFERED, by=coach.user, on=pattern or made[0], at=now, hours=len(made), weekly=wish.is_weekly
    )
    return made


def _pattern(coach: Coach, wish: Offer) -> Availability:
    return Availability(
        coach=coach,
        weekday=wish.first.weekday(),
        starts=wish.starts,
        ends=wish.ends,
        from_date=wish.first,
        until_date=wish.last,
        mode=wish.mode,
        place=wish.place,
    )


def _first_taken(coach: Coach, starts: Iterable[datetime]) -> datetime | None:
    cells = [at + n * CELL for at in starts for n in range(HOUR // CELL)]
    mine = (SlotCell.coach_id == coach.id, SlotCell.starts_at.in_(cells))
    slot = select(Slot.starts_at).join(Slot.cells).where(*mine).order_by(Slot.starts_at)
    return db.session.scalar(slot.limit(1))


def take_back(slot: Slot, by: User, now: datetime) -> None:
    """Take one hour back. Raises HourIsBooked when somebody has it."""
    slot.lock()
    if slot.withdrawn_at is not None:
        return
    live = select(Booking.id).where(Booking.slot_id == slot.id, Booking.cancelled_at.is_(None))
    if db.session.scalar(live.limit(1)) is not None:
        raise HourIsBooked
    slot.withdraw(now)
    audit.record(TAKEN_BACK, by=by, on=slot, at=now, hours=1)


def take_back_rest(pattern: Availability, by: User, now: datetime) -> tuple[int, int]:
    """Take back the pattern's free hours ahead. Returns how many went and how many stay because they are booked."""
    ahead = select(Slot).where(
        Slot.availability_id == pattern.id, Slot.withdrawn_at.is_(None), Slot.starts_at > now
    )
    ids = {s.id for s in db.session.scalars(ahead.order_by(Slot.id).with_for_update(key_share=True))}
    live = select(Booking.slot_id).where(Booking.slot_id.in_(ids), Booking.cancelled_at.is_(None))
    booked = set(db.session.scalars(live))
    free = ids - booked
    db.session.execute(update(Slot).where(Slot.id.in_(free)).values(withdrawn_at=now))
    db.session.execute(delete(SlotCell).where(SlotCell.slot_id.in_(free)))
    # The pattern ends with what stays, so that it says what still holds.
    pattern.until_date = max(pattern.from_date, clock.today(now))
    audit.record(TAKEN_BACK, by=by, on=pattern, at=now, hours=len(free))
    return len(free), len(booked)
