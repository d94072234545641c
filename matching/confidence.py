"""What may be told to whom of the rules in a pair's way. All that leaves the engine for a page goes through here.

A reservation and a tie are told to the one whose they are and to nobody else. So that what is kept back does not betray them, earlier
declined and ended pairs are kept back with them: "not possible" can be any of the four.
"""

from __future__ import annotations

from collections.abc import Iterable

from matching.profiles import Mentee, Mentor, Rule

EVIDENT = frozenset({Rule.SAME_PERSON, Rule.SAME_MUNICIPALITY, Rule.PAUSED, Rule.FULL})
SECRETARIAT = EVIDENT | {Rule.NEIGHBOUR, Rule.EXCLUDED}  # the last is the secretariat's own decision


def told(
    rules: Iterable[Rule],
    mentee: Mentee,
    mentor: Mentor,
    owned: frozenset[tuple[str, Rule]],
    seen_by: str | None,
) -> list[Rule]:
    """Those of a pair's rules that a person, or the secretariat (None), may be told, in Rule's order.

    `owned` says who of the two has a reservation or a tie against the other.
    """
    may = SECRETARIAT if seen_by is None else EVIDENT | _own(mentee, mentor, owned, seen_by)
    present = frozenset(rules)
    return [rule for rule in Rule if rule in present & may]


def _own(mentee: Mentee, mentor: Mentor, owned: frozenset[tuple[str, Rule]], seen_by: str) -> frozenset[Rule]:
    own = {rule for owner, rule in owned if owner == seen_by}
    asked = any(one.id == seen_by and one.avoid_neighbours for one in (mentee, mentor))
    return frozenset(own | ({Rule.NEIGHBOUR} if asked else set()))
