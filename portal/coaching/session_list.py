"""The secretariat's list of conversations: when, with which coach, how and how it ended. Never whose or about what."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import contains_eager

from portal import clock
from portal.coaching.models import Booking, Coach, Enrolment, Payer, Programme, Slot
from portal.coaching.tally import COMMITTED, INCURRED, Count, Outcome, months, next_month, outcome_of

GROUPS: dict[str, frozenset[Outcome]] = {"incurred": INCURRED, "committed": COMMITTED}


@dataclass(frozen=True)
class Search:
    """What somebody looks for; None where anything will do. What is no choice is as if not there."""

    outcomes: frozenset[Outcome] | None = None
    payer: Payer | None = None
    month: date | None = None
    coach_id: int | None = None

    @classmethod
    def read(cls, words: Mapping[str, str], programme: Programme) -> "Search":
        outcome, coach = words.get("outcome", ""), words.get("coach", "")
        month = next((m for m in months(programme) if f"{m:%Y-%m}" == words.get("month")), None)
        return cls(
            GROUPS.get(outcome) or ({o.value: frozenset({o}) for o in Outcome}).get(outcome),
            {p.value: p for p in Payer}.get(words.get("payer", "")),
            month,
            int(coach) if coach.isascii() and coach.isdigit() and len(coach) < 10 else None,
        )

    def rows(self, programme: Programme, now: datetime) -> Select[tuple[Booking]]:
        """The conversations, the latest first."""
        found = (
            select(Booking)
            .join(Booking.slot)
            .join(Slot.coach)
            .join(Coach.user)
            .join(Booking.enrolment)
            .where(Enrolment.programme_id == programme.id, Booking.moved_to_id.is_(None))
            .options(contains_eager(Booking.slot).contains_eager(Slot.coach).contains_eager(Coach.user))
        )
        return found.where(*self._conditions(programme, now)).order_by(Slot.starts_at.desc(), Booking.id)

    def _conditions(self, programme: Programme, now: datetime) -> list[ColumnElement[bool]]:
        wanted: list[ColumnElement[bool]] = []
        if self.outcomes is not None:
            wanted.append(outcome_of(now).in_([o.value for o in self.outcomes]))
        if self.payer is not None:
            wanted.append(Booking.payer == self.payer)
        if self.month is not None:
            order = months(programme)
            # As in the tally: what lies before the first month or after the last one is counted with it.
            if self.month != order[0]:
                wanted.append(Slot.starts_at >= clock.from_oslo(self.month, time()))
            if self.month != order[-1]:
                wanted.append(Slot.starts_at < clock.from_oslo(next_month(self.month), time()))
        if self.coach_id is not None:
            wanted.append(Slot.coach_id == self.coach_id)
        return wanted


@dataclass(frozen=True)
class Line:
    """A row of counts by outcome, for a month or a coach."""

    label: Any
    counts: Mapping[Outcome, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def by(key: str, counts: Iterable[Count]) -> list[Line]:
    """Conversations per `month` or `coach`, split by outcome."""
    found: dict[Any, dict[Outcome, int]] = defaultdict(lambda: dict.fromkeys(Outcome, 0))
    for count in counts:
        found[getattr(count, key)][count.outcome] += count.sessions
    return [Line(label, found[label]) for label in found]


def summed(lines: Iterable[Line]) -> dict[Outcome, int]:
    """The foot of such a table."""
    total = dict.fromkeys(Outcome, 0)
    for line in lines:
        for outcome, sessions in line.counts.items():
            total[outcome] += sessions
    return total
