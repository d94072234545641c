"""The best legal assignment of mentees to mentors' places, exact, with capacities as they are (no copied columns).

Under every objective but STABLE, first as many as possible are served; among those assignments
- TOTAL has the highest sum of scores,
- FLOOR has the best possible worst pair, and then the highest sum,
- LEXIMIN has the best worst pair, then the best second worst, and so on.
STABLE has no mentee and mentor who would both rather have each other.

Rows and columns come in canonical (id) order and every tie goes to the lowest index, so equal input gives equal output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.profiles import HIGHEST_WORTH, InputError, Objective

Units = NDArray[np.int64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

UNSERVED = -1
SMALL = 40_000  # pairs; above this the sparse solver is worth loading scipy for
LEXIMIN_MENTEES = 300
LEXIMIN_PAIRS = 45_000  # of a mentee and a mentor, or a place where the load is evened: costs are whole numbers with a digit per distinct score: 0.15 GB if no two are alike


@dataclass(frozen=True, slots=True)
class Assignment:
    """`column[i]` is the mentor of mentee i or UNSERVED; `price[j]` what a place with mentor j is worth to the rest."""

    column: Indices
    price: Units
    floor: int | None = None  # units no pair is below, where the objective sets one


def assign(scores: Units, legal: Mask, capacity: Indices, objective: Objective) -> Assignment:
    """Solve (n, m) whole-number scores under the legal mask and the mentors' capacities."""
    if objective is Objective.STABLE:
        return Assignment(stable(scores, legal, capacity), np.zeros(len(capacity), np.int64))
    floor = None
    if objective in (Objective.FLOOR, Objective.LEXIMIN):
        floor = best_floor(scores, legal, capacity)
        legal = legal & (scores >= floor)
    column, price = _best_total(scores, legal, capacity)
    if objective is Objective.LEXIMIN:
        column, _ = cheapest(leximin_costs(scores, legal), legal, capacity)
    return Assignment(column, price, floor)


def _best_total(scores: Units, legal: Mask, capacity: Indices) -> tuple[Indices, Units]:
    """Small rounds need numpy alone; large ones scipy's sparse solver."""
    if scores.size <= SMALL:
        costs = _costs(scores, legal)
        top = int(scores.max(initial=0, where=legal))
        return cheapest(costs, legal, capacity, top - unserved_value(len(scores)))
    from matching.large import best_total

    known = np.where(legal, scores, -1).astype(np.int32)
    found = best_total(lambda start, stop: known[start:stop], len(known), capacity)
    return found.column, found.price


def unserved_value(rows: int) -> int:
    """What leaving somebody unserved counts as: below any sum of scores, so that serving comes before scoring."""
    return -(rows + 1) * (HIGHEST_WORTH + 1)


def _costs(scores: Units, legal: Mask) -> Units:
    return np.asarray(scores.max(initial=0, where=legal) - scores)


def leximin_takes(mentors: int) -> int:
    """How many mentees there can be under LEXIMIN with so many mentors; or with so many places, where the load is evened."""
    return min(LEXIMIN_MENTEES, LEXIMIN_PAIRS // max(mentors, 1))


def leximin_costs(scores: Units, legal: Mask) -> NDArray[np.object_]:
    """One more pair at a low score outweighs all there can be at higher ones: a digit for each score, the highest last.

    A digit counts as far as there are mentees who could have a pair at that score; with scores that all differ it is a bit.
    """
    mentors = int(np.count_nonzero(legal.any(axis=0)))
    most_mentees = leximin_takes(mentors)
    if len(scores) > most_mentees:
        raise InputError(
            f"leximin takes at most {most_mentees} mentees with {mentors} to choose from, and the round has {len(scores)}"
        )
    levels, level = np.unique(-scores[legal], return_inverse=True)
    one_each = np.unique(level * len(scores) + np.nonzero(legal)[0]) // max(len(scores), 1)
    most = np.bincount(one_each, minlength=len(levels))
    weights = np.array([1, *accumulate((most[:-1] + 1).tolist(), mul)], dtype=object)
    costs = np.zeros(scores.shape, dtype=object)
    costs[legal] = weights[level]
    return costs


def cheapest(
    costs: NDArray[Any], legal: Mask, capacity: Indices, unserved_cost: int | None = None
) -> tuple[Indices, Units]:
    """Serve as many rows as possible, at the lowest total cost; also each column's price.

    Successive shortest paths with potentials (Kuhn 1955, Edmonds & Karp 1972): one row at a time finds the cheapest
    chain of moves that ends in a free place, or in somebody unserved at a cost above everything else.
    Costs are whole numbers >= 0, int64 or Python integers.
    """
    rows, columns = costs.shape
    if unserved_cost is None:
        unserved_cost = (rows + 1) * (int(costs.max(initial=0, where=legal)) + 1)
    never = 4 * (rows + 2) * unserved_cost
    costs = np.where(legal, costs, never)
    column = np.full(rows, UNSERVED, np.intp)
    price = np.zeros(columns, costs.dtype)
    held: list[list[int]] = [[] for _ in range(columns)]
    for row in range(rows):
        _augment(row, costs, unserved_cost, never, capacity, column, price, held)
    return column, price


def _augment(
    row: int,
    costs: NDArray[Any],
    unserved_cost: int,
    never: int,
    capacity: Indices,
    column: Indices,
    price: NDArray[Any],
    held: list[list[int]],
) -> None:
    """Find the cheapest chain that starts with `row` (Dijkstra over full columns), and shift everyone along it."""
    distance = costs[row] + price
    mover = np.full(len(price), row)  # whose move reaches the column at that distance
    open_ = costs[row] < never
    scanned: list[int] = []
    # The cheapest end so far: leave somebody unserved.
    end_distance, end_row, end_column = unserved_cost, row, UNSERVED
    while open_.any():
        nearest = int(np.argmin(np.where(open_, distance, never * 2)))
        if distance[nearest] >= end_distance:
            break
        if len(held[nearest]) < capacity[nearest]:
            end_distance, end_row, end_column = distance[nearest], mover[nearest], nearest
            break
        open_[nearest] = False
        scanned.append(nearest)
        for holder in held[nearest]:
            spent = distance[nearest] - costs[holder, nearest] - price[nearest]
            if spent + unserved_cost < end_distance:
                end_distance, end_row, end_column = spent + unserved_cost, holder, UNSERVED
            reached = spent + costs[holder] + price
            closer = (costs[holder] < never) & (reached < distance)
            closer[scanned] = False
            distance[closer], mover[closer] = reached[closer], holder
            open_ |= closer
    for passed in scanned:
        price[passed] += end_distance - distance[passed]
    _shift(int(end_row), end_column, row, column, mover, held)


def _shift(
    mover_row: int, to: int, first: int, column: Indices, mover: Indices, held: list[list[int]]
) -> None:
    """Walk the chain backwards: each row moves to the place its successor has left."""
    while True:
        left = int(column[mover_row])
        if left != UNSERVED:
            held[left].remove(mover_row)
        column[mover_row] = to
        if to != UNSERVED:
            held[to].append(mover_row)
        if mover_row == first:
            return
        mover_row, to = int(mover[left]), left


def best_floor(scores: Units, legal: Mask, capacity: Indices) -> int:
    """The highest score that nobody needs to be below while as many as possible are served. Binary search."""
    levels = np.sort(scores[legal])  # np.unique would load numpy.ma, a tenth of a small round's time
    levels = levels[np.diff(levels, prepend=-1) > 0]
    served = served_at_most(legal, capacity)
    low, high = 0, len(levels) - 1
    if served == len(scores) > 0:  # then nobody's best score is below the floor, and often it is the floor
        high = int(np.searchsorted(levels, np.where(legal, scores, -1).max(axis=1).min()))
        if served_at_most(legal & (scores >= levels[high]), capacity) == served:
            low = high
    while low < high:
        middle = (low + high + 1) // 2
        if served_at_most(legal & (scores >= levels[middle]), capacity) == served:
            low = middle
        else:
            high = middle - 1
    return int(levels[low]) if len(levels) else 0


def served_at_most(legal: Mask, capacity: Indices) -> int:
    """How many rows can be served at once (maximum bipartite matching, augmenting paths over bit sets)."""
    packed = np.packbits(legal, axis=1, bitorder="little")
    may = [int.from_bytes(bits.tobytes(), "little") for bits in packed]
    held: list[list[int]] = [[] for _ in capacity]
    free = sum(1 << column for column, places in enumerate(capacity) if places > 0)
    served = 0
    for row in range(len(may)):
        end = _find_place(row, may, held, free)
        if end is not None:
            served += 1
            if len(held[end]) == capacity[end]:
                free &= ~(1 << end)
    return served


def _find_place(row: int, may: Sequence[int], held: list[list[int]], free: int) -> int | None:
    """Breadth first from `row` to a free column; shifts everyone along and returns that column."""
    seen, queue, came_from = 0, [row], {row: UNSERVED}
    reached_by: dict[int, int] = {}
    for at in queue:
        fresh = may[at] & ~seen
        if fresh & free:
            place = end = _lowest(fresh & free)
            while True:
                held[place].append(at)
                left = came_from[at]
                if left == UNSERVED:
                    return end
                held[left].remove(at)
                at, place = reached_by[left], left
        seen |= fresh
        while fresh:
            column = _lowest(fresh)
            fresh &= fresh - 1
            reached_by[column] = at
            for holder in held[column]:
                came_from[holder] = column
                queue.append(holder)
    return None


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def stable(scores: Units, legal: Mask, capacity: Indices) -> Indices:
    """Deferred acceptance (Gale & Shapley 1962), mentees first. Both sides prefer the higher score, then the lower index."""
    rows, columns = scores.shape
    column = np.full(rows, UNSERVED, np.intp)
    order = np.argsort(-scores, axis=1, kind="stable")
    wishes = [[j for j in order[row] if legal[row, j]][::-1] for row in range(rows)]
    held: list[list[tuple[int, int]]] = [[] for _ in range(columns)]
    asking = list(range(rows))[::-1]
    while asking:
        row = asking.pop()
        if not wishes[row]:
            continue
        to = wishes[row].pop()
        held[to].append((-int(scores[row, to]), row))
        column[row] = to
        if len(held[to]) > capacity[to]:
            refused = max(held[to])
            held[to].remove(refused)
            column[refused[1]] = UNSERVED
            asking.append(refused[1])
    return column
