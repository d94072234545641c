"""An even load: among mentors with room for several, the next mentee costs more than the one before.

The k-th mentee at the same mentor costs STEP * (k - 1) units, at most MOST: 0, 3, 6, .. 30 points. The cost never falls, so each
place can stand as a column of its own and the first places are always the first to be filled: the exact solver then finds the
exact optimum. What comes first stays first: as many as possible served, and under FLOOR the best possible worst pair.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.assignment import (
    UNSERVED,
    Assignment,
    Indices,
    Mask,
    Units,
    assign,
    best_floor,
    cheapest,
    leximin_costs,
)
from matching.profiles import UNITS_PER_POINT, InputError, Objective

STEP, MOST = 3 * UNITS_PER_POINT, 30 * UNITS_PER_POINT


def cost(earlier: Any) -> Any:
    """Units for one more mentee at a mentor who has so many already."""
    return np.minimum(np.asarray(earlier) * STEP, MOST)


def load_cost(loads: Indices) -> int:
    """Units for mentors with so many mentees each."""
    return sum(int(cost(np.arange(load)).sum()) for load in loads)


def assign_evenly(
    worth: Units, legal: Mask, capacity: Indices, taken: Indices, objective: Objective
) -> Assignment:
    """As assignment.assign, with the cost of the load taken off the total; `taken` is what each mentor has before.

    TOTAL and FLOOR weigh the load against the total. LEXIMIN weighs nothing against the worst pairs, so there it chooses among equals.
    """
    if objective is Objective.STABLE:
        raise InputError("an even load does not go with the objective stable")
    floor = None
    if objective is not Objective.TOTAL:
        floor = best_floor(worth, legal, capacity)
        legal = legal & (worth >= floor)
    places = np.minimum(capacity, len(worth))
    mentor = np.repeat(np.arange(len(capacity)), places)
    earlier = np.arange(len(mentor)) - np.repeat(np.cumsum(places) - places, places) + taken[mentor]
    one, costs, open_ = np.ones(len(mentor), np.intp), cost(earlier), legal[:, mentor]
    found = assign(worth[:, mentor] + MOST - costs, open_, one, Objective.TOTAL)
    column = found.column
    if objective is Objective.LEXIMIN:
        column, _ = cheapest(_leximin_then_load(worth[:, mentor], open_, costs), open_, one)
    return Assignment(
        np.where(column == UNSERVED, UNSERVED, np.append(mentor, UNSERVED)[column]),
        _prices(found.price + costs, mentor, len(capacity)),
        floor,
    )


def _leximin_then_load(worth: Units, legal: Mask, costs: Units) -> NDArray[np.object_]:
    """(n, places) no load outweighs the smallest difference in what comes first."""
    return np.asarray(leximin_costs(worth, legal) * ((len(worth) + 1) * (MOST + 1)) + costs)


def _prices(of_place: Units, mentor: Indices, mentors: int) -> Units:
    """What one more mentee has to outbid at each mentor: the cheapest of the places."""
    price = np.full(mentors, np.iinfo(np.int64).max)
    np.minimum.at(price, mentor, of_place)
    return np.where(price == np.iinfo(np.int64).max, 0, price)
