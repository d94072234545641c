"""What a report may show: no group of one to four persons, and no change of one to four since any earlier report.

A report shows figures of a few blocks. For each block, `known` is everything that a reader can compute from the figures:
sums, what is left of a sum, and that the parts of nothing are nothing. A set of figures is shown only where none of that
is small, and none of it differs by a small number from what could be computed from any earlier report, however old. As a
reader has only the difference of what both reports give away, no small change can then be computed either. Of the sets
that are allowed, the first is taken; nothing else of the counts leaves this module. The last resort shows nothing.

Why a figure is hidden is not said, and not known afterwards: of a known sum, that alone can give the number away.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Protocol

K = 5

Figures = Mapping[str, int]
Known = Mapping[Hashable, int]
Rows = frozenset[int]


class Block(Protocol):
    """Figures that are bound to each other by sums."""

    def choices(self, counts: Figures) -> Iterator[dict[str, int]]:
        """Sets of figures that could be shown, the fullest first."""

    def known(self, figures: Figures) -> Known:
        """All that can be computed from the figures, by what it is of."""


def shown(block: Block, counts: Figures, before: Iterable[Figures] = (), each: int = 1) -> dict[str, int]:
    """The figures to show, after those that were shown `before`. A person can stand for `each` of what is counted."""
    earlier = [block.known(figures) for figures in before]
    allowed = (c for c in block.choices(counts) if is_sound(block.known(c), earlier, each))
    return next(allowed, {})


def is_sound(known: Known, earlier: Sequence[Known], each: int = 1) -> bool:
    """Whether nothing of what is known is small, or has changed by a small number."""
    return not any(
        is_small(n, each) or any(is_small(n - past[what], each) for past in earlier if what in past)
        for what, n in known.items()
    )


def is_small(n: int, each: int = 1) -> bool:
    """Whether fewer than K persons can be behind it."""
    return 0 < abs(n) <= (K - 1) * each


class Line:
    """Groups of persons side by side, and totals of some of them. The ladder has the names to show, fullest first."""

    def __init__(self, totals: Mapping[str, tuple[str, ...]], *ladder: tuple[str, ...]) -> None:
        self._totals = totals
        self._ladder = ladder
        self._names = {name for names in ladder for name in names}

    def choices(self, counts: Figures) -> Iterator[dict[str, int]]:
        for names in self._ladder:
            yield {name: self._count(name, counts) for name in names}

    def _count(self, name: str, counts: Figures) -> int:
        return sum(counts[part] for part in self._parts(name))

    def _parts(self, name: str) -> frozenset[str]:
        return frozenset(self._totals.get(name, (name,)))

    def known(self, figures: Figures) -> Known:
        groups: dict[frozenset[str], int] = {}
        for name in self._names & figures.keys():
            parts, n = self._parts(name), figures[name]
            groups |= {parts: n} if n else {frozenset({part}): 0 for part in parts}
        finest = [g for g in groups if not any(other < g for other in groups)]
        return {
            frozenset().union(*some): sum(groups[g] for g in some)
            for size in range(1, len(finest) + 1)
            for some in combinations(finest, size)
        }


class Table:
    """Seats by row, and how many of each have begun: `seated`, `started` in all, `seated:0`, `started:0`, … by row.
    Beside them `applied`: those who have a seat, and those who have none."""

    TOTALS = (("applied", "started"), ("started",), ("applied",), ())

    def __init__(self, rows: int) -> None:
        self._rows = range(rows)
        everything = [
            frozenset(some) for size in range(rows, -1, -1) for some in combinations(self._rows, size)
        ]
        self._unions = everything[:-1]
        self._nested = [(rows, parts) for rows in everything for parts in everything if parts <= rows]

    def choices(self, counts: Figures) -> Iterator[dict[str, int]]:
        """The totals first; then as many rows as can be, large ones before small; then what has begun in them."""
        size = {rows: sum(counts[f"seated:{i}"] for i in rows) for rows in [*self._unions, frozenset()]}
        order = sorted(self._nested, key=lambda n: (-len(n[0]), -size[n[0]], -len(n[1]), -size[n[1]]))
        for totals in self.TOTALS:
            for rows, parts in order:
                if parts and "started" not in totals:
                    continue
                names = ["seated", *totals, *(f"seated:{i}" for i in rows), *(f"started:{i}" for i in parts)]
                yield {name: counts[name] for name in names}

    def known(self, figures: Figures) -> Known:
        found: dict[Hashable, int] = {}
        seated, started, applied = (figures.get(name) for name in ("seated", "started", "applied"))
        if seated is None:
            return found
        if applied is not None:
            found |= {"applied": applied, "beside": applied - seated}
        wholes = _filled([figures.get(f"seated:{i}") for i in self._rows], seated)
        found |= self._sums("whole", wholes, seated)
        if started is None:
            return found
        if applied is not None:
            found["waits"] = applied - started
        parts = [0 if w == 0 else figures.get(f"started:{i}") for i, w in enumerate(wholes)]
        parts = _filled(parts, started)
        rests = [0 if w == 0 else _less(w, p) for w, p in zip(wholes, parts, strict=True)]
        rests = _filled(rests, seated - started)
        parts = [_less(w, r) if p is None else p for w, p, r in zip(wholes, parts, rests, strict=True)]
        return found | self._sums("part", parts, started) | self._sums("rest", rests, seated - started)

    def _sums(self, kind: str, cells: Sequence[int | None], total: int) -> dict[Hashable, int]:
        """Every union of rows of which the count is known: all its rows are, or all the others."""
        hidden = frozenset(i for i, n in enumerate(cells) if n is None)
        left = total - sum(n for n in cells if n is not None)
        return {
            (kind, union): sum(cells[i] or 0 for i in union) + (left if hidden & union else 0)
            for union in self._unions
            if not hidden & union or hidden <= union
        }


def _filled(cells: Sequence[int | None], total: int) -> list[int | None]:
    """The cells, and in those that are hidden what must be: the rest, where there is one; nothing, of nothing."""
    left = total - sum(n for n in cells if n is not None)
    if left and cells.count(None) > 1:
        return list(cells)
    return [left if n is None else n for n in cells]


def _less(whole: int | None, part: int | None) -> int | None:
    return None if whole is None or part is None else whole - part
