"""Varde's matching engine: the best legal mentor for every mentee, and why.

Pure: no web, no database, no clock. Importing it loads no numpy; the first `propose` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from matching.municipalities import Municipality, municipalities
from matching.profiles import (
    DEFAULT,
    FULL_SCORE,
    PARTS,
    UNITS_PER_POINT,
    Alternative,
    Blocking,
    InputError,
    Link,
    Mentee,
    Mentor,
    Mode,
    Move,
    Objective,
    Outcome,
    Pair,
    Part,
    Reason,
    Reservation,
    ReservationKind,
    Rule,
    Unmatched,
    Weights,
    Wishes,
    as_data,
    points,
    whole_points,
)

__all__ = [
    "DEFAULT",
    "FULL_SCORE",
    "PARTS",
    "UNITS_PER_POINT",
    "Alternative",
    "Blocking",
    "InputError",
    "Link",
    "Mentee",
    "Mentor",
    "Mode",
    "Move",
    "Municipality",
    "Objective",
    "Outcome",
    "Pair",
    "Part",
    "Reason",
    "Reservation",
    "ReservationKind",
    "Rule",
    "Unmatched",
    "Weights",
    "Wishes",
    "alternatives",
    "as_data",
    "matrix",
    "municipalities",
    "pair",
    "points",
    "propose",
    "whole_points",
]


def propose(
    mentors: Iterable[Mentor],
    mentees: Iterable[Mentee],
    reservations: Iterable[Reservation] = (),
    weights: Weights = DEFAULT,
    *,
    forbidden: Iterable[Link] = (),
    fixed: Iterable[Link] = (),
    proposals: int = 3,
    objective: Objective | str = Objective.FLOOR,
    texts: Mapping[str, Sequence[float]] | None = None,
) -> Outcome:
    """Solve a round exactly and suggest up to `proposals` mentors to each mentee.

    `texts` are vectors from `matching.text`, by person id. Raises InputError on duplicate ids, an unknown
    municipality, a number out of range or a fixed pair that cannot be. The result does not depend on row order.
    """
    from matching.rounds import solve

    return solve(
        mentors,
        mentees,
        reservations,
        weights,
        forbidden=forbidden,
        fixed=fixed,
        proposals=proposals,
        objective=Objective(objective),
        texts=texts or {},
    )


def alternatives(outcome: Outcome, mentee: str, limit: int = 5) -> tuple[Alternative, ...]:
    """The best other mentors for one mentee, each with what the round becomes if that pair is fixed."""
    return outcome.round.alternatives(outcome, mentee, limit)


def pair(outcome: Outcome, mentee: str, mentor: str) -> Pair | Rule:
    """Any cell of the matrix: the legal pair with parts and reasons, or the rule that stands in the way."""
    return outcome.round.pair(mentee, mentor)


def matrix(outcome: Outcome) -> dict[tuple[str, str], int]:
    """The score in units of every legal pair by (mentee, mentor)."""
    return outcome.round.legal_scores()
