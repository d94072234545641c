"""An optimal assignment kept optimal through small changes: a decline, a lost mentor.

Each change is one shortest path in the residual network under the prices of the solved round (Ahuja, Magnanti & Orlin 1993,
ch. 9 and 12): the result is what a full re-solve of the same objective would give, and the prices stay exact.
A pair that has been proposed can have a stay bonus, so that nobody is moved for less than that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching.assignment import UNSERVED, unserved_value
from matching.profiles import HIGHEST_WORTH

Units = NDArray[np.int64]
Indices = NDArray[np.intp]
# The units at those rows and columns, chosen as numpy chooses them; below 0 where ruled out.
Scores: TypeAlias = Callable[[Any, Any], NDArray[Any]]
FAR = np.iinfo(np.int64).max // 4


class End(NamedTuple):
    """A way out of the network: `row` moves to a free place at `column`, or is left UNSERVED."""

    distance: int
    row: int
    column: int


class Standing:
    """n mentees, m mentors. Of the scores only a few rows and columns are asked for, and nothing is written to them."""

    def __init__(
        self, scores: Scores, capacity: Indices, column: Indices, price: Units, stay: int = 0
    ) -> None:
        self.scores, self.capacity = scores, capacity.copy()
        self.off: set[tuple[int, int]] = set()  # the pairs that have declined
        self.column, self.price = column.copy(), price.astype(np.int64)
        self.stay, self.proposed = stay, column.copy()
        self.top = HIGHEST_WORTH + stay
        self.unserved = self.top - unserved_value(len(column))
        served = np.flatnonzero(column != UNSERVED)
        self.own = np.full(len(column), self.unserved)  # what each mentee's place costs, but for its price
        self.own[served] = self.top - stay - scores(served, column[served])
        self.held: list[set[int]] = [set() for _ in capacity]
        for row in served.tolist():
            self.held[column[row]].add(row)

    def decline(self, row: int, column: int) -> None:
        """The pair is off for good. Frees the place if they held it, and moves whom it is best to move."""
        self.off.add((row, column))
        if self.column[row] == column:
            self._leave(row)
            self._cheapen(column, row)
            self._reroute(row, column)

    def lose(self, column: int) -> None:
        """The mentor is out; those who were there find the best places left."""
        self.capacity[column] = self.price[column] = 0
        left = sorted(self.held[column])
        for row in left:
            self._leave(row)
        for row in left:
            self._reroute(row, None)

    def _leave(self, row: int) -> None:
        if self.column[row] != UNSERVED:
            self.held[self.column[row]].discard(row)
        self._come(row, UNSERVED)

    def _come(self, row: int, to: int) -> None:
        self.column[row], self.own[row] = to, self.unserved
        if to != UNSERVED:
            self.held[to].add(row)
            self.own[row] = (
                self.top - int(self.scores(row, to)) - (self.stay if self.proposed[row] == to else 0)
            )

    def _cheapen(self, column: int, but: int) -> None:
        """A place just left costs no more than what makes it as good for somebody as their own: the search is shorter."""
        present = self.own + np.where(self.column == UNSERVED, 0, self.price[self.column])
        scores = self.scores(slice(None), column)
        asked = present - self.top + scores
        asked[scores < 0] = 0
        asked[[row for row, to in self.off if to == column] + [but]] = 0
        self.price[column] = min(self.price[column], max(int(asked.max(initial=0)), 0))

    def _costs(self, row: int) -> Units:
        """(m,) what each mentor lacks of the best there is, plus the price; FAR where ruled out."""
        scores = self.scores(row, slice(None))
        costs = self.price + self.top
        costs -= scores
        costs[(scores < 0) | (self.capacity == 0)] = FAR
        costs[[to for declined, to in self.off if declined == row]] = FAR
        own = self.proposed[row]
        if own != UNSERVED and costs[own] < FAR:
            costs[own] -= self.stay
        return costs

    def _reroute(self, row: int, target: int | None) -> None:
        """The cheapest chain from `row` to a place left at `target` (or to outside)."""
        search = Search(self, row, target)
        end = search.run()
        self.price = np.maximum(
            self.price + min(search.outside.distance, end) - np.minimum(search.distance, end), 0
        )
        for mover, to in search.moves():
            self._leave(mover)
            self._come(mover, to)


class Search:
    """Dijkstra over mentors and the outside, with reduced costs; a mentor's distance includes their price."""

    def __init__(self, standing: Standing, row: int, target: int | None) -> None:
        self.standing, self.row, self.target = standing, row, target
        columns = len(standing.capacity)
        self.distance = np.full(columns, FAR)
        self.mover = np.full(columns, UNSERVED, np.intp)  # who moves there; UNSERVED: reached from outside
        self.ahead = np.full(columns, FAR)  # the distance of those not yet passed
        self.passed = np.zeros(columns, dtype=bool)
        self.outside = End(FAR, UNSERVED, UNSERVED)
        self.through_outside = False
        self.free = np.array(
            [len(held) < places for held, places in zip(standing.held, standing.capacity, strict=True)]
        )
        if target is not None:
            self.free[target] = False

    def run(self) -> int:
        """The distance of the end: the target, or the outside where there is none."""
        self._reach(self.row, 0)
        while True:
            nearest = int(self.ahead.argmin())
            near = int(self.ahead[nearest])
            if not self.through_outside and self.outside.distance <= near:
                if self.target is None:
                    return self.outside.distance
                self._go_outside()
                continue
            if nearest == self.target:
                return near
            self.passed[nearest], self.ahead[nearest] = True, FAR
            for holder in sorted(self.standing.held[nearest]):
                own = int(self.standing.own[holder] + self.standing.price[nearest])
                self._reach(holder, near - own)

    def _reach(self, row: int, spent: int) -> None:
        """From `row`, having spent that much, to every mentor and to being unserved."""
        costs = self.standing._costs(row)
        found = costs + spent
        closer = np.flatnonzero((found < self.distance) & (costs < FAR) & ~self.passed)
        self._set(closer, found[closer], row)
        ends = closer[self.free[closer]]
        if len(ends):
            best = int(ends[np.argmin(found[ends])])
            self._note(End(int(found[best]), row, best))
        self._note(End(spent + self.standing.unserved, row, UNSERVED))

    def _set(self, columns: Indices, distance: Units, mover: int) -> None:
        self.distance[columns] = self.ahead[columns] = distance
        self.mover[columns] = mover

    def _note(self, end: End) -> None:
        if end.distance < self.outside.distance and not self.through_outside:
            self.outside = end

    def _go_outside(self) -> None:
        """From outside: into the place of anyone who holds one, or to help somebody unserved."""
        self.through_outside = True
        standing, spent = self.standing, self.outside.distance
        used = np.array([bool(held) for held in standing.held])
        if self.target is not None:
            used[self.target] = True
        found = standing.price + spent
        closer = np.flatnonzero(used & (found < self.distance) & ~self.passed)
        self._set(closer, found[closer], UNSERVED)
        for row in np.flatnonzero(standing.column == UNSERVED).tolist():
            if row != self.row:
                self._reach(row, spent - standing.unserved)

    def moves(self) -> list[tuple[int, int]]:
        """Who moves where, from the end of the chain to its start."""
        chain: list[tuple[int, int]] = []
        at = self.target if self.target is not None else UNSERVED
        outside = self.target is None
        while True:
            if outside:
                row, to = self.outside.row, self.outside.column
                outside = False
            else:
                row, to = int(self.mover[at]), at
            if row == UNSERVED:  # the place is reached from outside: nobody moves there
                outside = True
                continue
            chain.append((row, to))
            if row == self.row:
                return chain
            at = int(self.standing.column[row])
            outside = at == UNSERVED
