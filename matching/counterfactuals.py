"""What would have made a pair happen, and what would give somebody a mentor. Exact: each answer is a round solved again.

"So many points more" is the fewest units with which every best round has the pair: the round is solved with the pair
fixed, and what that costs the others is what the pair lacks. Nothing confidential leaves here; see matching.confidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from matching import loads, outcomes
from matching.assignment import UNSERVED, served_at_most
from matching.exclusions import mentor_rule
from matching.findings import Counterfactual, Value
from matching.profiles import HIGHEST_WORTH, Objective, Rule
from matching.rounds import Cell, Indices, Mask, Round

TRIED = 30  # mentors, best first, that somebody left is tried with: each is a round solved
LIFTABLE = frozenset(Rule) - {Rule.SAME_PERSON, Rule.SAME_MUNICIPALITY, Rule.FULL}


def counterfactual(round_: Round, mentee: str, mentor: str, seen_by: str | None) -> Counterfactual:
    """See matching.counterfactual."""
    row, column = cell = round_.cell(mentee, mentor)
    rules = round_.rules_of(row, column)
    if round_.assigned[row] == column:
        return Counterfactual("chosen", {"mentor": mentor})
    if row in round_.fixed:
        return Counterfactual("fixed", {"mentor": round_.mentors[round_.fixed[row]].id})
    if rules - {Rule.FULL}:
        told = outcomes.told(round_, cell, rules, seen_by)
        if not told:
            return Counterfactual("not_possible", {"mentor": mentor})
        return Counterfactual("rule", {"mentor": mentor, "rule": told[0]})
    units, stopped_by = _lacking(round_, cell)
    if _has_it_with_a_place_more(round_, cell):
        return Counterfactual("place", {"mentor": mentor, "units": units})
    if rules:
        return Counterfactual("rule", {"mentor": mentor, "rule": Rule.FULL})
    return Counterfactual(stopped_by or "points", _values(mentor, units))


def freed_by(round_: Round, mentee: str, seen_by: str | None, limit: int) -> tuple[Counterfactual, ...]:
    """See matching.freed_by. The mentors worth most to the mentee are tried first."""
    row = round_.row_of(mentee)
    if round_.assigned[row] != UNSERVED:
        return ()
    return tuple(islice(_ways_out(round_, row, seen_by), limit)) or tuple(_places_for_all_ahead(round_, row))


def _ways_out(round_: Round, row: int, seen_by: str | None) -> Iterator[Counterfactual]:
    for column in _by_worth(round_, row)[:TRIED]:
        mentor, rules = round_.mentors[column].id, round_.rules_of(row, column)
        if rules <= {Rule.FULL}:
            if _has_it_with_a_place_more(round_, (row, column)):
                yield Counterfactual("place", {"mentor": mentor, "units": None})
        elif len(rules) == 1 and rules <= LIFTABLE:
            (rule,) = rules
            told = outcomes.told(round_, (row, column), rules, seen_by)
            if told and _has_it_without(round_, (row, column), rule):
                yield Counterfactual("lifted", {"mentor": mentor, "rule": rule})


def _places_for_all_ahead(round_: Round, row: int) -> Iterator[Counterfactual]:
    """Where one more place goes to somebody ahead: how many it takes at the best mentor until this one has a mentor too."""
    possible = (to for to in _by_worth(round_, row) if round_.rules_of(row, to) <= {Rule.FULL})
    column = next(possible, None)
    most = int(np.count_nonzero(round_.assigned == UNSERVED))
    if column is None or _with_places(round_, column, most)[row] == UNSERVED:
        return
    few, enough = 0, most
    while enough - few > 1:
        middle = (few + enough) // 2
        served = _with_places(round_, column, middle)[row] != UNSERVED
        few, enough = (few, middle) if served else (middle, enough)
    yield Counterfactual("places", {"mentor": round_.mentors[column].id, "places": enough})


def _by_worth(round_: Round, row: int) -> list[int]:
    return [int(column) for column in np.argsort(-round_.worth[row], kind="stable")]


def _has_it_with_a_place_more(round_: Round, cell: Cell) -> bool:
    row, column = cell
    if np.count_nonzero(round_.assigned == column) < round_.capacity[column]:
        return False  # there is a place already
    return bool(_with_places(round_, column, 1)[row] == column)


def _with_places(round_: Round, column: int, more: int) -> Indices:
    """Everybody's mentor if this one had so many more places."""
    capacity = round_.capacity.copy()
    capacity[column] += more
    legal = _without(round_, column, Rule.FULL)
    return round_.assignment(round_.fixed, capacity=capacity, legal=legal).column


def _has_it_without(round_: Round, cell: Cell, rule: Rule) -> bool:
    """Whether the pair would happen without the rule: for the pair, or for everybody where it is the mentor's."""
    row, column = cell
    legal = round_.legal
    if rule in mentor_rule(round_.mentors[column]):
        legal = _without(round_, column, rule)
    else:
        legal[cell] = True
    return bool(round_.assignment(round_.fixed, legal=legal).column[row] == column)


def _without(round_: Round, column: int, rule: Rule) -> Mask:
    """The legal pairs if the mentor's own rule did not hold. What stands between the two does so still."""
    legal = round_.legal
    if rule in mentor_rule(round_.mentors[column]):
        legal[:, column] = [round_.rules_of(row, column) == {rule} for row in range(len(legal))]
    return legal


def _lacking(round_: Round, cell: Cell) -> tuple[int | None, str | None]:
    """The fewest units more with which the pair is sure to happen; or None, and what no number of them changes."""
    row, column = cell
    fixed = {**round_.fixed, row: column}
    if list(fixed.values()).count(column) > round_.capacity[column]:
        return None, "coverage"
    if round_.objective is Objective.STABLE:
        return _lacking_when_stable(round_, cell), None
    # Above the floor that stands, the rest is after the total alone: the pair itself decides whether the floor holds.
    floor = round_.floor or 0
    legal = round_.legal & (round_.worth >= floor) if round_.objective is Objective.FLOOR else round_.legal
    after = Objective.TOTAL if round_.objective is Objective.FLOOR else round_.objective
    rest = round_.assignment(fixed, legal=legal, objective=after).column
    served = int(np.count_nonzero(rest != UNSERVED))
    if served < np.count_nonzero(round_.assigned != UNSERVED):
        whole = round_.assignment(fixed, objective=Objective.TOTAL).column
        return None, "coverage" if np.count_nonzero(whole != UNSERVED) == served else "worst"
    if round_.objective is Objective.LEXIMIN:
        units = _lacking_in_order(round_, rest, row)
        return units, None if units else "worst"
    units = _value(round_, round_.assigned) - _value(round_, rest) + 1
    if round_.objective is Objective.FLOOR:
        short = floor - int(round_.worth[cell])
        units = max(units, short)
        if short + 1 < units and _rest_can_do_better(round_, fixed, floor, served):
            units = short + 1
    return units, None


def _rest_can_do_better(round_: Round, fixed: dict[int, int], floor: int, served: int) -> bool:
    """Whether all the others can be above the floor, so that this pair alone holds it down."""
    others = [row for row in range(len(round_.mentees)) if row not in fixed]
    left = round_.capacity - np.bincount(list(fixed.values()), minlength=len(round_.mentors))
    above = (round_.legal & (round_.worth > floor))[others] & (left > 0)
    return served_at_most(above, left) == served - len(fixed)


def _value(round_: Round, columns: Indices) -> int:
    """What the total is of: worth, less the cost of the load where that is evened."""
    served = np.flatnonzero(columns != UNSERVED)
    total = int(round_.worth[served, columns[served]].sum())
    if round_.even_load:
        total -= loads.load_cost(np.bincount(columns[served], minlength=len(round_.mentors)))
    return total


def _lacking_in_order(round_: Round, rest: Indices, row: int) -> int | None:
    """For leximin: compared worst first, then by load."""

    def worth(columns: Indices, more: int = 0) -> tuple[list[int], int]:
        free = [at for at, to in enumerate(columns.tolist()) if to != UNSERVED and at not in round_.fixed]
        units = [int(round_.worth[at, columns[at]]) + (more if at == row else 0) for at in free]
        return sorted(units), _value(round_, columns) - sum(units) + more

    now = worth(round_.assigned)
    return _fewest(lambda more: worth(rest, more) > now)


def _lacking_when_stable(round_: Round, cell: Cell) -> int | None:
    def has_it(more: int) -> bool:
        worth = round_.worth.copy()
        worth[cell] += more
        return bool(round_.assignment(round_.fixed, worth=worth).column[cell[0]] == cell[1])

    return _fewest(has_it)


def _fewest(enough: Callable[[int], bool]) -> int | None:
    """The least number of units that is enough, where more always are; None when even the most are not."""
    low, high = 0, 2 * HIGHEST_WORTH
    if not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _values(mentor: str, units: int | None) -> dict[str, Value]:
    return {"mentor": mentor} if units is None else {"mentor": mentor, "units": units}
