"""The exact best total for rounds too large to look at every pair many times: prices, short lists, proof.

1. Entropic prices guess what a place with each mentor is worth: on a sample of mentees, then on the lists that these give.
2. An auction on new lists makes them good to a few hundredths of a point, and gives the lists that count.
3. Shortest paths from those prices find the best assignment on the lists, and its exact prices (`settling`). Every pair of the
   round is tried against them. Pairs that could improve the round join the lists, and 3 is repeated. When none is left,
   the prices prove that no assignment of all pairs is better (complementary slackness).

Scores come in blocks of rows, so the full matrix is never needed. Everything decided is in whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from matching.assignment import UNSERVED, unserved_value
from matching.auction import auction_prices
from matching.blocks import Block
from matching.entropic import sampled_prices, sharpened
from matching.profiles import FULL_SCORE
from matching.settling import Settled, scores_at, settled
from matching.shortlists import Indices, Lists, Units, best_by_row, best_pairs, better_ones, joined, within

FEW, REACH = 24, 600  # pairs of a mentee on the lists, and units from the best where the prices are good
SOFT = -4 * FULL_SCORE  # what leaving somebody unserved counts as at first
NARROW = 200  # units: how far from a mentee's best pair the second solution on the lists may look


class Proven(NamedTuple):
    """The optimum; `price` are its exact duals, `rounds` how often the lists were extended."""

    column: Indices
    price: Units
    rounds: int
    listed: int


def best_total(block: Block, rows: int, capacity: Indices) -> Proven:
    """Serve as many of `rows` as possible, at the highest total score. Proved against every legal pair."""
    price, lists, wider = _first_guess(block, rows, capacity)
    reach, hard = REACH, unserved_value(rows)
    must_wait = max(rows - int(capacity.sum()), 0)
    # Who is on no list that has room counts as little, not least: short lists may just have left them out.
    unserved = hard if must_wait else max(hard, SOFT)
    for round_ in range(1, 1000):
        near = within(lists, rows, price, reach)
        found = settled(near, rows, capacity, price, unserved)
        too_few = round_ == 1 or len(near.row) < len(lists.row)
        if too_few and (found.column == UNSERVED).sum() > must_wait:
            near = lists = joined(lists, wider, len(capacity))
            found = settled(lists, rows, capacity, price, unserved)
        price = found.price
        # `gap` bounds how far from the optimum this is, and no pair that lacks more can be in it. A narrower reach is faster,
        # and what it leaves out is missed and joins again; it doubles each time, so this ends.
        missed, gap = better_ones(block, found.worth, price, capacity)
        if len(missed.row):
            lists, reach = joined(lists, missed, len(capacity)), min(NARROW << round_, gap + 1)
        elif unserved > hard and (found.column == UNSERVED).any():
            unserved = hard
        else:
            _check_proof(scores_at(near, found.column, len(capacity), unserved), found, capacity, unserved)
            return Proven(found.column, price, round_, len(near.row))
    raise RuntimeError("the lists did not settle")


def _first_guess(block: Block, rows: int, capacity: Indices) -> tuple[Units, Lists, Lists]:
    """Prices, the pairs that count at them, and those of the auction: every mentor is on some list there."""
    everyone = np.arange(len(capacity))
    guess = np.rint(sampled_prices(block, rows, capacity)).astype(np.int64)
    lists = best_pairs(block, rows, capacity, guess, everyone, FEW)
    guess = np.rint(sharpened(lists, capacity, guess.astype(float))).astype(np.int64)
    wider = best_pairs(block, rows, capacity, guess, everyone, FEW)
    price, unsold = auction_prices(wider, capacity, guess)
    lists = best_pairs(block, rows, capacity, price, unsold, FEW)
    return _cheapened(price, unsold, lists, rows), lists, wider


def _cheapened(price: Units, unsold: Indices, lists: Lists, rows: int) -> Units:
    """Where a place is left although it has a price, the price at which the first would take it."""
    value = lists.score - price[lists.column]
    loss = best_by_row(value, lists.row, rows)[lists.row] - value
    least = np.full(len(price), np.iinfo(np.int64).max)
    np.minimum.at(least, lists.column, loss)
    price = price.copy()
    price[unsold] -= np.minimum(least[unsold], price[unsold])
    return price


def _check_proof(own: Units, found: Settled, capacity: Indices, unserved: int) -> None:
    """No assignment is worth more than the prices and what they leave each mentee; ours must be worth just that."""
    bound = int(found.worth.sum()) + int(capacity @ found.price)
    if bound != int(own.sum()) or (found.price < 0).any() or (found.worth < unserved).any():
        raise RuntimeError("the prices do not prove the optimum")
