"""The exact best total for rounds too large to look at every pair many times: prices, short lists, proof.

1. Entropic prices (Sinkhorn; Cuturi 2013) guess what a place with each mentor is worth, first on a sample of mentees
   and then on short lists. They steer the search and decide nothing.
2. A sparse exact solver (scipy's LAPJVsp, Jonker & Volgenant 1987) finds the best assignment on the short lists.
3. Its exact dual prices are recovered by longest paths, and every pair outside the lists is tried against them. Pairs that
   could improve the round join the lists, and 2 is repeated. When none is left, the prices prove that no assignment
   of all pairs is better (complementary slackness).

Scores come in blocks of rows, so the full matrix is never needed. Everything decided is in whole numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from matching.assignment import unserved_value

Units = NDArray[np.int64]
Indices = NDArray[np.intp]
Block: TypeAlias = Callable[
    [int, int], NDArray[np.int32]
]  # rows start..stop against all columns; below 0: ruled out

UNSERVED = -1
LISTED, LISTED_BACK = 24, 6  # pairs per mentee, and mentees per place for mentors whom few lists hold
ROWS = 64  # rows per block: what fits a core's own cache
NARROW = 200  # units: how far from a mentee's best pair the second solution on the lists may look
WARMTHS = (500.0, 250.0, 120.0)  # units: how sharply the entropic prices tell good from best


class Lists(NamedTuple):
    """Candidate pairs, sorted by row and column, with their scores."""

    row: Indices
    column: Indices
    score: Units


class Proven(NamedTuple):
    """The optimum; `price` are its exact duals, `rounds` how often the lists were extended."""

    column: Indices
    price: Units
    rounds: int
    listed: int


def best_total(block: Block, rows: int, capacity: Indices) -> Proven:
    """Serve as many of `rows` as possible, at the highest total score. Proved against every legal pair."""
    price = np.rint(_sampled_prices(block, rows, capacity)).astype(np.int64)
    lists = _first_lists(block, rows, capacity, price)
    price = np.rint(_sharpened(lists, capacity, price.astype(float))).astype(np.int64)
    reach = 16 * int(WARMTHS[-1])
    unserved = unserved_value(rows)
    for round_ in range(1, 1000):
        near, column = _settle(lists, rows, capacity, price, reach, unserved)
        own = np.full(rows, unserved, np.int64)
        served = column != UNSERVED
        own[served] = _scores_at(near, column, served, len(capacity))
        price = _exact_prices(near, own, column, capacity, price, unserved)
        worth = own - np.where(served, price[column], 0)
        # `gap` bounds how far from the optimum this is, and no pair that lacks more can be in it. A narrower reach is faster,
        # and what it leaves out is missed and joins again; it doubles each time, so this ends.
        missed, gap = _missed(block, worth, price)
        if not len(missed.row):
            _check_proof(own, worth, capacity, price, unserved)
            return Proven(column, price, round_, len(near.row))
        lists, reach = _joined(lists, missed, len(capacity)), min(NARROW << round_, gap + 1)
    raise RuntimeError("the lists did not settle")


def _sampled_prices(
    block: Block, rows: int, capacity: Indices, sample: int = 500, warmth: float = 1000.0
) -> NDArray[np.float64]:
    """Entropic prices from every so-manieth row. einsum, not BLAS: the same on every number of threads."""
    step = max(1, rows // sample)
    picked = np.concatenate([block(at, at + 1) for at in range(0, rows, step)])
    top = picked.max(axis=1, initial=0, keepdims=True)
    with np.errstate(over="ignore"):
        kernel = np.where(picked < 0, 0, np.exp((picked - top) / warmth)).astype(np.float32)
    places = capacity.astype(np.float32)
    spare, mass = max(int(capacity.sum()) - rows, 0), np.float32(rows / len(picked))
    pull = np.ones(len(places), np.float32)
    for _ in range(30):
        share = mass / np.maximum(np.einsum("ij,j->i", kernel, pull), 1e-30)
        load = np.einsum("i,ij->j", share, kernel) + spare / max(float(pull.sum()), 1e-30)
        pull = np.where(places > 0, places / np.maximum(load, 1e-30), 0).astype(np.float32)
    return _from_zero(-warmth * np.log(np.clip(pull, 1e-30, 1e30)), capacity)


def _from_zero(price: NDArray[np.floating], capacity: Indices) -> NDArray[np.float64]:
    """Shifted so that the cheapest place costs nothing."""
    open_ = capacity > 0
    least = price[open_].min() if open_.any() else 0.0
    return np.where(open_, price - least, 0.0)


def _first_lists(block: Block, rows: int, capacity: Indices, price: Units) -> Lists:
    """Each mentee's best mentors at these prices, and for mentors on few lists the mentees closest to them."""
    columns, size = len(capacity), min(LISTED, len(capacity))
    chosen, worth = np.empty((rows, size), np.intp), np.empty(rows, np.int64)
    for at in range(0, rows, ROWS):
        scores = block(at, min(at + ROWS, rows))
        value = np.where((scores < 0) | (capacity == 0), -(1 << 30), scores - price)
        chosen[at : at + ROWS] = np.argpartition(-value, size - 1, axis=1)[:, :size]
        worth[at : at + ROWS] = value.max(axis=1)
    pairs = [np.arange(rows).repeat(size) * columns + chosen.ravel()]
    pairs.append(_listed_back(block, rows, capacity, np.bincount(chosen.ravel(), minlength=columns), worth))
    row, column = np.divmod(np.unique(np.concatenate(pairs)), columns)
    return _legal(block, rows, row, column, capacity)


def _listed_back(block: Block, rows: int, capacity: Indices, lists: Indices, worth: Units) -> Indices:
    """Pairs, as row * columns + column, for the mentors on fewer lists than LISTED_BACK times their places."""
    poor = np.flatnonzero(lists < LISTED_BACK * capacity)
    best, at_row = np.full((LISTED_BACK, len(poor)), -(1 << 40)), np.zeros((LISTED_BACK, len(poor)), np.intp)
    for at in range(0, rows, ROWS):
        stop = min(at + ROWS, rows)
        scores = block(at, stop)[:, poor]
        short = np.where(scores < 0, -(1 << 40), scores - worth[at:stop, None])
        both = np.concatenate([best, short])
        who = np.concatenate([at_row, np.arange(at, stop)[:, None].repeat(len(poor), axis=1)])
        first = np.argpartition(-both, LISTED_BACK - 1, axis=0)[:LISTED_BACK]
        best, at_row = np.take_along_axis(both, first, 0), np.take_along_axis(who, first, 0)
    return np.asarray((at_row * len(capacity) + poor).ravel())


def _legal(block: Block, rows: int, row: Indices, column: Indices, capacity: Indices) -> Lists:
    """The pairs with their scores, without those that a rule forbids."""
    score = np.empty(len(row), np.int64)
    edges = np.searchsorted(row, np.arange(0, rows + ROWS, ROWS))
    for number, (start, stop) in enumerate(itertools.pairwise(edges)):
        at = number * ROWS
        if start < stop:
            score[start:stop] = block(at, min(at + ROWS, rows))[row[start:stop] - at, column[start:stop]]
    legal = (score >= 0) & (capacity[column] > 0)
    return Lists(row[legal], column[legal], score[legal])


def _sharpened(lists: Lists, capacity: Indices, price: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropic prices again, on the lists alone, ever less warm."""
    if not len(lists.row):
        return price
    starts = np.flatnonzero(np.r_[True, lists.row[1:] != lists.row[:-1]])
    of_list = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(lists.row)]))
    open_ = capacity > 0
    spare = max(int(capacity.sum()) - len(starts), 0)
    for warmth in WARMTHS:
        for _ in range(15):
            value = (lists.score - price[lists.column]) / warmth
            pull = np.exp(value - np.maximum.reduceat(value, starts)[of_list])
            pull /= np.add.reduceat(pull, starts)[of_list]
            load = np.bincount(lists.column, pull, len(capacity))
            if spare:
                left = capacity * np.exp(-(price - price[open_].min()) / warmth)
                load += spare * left / left.sum()
            price = price + np.where(
                open_, warmth * np.log(np.maximum(load, 1e-3) / np.maximum(capacity, 1)), 0
            )
    return _from_zero(price, capacity)


def _within(lists: Lists, rows: int, price: Units, reach: int) -> Lists:
    """The pairs within `reach` units of their mentee's best at these prices."""
    value = lists.score - price[lists.column]
    near = value >= _best_by_row(value, lists.row, rows)[lists.row] - reach
    return Lists(lists.row[near], lists.column[near], lists.score[near])


def _best_by_row(value: Units, row: Indices, rows: int) -> Units:
    """(rows,) the highest value of each row's pairs."""
    best = np.full(rows, np.iinfo(np.int64).min)
    np.maximum.at(best, row, value)
    return best


def _settle(
    lists: Lists, rows: int, capacity: Indices, price: Units, reach: int, unserved: int
) -> tuple[Lists, Indices]:
    """The exact optimum on the pairs within reach, and those pairs.

    As long as the pairs do not let everyone be served (or every place be taken) the reach is doubled; where even the
    whole lists do not, each mentee gets a way out of their own: to be left unserved.
    """
    near = _within(lists, rows, price, reach)
    while True:
        column = _solved(near, rows, capacity, price)
        if column is not None:
            return near, column
        if len(near.row) == len(lists.row):
            break
        reach *= 2
        near = _within(lists, rows, price, reach)
    return lists, _solved_with_a_way_out(lists, rows, capacity, unserved)


def _solved(lists: Lists, rows: int, capacity: Indices, price: Units) -> Indices | None:
    """The highest total with everyone served or every place taken; None when that cannot be.

    Where every place is taken the prices can be taken off first, and where everyone is served what each has at best:
    most costs are then zero, and few chains are long.
    """
    places = int(capacity.sum())
    value = lists.score - price[lists.column] if places <= rows else lists.score
    if rows <= places:
        value = value - _best_by_row(value, lists.row, rows)[lists.row]
    row, place, cost = _places(lists, value, capacity)
    graph = csr_matrix((cost + 1.0, (row, place)), shape=(rows, places))
    try:
        at, to = min_weight_full_bipartite_matching(graph)
    except ValueError:  # no full matching exists
        return None
    column = np.full(rows, UNSERVED, np.intp)
    column[at] = np.repeat(np.arange(len(capacity)), capacity)[to]
    return column


def _solved_with_a_way_out(lists: Lists, rows: int, capacity: Indices, unserved: int) -> Indices:
    """The highest total among those that serve the most: a column more per mentee, at a cost above everything."""
    row, place, cost = _places(lists, lists.score, capacity)
    places = int(capacity.sum())
    row = np.concatenate([row, np.arange(rows)])
    place = np.concatenate([place, places + np.arange(rows)])
    cost = np.concatenate([cost, np.full(rows, -unserved)])
    graph = csr_matrix((cost + 1.0, (row, place)), shape=(rows, places + rows))
    at, to = min_weight_full_bipartite_matching(graph)
    owner = np.concatenate([np.repeat(np.arange(len(capacity)), capacity), np.full(rows, UNSERVED)])
    column = np.empty(rows, np.intp)
    column[at] = owner[to]
    return column


def _places(lists: Lists, value: Units, capacity: Indices) -> tuple[Indices, Indices, Units]:
    """Row, place and cost of every pair, once for each of the mentor's places."""
    first = np.concatenate([[0], np.cumsum(capacity)])
    copies = capacity[lists.column]
    return (
        np.repeat(lists.row, copies),
        np.repeat(first[lists.column], copies) + _count_up(copies),
        np.repeat(value.max(initial=0) - value, copies),
    )


def _count_up(lengths: Indices) -> Indices:
    """0, 1, .. for each length in turn."""
    ends = np.cumsum(lengths)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths))


def _scores_at(lists: Lists, column: Indices, served: NDArray[np.bool_], columns: int) -> Units:
    """The scores of the chosen pairs."""
    keys = lists.row * columns + lists.column
    rows = np.flatnonzero(served)
    return np.asarray(lists.score[np.searchsorted(keys, rows * columns + column[rows])])


def _exact_prices(
    lists: Lists, own: Units, column: Indices, capacity: Indices, price: Units, unserved: int
) -> Units:
    """The lowest prices above the guess at which nobody on the lists would rather move (Bellman & Ford).

    A place that is free must cost nothing, so all prices are lifted to the dearest free one, and shifted down last.
    """
    order = np.argsort(lists.column, kind="stable")
    row, to = lists.row[order], lists.column[order]
    held = np.append(price, 0)  # the last entry is the price of being unserved
    here, gain = column[row], lists.score[order] - own[row]  # UNSERVED is -1: the last entry
    starts = np.flatnonzero(np.r_[True, to[1:] != to[:-1]]) if len(to) else np.zeros(0, np.intp)
    free = np.bincount(column[column != UNSERVED], minlength=len(capacity)) < capacity
    served = column != UNSERVED
    loose = bool(free.any() or not served.all())
    while True:
        before = held.copy()
        if len(to):
            held[to[starts]] = np.maximum(held[to[starts]], np.maximum.reduceat(before[here] + gain, starts))
        if not served.all():  # and nobody served would rather not be
            held[-1] = max(held[-1], (before[column[served]] + unserved - own[served]).max(initial=0))
        base = max(int(held[:-1][free].max(initial=0)), int(held[-1]))
        held = np.maximum(held, base) if loose else held
        if (held == before).all():
            break
    open_ = capacity > 0
    least = held[-1] if not served.all() else held[:-1].min(initial=held.max(), where=open_)
    return np.asarray(np.where(open_, held[:-1] - least, 0))


def _check_proof(own: Units, worth: Units, capacity: Indices, price: Units, unserved: int) -> None:
    """No assignment is worth more than the prices and what they leave each mentee; ours must be worth just that."""
    bound = int(worth.sum()) + int(capacity @ price)
    if bound != int(own.sum()) or (price < 0).any() or (worth < unserved).any():
        raise RuntimeError("the prices do not prove the optimum")


def _missed(block: Block, worth: Units, price: Units, most: int = 8) -> tuple[Lists, int]:
    """Pairs that are better for their mentee than the present one, at most a few each; and by how much in all."""
    row, column, score, gap = [], [], [], 0
    for at in range(0, len(worth), ROWS):
        scores = block(at, min(at + ROWS, len(worth)))
        better = np.where(scores < 0, -1, scores - price - worth[at : at + ROWS, None])
        gains = better.max(axis=1, initial=0)
        for k in np.flatnonzero(gains > 0):
            best = np.flatnonzero(better[k] > 0)
            best = best[np.argsort(-better[k, best], kind="stable")[:most]]
            row.append(np.full(len(best), at + k))
            column.append(best)
            score.append(scores[k, best].astype(np.int64))
        gap += int(gains.sum())
    empty = np.zeros(0, np.intp)
    joined = Lists(*(np.concatenate([empty, *part]) for part in (row, column, score)))
    return joined, gap


def _joined(lists: Lists, more: Lists, columns: int) -> Lists:
    keys = np.concatenate([lists.row * columns + lists.column, more.row * columns + more.column])
    keys, first = np.unique(keys, return_index=True)
    return Lists(keys // columns, keys % columns, np.concatenate([lists.score, more.score])[first])
