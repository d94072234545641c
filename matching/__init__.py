"""Varde's matching engine: the best legal mentor for every mentee, and why.

Pure: no web, no database, no clock. Importing it loads no numpy; the first `propose` does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from matching.findings import (
    Alternative,
    Blocking,
    Counterfactual,
    Move,
    Outcome,
    Pair,
    Part,
    Reason,
    Unmatched,
    as_data,
    points,
    whole_points,
)
from matching.municipalities import Municipality, municipalities
from matching.profiles import (
    DEFAULT,
    FULL_SCORE,
    PARTS,
    UNITS_PER_POINT,
    InputError,
    Link,
    Mentee,
    Mentor,
    Mode,
    Objective,
    Reservation,
    ReservationKind,
    Rule,
    Weights,
    Wishes,
)

__all__ = [
    "DEFAULT",
    "FULL_SCORE",
    "PARTS",
    "UNITS_PER_POINT",
    "Alternative",
    "Blocking",
    "Counterfactual",
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
    "allowed",
    "alternatives",
    "as_data",
    "counterfactual",
    "freed_by",
    "matrix",
    "municipalities",
    "pair",
    "points",
    "propose",
    "scores",
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
    even_load: bool = False,
) -> Outcome:
    """Solve a round exactly and suggest up to `proposals` mentors to each mentee.

    `texts` are vectors from `matching.text`, by person id. With `even_load` a mentor's next mentee costs more than the one
    before (see matching.loads). Raises InputError on duplicate ids, an unknown municipality, a number out of range or a
    fixed pair that cannot be. The result does not depend on row order.
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
        even_load=even_load,
    )


def allowed(
    mentors: Iterable[Mentor],
    mentees: Iterable[Mentee],
    pairs: Iterable[Link],
    reservations: Iterable[Reservation] = (),
    *,
    forbidden: Iterable[Link] = (),
) -> frozenset[Link]:
    """Those of `pairs` that no rule stands in the way of now. Nothing is scored or solved, so it costs next to nothing.

    A pair with a paused mentee, or with somebody who is not among those handed in, is not allowed. The pairs' own `rule` is not
    read. Raises InputError as `propose` does.
    """
    from matching import checking, exclusions

    return exclusions.allowed(
        checking.checked_mentees(mentees),
        checking.checked_mentors(mentors),
        pairs,
        checking.checked_reservations(reservations),
        forbidden,
    )


def alternatives(
    outcome: Outcome, mentee: str, limit: int = 5, among: Collection[str] | None = None
) -> tuple[Alternative, ...]:
    """The best other mentors for one mentee (of those in `among`, if given), each with what the round becomes if that pair is fixed."""
    from matching.outcomes import alternatives

    return alternatives(outcome, mentee, limit, among)


def pair(outcome: Outcome, mentee: str, mentor: str, seen_by: str | None = None) -> Pair | Rule | None:
    """Any cell of the matrix: the legal pair with parts and reasons, or the rule that stands in the way.

    None where it cannot be and `seen_by` (a person's id; None is the secretariat) may not be told why.
    """
    from matching.outcomes import pair

    return pair(outcome.round, mentee, mentor, seen_by)


def matrix(outcome: Outcome) -> dict[tuple[str, str], int]:
    """The score in units of every legal pair by (mentee, mentor)."""
    from matching.outcomes import legal_scores

    return legal_scores(outcome.round)


def scores(
    mentors: Iterable[Mentor],
    mentees: Iterable[Mentee],
    reservations: Iterable[Reservation] = (),
    weights: Weights = DEFAULT,
    *,
    forbidden: Iterable[Link] = (),
    texts: Mapping[str, Sequence[float]] | None = None,
) -> dict[tuple[str, str], int]:
    """As `matrix`, without a round: nothing is solved. Raises InputError as `propose` does."""
    from matching.outcomes import legal_scores
    from matching.rounds import unsolved

    return legal_scores(unsolved(mentors, mentees, reservations, weights, forbidden, texts or {}))


def counterfactual(outcome: Outcome, mentee: str, mentor: str, seen_by: str | None = None) -> Counterfactual:
    """What would have made this pair happen, as `seen_by` (a person's id; None is the secretariat) may be told it.

    Exact: the round is solved again. Raises InputError for somebody who is not in the round.
    """
    from matching.counterfactuals import counterfactual

    return counterfactual(outcome.round, mentee, mentor, seen_by)


def freed_by(
    outcome: Outcome, mentee: str, seen_by: str | None = None, limit: int = 3
) -> tuple[Counterfactual, ...]:
    """What would give a mentee without a mentor one: a place more, or a rule lifted. Empty for those who have one."""
    from matching.counterfactuals import freed_by

    return freed_by(outcome.round, mentee, seen_by, limit)
