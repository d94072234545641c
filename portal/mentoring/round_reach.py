"""The pairs that the secretariat is shown and may choose: each mentee's best, and no more.

A pair that cannot be looks exactly like one that is further down: were every possible pair shown, an empty place
would tell that somebody has said no to somebody.
"""

import matching

Link = tuple[str, str]  # mentee and mentor, as the engine names them


def within_reach(outcome: matching.Outcome) -> dict[Link, int]:
    """Units of the best half of the mentors for each mentee, however few they are, and of the pairs chosen."""
    scores = matching.matrix(outcome)
    most = (len(outcome.round.mentors) + 1) // 2
    chosen = {(pair.mentee, pair.mentor) for pair in outcome.pairs}
    per_mentee: dict[str, list[tuple[int, str]]] = {}
    for (mentee, mentor), units in scores.items():
        per_mentee.setdefault(mentee, []).append((-units, mentor))
    best = {(mentee, mentor) for mentee, row in per_mentee.items() for _units, mentor in sorted(row)[:most]}
    return {link: scores[link] for link in best | chosen}
