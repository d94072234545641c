"""The exact best total for rounds too large to look at every pair many times: prices, short lists, proof.

1. Entropic prices guess what a place with each mentor is worth, first on a sample of mentees and then on short lists.
2. A sparse exact solver (scipy's LAPJVsp, Jonker & Volgenant 1987) finds the best assignment on the short lists.
3. Its exact dual prices are recovered by longest paths, and every pair outside the lists is tried against them. Pairs that
   could improve the round join the lists, and 2 is repeated. When none is left, the prices prove that no assignment
   of all pairs is better (complementary slackness).

Scores come in blocks of rows, so the full matrix is never needed. Everything decided is in whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from matching.assignment import UNSERVED, unserved_value
from matching.entropic import WARMTHS, sampled_prices, sharpened
from matching.shortlists import ROWS, Block, Indices, Lists, Units, best_by_row, first_lists, joined, within

NARROW = 200  # units: how far from a mentee's best pair the second solution on the lists may look


class Proven(NamedTuple):
    """The optimum; `price` are its exact duals, `rounds` how often the lists were extended."""

    column: Indices
    price: Units
    rounds: int
    listed: int


def best_total(block: Block, rows: int, capacity: Indices) -> Proven:
    """Serve as many of `rows` as possible, at the highest total score. Proved against every legal pair."""
    price = np.rint(sampled_prices(block, rows, capacity)).astype(np.int64)
    lists = first_lists(block, rows, capacity, price)
    price = np.rint(sharpened(lists, capacity, price.astype(float))).astype(np.int64)
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
        lists, reach = joined(lists, missed, len(capacity)), min(NARROW << round_, gap + 1)
    raise RuntimeError("the lists did not settle")


def _settle(
    lists: Lists, rows: int, capacity: Indices, price: Units, reach: int, unserved: int
) -> tuple[Lists, Indices]:
    """The exact optimum on the pairs within reach, and those pairs.

    As long as the pairs do not let everyone be served (or every place be taken) the reach is doubled; where even the
    whole lists do not, each mentee gets a way out of their own: to be left unserved.
    """
    near = within(lists, rows, price, reach)
    while True:
        column = _solved(near, rows, capacity, price)
        if column is not None:
            return near, column
        if len(near.row) == len(lists.row):
            break
        reach *= 2
        near = within(lists, rows, price, reach)
    return lists, _solved_with_a_way_out(lists, rows, capacity, unserved)


def _solved(lists: Lists, rows: int, capacity: Indices, price: Units) -> Indices | None:
    """The highest total with everyone served or every place taken; None when that cannot be.

    Where every place is taken the prices can be taken off first, and where everyone is served what each has at best:
    most costs are then zero, and few chains are long.
    """
    places = int(capacity.sum())
    value = lists.score - price[lists.column] if places <= rows else lists.score
    if rows <= places:
        value = value - best_by_row(value, lists.row, rows)[lists.row]
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
