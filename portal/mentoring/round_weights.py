"""Five weights for people, seven for the engine; and what other weights would do to a round."""

from dataclasses import dataclass
from typing import Any

import matching
from portal.mentoring.models import MatchRound
from portal.mentoring.round_board import ROWS, Board


def to_form(round_: MatchRound) -> dict[str, int]:
    """The round's weights as five whole numbers."""
    weights = matching.Weights(**round_.weights).as_dict()
    return {name: round(sum(weights[part] for part in parts)) for name, parts in ROWS.items()}


def from_form(form: Any) -> matching.Weights:
    """Each number shared between its parts as the experts' prior shares it."""
    prior = matching.DEFAULT.as_dict()
    weights: dict[str, float] = {}
    for name, parts in ROWS.items():
        whole = sum(prior[part] for part in parts)
        weights |= {part: (form[name].data or 0) * prior[part] / whole for part in parts}
    return matching.Weights(**weights)


@dataclass(frozen=True)
class Effect:
    """The round that other weights would give, beside the one that stands."""

    served: int
    worst: int
    average: int
    moved: list[tuple[str, str, str]]  # mentee, mentor now, mentor then


def effect_of(board: Board, weights: matching.Weights) -> Effect | None:
    """What the weights would change; None before the first run."""
    if board.run is None:
        return None
    outcome = board.run.solve(weights)
    mentees, mentors = board.people.mentees.by_member, board.people.mentors
    known_mentors = mentors.by_member
    then = {
        mentees[pair.mentee].id: known_mentors[pair.mentor].id
        for pair in outcome.pairs
        if pair.mentee in mentees and pair.mentor in known_mentors
    }
    now = {mentee: mentor for mentee, (mentor, _units) in board.run.pairs.items()}
    known = board.people.mentees.by_id
    changed = [
        mentee
        for mentee in {*now, *then}
        if now.get(mentee) != then.get(mentee) and mentee in known and now.get(mentee) != (mentors.own or 0)
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
