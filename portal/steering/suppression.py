"""Small numbers hidden, and with them whatever would let a reader compute them.

A figure resting on one to four persons is never shown. When a total is shown beside hidden parts, so many parts are
hidden that the rest of the sum tells nothing about any of them. Which of the hidden parts are the small ones is not
said either: of a known sum, that alone can give the number away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

K = 5


class Why(StrEnum):
    FEW = "few"  # the figure itself rests on too few
    GUARD = "guard"  # it is too small, or guards one that is


@dataclass(frozen=True)
class Cell:
    """A count of persons, or the reason why it is hidden."""

    value: int | None
    why: Why | None = None


@dataclass(frozen=True)
class Split:
    """Rows of (whole, part), and their totals."""

    rows: tuple[tuple[Cell, Cell], ...]
    whole: Cell
    part: Cell


def is_small(persons: int) -> bool:
    return 0 < persons < K


def single(persons: int, *besides: int) -> Cell:
    """A figure alone; hidden too when one of `besides`, that a reader could compute from it, is small."""
    if is_small(persons):
        return Cell(None, Why.FEW)
    return Cell(None, Why.GUARD) if any(is_small(n) for n in besides) else Cell(persons)


def column(counts: Sequence[int]) -> tuple[tuple[Cell, ...], Cell]:
    """Parts of a total. Whatever is hidden adds up to enough people, and is never one part alone."""
    hidden = {i for i, n in enumerate(counts) if is_small(n)}
    total = single(sum(counts))
    while total.value and hidden and (len(hidden) == 1 or is_small(sum(counts[i] for i in hidden))):
        # There is one: a total that is not small cannot consist of what is hidden here.
        hidden.add(min((i for i, n in enumerate(counts) if i not in hidden and n), key=counts.__getitem__))
    return _cells(counts, hidden), total


def split(rows: Sequence[tuple[int, int]]) -> Split:
    """Parts of wholes, row by row: of so many with a seat, so many have begun. The remainder is guarded as well."""
    wholes, whole = column([w for w, _ in rows])
    parts = [p for _, p in rows]
    total = single(sum(parts), sum(w - p for w, p in rows))
    if whole.value is None or total.value is None:
        total = total if total.value is None else Cell(None, Why.GUARD)
        return _table(wholes, _cells(parts, set(range(len(rows)))), whole, total)
    unknown = {i for i, cell in enumerate(wholes) if cell.value is None}
    hidden = unknown | {i for i, (w, p) in enumerate(rows) if is_small(p) or is_small(w - p)}
    while hidden and not _is_guarded(rows, hidden, unknown):
        others = [i for i in range(len(rows)) if i not in hidden and rows[i][0]]
        if not others:
            total = Cell(None, Why.GUARD)
            break
        hidden.add(min(others, key=lambda i: (rows[i][0], i)))
    return _table(wholes, _cells(parts, hidden), whole, total)


def _table(wholes: Sequence[Cell], parts: Sequence[Cell], whole: Cell, part: Cell) -> Split:
    return Split(tuple(zip(wholes, parts, strict=True)), whole, part)


def _is_guarded(rows: Sequence[tuple[int, int]], hidden: set[int], unknown: set[int]) -> bool:
    """Whether the totals leave every hidden part open within at least K values."""
    part, rest = (sum(rows[i][1] for i in hidden), sum(rows[i][0] - rows[i][1] for i in hidden))
    if is_small(part) or is_small(rest):
        return False
    # Rows whose wholes are hidden as well are one block to the reader, who knows only their sum.
    blocks = [rows[i][0] for i in hidden - unknown]
    if unknown:
        blocks.append(sum(rows[i][0] for i in unknown))
    if len(blocks) == 1:
        return bool(unknown)
    for block in blocks:
        low, high = max(0, block - rest), min(block, part)
        if high - low < K - 1:
            return False
    return True


def _cells(counts: Sequence[int], hidden: set[int]) -> tuple[Cell, ...]:
    return tuple(Cell(None, Why.GUARD) if i in hidden else Cell(n) for i, n in enumerate(counts))
