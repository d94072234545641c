"""The exact optimum on short lists, and its exact prices.

The solver is scipy's for sparse costs (LAPJVsp; Jonker & Volgenant 1987). It knows neither places that may stay free nor mentees
who may stay unserved, so it is given the round twice over, the second time mirrored, and a link between each such place (or
mentee) and its mirror image: a perfect matching then costs twice the optimum. Both halves have prices and what they leave each
mentee taken off, so most costs are zero and few chains are long.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from matching.assignment import UNSERVED
from matching.shortlists import Indices, Lists, Units


def settled(lists: Lists, capacity: Indices, worth: Units, price: Units) -> Indices | None:
    """(n,) the highest total with everyone served or every place taken; None where the lists do not allow that.

    `price` and `worth` are a guess at what places cost and what that leaves each row; they only make it fast.
    """
    rows, places = len(worth), int(capacity.sum())
    if rows == places:
        return _settled(lists, capacity, worth, price)
    if rows < places:
        return _settled(lists, capacity, worth, price, free=2 * price)
    return _settled(lists, capacity, worth, price, unserved=2 * worth)


def settled_with_a_way_out(
    lists: Lists, capacity: Indices, worth: Units, price: Units, unserved: int
) -> Indices:
    """(n,) the highest total among those that serve the most, whatever the lists."""
    column = _settled(lists, capacity, worth, price, free=2 * price, unserved=2 * (worth - unserved))
    if column is None:
        raise RuntimeError("everyone has a way out, and still there is no matching")
    return column


def _settled(
    lists: Lists,
    capacity: Indices,
    worth: Units,
    price: Units,
    free: Units | None = None,
    unserved: Units | None = None,
) -> Indices | None:
    """`free` is twice the cost of a place with each mentor that stays free, `unserved` of each row that does."""
    rows, places = len(worth), int(capacity.sum())
    owner = np.repeat(np.arange(len(capacity)), capacity)
    row, place, cost = _places(lists, worth[lists.row] + price[lists.column] - lists.score, capacity)
    size = (rows, places)
    if free is not None or unserved is not None:
        size = (rows + places, places + rows)
        links = [(row, place, cost), (rows + place, places + row, cost)]
        if free is not None:
            links.append((rows + np.arange(places), np.arange(places), free[owner]))
        if unserved is not None:
            links.append((np.arange(rows), places + np.arange(rows), unserved))
        row, place, cost = (np.concatenate(part) for part in zip(*links, strict=True))
    if not len(row):
        return None
    graph = csr_matrix((cost - cost.min() + 1.0, (row, place)), shape=size)  # a cost of zero would be no pair
    try:
        at, to = min_weight_full_bipartite_matching(graph)
    except ValueError:  # no full matching exists
        return None
    column = np.full(sum(size), UNSERVED, np.intp)
    column[at] = np.append(owner, np.full(rows, UNSERVED))[to]
    return column[:rows]


def _places(lists: Lists, cost: Units, capacity: Indices) -> tuple[Indices, Indices, Units]:
    """Row, place and cost of every pair, once for each of the mentor's places."""
    copies = capacity[lists.column]
    first = np.repeat((np.cumsum(capacity) - capacity)[lists.column] - np.cumsum(copies) + copies, copies)
    return np.repeat(lists.row, copies), first + np.arange(len(first)), np.repeat(cost, copies)


def scores_at(lists: Lists, column: Indices, columns: int, unserved: int) -> Units:
    """(n,) the scores of the chosen pairs, and `unserved` for who has none."""
    own = np.full(len(column), unserved, np.int64)
    rows = np.flatnonzero(column != UNSERVED)
    keys = lists.row * columns + lists.column
    own[rows] = lists.score[np.searchsorted(keys, rows * columns + column[rows])]
    return own


def exact_prices(
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
