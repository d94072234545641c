"""Every pair of a draft at once: mentees down, mentors across from the largest municipality to the smallest."""

from dataclasses import dataclass
from functools import cached_property

import matching
from portal.mentoring.round_board import Board, Entry
from portal.mentoring.round_people import Party

STEPS = (45, 60, 70, 80)
MOST_CELLS = 12_000
WANTING = 3


@dataclass(frozen=True)
class Cell:
    """One pair. `points` is None where it is beyond reach: too far down, or impossible; which is not said."""

    points: int | None
    is_chosen: bool
    is_excluded: bool  # by the secretariat itself
    is_marked: bool

    @property
    def level(self) -> int:
        """0 to 4, the higher the darker."""
        return sum((self.points or 0) >= step for step in STEPS)

    @property
    def look(self) -> str:
        words = ["heat--none" if self.is_excluded else f"heat--{self.level}"]
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

    @property
    def free(self) -> int:
        return self.places - self.used


class HeatMap:
    """Chosen pairs run as a path from the upper left: a dark cell beside it is a match that somebody else needed more."""

    def __init__(self, board: Board, mentor_id: int | None = None) -> None:
        self.board = board
        self.marked = board.chosen if board.was_chosen else None
        self.wanted = mentor_id

    @property
    def is_too_large(self) -> bool:
        return self.board.seeking * int(self.board.result["mentors"]) > MOST_CELLS

    @cached_property
    def columns(self) -> list[Column]:
        known, used = self.board.people.mentors.by_member, self._used
        mentors = [mentor for mentor in self.board.mentors if mentor.id in known]
        mentors.sort(key=lambda mentor: (-known[mentor.id].population, known[mentor.id].sort_key))
        return [
            Column(
                known[m.id], used.get(known[m.id].id, 0), m.capacity, known[m.id].id == self._marked_mentor
            )
            for m in mentors
        ]

    @property
    def _marked_mentor(self) -> int | None:
        if self.wanted is not None:
            return self.wanted
        return self.marked.mentor.id if self.marked and self.marked.mentor else None

    @property
    def _used(self) -> dict[int, int]:
        used: dict[int, int] = {}
        for entry in self.board.entries:
            if entry.mentor:
                used[entry.mentor.id] = used.get(entry.mentor.id, 0) + 1
        return used

    @cached_property
    def lines(self) -> list[Line]:
        place = {column.mentor.id: index for index, column in enumerate(self.columns)}
        served = [entry for entry in self.board.entries if entry.mentor and entry.mentor.id in place]
        served.sort(
            key=lambda e: (place[e.mentor.id] if e.mentor else 0, -(e.points or 0), e.mentee.sort_key)
        )
        scores = self.board.reach
        return [self._line(entry, scores) for entry in [*served, *self.board.unserved]]

    @cached_property
    def _excluded(self) -> set[tuple[int, int]]:
        rows = self.board.run.decisions["exclusions"] if self.board.run else []
        return {(mentee, mentor) for mentee, mentor, _ground in rows}

    def _line(self, entry: Entry, scores: dict[tuple[str, str], int]) -> Line:
        is_marked = self.marked is not None and entry.mentee == self.marked.mentee
        cells = [self._cell(entry, column, scores, is_marked) for column in self.columns]
        best = max((cell.points or 0 for cell in cells), default=0)
        return Line(entry, cells, max(0, best - (entry.points or 0)) if entry.mentor else 0, is_marked)

    def _cell(
        self, entry: Entry, column: Column, scores: dict[tuple[str, str], int], is_marked: bool
    ) -> Cell:
        units = scores.get((entry.mentee.member_id, column.mentor.member_id))
        is_chosen = column.mentor == entry.mentor
        points = entry.points if is_chosen else None if units is None else matching.points(units)
        is_excluded = (entry.mentee.id, column.mentor.id) in self._excluded
        return Cell(points, is_chosen, is_excluded, is_marked or column.is_marked)

    @property
    def marked_column(self) -> Column | None:
        return next((column for column in self.columns if column.is_marked), None)

    @property
    def wanting(self) -> list[tuple[str, int]]:
        """Those who fit the marked mentor best and have another, with their points."""
        at = next((index for index, column in enumerate(self.columns) if column.is_marked), None)
        if at is None:
            return []
        others = [(line.entry.mentee, line.cells[at]) for line in self.lines if not line.cells[at].is_chosen]
        found = [
            (-(cell.points or 0), mentee.sort_key, mentee.name) for mentee, cell in others if cell.points
        ]
        return [(name, -points) for points, _key, name in sorted(found)[:WANTING]]

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
        return sum(column.free for column in self.columns)
