"""All scores of a large round, block by block: one matrix product, and two tables looked up.

The result is float32 holding whole numbers, below zero where the two municipalities rule a pair out (the only rule that concerns many pairs).
A block of rows is filled while it lies in a core's own cache, so memory beyond the result is a few blocks; with
`threads` cores each takes every so-manieth block. The numbers are whole, so neither blocks nor threads change them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from matching import exclusions
from matching.scoring import Scoring

Floats = NDArray[np.float32]

SENTINEL = np.float32(-(2**22))  # in the table; no sum of parts lifts it to zero, and all sums stay exact
ROWS = 128


class Kernel:
    """Set up once per round; `block` and `scores` may then be asked for at will."""

    def __init__(self, scoring: Scoring) -> None:
        left, right = scoring.operands()
        self.left, self.right = left, np.ascontiguousarray(right.T)
        place = sum(scoring.place.values())
        self.place = np.where(scoring.place_rule == exclusions.NONE, place, SENTINEL).astype(np.float32)
        self.row_place, self.column_place = scoring.row_place, scoring.column_place
        years = np.asarray(sum(scoring.years.values())).astype(np.float32)
        self.years = np.take(years, scoring.column_years, axis=1)  # (few, m): every mentor's column
        self.row_years = scoring.row_years
        self.shape = (len(self.row_place), len(self.column_place))
        # Rows of the same place class lie together, so that their table row is looked up once.
        self.order = np.argsort(self.row_place, kind="stable")

    def block(self, start: int, stop: int) -> NDArray[np.int32]:
        """Rows start..stop as whole numbers, below zero where ruled out."""
        out = np.empty((stop - start, self.shape[1]), np.float32)
        self._fill(np.arange(start, stop), out)
        return out.astype(np.int32)

    def scores(self, threads: int = 1) -> Floats:
        """(n, m) all scores. The rows are computed in place order, and written where they belong."""
        out = np.empty(self.shape, np.float32)
        with _one_blas_thread(), ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda at: self._fill_share(out, at, threads), range(threads)))
        return out

    def _fill_share(self, out: Floats, first: int, threads: int) -> None:
        for at in range(first * ROWS, self.shape[0], threads * ROWS):
            rows = self.order[at : at + ROWS]
            self._fill(rows, [out[row] for row in rows])

    def _fill(self, rows: NDArray[np.intp], out: Sequence[Floats] | Floats) -> None:
        """The scores of rows[k] into out[k]."""
        places, of_row = np.unique(self.row_place[rows], return_inverse=True)
        looked_up = np.take(self.place[places], self.column_place, axis=1)
        product = self.left[rows] @ self.right
        tables = np.empty(self.shape[1], np.float32)
        for k, row in enumerate(rows):
            np.add(looked_up[of_row[k]], self.years[self.row_years[row]], out=tables)
            np.add(tables, product[k], out=out[k])


@contextmanager
def _one_blas_thread() -> Iterator[None]:
    """The cores are shared out by block; more threads inside the product would only get in the way."""
    try:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # the library has no types
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield
