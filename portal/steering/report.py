"""A frozen report as it is read. All of it is made of what the rows say, so it tells no more than they do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal import clock
from portal.coaching.budget import Budget
from portal.costs.burn_up import Course, Step, forecast
from portal.language import gettext as _
from portal.rendering import long_date
from portal.steering.counting import SIZES
from portal.steering.models import Report
from portal.steering.quarters import Quarter

ZERO = Decimal(0)


@dataclass(frozen=True)
class Cell:
    """A figure; or, where it is hidden, what it was when it was last shown, and when."""

    value: int | None
    last: tuple[int, date] | None = None


@dataclass(frozen=True)
class Reading:
    """A report, with those before it, the oldest first."""

    report: Report
    earlier: Sequence[Report]

    def cell(self, name: str) -> Cell:
        value = self.report.figures.get(name)
        if value is not None:
            return Cell(value)
        shown = [(r.figures[name], r.as_of) for r in self._same_programme if name in r.figures]
        return Cell(None, shown[-1] if shown else None)

    @property
    def _same_programme(self) -> list[Report]:
        return [r for r in self.earlier if r.programme_id == self.report.programme_id]

    @property
    def title(self) -> str:
        if self.report.opening:
            return _("Første rapport, %(day)s", day=long_date(self.report.as_of))
        of = self.report.of
        return _("Rapport, %(quarter)s. kvartal %(year)s", quarter=of.number, year=of.year)

    @property
    def next_on(self) -> date:
        """The day after the quarter in which this one was made."""
        return Quarter.of(clock.today(self.report.taken_at)).next.first_day

    @property
    def sizes(self) -> list[tuple[Any, Cell, Cell]]:
        return [
            (label, self.cell(f"seated:{n}"), self.cell(f"started:{n}"))
            for n, (_limit, label) in enumerate(SIZES)
        ]

    # Money: what is shown of conversations, at the price of the report's day

    @property
    def budget(self) -> Budget:
        used, booked = (self.report.figures.get(name, 0) for name in ("used", "booked"))
        price = self.report.price
        return Budget(
            self.report.frame, used * (price or ZERO), booked * (price or ZERO), price, self.report.clips
        )

    @property
    def bound(self) -> Decimal | None:
        sessions = self.report.figures.get("bound")
        return None if sessions is None or self.report.price is None else sessions * self.report.price

    @property
    def cost_of_all(self) -> Decimal | None:
        """What it costs when every seat is filled and every clip is used."""
        report = self.report
        return None if report.price is None else report.seats * report.clips * report.price

    @property
    def shortfall(self) -> Decimal:
        return max((self.cost_of_all or ZERO) - self.report.frame, ZERO)

    @property
    def seats_held(self) -> int:
        """How many participants the frame carries with all their clips."""
        _sessions, people = self.budget.in_all()
        return min(people, self.report.seats)

    @property
    def seats_lacking(self) -> int:
        return self.report.seats - self.seats_held

    @property
    def cost_of_seated(self) -> Decimal | None:
        """What those who have a seat cost at most."""
        seated, price = self.report.figures.get("seated"), self.report.price
        return None if seated is None or price is None else seated * self.report.clips * price

    @property
    def mentors_lacking(self) -> int:
        """How many more seek a mentor than there are mentors with room, where both are shown."""
        figures = self.report.figures
        both = "seeking" in figures and "mentors" in figures
        return max(figures["seeking"] - figures["mentors"], 0) if both else 0

    @property
    def course(self) -> Course | None:
        """A step for each report in which the conversations used were shown; None where this one does not show them."""
        report = self.report
        if "used" not in report.figures or report.price is None:
            return None
        steps: list[Step] = []
        first, total = report.starts_on, ZERO
        for each in (*self._same_programme, report):
            if "used" in each.figures and each.price is not None:
                amount = each.figures["used"] * each.price
                steps.append(Step(first, each.as_of, amount - total, amount))
                first, total = each.as_of, amount
        ends = max(report.ends_on, report.as_of)
        free_clips = report.figures.get("seated", 0) * report.clips - report.figures["bound"]
        ahead = (
            forecast(self.budget, free_clips, report.starts_on, report.as_of, report.ends_on)
            if "seated" in report.figures
            else None
        )
        return Course(min(report.starts_on, report.as_of), ends, report.as_of, report.frame, steps, ahead)
