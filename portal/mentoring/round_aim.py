"""What a round aims at: five weights for people and seven for the engine, the end, and what another aim would change."""

from dataclasses import dataclass
from typing import Any

import matching
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_board import Board
from portal.mentoring.round_decisions import Aim, Decisions
from portal.mentoring.round_inputs import solve_again
from portal.mentoring.round_parts import ROWS


def to_form(round_: MatchRound) -> dict[str, Any]:
    """The round's aim, its weights as five whole numbers."""
    aim = Decisions.of(round_).aim
    return {**weights_of(aim), "objective": aim.objective.value, "even_load": aim.even_load}


def weights_of(aim: Aim) -> dict[str, int]:
    weights = aim.weights.as_dict()
    return {name: round(sum(weights[part] for part in parts)) for name, parts in ROWS.items()}


def from_form(form: Any) -> Aim:
    """Each number shared between its parts as the experts' prior shares it."""
    prior = matching.DEFAULT.as_dict()
    weights: dict[str, float] = {}
    for name, parts in ROWS.items():
        whole = sum(prior[part] for part in parts)
        weights |= {part: (form[name].data or 0) * prior[part] / whole for part in parts}
    return Aim(
        matching.Weights(**weights), matching.Objective(form.objective.data), bool(form.even_load.data)
    )


@dataclass(frozen=True)
class Effect:
    """The round that another aim would give, beside the one that stands."""

    served: int
    worst: int
    average: int
    moved: list[tuple[str, str, str]]  # mentee, mentor now, mentor then


def effect_of(board: Board, aim: Aim) -> Effect | None:
    """What it would change; None before the first run, and where solving takes longer than a page may."""
    if board.run is None or board.is_large:
        return None
    outcome = solve_again(board.run, aim)
    mentees, mentors = board.people.mentees.by_member, board.people.mentors
    # None for the viewer, whose own pair is a colleague's to see to.
    then = {
        mentees[pair.mentee].id: party.id if (party := mentors.by_member.get(pair.mentor)) else None
        for pair in outcome.pairs
        if pair.mentee in mentees
    }
    now = {
        mentee: None if mentor == mentors.own else mentor
        for mentee, (mentor, _units) in board.run.pairs.items()
    }
    known = board.people.mentees.by_id
    changed = [
        mentee
        for mentee in {*now, *then}
        if mentee in known
        and now.get(mentee, 0) != then.get(mentee, 0)
        and None not in (now.get(mentee, 0), then.get(mentee, 0))
    ]

    def name(mentor: int | None) -> str:
        party = mentors.by_id.get(mentor or 0)
        return party.name if party else "–"

    return Effect(
        outcome.coverage,
        matching.points(outcome.worst or 0),
        round(matching.points(outcome.total) / max(outcome.coverage, 1)),
        [
            (known[mentee].name, name(now.get(mentee)), name(then.get(mentee)))
            for mentee in sorted(changed, key=lambda mentee: known[mentee].sort_key)
        ],
    )
