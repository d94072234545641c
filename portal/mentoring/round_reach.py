"""The pairs that the secretariat is shown and may choose: each mentee's best, and no more.

A pair that cannot be looks exactly like one that is further down: were every possible pair shown, an empty place
would tell that somebody has said no to somebody. So those whom the secretariat rules out itself leave their places empty:
were they filled by the next, the one who never came up would be the one who has said no. Other weights show another half; whoever tries many
can come to suspect, never to know, for being far down and being ruled out still look the same. Every run is in the audit.
"""

from collections import Counter

import matching
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_people import People

Link = tuple[str, str]  # mentee and mentor, as the engine names them


def within_reach(outcome: matching.Outcome, excluded: Counter[str]) -> dict[Link, int]:
    """Units of the best half of the mentors for each mentee, less those whom the secretariat has excluded, and of the pairs chosen."""
    scores = matching.matrix(outcome)
    most = half(len(outcome.round.mentors))
    chosen = {(pair.mentee, pair.mentor) for pair in outcome.pairs}
    per_mentee: dict[str, list[tuple[int, str]]] = {}
    for (mentee, mentor), units in scores.items():
        per_mentee.setdefault(mentee, []).append((-units, mentor))
    best = {
        (mentee, mentor)
        for mentee, row in per_mentee.items()
        for _units, mentor in sorted(row)[: max(most - excluded[mentee], 0)]
    }
    return {link: scores[link] for link in best | chosen}


def half(mentors: int) -> int:
    return (mentors + 1) // 2


def excluded_in(run: MatchRun | None, people: People) -> Counter[str]:
    """How many mentors the secretariat has excluded for each mentee, as the engine names them."""
    rows = run.decisions["exclusions"] if run else []
    known = people.mentees.by_id
    return Counter(known[mentee].member_id for mentee, _mentor, _ground in rows if mentee in known)
