"""What the programme has cost, what is promised, and what is left, to the øre."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portal.coaching.budget import Budget
from portal.coaching.models import Payer, Programme
from portal.coaching.tally import COMMITTED, INCURRED, Count, Outcome, Standing, standing, tally

ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """So many conversations, and what they cost together."""

    sessions: int = 0
    amount: Decimal = ZERO
    prices: tuple[tuple[Decimal, int], ...] = ()

    @classmethod
    def of(cls, counts: Iterable[Count]) -> "Line":
        found = list(counts)
        prices = sorted({c.price for c in found})
        by_price = ((p, sum(c.sessions for c in found if c.price == p)) for p in prices)
        return cls(sum(c.sessions for c in found), sum((c.amount for c in found), ZERO), tuple(by_price))


@dataclass(frozen=True)
class Month:
    """What a month (its first day) added to what is incurred."""

    first: date
    held: Line
    no_show: Line
    late: Line

    @property
    def amount(self) -> Decimal:
        return self.held.amount + self.no_show.amount + self.late.amount


@dataclass(frozen=True)
class Figures:
    """The programme's money as of `at`. frame = incurred + committed + free, to the øre.

    Lines hold what KDF pays, by outcome; `outside` what others pay, held or missed or booked, by payer.
    A conversation costs when it was held, and also when the participant stayed away or cancelled too late:
    the coach kept the hour free. What was cancelled in time costs nothing.
    """

    at: datetime
    budget: Budget
    people: Standing
    lines: dict[Outcome, Line]
    outside: dict[Payer, Line]
    months: Sequence[Month]

    @property
    def incurred(self) -> Decimal:
        return self.budget.incurred

    @property
    def committed(self) -> Decimal:
        return self.budget.committed

    @property
    def free(self) -> Decimal:
        return self.budget.free

    @property
    def used(self) -> int:
        """Conversations that are held or lost."""
        return sum(self.lines[o].sessions for o in INCURRED)

    @property
    def booked(self) -> int:
        """Conversations that are booked, or over and not confirmed."""
        return sum(self.lines[o].sessions for o in COMMITTED)

    @property
    def sessions_left(self) -> int:
        return self.budget.sessions_left

    @property
    def new_seats(self) -> int:
        """How many more participants the money carries with all their clips."""
        return self.budget.new_seats(self.people.free_clips)

    @property
    def seats_held(self) -> int:
        """How many participants the money carries in all with all their clips."""
        return self.budget.seats_held(self.people.seated, self.people.free_clips)

    @property
    def outside_in_all(self) -> Line:
        lines = self.outside.values()
        return Line(sum(x.sessions for x in lines), sum((x.amount for x in lines), ZERO))


def figures(programme: Programme, now: datetime) -> Figures:
    """All of it, in two queries besides the programme's own rates."""
    counts = tally(programme, now)
    ours = [c for c in counts if c.payer is Payer.KDF]
    costing = INCURRED | COMMITTED
    return Figures(
        at=now,
        budget=Budget.today(programme, counts, now),
        people=standing(programme),
        lines={o: Line.of(c for c in ours if c.outcome is o) for o in Outcome},
        outside={
            payer: Line.of(c for c in counts if c.payer is payer and c.outcome in costing)
            for payer in Payer
            if payer is not Payer.KDF
        },
        months=_months(ours),
    )


def _months(counts: Sequence[Count]) -> list[Month]:
    """The months in which something was incurred, in order."""
    firsts = sorted({c.month for c in counts if c.outcome.is_incurred})
    return [Month(first, *(_line(counts, first, o) for o in _INCURRED_IN_ORDER)) for first in firsts]


_INCURRED_IN_ORDER = (Outcome.HELD, Outcome.NO_SHOW, Outcome.LATE)


def _line(counts: Iterable[Count], month: date, outcome: Outcome) -> Line:
    return Line.of(c for c in counts if c.month == month and c.outcome is outcome)
