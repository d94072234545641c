"""The free hours of a week, as a member looks for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from babel.dates import format_date
from sqlalchemy import Select

from portal import clock
from portal.accounts.models import User
from portal.coaching.models import Coach, Mode, Slot, SlotMode
from portal.extensions import db

MOST_IN_A_WEEK = 500
WORKDAYS = 5
NOON = time(12)


class DayPart(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"


@dataclass(frozen=True)
class Wish:
    """What the member looks for. None means that anything will do."""

    mode: Mode | None = None
    part: DayPart | None = None
    coach_id: int | None = None

    def narrow(self, hours: Select[tuple[Slot]]) -> Select[tuple[Slot]]:
        if self.coach_id is not None:
            hours = hours.where(Slot.coach_id == self.coach_id)
        if self.mode is not None:
            hours = hours.where(Slot.mode.in_([SlotMode(self.mode.value), SlotMode.EITHER]))
        return hours

    def fits_clock(self, slot: Slot) -> bool:
        is_morning = clock.oslo(slot.starts_at).time() < NOON
        return self.part is None or is_morning == (self.part is DayPart.MORNING)


@dataclass(frozen=True)
class Week:
    """A week that begins on `monday`."""

    monday: date

    @classmethod
    def of(cls, day: date) -> "Week":
        return cls(day - timedelta(days=day.weekday()))

    @classmethod
    def parse(cls, code: str | None, first: date, last: date) -> "Week | None":
        """The week that 2026-W50 names, held within the days from `first` to `last`."""
        match = re.fullmatch(r"(\d{4})-W(\d{1,2})", code or "")
        if not match:
            return None
        try:
            week = cls(date.fromisocalendar(int(match[1]), int(match[2]), 1))
        except ValueError:
            return None
        return min(max(week, cls.of(first), key=_monday), cls.of(max(first, last)), key=_monday)

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def code(self) -> str:
        year, week, _day = self.monday.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def span(self) -> str:
        """7.–11. desember"""
        friday = self.monday + timedelta(days=WORKDAYS - 1)
        day_and_month = "d.\u00a0MMMM"
        begins = format_date(
            self.monday, "d." if friday.month == self.monday.month else day_and_month, locale="nb"
        )
        return f"{begins}–{format_date(friday, day_and_month, locale='nb')}"

    def shifted(self, weeks: int) -> "Week":
        return Week(self.monday + timedelta(weeks=weeks))

    def days(self, hours: Sequence[Slot], today: date) -> list[tuple[date, list[Slot]]]:
        """Its days from today on with their hours; Saturday and Sunday only when they have any."""
        week = [self.monday + timedelta(days=n) for n in range(7)]
        by_day = [(day, [s for s in hours if clock.today(s.starts_at) == day]) for day in week]
        return [(d, h) for n, (d, h) in enumerate(by_day) if h or (d >= today and n < WORKDAYS)]


def _monday(week: Week) -> date:
    return week.monday


def offered(user: User, now: datetime, last_day: date, wish: Wish = Wish()) -> Select[tuple[Slot]]:
    """Free hours that fit, until the programme's last day; nobody is offered their own time."""
    end = clock.from_oslo(last_day + timedelta(days=1), time())
    return wish.narrow(Slot.free(now)).where(Coach.user_id != user.id, Slot.starts_at < end)


def in_week(hours: Select[tuple[Slot]], week: Week, wish: Wish) -> list[Slot]:
    begins, ends = (clock.from_oslo(w.monday, time()) for w in (week, week.shifted(1)))
    rows = hours.where(Slot.starts_at >= begins, Slot.starts_at < ends).limit(MOST_IN_A_WEEK)
    return [slot for slot in db.session.scalars(rows) if wish.fits_clock(slot)]


def first_week(hours: Select[tuple[Slot]], after: datetime) -> Week | None:
    """The first week with a free hour after the moment."""
    slot = db.session.scalar(hours.where(Slot.starts_at >= after).limit(1))
    return Week.of(clock.today(slot.starts_at)) if slot is not None else None


def nearest(hours: Select[tuple[Slot]], moment: datetime, count: int = 3) -> list[Slot]:
    """The free hours closest to the moment, in the order of the calendar."""
    later = db.session.scalars(hours.where(Slot.starts_at >= moment).limit(count)).all()
    backwards = hours.order_by(None).order_by(Slot.starts_at.desc())
    earlier = db.session.scalars(backwards.where(Slot.starts_at < moment).limit(count)).all()
    closest = sorted([*later, *earlier], key=lambda slot: abs(slot.starts_at - moment))[:count]
    return sorted(closest, key=lambda slot: slot.starts_at)
