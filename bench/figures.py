"""A figure that was measured, beside its goal and beside a peer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """`value` in `unit`. `goal` is a limit, `better` says on which side of it to be.

    `peer` is what something comparable did in the same run; with `goal_is_ratio` the goal is about their ratio.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["lower", "higher"] = "lower"
    peer: float | None = None
    goal_is_ratio: bool = False

    @property
    def ratio(self) -> float | None:
        return self.value / self.peer if self.peer else None

    @property
    def holds(self) -> bool | None:
        measured = self.ratio if self.goal_is_ratio else self.value
        if self.goal is None or measured is None:
            return None
        return measured <= self.goal if self.better == "lower" else measured >= self.goal

    def row(self) -> dict[str, Any]:
        """The figure as it is kept."""
        goal = None
        if self.goal is not None:
            sign = "<=" if self.better == "lower" else ">="
            goal = f"{sign} {self.goal:g}{' x peer' if self.goal_is_ratio else ''}"
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "goal": goal,
            "holds": self.holds,
            "peer": None if self.peer is None else _rounded(self.peer),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
        }


def _rounded(value: float) -> float:
    return round(value, 3 if abs(value) < 10 else 1)


def table(figures: Iterable[Figure]) -> str:
    """The figures for a reader at a terminal."""
    heads = ("name", "value", "unit", "goal", "holds", "peer", "ratio")
    words = {True: "yes", False: "NO", None: ""}
    rows = [
        [words.get(v, str(v)) if v is None or isinstance(v, bool) else str(v) for v in f.row().values()]
        for f in figures
    ]
    widths = [max(len(row[i]) for row in [list(heads), *rows]) for i in range(len(heads))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in [list(heads), *rows]
    ]
    return "\n".join(lines)
