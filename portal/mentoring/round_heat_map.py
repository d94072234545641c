"""Every pair of a draft at once: mentees down, mentors across from the largest municipality to the smallest."""

from dataclasses import dataclass
from functools import cached_property

import matching
from portal.mentoring.round_board import Board, Entry
from portal.mentoring.round_runs import Party

STEPS = (45, 60, 70, 80)


@dataclass(frozen=True)
class Cell:
    """One pair. `points` is None where it is beyond reach: too far down, or impossible; which is not said."""

    points: int | None
    is_chosen: bool
    is_marked: bool

    @property
    def level(self) -> int:
        """0 to 4, the higher the darker."""
        return sum((self.points or 0) >= step for step in STEPS)

    @property
    def look(self) -> str:
        words = ["heat--none" if self.points is None else f"heat--{self.level}"]
        return " ".join(words + ["heat--chosen"] * self.is_chosen + ["heat--marked"] * self.is_marked)


@dataclass(frozen=True)
class Line:
    """A mentee's row, with what is lacking to their own best match."""

    entry: Entry
    cells: list[Cell]
    lacking: int
    is_marked: bool


@dataclass(frozen=True)
class Column:
    mentor: Party
    used: int
    places: int
    is_marked: bool


class HeatMap:
    """Chosen pairs run as a path from the upper left: a dark cell beside it is a match that somebody else needed more."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.marked = board.chosen if board.was_chosen else None

    @cached_property
    def columns(self) -> list[Column]:
        known, used = self.board.people.mentors.by_member, self._used
        mentors = [mentor for mentor in self.board.outcome.round.mentors if mentor.id in known]
        mentors.sort(key=lambda mentor: (-known[mentor.id].population, known[mentor.id].sort_key))
        marked = self.marked.mentor if self.marked else None
        return [
            Column(known[m.id], used.get(known[m.id].id, 0), m.capacity, known[m.id] == marked)
            for m in mentors
        ]

    @property
    def _used(self) -> dict[int, int]:
        used: dict[int, int] = {}
        for entry in self.board.entries:
            if entry.mentor:
                used[entry.mentor.id] = used.get(entry.mentor.id, 0) + 1
        return used

    @cached_property
    def lines(self) -> list[Line]:
        scores = self.board.reach
        place = {column.mentor.id: index for index, column in enumerate(self.columns)}
        served = [entry for entry in self.board.entries if entry.mentor and entry.mentor.id in place]
        served.sort(
            key=lambda e: (place[e.mentor.id] if e.mentor else 0, -(e.points or 0), e.mentee.sort_key)
        )
        return [self._line(entry, scores) for entry in [*served, *self.board.unserved]]

    def _line(self, entry: Entry, scores: dict[tuple[str, str], int]) -> Line:
        is_marked = self.marked is not None and entry.mentee == self.marked.mentee
        units = [scores.get((entry.mentee.member_id, column.mentor.member_id)) for column in self.columns]
        cells = [
            Cell(
                None if value is None else matching.points(value),
                column.mentor == entry.mentor,
                is_marked or column.is_marked,
            )
            for value, column in zip(units, self.columns, strict=True)
        ]
        best = max((cell.points or 0 for cell in cells), default=0)
        return Line(entry, cells, best - (entry.points or 0) if entry.mentor else 0, is_marked)

    @property
    def best(self) -> int:
        """How many get the mentor who fits them best."""
        return sum(1 for line in self.lines if line.entry.mentor and not line.lacking)

    @property
    def better_elsewhere(self) -> int:
        return sum(1 for line in self.lines if line.lacking)

    @property
    def without(self) -> int:
        return len(self.board.unserved)

    @property
    def free(self) -> int:
        return sum(column.places - column.used for column in self.columns)
