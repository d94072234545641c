"""The pairs that the secretariat is shown and may choose: each mentee's best, and no more.

A pair that cannot be looks exactly like one that is further down: were every possible pair shown, an empty place
would tell that somebody has said no to somebody. Nor does who is shown follow what the secretariat does to the round: by
other weights, or one exclusion after another, everybody would come into sight in turn but the one who cannot.
"""

from collections.abc import Collection, Mapping, Sequence

import matching
from portal.mentoring.pool import Pool
from portal.mentoring.round_inputs import Given

Link = tuple[str, str]  # mentee and mentor, as the engine names them
Scores = Mapping[Link, int]


def within_reach(outcome: matching.Outcome) -> dict[Link, int]:
    """Units of the best half of the mentors for each mentee, however few they are, and of the pairs chosen."""
    round_, scores = outcome.round, matching.matrix(outcome)
    standing: Scores = scores
    if round_.weights != matching.DEFAULT:
        standing = matching.scores(
            round_.mentors,
            round_.mentees,
            round_.reservations,
            forbidden=round_.forbidden,
            texts=round_.texts,
        )
    chosen = {(pair.mentee, pair.mentor) for pair in outcome.pairs}
    return {link: scores[link] for link in _best_half(standing, round_.mentors) | chosen}


def is_within_reach(given: Given, link: matching.Link) -> bool:
    """Whether the page of a run offers the pair, without solving it again: only the one mentee's mentors are scored."""
    mentors, mentees, blocked = given.those
    mentee = [one for one in mentees if one.id == link.mentee]
    scores = matching.scores(mentors, mentee, forbidden=blocked, texts=given.texts)
    return (link.mentee, link.mentor) in _best_half(scores, mentors)


def beyond_reach(present: Pool, mentees: Collection[str]) -> list[matching.Link]:
    """The pairs of these mentees that are not shown. With a mentee whom the secretariat has begun to exclude from mentors
    they are left out, so that those who come after the excluded end where what is shown ends."""
    few = [mentee for mentee in present.mentees if mentee.id in mentees and not mentee.paused]
    if not few:
        return []
    mentors = [mentor for mentor in present.mentors if mentor.capacity and not mentor.paused]
    scores = matching.scores(
        mentors, few, present.reservations, forbidden=present.forbidden, texts=present.open_texts
    )
    everybody = {(mentee.id, mentor.id) for mentee in few for mentor in mentors}
    return [matching.Link(*link) for link in sorted(everybody - _best_half(scores, mentors))]


def _best_half(scores: Scores, mentors: Sequence[matching.Mentor]) -> set[Link]:
    most = (len(mentors) + 1) // 2
    per_mentee: dict[str, list[tuple[int, str]]] = {}
    for (mentee, mentor), units in scores.items():
        per_mentee.setdefault(mentee, []).append((-units, mentor))
    return {(mentee, mentor) for mentee, row in per_mentee.items() for _units, mentor in sorted(row)[:most]}
