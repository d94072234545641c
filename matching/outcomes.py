"""What a solved round says: its pairs with reasons, the suggestions, and why somebody is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from matching import confidence, exclusions, ranking, waiting
from matching.assignment import UNSERVED
from matching.explain import Explainer
from matching.findings import Alternative, Outcome, Pair, Part
from matching.profiles import PARTS, Rule
from matching.rounds import Cell, Round


def outcome(round_: Round, proposals: int) -> Outcome:
    """Solve and explain."""
    found = round_.assignment(round_.fixed)
    round_.assigned, round_.price, round_.floor = found.column, found.price, found.floor
    served = [(row, int(column)) for row, column in enumerate(found.column) if column != UNSERVED]
    wanted = {row: suggested(round_, row, proposals) for row in range(len(round_.mentees))}
    missed = waiting.wanted(round_)
    cells = {*served, *missed.items(), *((row, column) for row in wanted for column in wanted[row])}
    found_pairs = pairs(round_, sorted(cells))
    return Outcome(
        pairs=tuple(found_pairs[cell] for cell in served),
        proposals={
            mentee.id: tuple(found_pairs[row, column] for column in wanted[row])
            for row, mentee in enumerate(round_.mentees)
        },
        unmatched=waiting.unmatched(round_, missed, found_pairs),
        demand=_demand(round_),
        weights=round_.weights,
        objective=round_.objective,
        seeking=len(round_.mentees),
        places=sum(mentor.capacity for mentor in round_.mentors if not mentor.paused),
        even_load=round_.even_load,
        round=round_,
    )


def suggested(round_: Round, row: int, number: int) -> list[int]:
    """The assigned mentor first, then those worth most to this mentee beyond what the others would pay for them.

    Prices hold among pairs at or above the floor; a mentor who is below it for everybody is cheap without being good, so
    those pairs come last. A mentor whose places are all fixed has no price and can be had by nobody else.
    """
    own = [int(round_.assigned[row])] if round_.assigned[row] != UNSERVED else []
    legal = np.flatnonzero((round_.rules[row] == exclusions.NONE) & (round_.left > 0))
    worth = round_.worth[row, legal]
    order = legal[np.lexsort((legal, round_.price[legal] - worth, worth < (round_.floor or 0)))]
    return (own + [int(column) for column in order if column not in own])[:number]


def pairs(round_: Round, cells: Sequence[Cell]) -> dict[Cell, Pair]:
    """The pairs at those cells, with parts, reasons and difference."""
    rows, columns = np.array(cells, dtype=np.intp).reshape(-1, 2).T
    units = round_.scoring.parts(rows, columns)
    return {cell: _pair(round_, cell, parts) for cell, parts in zip(cells, units.tolist(), strict=True)}


def _pair(round_: Round, cell: Cell, units: Sequence[int]) -> Pair:
    mentee, mentor = round_.mentees[cell[0]], round_.mentors[cell[1]]
    limits, rank = round_.scoring.limits, round_.ranks.get(cell)
    parts = tuple(Part(name, value, limits[name]) for name, value in zip(PARTS, units, strict=True))
    why = Explainer(mentee, mentor, parts)
    return Pair(
        mentee=mentee.id,
        mentor=mentor.id,
        score=int(round_.scores[cell]),
        parts=parts,
        reasons=why.reasons(),
        difference=why.difference(),
        fixed=round_.fixed.get(cell[0]) == cell[1],
        rank=rank,
        bonus=ranking.bonus(rank),
    )


def pair(round_: Round, mentee: str, mentor: str, seen_by: str | None) -> Pair | Rule | None:
    """See matching.pair."""
    cell = round_.cell(mentee, mentor)
    rules = round_.rules_of(*cell)
    return next(iter(told(round_, cell, rules, seen_by)), None) if rules else pairs(round_, [cell])[cell]


def told(round_: Round, cell: Cell, rules: frozenset[Rule], seen_by: str | None) -> list[Rule]:
    """Those of the rules that may be told; see confidence.told."""
    mentee, mentor = round_.mentees[cell[0]], round_.mentors[cell[1]]
    owned = exclusions.owned(mentee, mentor, round_.reservations)
    return confidence.told(rules, mentee, mentor, owned, seen_by)


def legal_scores(round_: Round) -> dict[tuple[str, str], int]:
    """See matching.matrix."""
    found = np.argwhere(round_.legal).tolist()
    return {(round_.mentees[i].id, round_.mentors[j].id): int(round_.scores[i, j]) for i, j in found}


def alternatives(
    before: Outcome, mentee: str, limit: int, among: Collection[str] | None = None
) -> tuple[Alternative, ...]:
    """See matching.alternatives. Chosen by worth beyond price, shown by score."""
    round_ = before.round
    row = round_.row_of(mentee)
    columns = [
        to
        for to in suggested(round_, row, len(round_.mentors))
        if to != round_.assigned[row] and (among is None or round_.mentors[to].id in among)
    ]
    found = [_alternative(before, row, column) for column in columns[:limit]]
    return tuple(sorted(found, key=lambda item: (-item.pair.score, item.pair.mentor)))


def _alternative(before: Outcome, row: int, column: int) -> Alternative:
    round_ = before.round
    columns = round_.assignment({**round_.fixed, row: column}).column
    scores = [round_.score(at, to) for at, to in enumerate(columns.tolist()) if to != UNSERVED]
    return Alternative(
        pair=pairs(round_, [(row, column)])[row, column],
        change=sum(scores) - before.total,
        coverage_change=len(scores) - before.coverage,
        worst_change=min(scores) - (before.worst or 0),
        moves=round_.moves(columns, but=row),
    )


def _demand(round_: Round) -> dict[str, int]:
    """For how many mentees each mentor is the legal one worth most."""
    best = Counter(round_.worth_most(row, round_.capacity > 0) for row in range(len(round_.mentees)))
    return {mentor.id: best[column] for column, mentor in enumerate(round_.mentors)}
