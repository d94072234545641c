"""What a decline, a lost mentor or somebody new does to a round that has been proposed: who moves, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching import exclusions
from matching.assignment import UNSERVED, best_floor
from matching.findings import Move, Outcome
from matching.profiles import UNITS_PER_POINT, InputError, Link, Mentee, Mentor, Objective, Reservation
from matching.resolve import Scores, Standing
from matching.rounds import Cell, Round

Array: TypeAlias = NDArray[Any]

STAY = 5 * UNITS_PER_POINT


@dataclass(frozen=True, slots=True)
class Changed:
    """The round after the change. `others` moved without being concerned; `again` says it was solved from the start."""

    moves: tuple[Move, ...]  # by mentee id, those concerned included
    others: int
    change: int  # of the round's total, in units
    coverage_change: int
    again: bool


def after(
    outcome: Outcome, declined: Iterable[Link] = (), lost: Iterable[str] = (), stay: int = STAY
) -> Changed:
    """Solve again with the declined pairs ruled out and the lost mentors gone.

    Fixed (accepted) pairs are frozen; every other present pair is worth `stay` units more than its score, so that nobody
    is moved for less. The result is the optimum of exactly that, found from the prices of the round. The floor stands as long as everyone
    can still be served above it; otherwise, and for other objectives than FLOOR and TOTAL, the round is solved from the start.
    """
    round_ = outcome.round
    free = np.array([row for row in range(len(round_.mentees)) if row not in round_.fixed], dtype=np.intp)
    gone = [_column(round_, mentor) for mentor in lost]
    off = [
        (round_.row[link.mentee], _column(round_, link.mentor))
        for link in declined
        if link.mentee in round_.row
    ]
    for row, _ in off:
        if row in round_.fixed:
            raise InputError(f"declined: mentee {round_.mentees[row].id} has a fixed pair")
    before = round_.assigned[free]
    cells = [(int(np.searchsorted(free, row)), column) for row, column in off]
    rerouted = _rerouted(round_, free, cells, gone, stay)
    found = _solved_without(round_, free, cells, gone, stay) if rerouted is None else rerouted
    return _told(round_, free, before, found, {row for row, _ in cells}, set(gone), rerouted is None)


def _rerouted(round_: Round, free: Array, cells: list[Cell], gone: list[int], stay: int) -> Array | None:
    """From the prices of the round; None where it has none that tell, or the floor cannot stand."""
    if round_.even_load or round_.objective not in (Objective.FLOOR, Objective.TOTAL):
        return None
    before = round_.assigned[free]
    standing = Standing(_at(round_, free), round_.left, before, round_.price, stay)
    for cell in cells:
        standing.decline(*cell)
    for column in gone:
        standing.lose(column)
    fewer = np.count_nonzero(standing.column == UNSERVED) > np.count_nonzero(before == UNSERVED)
    return None if round_.floor and fewer else standing.column


def _solved_without(round_: Round, free: Array, cells: list[Cell], gone: list[int], stay: int) -> Array:
    scores, capacity = _open(round_, free)
    for cell in cells:
        scores[cell] = -1
    scores[:, gone], capacity[gone] = -1, 0
    return _solved_again(round_, scores, capacity, round_.assigned[free], stay)


def joined(
    outcome: Outcome,
    mentors: Iterable[Mentor] = (),
    mentees: Iterable[Mentee] = (),
    reservations: Iterable[Reservation] = (),
    *,
    stay: int = STAY,
) -> Changed:
    """Solve again with more people: a mentor who has said yes to the scheme, a mentee who has filled in the profile.

    Fixed pairs are frozen and the others worth `stay` units more, as in `after`; the newcomers' texts count if the round
    was given their vectors. `reservations` are those that come with them, by them or against them. Solved from the start, for
    somebody new can lift the floor as well as lower it. Raises InputError where the newcomer is in the round already.
    """
    old, round_ = outcome.round, outcome.round.joined_by(mentors, mentees, reservations)
    free = np.array([row for row in range(len(round_.mentees)) if row not in round_.fixed], dtype=np.intp)
    scores, capacity = _open(round_, free)
    before = np.full(len(free), UNSERVED, np.intp)
    new = set()
    for at, row in enumerate(free.tolist()):
        known = old.row.get(round_.mentees[row].id)
        if known is None:
            new.add(at)
        elif old.assigned[known] != UNSERVED:
            before[at] = round_.column[old.mentors[old.assigned[known]].id]
    found = _solved_again(round_, scores, capacity, before, stay)
    return _told(round_, free, before, found, new, set(), again=True)


def _solved_again(round_: Round, scores: Array, capacity: Array, before: Array, stay: int) -> Array:
    """From the start: under FLOOR the new floor first, then the best total of worth and stay bonuses above it."""
    legal, objective = scores >= 0, round_.objective
    taken = round_.capacity - round_.left
    if objective not in (Objective.FLOOR, Objective.TOTAL):
        return round_.best(scores, legal, capacity, taken, objective).column
    if objective is Objective.FLOOR:
        legal &= scores >= best_floor(scores, legal, capacity)
    bonus = scores.copy()
    present = np.flatnonzero(before != UNSERVED)
    bonus[present, before[present]] += stay
    return round_.best(bonus, legal, capacity, taken, Objective.TOTAL).column


def _at(round_: Round, free: Array) -> Scores:
    """As `_open` and not below the floor, where it is asked for: the matrix is neither copied nor written to."""
    open_, floor = round_.left > 0, round_.floor or 0

    def scores(rows: Any, columns: Any) -> Array:
        at = free[rows], columns
        worth = round_.worth[at]
        return np.where((round_.rules[at] == exclusions.NONE) & open_[columns] & (worth >= floor), worth, -1)

    return scores


def _open(round_: Round, free: Array) -> tuple[Array, Array]:
    """The worth of those not fixed, below 0 where ruled out, and the places left to them."""
    capacity = round_.left
    legal = (round_.rules[free] == exclusions.NONE) & (capacity > 0)
    return np.where(legal, round_.worth[free], -1), capacity


def _column(round_: Round, mentor: str) -> int:
    if mentor not in round_.column:
        raise InputError(f"mentor {mentor} is not in the round")
    return round_.column[mentor]


def _told(
    round_: Round,
    free: Array,
    before: Array,
    found: Array,
    concerned: set[int],
    gone: set[int],
    again: bool,
) -> Changed:
    moves, others = [], 0
    for at in np.flatnonzero(before != found).tolist():
        old, new, row = int(before[at]), int(found[at]), int(free[at])
        moves.append(round_.move(row, old, new))
        others += at not in concerned and old not in gone
    return Changed(
        moves=tuple(moves),
        others=others,
        change=sum(move.change for move in moves),
        coverage_change=int((found != UNSERVED).sum() - (before != UNSERVED).sum()),
        again=again,
    )
