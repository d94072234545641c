"""Money over time: what is incurred as steps, and where it can end; and the same as geometry for a drawing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from sqlalchemy import select

from portal import clock
from portal.coaching.budget import Budget
from portal.coaching.models import Booking, Enrolment, Payer, Programme, Slot
from portal.coaching.tally import INCURRED, Standing, next_month, outcome_of
from portal.extensions import db

SOON = 30  # days before which a pace says nothing
Point = tuple[float, float]


@dataclass(frozen=True)
class Payment:
    """What one conversation cost KDF."""

    on: date
    amount: Decimal


@dataclass(frozen=True)
class Step:
    """What was incurred in the days from `first` to `last`, and in all by then."""

    first: date
    last: date
    added: Decimal
    total: Decimal


@dataclass(frozen=True)
class Forecast:
    """Where it can end: only what is booked; at the pace so far; every clip used."""

    low: Decimal
    middle: Decimal
    high: Decimal


@dataclass(frozen=True)
class Course:
    """The programme's money from its first day to its last."""

    starts: date
    ends: date
    today: date
    frame: Decimal
    steps: Sequence[Step]
    forecast: Forecast | None

    @property
    def incurred(self) -> Decimal:
        return self.steps[-1].total if self.steps else Decimal(0)


def payments(programme: Programme, now: datetime) -> list[Payment]:
    """What KDF has incurred, conversation by conversation, in one query."""
    rows = (
        select(Slot.starts_at, Booking.price)
        .join(Booking.slot)
        .join(Booking.enrolment)
        .where(Enrolment.programme_id == programme.id, Booking.payer == Payer.KDF)
        .where(Booking.moved_to_id.is_(None), outcome_of(now).in_([o.value for o in INCURRED]))
        .order_by(Slot.starts_at)
    )
    return [Payment(clock.today(at), price) for at, price in db.session.execute(rows)]


def course(
    programme: Programme, paid: Sequence[Payment], budget: Budget, people: Standing, now: datetime
) -> Course:
    """The course so far and where it can end."""
    today = clock.today(now)
    last = max(programme.last_day, today)
    ahead = forecast(budget, people.free_clips, programme.starts_on, today, programme.last_day)
    return Course(min(programme.starts_on, today), last, today, programme.budget, _daily(paid), ahead)


def forecast(budget: Budget, free_clips: int, starts: date, today: date, ends: date) -> Forecast | None:
    """Where it can end, with so many clips not yet booked. None before there is a pace to speak of, and when it is over."""
    elapsed = (today - starts).days
    if elapsed < SOON or today >= ends or budget.price is None:
        return None
    low = budget.bound
    high = low + max(free_clips, 0) * budget.price
    pace = budget.incurred * (ends - starts).days / elapsed
    return Forecast(low, min(max(pace, low), high).quantize(Decimal(1)), high)


def _daily(paid: Iterable[Payment]) -> list[Step]:
    steps, total = [], Decimal(0)
    for day, group in groupby(paid, key=lambda p: p.on):
        added = sum((p.amount for p in group), Decimal(0))
        total += added
        steps.append(Step(day, day, added, total))
    return steps


# Geometry


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    amount: Decimal


@dataclass(frozen=True)
class Tick:
    at: float
    value: Decimal | date


@dataclass(frozen=True)
class Chart:
    """A drawing of a course: numbers for a template that knows nothing of money or time."""

    course: Course
    width: int
    height: int
    left: int
    right: int
    bottom: int
    top: int
    grid: Sequence[Tick]
    months: Sequence[Tick]
    limit: float
    line: str
    today: Point
    middle: str
    band: str
    over: str
    ends: Sequence[Label]


def draw(of: Course, width: int, height: int, every: int = 2) -> Chart:
    """Draw into width × height pixels, naming every second (third …) month."""
    left, right, top, bottom = 60, width - 66, 22, height - 26
    highest = max([of.frame, of.incurred, *([of.forecast.high] if of.forecast else [])]) * Decimal("1.04")
    days = max((of.ends - of.starts).days, 1)

    def x(day: date) -> float:
        return round(left + (right - left) * (day - of.starts).days / days, 1)

    def y(amount: Decimal) -> float:
        return round(bottom - (bottom - top) * float(amount / highest), 1) if highest else float(bottom)

    return Chart(
        of,
        width,
        height,
        left,
        right,
        bottom,
        top,
        grid=[Tick(y(a), a) for a in _amounts(highest) if abs(y(a) - y(of.frame)) > 14 or a == 0],
        months=[Tick(x(m), m) for m in _months(of.starts, of.ends)[::every] if x(m) < right - 12],
        limit=y(of.frame),
        line=_stairs(of, x, y),
        today=(x(of.today), y(of.incurred)),
        middle=_middle(of, x, y),
        band=_band(of, x, y),
        over=_over(of, x, y),
        ends=_ends(of, right, y),
    )


def _amounts(highest: Decimal) -> list[Decimal]:
    """At most five round amounts from zero."""
    scale = Decimal(10) ** max(highest.adjusted() - 1, 0)
    step = next(s * scale for s in (1, 2, 5, 10, 20, 50, 100) if highest / (s * scale) <= 6)
    return [n * step for n in range(6) if n * step < highest]


def _months(starts: date, ends: date) -> list[date]:
    first = starts if starts.day == 1 else next_month(starts)
    found = []
    while first <= ends:
        found.append(first)
        first = next_month(first)
    return found


def _stairs(of: Course, x: Callable[[date], float], y: Callable[[Decimal], float]) -> str:
    parts = [f"M{x(of.starts)} {y(Decimal(0))}"]
    for step in of.steps:
        parts.append(f"H{x(step.last)}V{y(step.total)}")
    return "".join([*parts, f"H{x(of.today)}"])


def _middle(of: Course, x: Callable[[date], float], y: Callable[[Decimal], float]) -> str:
    if of.forecast is None:
        return ""
    return f"M{x(of.today)} {y(of.incurred)}L{x(of.ends)} {y(of.forecast.middle)}"


def _band(of: Course, x: Callable[[date], float], y: Callable[[Decimal], float]) -> str:
    if of.forecast is None:
        return ""
    start, end = (x(of.today), y(of.incurred)), x(of.ends)
    return _polygon([start, (end, y(of.forecast.high)), (end, y(of.forecast.low))])


def _over(of: Course, x: Callable[[date], float], y: Callable[[Decimal], float]) -> str:
    """The part of the band above the frame."""
    if of.forecast is None or of.forecast.high <= of.frame:
        return ""
    if of.incurred >= of.frame:
        return _band(of, x, y)
    end, limit = x(of.ends), y(of.frame)

    def crosses(amount: Decimal) -> Point:
        share = float((of.frame - of.incurred) / (amount - of.incurred))
        return round(x(of.today) + (end - x(of.today)) * share, 1), limit

    low = of.forecast.low
    below = [(end, y(low)), crosses(low)] if low > of.frame else [(end, limit)]
    return _polygon([crosses(of.forecast.high), (end, y(of.forecast.high)), *below])


def _polygon(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"


def _ends(of: Course, right: int, y: Callable[[Decimal], float]) -> list[Label]:
    """The forecast's three figures, from the top, far enough apart to be read."""
    if of.forecast is None:
        return []
    labels: list[Label] = []
    for amount in sorted({of.forecast.high, of.forecast.middle, of.forecast.low}, reverse=True):
        at = max(y(amount) + 4, labels[-1].y + 16) if labels else y(amount) + 4
        labels.append(Label(right + 7, at, amount))
    return labels
