"""Short lists for large rounds: the few pairs of each mentee that are worth looking at."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Units = NDArray[np.int64]
Indices = NDArray[np.intp]
# Rows start..stop against all columns, as whole units; below 0 where ruled out.
Block: TypeAlias = Callable[[int, int], NDArray[np.int32]]

LISTED, LISTED_BACK = 24, 6  # pairs per mentee, and mentees per place for mentors whom few lists hold
ROWS = 64  # rows per block: what fits a core's own cache


class Lists(NamedTuple):
    """Candidate pairs, sorted by row and column, with their scores."""

    row: Indices
    column: Indices
    score: Units


def first_lists(block: Block, rows: int, capacity: Indices, price: Units) -> Lists:
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
    for number, (start, stop) in enumerate(pairwise(edges)):
        at = number * ROWS
        if start < stop:
            score[start:stop] = block(at, min(at + ROWS, rows))[row[start:stop] - at, column[start:stop]]
    legal = (score >= 0) & (capacity[column] > 0)
    return Lists(row[legal], column[legal], score[legal])


def within(lists: Lists, rows: int, price: Units, reach: int) -> Lists:
    """The pairs within `reach` units of their mentee's best at these prices."""
    value = lists.score - price[lists.column]
    near = value >= best_by_row(value, lists.row, rows)[lists.row] - reach
    return Lists(lists.row[near], lists.column[near], lists.score[near])


def best_by_row(value: Units, row: Indices, rows: int) -> Units:
    """(rows,) the highest value of each row's pairs."""
    best = np.full(rows, np.iinfo(np.int64).min)
    np.maximum.at(best, row, value)
    return best


def joined(lists: Lists, more: Lists, columns: int) -> Lists:
    keys = np.concatenate([lists.row * columns + lists.column, more.row * columns + more.column])
    keys, first = np.unique(keys, return_index=True)
    return Lists(keys // columns, keys % columns, np.concatenate([lists.score, more.score])[first])
