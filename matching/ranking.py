"""A mentee's own order of mentors, as a bonus in whole units beside the score.

The first choice is worth 12 points more when the engine chooses, the second 6, the third 4: BONUS divided by the rank. A bonus is
never in the score, which is the same before and after the mentee has ranked, and it lifts no rule. Ranked mentors who are
not in the round, or whom a rule takes away, are passed over without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matching.profiles import UNITS_PER_POINT, Mentee

BONUS = 12 * UNITS_PER_POINT


def bonus(rank: int | None) -> int:
    """Units for a mentor in that place, 1 first; nothing for one who is not ranked."""
    return BONUS // rank if rank else 0


def ranks(mentees: Sequence[Mentee], column: Mapping[str, int]) -> dict[tuple[int, int], int]:
    """(row, column) to rank for every ranked mentor who is in the round."""
    return {
        (row, column[mentor]): rank
        for row, mentee in enumerate(mentees)
        for rank, mentor in enumerate(mentee.ranking, start=1)
        if mentor in column
    }
