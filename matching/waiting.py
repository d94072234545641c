"""Who is left without a mentor, in what order they wait, and why.

| reason | values | meaning |
|---|---|---|
| no_mentors | | nobody can be a mentor in this round |
| ruled_out | mentors, rule | the rules leave nobody; `rule` takes the most of those that may be told, or is None |
| crowded | mentees, mentors, places | so many can only be helped by these mentors, who have fewer places (Hall 1935) |
| not_chosen | mentees, mentors, places | there was a place to move to; the objective `stable` serves fewer |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np

from matching import exclusions
from matching.assignment import UNSERVED
from matching.confidence import SECRETARIAT
from matching.profiles import Blocking, Pair, Reason, Rule, Unmatched
from matching.rounds import Cell, Round


def unmatched(round_: Round, best: Mapping[int, int], pair: Callable[[Cell], Pair]) -> tuple[Unmatched, ...]:
    """By mentee id; the waiting list runs by the worth of the best legal mentor, then by id."""
    left = [row for row in range(len(round_.mentees)) if round_.assigned[row] == UNSERVED]
    waiting = sorted(
        (row for row in left if best[row] != UNSERVED),
        key=lambda row: (-round_.worth[row, best[row]], row),
    )
    return tuple(
        _unmatched(
            round_, row, waiting.index(row) + 1 if row in waiting else None,
            pair((row, best[row])) if row in waiting else None,
        )
        for row in left
    )  # fmt: skip


def _unmatched(round_: Round, row: int, waiting: int | None, best: Pair | None) -> Unmatched:
    rules = Counter(exclusions.RULES[code] for code in round_.rules[row].tolist() if code != exclusions.NONE)
    blocking = tuple(Blocking(rule, rules[rule]) for rule in Rule if rule in SECRETARIAT and rules[rule])
    return Unmatched(
        mentee=round_.mentees[row].id,
        legal=len(round_.mentors) - sum(rules.values()),
        blocking=blocking,
        untold=sum(rules.values()) - sum(one.mentors for one in blocking),
        waiting=waiting,
        best=best,
        reason=_crowd(round_, row) if waiting else _ruled_out(round_, blocking),
    )


def _ruled_out(round_: Round, blocking: tuple[Blocking, ...]) -> Reason:
    if not round_.mentors:
        return Reason("no_mentors", {})
    most = max(blocking, key=lambda one: one.mentors, default=None)
    return Reason("ruled_out", {"mentors": len(round_.mentors), "rule": most.rule if most else None})


def _crowd(round_: Round, row: int) -> Reason:
    """Everybody whom a place for `row` could be taken from, step by step, and the mentors they could go to."""
    free = [at for at in range(len(round_.mentees)) if at not in round_.fixed]
    held = np.full(len(round_.mentees), UNSERVED)
    held[free] = round_.assigned[free]
    left = round_.capacity - np.bincount(list(round_.fixed.values()), minlength=len(round_.mentors))
    mentees, mentors = np.zeros(len(held), bool), np.zeros(len(left), bool)
    mentees[row] = True
    fresh = np.array([row])
    while len(fresh):
        mentors |= round_.legal[fresh].any(axis=0) & (left > 0)
        fresh = np.flatnonzero(~mentees & (held != UNSERVED) & mentors[held])
        mentees[fresh] = True
    places, taken = int(left[mentors].sum()), int((held[mentees] != UNSERVED).sum())
    return Reason(
        "crowded" if places == taken else "not_chosen",
        {"mentees": int(mentees.sum()), "mentors": int(mentors.sum()), "places": places},
    )
