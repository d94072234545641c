"""All scores of a large round, block by block: one matrix product, and what is looked up by class.

The result is float32 holding whole numbers, below zero where the two municipalities rule a pair out (the only rule that concerns many
pairs). A block of rows is filled while it lies in a core's own cache, so memory beyond the result is a few rows; the cores share
the blocks. The numbers are whole, so neither blocks nor threads change them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching import exclusions
from matching.blocks import in_blocks
from matching.scoring import Scoring

Floats = NDArray[np.float32]

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
        # Wishes about the place, where there are any, for the same classes of mentors.
        self.wished = wished.units().astype(np.float32)
        self.wisher, self.wishes = wished.row, np.asarray(wished.units().any(axis=1))
        self.wished_column = np.zeros(len(column), np.intp)
        self.wished_column[self.column] = wished.column
        kinds, kind = np.unique(years.units(), axis=0, return_inverse=True)
        self.years = np.take(kinds.astype(np.float32), years.column, axis=1)  # (few, m)
        self.row_years = kind[years.row]
        self.shape = (len(self.row), len(self.column))

    def block(self, start: int, stop: int) -> NDArray[np.int32]:
        """Rows start..stop as whole numbers, below zero where ruled out."""
        out = np.empty((stop - start, self.shape[1]), np.float32)
        self._fill(start, stop, out)
        return out.astype(np.int32)

    def scores(self, threads: int | None = None) -> Floats:
        """(n, m) all scores; on every core, if not said otherwise."""
        out = np.empty(self.shape, np.float32)
        for _ in in_blocks(
            *self.shape, lambda start, stop: self._fill(start, stop, out[start:stop]), threads
        ):
            pass
        return out

    def _fill(self, start: int, stop: int, out: Floats) -> None:
        """Few calls, each over the whole block: the cores wait for each other between calls."""
        rows = slice(start, stop)
        np.matmul(self.left[rows], self.right, out=out)
        table = self.table[self.row[rows]]
        wishers = np.flatnonzero(self.wishes[self.wisher[rows]])
        table[wishers] += np.take(self.wished[self.wisher[rows][wishers]], self.wished_column, axis=1)
        looked_up = np.empty(out.shape, np.float32)
        # All indices are inside; the other modes are slower.
        out += np.take(table, self.column, axis=1, out=looked_up, mode="wrap")
        out += np.take(self.years, self.row_years[rows], axis=0, out=looked_up, mode="wrap")


def _distinct(*classes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct combinations of classes, one row for each kind, and which of them everyone is of."""
    kinds, of = np.unique(np.stack(classes), axis=1, return_inverse=True)
    return kinds, of
