"""Short lists for large rounds: the few pairs of each mentee that are worth looking at, found in one pass over all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching.blocks import Block, height, in_blocks

Units = NDArray[np.int64]
Indices = NDArray[np.intp]
LISTED_BACK = 16
NONE = np.zeros(0, np.intp)
GROUP = 16  # pairs of which only the best is looked at when a row's threshold is set


class Lists(NamedTuple):
    """Candidate pairs, sorted by row and column, with their scores."""

    row: Indices
    column: Indices
    score: Units


def best_pairs(
    block: Block,
    rows: int,
    capacity: Indices,
    price: Units,
    back: Indices,
    few: int,
) -> Lists:
    """About the `few` best mentors of each mentee at these prices, and for the mentors `back` the mentees who lose least there."""
    columns = len(capacity)
    deduction = deducted(price, capacity)
    limit = _limits(block, rows, deduction, back)

    def work(start: int, stop: int) -> Lists:
        scores = block(start, stop)
        value = scores - deduction
        peaks = _peaks(value, max(columns // GROUP, 4 * few))
        at = max(peaks.shape[1] - few, 0)
        best = peaks.max(axis=1)
        threshold = np.partition(peaks, at, axis=1)[:, at]
        listed = value >= threshold[:, None]
        if len(back) == columns:
            listed |= value - best[:, None] >= limit
        elif len(back):
            listed[:, back] |= value[:, back] - best[:, None] >= limit
        row, column = np.divmod(np.flatnonzero(listed), columns)
        row, column = _thinned(row, column, value[row, column] <= threshold[row], start, stop, few)
        score = scores[row, column]
        legal = (score >= 0) & (capacity[column] > 0)
        return Lists(row[legal] + start, column[legal], score[legal].astype(np.int64))

    return together(in_blocks(rows, columns, work))


def _limits(block: Block, rows: int, price: NDArray[np.signedinteger], back: Indices) -> Units:
    """(len(back),) the loss up to which a mentee is listed with each of these mentors: the least in either of two samples."""
    step = height(len(price))
    limit = np.full((2, len(back)), np.iinfo(price.dtype).min, np.int64)
    for number, start in enumerate(range(0, rows if len(back) else 0, LISTED_BACK // 2 * step)):
        value = block(start, min(start + step, rows)) - price
        loss = value[:, back] - value.max(axis=1, keepdims=True)
        limit[number % 2] = np.maximum(limit[number % 2], loss.max(axis=0))
    return np.asarray(limit.min(axis=0) if rows > LISTED_BACK // 2 * step else limit[0])


def better_ones(
    block: Block, worth: Units, price: Units, capacity: Indices, few: int = 8
) -> tuple[Lists, int]:
    """Pairs worth more to their row than `worth`, at most a few each; and the sum of what the rows could gain."""

    def work(start: int, stop: int) -> tuple[Lists, int]:
        scores = block(start, stop)
        gain = (scores - deduction).max(axis=1) - worth[start:stop]
        found, total = [Lists(NONE, NONE, NONE)], 0
        for k in np.flatnonzero(gain > 0).tolist():
            gains = np.where((scores[k] < 0) | (capacity == 0), 0, scores[k] - price - worth[start + k])
            best = np.flatnonzero(gains > 0)
            best = np.sort(best[np.argsort(-gains[best], kind="stable")[:few]])
            found.append(Lists(np.full(len(best), start + k), best, scores[k, best].astype(np.int64)))
            total += int(gains.max())
        return together(found), total

    deduction = deducted(price, capacity)
    parts = list(in_blocks(len(worth), len(capacity), work))
    return together([lists for lists, _ in parts]), sum(total for _, total in parts)


def deducted(price: Units, capacity: Indices) -> NDArray[np.int32] | Units:
    """Prices to be taken off a block of scores, in 32 bits wherever they fit; a mentor without places is out of reach."""
    if price.max(initial=0) < 1 << 29:
        return np.where(capacity > 0, price, 1 << 30).astype(np.int32)
    return np.where(capacity > 0, price, 1 << 60)


def _peaks(value: NDArray[np.signedinteger], width: int) -> NDArray[np.signedinteger]:
    """Folded in two until no wider than `width`, so that the highest values remain."""
    while value.shape[1] > width:
        half = (value.shape[1] + 1) // 2
        value = np.maximum(value[:, :half], value[:, -half:])
    return value


def _thinned(
    row: Indices, column: Indices, tied: NDArray[np.bool_], start: int, stop: int, few: int
) -> tuple[Indices, Indices]:
    """Where very many pairs tie at the threshold, a window of them that moves along from row to row."""
    tie = np.flatnonzero(tied)
    count = np.bincount(row[tie], minlength=stop - start)
    if not (count > few).any():
        return row, column
    of = row[tie]
    position = np.arange(len(tie)) - (np.cumsum(count) - count)[of]
    outside = (position - (start + of) * few) % count[of] >= few
    keep = np.ones(len(row), dtype=bool)
    keep[tie[outside]] = False
    return row[keep], column[keep]


def together(parts: Iterable[Lists]) -> Lists:
    return Lists(*(np.concatenate([NONE, *fields]) for fields in zip(*parts, strict=True)))


def within(lists: Lists, rows: int, price: Units, reach: int) -> Lists:
    """The pairs within `reach` units of their mentee's best at these prices."""
    value = lists.score - price[lists.column]
    near = value >= best_by_row(value, lists.row, rows)[lists.row] - reach
    return Lists(lists.row[near], lists.column[near], lists.score[near])


def best_by_row(value: Units, row: Indices, rows: int) -> Units:
    """(rows,) the highest value of each row's pairs; 0 for a row without."""
    best = np.zeros(rows, np.int64)
    if len(row):
        starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        best[row[starts]] = np.maximum.reduceat(value, starts)
    return best


def joined(lists: Lists, more: Lists, columns: int) -> Lists:
    keys = np.concatenate([lists.row * columns + lists.column, more.row * columns + more.column])
    keys, first = np.unique(keys, return_index=True)
    return Lists(keys // columns, keys % columns, np.concatenate([lists.score, more.score])[first])
