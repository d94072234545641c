"""Who is left without a mentor, in what order they wait, and why.

| reason | values | meaning |
|---|---|---|
| no_mentors | | nobody can be a mentor in this round |
| ruled_out | mentors, rule | the rules leave nobody, not even somebody who is full; `rule` takes the most of those that may be told, or is None |
| crowded | mentees, mentors, places | so many can only be helped by these mentors, who have fewer places (Hall 1935) |
| not_chosen | mentees, mentors, places | there was a place to move to; the objective `stable` serves fewer |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from matching import exclusions
from matching.assignment import UNSERVED
from matching.confidence import SECRETARIAT
from matching.findings import Blocking, Pair, Reason, Unmatched
from matching.profiles import Rule
from matching.rounds import Cell, Mask, Round

EACH = 40_000  # pairs up to which a crowd is found for each of those who wait


def wanted(round_: Round) -> dict[int, int]:
    """For each who waits the mentor worth most to them, were there a place: one who is full is waited for like any other."""
    left, everyone = np.flatnonzero(round_.assigned == UNSERVED), np.ones(len(round_.mentors), bool)
    best = {row: round_.worth_most(row, everyone) for row in left.tolist()}
    return {row: column for row, column in best.items() if column != UNSERVED}


def unmatched(round_: Round, best: Mapping[int, int], pairs: Mapping[Cell, Pair]) -> tuple[Unmatched, ...]:
    """By mentee id; the waiting list runs by the worth of the mentor `wanted`, then by id. `pairs` holds those best pairs."""
    left = np.flatnonzero(round_.assigned == UNSERVED).tolist()
    waiting = sorted(best, key=lambda row: (-round_.worth[row, best[row]], row))
    place = {row: number for number, row in enumerate(waiting, start=1)}
    reasons = _crowds(round_, waiting)
    return tuple(
        _unmatched(round_, row, place.get(row), pairs.get((row, best.get(row, UNSERVED))), reasons.get(row))
        for row in left
    )


def _unmatched(
    round_: Round, row: int, waiting: int | None, best: Pair | None, reason: Reason | None
) -> Unmatched:
    rules = Counter(exclusions.RULES[code] for code in round_.rules[row].tolist() if code != exclusions.NONE)
    blocking = tuple(Blocking(rule, rules[rule]) for rule in Rule if rule in SECRETARIAT and rules[rule])
    return Unmatched(
        mentee=round_.mentees[row].id,
        legal=len(round_.mentors) - sum(rules.values()),
        blocking=blocking,
        untold=sum(rules.values()) - sum(one.mentors for one in blocking),
        waiting=waiting,
        best=best,
        reason=reason or _ruled_out(round_, blocking),
    )


def _ruled_out(round_: Round, blocking: tuple[Blocking, ...]) -> Reason:
    if not round_.mentors:
        return Reason("no_mentors", {})
    most = max(blocking, key=lambda one: one.mentors, default=None)
    return Reason("ruled_out", {"mentors": len(round_.mentors), "rule": most.rule if most else None})


def _crowds(round_: Round, waiting: Sequence[int]) -> dict[int, Reason]:
    """The crowd of each; in large rounds one for all of them, which holds for each as well."""
    possible = round_.possible
    if possible.size > EACH:
        return dict.fromkeys(waiting, _crowd(round_, possible, list(waiting))) if waiting else {}
    return {row: _crowd(round_, possible, [row]) for row in waiting}


def _crowd(round_: Round, possible: Mask, rows: list[int]) -> Reason:
    """Everybody whom a place for these could be taken from, step by step, and the mentors they could go to."""
    free = [at for at in range(len(round_.mentees)) if at not in round_.fixed]
    held = np.full(len(round_.mentees), UNSERVED)
    held[free] = round_.assigned[free]
    left = round_.left
    mentees, mentors = np.zeros(len(held), bool), np.zeros(len(left), bool)
    mentees[rows] = True
    fresh = np.array(rows)
    while len(fresh):
        mentors |= possible[fresh].any(axis=0)
        fresh = np.flatnonzero(~mentees & (held != UNSERVED) & mentors[held])
        mentees[fresh] = True
    places, taken = int(left[mentors].sum()), int((held[mentees] != UNSERVED).sum())
    return Reason(
        "crowded" if places == taken else "not_chosen",
        {"mentees": int(mentees.sum()), "mentors": int(mentors.sum()), "places": places},
    )
