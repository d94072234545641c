"""Prices by auction (Bertsekas 1988; Bertsekas & Castañon 1989 for mentors of several places).

Everybody without a place bids at once for the mentor who is worth most to them: as much as makes the second best as good, and
a step more. A place goes to the highest bid, and a mentor costs what the cheapest place there does. Steps are taken ever
smaller. The prices are only a very good guess: the last few may be left without a place, and what is exact is settled elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from matching.shortlists import Indices, Lists, Units

STEPS = ((300, 200), (50, 500), (10, 500))  # units, and of how many mentees one may wait when the next begins
NOBODY, GROUND = -1, -2  # who holds a place; the ground holds those that will be left
NEVER = -(1 << 40)  # the value of what is not on a list
DEAREST = 1 << 12  # units: the most a bid is above the price, for who has no second best
GIVE_UP = 3000  # units: who loses more than that since the step began is served later, rather than start a price war
BIDS = 20  # per mentee and step: where the lists do not let everyone in, an auction has no end


def auction_prices(lists: Lists, capacity: Indices, price: Units) -> tuple[Units, Indices]:
    """(m,) prices, found from those given, at which those on the lists, but a few, each have what is about best for them.

    Also the mentors with a place that nobody has taken although it has a price, or must be taken.
    """
    if not len(lists.row):
        return np.zeros(len(capacity), np.int64), np.flatnonzero(capacity)
    auction = Auction(lists, capacity, price)
    for step, left in STEPS:
        auction.run(step, auction.rows // left)
    return auction.level_prices(), auction.unsold()


class Auction:
    """Mentees who are on the lists (rows), against places sorted by mentor and, within one, by price."""

    def __init__(self, lists: Lists, capacity: Indices, price: Units) -> None:
        starts = np.flatnonzero(np.r_[True, lists.row[1:] != lists.row[:-1]])
        length = np.diff(np.r_[starts, len(lists.row)])
        self.rows, places = len(starts), int(capacity.sum())
        # One more mentor, of no value, has room for those who cannot all be served.
        self.capacity = np.append(capacity, max(self.rows - places, 0))
        self.spare = max(places - self.rows, 0)
        width = max(int(length.max()) + 1, 2)
        at = np.repeat(np.arange(self.rows), length), np.arange(len(lists.row)) - np.repeat(starts, length)
        self.column = np.full((self.rows, width), len(capacity), np.intp)
        self.score = np.full((self.rows, width), NEVER, np.int64)
        self.column[at], self.score[at] = lists.column, lists.score
        self.score[:, -1] = 0 if self.rows > places else NEVER
        self.first = np.cumsum(self.capacity) - self.capacity
        self.price = np.where(self.capacity > 0, np.append(price, 0), -NEVER)
        self.single = int(self.capacity.max()) == 1

    def run(self, step: int, left: int) -> None:
        """Auction everything anew from the present prices, until all but `left` have a place."""
        self.paid = np.repeat(self.price, self.capacity)  # for each place
        self.holder = np.full(len(self.paid), NOBODY)
        waiting, ground = np.arange(self.rows), self.spare
        self.least = (self.score - self.price[self.column]).max(axis=1) - GIVE_UP
        bids = turns = 0
        while (
            (len(waiting) > left or ground > left)
            and bids < BIDS * self.rows
            and turns < 200 + self.rows // 2
        ):
            if ground > self.spare // 50 or len(waiting) <= left < ground:
                waiting, ground = np.concatenate([waiting, self._ground_bids(ground, step)]), 0
            bids, turns = bids + len(waiting), turns + 1
            waiting, lost = self._turn(waiting, step)
            ground += lost

    def _turn(self, waiting: Indices, step: int) -> tuple[Indices, int]:
        """One bid from each who waits; returns who waits then, and how many places the ground has lost."""
        waiting, column, bid = self._bids(waiting, step)
        order = np.lexsort((-bid, column))
        column, bid, bidder = column[order], bid[order], waiting[order]
        starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]][: len(column)])
        rank = np.arange(len(column)) - np.repeat(starts, np.diff(np.r_[starts, len(column)]))
        # The highest bid tries for the cheapest place, the next for the next: together they keep the highest.
        wins = rank < self.capacity[column]
        place = self.first[column] + np.where(wins, rank, 0)
        wins &= bid > self.paid[place]
        place = place[wins]
        out = self.holder[place]
        self.paid[place], self.holder[place] = bid[wins], bidder[wins]
        self._sort(column[starts])
        return np.concatenate([bidder[~wins], out[out >= 0]]), int(np.count_nonzero(out == GROUND))

    def _bids(self, waiting: Indices, step: int) -> tuple[Indices, Indices, Units]:
        """Who bids, where and how much."""
        column = self.column[waiting]
        value = self.score[waiting] - self.price[column]
        at = np.arange(len(waiting)), value.argmax(axis=1)
        best, chosen = value[at], column[at]
        value[at] = 2 * NEVER
        bid = self.price[chosen] + np.minimum(best - value.max(axis=1), DEAREST) + step
        bids = best >= self.least[waiting]
        return waiting[bids], chosen[bids], bid[bids]

    def _ground_bids(self, number: int, step: int) -> Indices:
        """The ground takes the cheapest places it does not hold; returns whom it has put out."""
        others = np.flatnonzero(self.holder != GROUND)
        order = np.argpartition(self.paid[others], number)
        place = others[order[:number]]
        out = self.holder[place]
        self.paid[place] = self.paid[others[order[number]]] + step
        self.holder[place] = GROUND
        self._sort(np.unique(np.searchsorted(self.first, place, side="right") - 1))
        return out[out >= 0]

    def _sort(self, columns: Indices) -> None:
        """The places of these mentors, cheapest first."""
        if not self.single:
            many = columns[self.capacity[columns] > 1]
            length = self.capacity[many]
            owner = np.repeat(np.arange(len(many)), length)
            place = np.repeat(self.first[many] - np.cumsum(length) + length, length) + np.arange(len(owner))
            order = place[np.lexsort((self.paid[place], owner))]
            self.paid[place], self.holder[place] = self.paid[order], self.holder[order]
        self.price[columns] = self.paid[self.first[columns]]

    def level_prices(self) -> NDArray[np.int64]:
        """Lowered so that the places that will be left cost nothing."""
        real = self.capacity[:-1] > 0
        base = np.sort(np.repeat(self.price, self.capacity))[self.spare]
        return np.where(real, np.maximum(self.price[:-1] - base, 0), 0)

    def unsold(self) -> Indices:
        column = np.repeat(np.arange(len(self.capacity)), self.capacity)[self.holder == NOBODY]
        return np.unique(column[column < len(self.capacity) - 1])
