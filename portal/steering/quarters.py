"""Quarters of a year, as the steering group meets by them."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self


@dataclass(frozen=True, order=True)
class Quarter:
    """Quarter 3 of 2026 is written 2026-3."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, (day.month + 2) // 3)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What is written, or None where it is no quarter."""
        found = re.fullmatch(r"([1-9]\d{3})-([1-4])", text, re.ASCII)
        return cls(int(found[1]), int(found[2])) if found else None

    @property
    def first_day(self) -> date:
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        return self.next.first_day - timedelta(days=1)

    @property
    def next(self) -> "Quarter":
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        return Quarter.of(self.first_day - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year}-{self.number}"
