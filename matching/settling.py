"""The exact optimum on short lists and its exact prices: successive shortest paths (Ahuja, Magnanti & Orlin 1993, ch. 9).

It starts from prices that are a good guess, so that nearly every path is short: what it costs is the few mentors that are
passed. Throughout, nobody on the lists is better off elsewhere at the prices. First each mentee in turn finds a place, and the
prices along the path rise. Then each mentor who has a place left at a price finds somebody who would rather have it, along a
path on which prices fall, until the place is taken or costs nothing. The first prices need not be right, only >= 0.
"""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from matching.assignment import UNSERVED
from matching.shortlists import Indices, Lists, Units

Pairs = list[
    list[tuple[int, int]]
]  # for each mentee the mentors on the list and the scores, or the other way about
Step = tuple[int, int]  # a mentee, and the mentor they move to


class Settled(NamedTuple):
    column: Indices  # (n,)
    price: Units  # (m,)
    worth: Units  # (n,) what the prices leave each mentee


def settled(lists: Lists, rows: int, capacity: Indices, price: Units, unserved: int) -> Settled:
    """The highest total, when leaving somebody unserved counts as that much."""
    search = _Search(lists, rows, capacity, price, unserved)
    for row in range(rows):
        search.serve(row)
    for column in range(len(capacity)):
        while search.free[column] and search.price[column] > 0:
            search.sell(column)
    return Settled(np.array(search.column, np.intp), np.array(search.price), np.array(search.worth, np.int64))


class _Search:
    """Plain lists and numbers, not arrays: a path touches few of them at a time."""

    def __init__(self, lists: Lists, rows: int, capacity: Indices, price: Units, unserved: int) -> None:
        start = np.where(capacity > 0, price, 0)
        worth = np.full(rows, unserved, np.int64)
        np.maximum.at(worth, lists.row, lists.score - start[lists.column])
        self.price: list[int] = start.tolist()
        self.worth: list[int] = worth.tolist()
        self.unserved = unserved
        self.mentors = _by(lists.row, lists.column, lists.score, rows)
        order = np.argsort(lists.column, kind="stable")
        self.mentees = _by(lists.column[order], lists.row[order], lists.score[order], len(capacity))
        self.column = [UNSERVED] * rows
        self.free: list[int] = capacity.tolist()
        self.held: list[list[int]] = [[] for _ in self.free]

    def serve(self, first: int) -> None:
        """The cheapest chain of moves that starts with `first` and ends in a free place, or with somebody unserved."""
        worth, price, unserved = self.worth, self.price, self.unserved
        distance: dict[int, int] = {}
        mover: dict[int, int] = {}
        heap: list[Step] = []
        passed: list[int] = []
        end, last, movers, spent = worth[first] - unserved, (first, UNSERVED), [first], 0
        while True:
            for row in movers:
                best = spent + worth[row]
                if best - unserved < end:
                    end, last = best - unserved, (row, UNSERVED)
                for column, score in self.mentors[row]:
                    reached = best + price[column] - score
                    if reached < end and reached < distance.get(column, end):
                        distance[column], mover[column] = reached, row
                        if self.free[column]:
                            end, last = reached, (row, column)
                        else:
                            heappush(heap, (reached, column))
            found = _nearest(heap, distance)
            if found is None or found[0] >= end:
                break
            spent, nearest = found
            passed.append(nearest)
            movers = self.held[nearest]
        for column in passed:
            self._raise(column, end - distance[column])
        worth[first] -= end
        row, to = last
        if to != UNSERVED:
            self.free[to] -= 1
        while True:
            left = self._move(row, to)
            if row == first:
                return
            row, to = mover[left], left

    def sell(self, first: int) -> None:
        """The cheapest chain of moves that ends in a place left at a price with `first`, or the price falls to zero."""
        distance, heap, passed = {first: 0}, [(0, first)], []
        move: dict[int, Step] = {}  # who leaves the mentor, and where to
        end, last = self.price[first], (UNSERVED, first)
        while True:
            found = _nearest(heap, distance)
            if found is None or found[0] >= end:
                break
            spent, to = found
            passed.append(to)
            for row, score in self.mentees[to]:
                lacks = spent + self.price[to] + self.worth[row] - score
                if lacks >= end:
                    continue
                left = self.column[row]
                if left == UNSERVED:
                    end, last = lacks, (row, to)
                elif lacks < distance.get(left, end):
                    distance[left], move[left] = lacks, (row, to)
                    heappush(heap, (lacks, left))
                    if lacks + self.price[left] < end:
                        end, last = lacks + self.price[left], (row, to)
        for column in passed:
            self._raise(column, distance[column] - end)
        row, to = last
        if row == UNSERVED:
            return
        self.free[first] -= 1
        if self.column[row] != UNSERVED:
            self.free[self.column[row]] += 1
        while True:
            self._move(row, to)
            if to == first:
                return
            row, to = move[to]

    def _raise(self, column: int, by: int) -> None:
        self.price[column] += by
        for row in self.held[column]:
            self.worth[row] -= by

    def _move(self, row: int, to: int) -> int:
        """Returns where they were."""
        left = self.column[row]
        if left != UNSERVED:
            self.held[left].remove(row)
        if to != UNSERVED:
            self.held[to].append(row)
        self.column[row] = to
        return left


def _nearest(heap: list[Step], distance: dict[int, int]) -> Step | None:
    """The next on the heap; what has since been reached on a shorter way is passed over."""
    while heap:
        found = heappop(heap)
        if found[0] == distance[found[1]]:
            return found
    return None


def _by(of: Indices, other: Indices, score: Units, number: int) -> Pairs:
    """Sorted by `of`, which has that many kinds."""
    starts = np.searchsorted(of, np.arange(number + 1)).tolist()
    pairs = list(zip(other.tolist(), score.tolist(), strict=True))
    return [pairs[start:stop] for start, stop in pairwise(starts)]


def scores_at(lists: Lists, column: Indices, columns: int, unserved: int) -> Units:
    """(n,) the scores of the chosen pairs, and `unserved` for who has none."""
    own = np.full(len(column), unserved, np.int64)
    rows = np.flatnonzero(column != UNSERVED)
    keys = lists.row * columns + lists.column
    own[rows] = lists.score[np.searchsorted(keys, rows * columns + column[rows])]
    return own
