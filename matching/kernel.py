"""All scores of a large round, block by block: one matrix product, and what is looked up by class.

The result is float32 holding whole numbers, below zero where the two municipalities rule a pair out (the only rule that concerns many
pairs). A block of rows is filled while it lies in a core's own cache, so memory beyond the result is a few rows; the cores share
the blocks. The numbers are whole, so neither blocks nor threads change them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching import exclusions
from matching.blocks import height, in_blocks
from matching.scoring import Layer, Scoring

Floats = NDArray[np.float32]

CELLS = 1 << 20  # pairs in a block of `scores`: larger ones make the product faster
SENTINEL = np.float32(-(2**22))  # in the table; no sum of parts lifts it to zero, and all sums stay exact


class Kernel:
    """Set up once per round; `block` and `scores` may then be asked for at will, from several threads."""

    def __init__(self, scoring: Scoring) -> None:
        left, right = scoring.operands()
        self.left, self.right = left, np.ascontiguousarray(right.T)
        meeting, wished, years = scoring.layers
        # Where and how people meet and the rules about it, by the distinct pairs of both classes.
        (row, row_rule), self.row = _distinct(meeting.row, scoring.row_place)
        (column, column_rule), self.column = _distinct(meeting.column, scoring.column_place)
        ruled_out = scoring.place_rule[np.ix_(row_rule, column_rule)] != exclusions.NONE
        self.table = meeting.units().astype(np.float32)[np.ix_(row, column)]
        self.table[ruled_out] = SENTINEL
        # Wishes about the place, for the same classes of mentors; and years, for every mentor.
        kinds, self.row_wished = _kinds(wished)
        wished_column = np.zeros(len(column), np.intp)
        wished_column[self.column] = wished.column
        self.wished = np.take(kinds, wished_column, axis=1)
        kinds, self.row_years = _kinds(years)
        self.years = np.take(kinds, years.column, axis=1)
        self.shape = (len(self.row), len(self.column))

    def block(self, start: int, stop: int) -> NDArray[np.int32]:
        """Rows start..stop as whole numbers, below zero where ruled out."""
        out = np.empty((stop - start, self.shape[1]), np.float32)
        self._fill(start, stop, out)
        return out.astype(np.int32)

    def scores(self, threads: int | None = None) -> Floats:
        """(n, m) all scores; on every core, if not said otherwise."""
        out = np.empty(self.shape, np.float32)

        def work(start: int, stop: int) -> None:
            self._fill(start, stop, out[start:stop])

        for _ in in_blocks(*self.shape, work, threads, CELLS):
            pass
        return out

    def _fill(self, start: int, stop: int, out: Floats) -> None:
        """One product for the block; then, for as many rows as stay in a core's own cache, all that is looked up, added in one go."""
        np.matmul(self.left[start:stop], self.right, out=out)
        step = height(self.shape[1])
        for at in range(start, stop, step):
            rows = slice(at, min(at + step, stop))
            table = self.table[self.row[rows]]
            table += self.wished[self.row_wished[rows]]
            looked_up = table.take(self.column, axis=1, mode="wrap")  # the other modes are slower
            looked_up += self.years[self.row_years[rows]]
            out[at - start : rows.stop - start] += looked_up


def _kinds(layer: Layer) -> tuple[Floats, NDArray[np.intp]]:
    """The distinct rows of a layer, and which of them everyone has."""
    kinds, kind = np.unique(layer.units(), axis=0, return_inverse=True)
    return kinds.astype(np.float32), kind[layer.row]


def _distinct(*classes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct combinations of classes, one row for each kind, and which of them everyone is of."""
    kinds, of = np.unique(np.stack(classes), axis=1, return_inverse=True)
    return kinds, of
