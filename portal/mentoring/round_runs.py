"""A run of a round: what the engine makes of the decisions, and the draft that then stands."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

import matching
from portal.extensions import Json, db
from portal.mentoring.pool import Pool, pool
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_decisions import Decisions, last_runs
from portal.mentoring.round_inputs import Given, given_in, inputs_of, propose
from portal.mentoring.round_models import Cause, MatchRun
from portal.mentoring.round_people import People
from portal.mentoring.round_reach import beyond_reach, is_within_reach
from portal.mentoring.round_refusals import PairImpossible

PAIRING = (Cause.SWAP, Cause.LOCK)


@dataclass(frozen=True)
class Step:
    """One run to make: the decisions it keeps, what caused it and the pair it is about. `undoes` how many runs it replaces."""

    cause: Cause
    decisions: Decisions
    about: tuple[int, int] | None = None
    undoes: int = 0


@dataclass(frozen=True)
class Solved:
    """What the engine found, with those it was given."""

    outcome: matching.Outcome
    people: People
    present: Pool


@dataclass(frozen=True)
class Wanted:
    """A pair that is chosen, and the run on whose page it is."""

    link: matching.Link
    given: Given
    is_theirs: bool  # already: offered, wherever it stands


def back(round_: MatchRound) -> Step | None:
    """The step that takes the last decision back: what was decided before it stands again."""
    last, before = last_runs(round_, 2)
    if last is None or before is None or not last.can_be_undone:
        return None
    about = (before.mentee_id, before.mentor_id)
    pair = (about[0], about[1]) if about[0] and about[1] else None
    return Step(before.cause, Decisions.stored(before.decisions), pair, undoes=2)


def run_round(round_: MatchRound, step: Step, by_id: int | None, now: datetime) -> MatchRun:
    """Solve the round anew and replace its draft."""
    require_reach(wanted_in(round_, step))
    people, present = People.load(), pool(now)
    return keep(round_, step, Solved(solve(step.decisions, present, people), people, present), by_id, now)


def solve(decisions: Decisions, present: Pool, people: People) -> matching.Outcome:
    """The best round that keeps what is decided. A lock that has become impossible gives way."""
    places = [mentor.capacity for mentor in present.mentors if mentor.capacity and not mentor.paused]
    seeking = sum(not mentee.paused for mentee in present.mentees)
    decisions.aim.require_possible(seeking, len(places), sum(places))
    excluded = [link for pair in decisions.exclusions if (link := people.link(*pair))]
    locked = [link for pair in decisions.locks.items() if (link := people.link(*pair))]
    beyond = set(beyond_reach(present, {link.mentee for link in excluded})) - set(locked)

    def best(fixed: list[matching.Link]) -> matching.Outcome:
        return propose(
            present.mentors,
            present.mentees,
            decisions.aim,
            reservations=present.reservations,
            forbidden=[*present.forbidden, *excluded, *beyond],
            fixed=fixed,
            texts=present.open_texts,
        )

    free = best([])
    kept = list(_possible(locked, present, free))
    return best(kept) if kept else free


def _possible(
    locked: list[matching.Link], present: Pool, outcome: matching.Outcome
) -> Iterator[matching.Link]:
    left = Counter({mentor.id: mentor.capacity for mentor in present.mentors})
    seeking = {mentee.id for mentee in present.mentees if not mentee.paused}
    for link in locked:
        if link.mentee not in seeking or left[link.mentor] < 1:
            continue
        if isinstance(matching.pair(outcome, link.mentee, link.mentor), matching.Pair):
            left[link.mentor] -= 1
            yield link


def keep(round_: MatchRound, step: Step, solved: Solved, by_id: int | None, now: datetime) -> MatchRun:
    """Write down what was found. Raises PairImpossible where the pair that the step is about did not come to be."""
    outcome, people = solved.outcome, solved.people
    if step.cause in PAIRING and not step.undoes:
        _require_pair(step, solved)
    number = _number(round_, step)
    _write_draft(round_, outcome, people, now)
    round_.weights, round_.run_at, round_.run_by_id = step.decisions.aim.weights.as_dict(), now, by_id
    mentee_id, mentor_id = step.about or (None, None)
    run = MatchRun(
        round_id=round_.id,
        number=number,
        ran_at=now,
        by_id=by_id,
        cause=step.cause,
        mentee_id=mentee_id,
        mentor_id=mentor_id,
        decisions=step.decisions.as_data(),
        result=_result(solved),
        inputs=inputs_of(outcome, solved.present),
    )
    db.session.add(run)
    db.session.flush()
    return run


def _require_pair(step: Step, solved: Solved) -> None:
    link = solved.people.link(*step.about) if step.about else None
    made = next((p for p in solved.outcome.pairs if link and p.mentee == link.mentee), None)
    if made is None or link is None or made.mentor != link.mentor:
        raise PairImpossible


def wanted_in(round_: MatchRound, step: Step) -> Wanted | None:
    """The pair that the step chooses, if it chooses one, with what the page offers it from."""
    if step.cause not in PAIRING or step.undoes or step.about is None:
        return None
    (last,) = last_runs(round_, 1)
    link = People.load().link(*step.about)
    if last is None or link is None:
        return None
    mentee, mentor = step.about
    return Wanted(link, given_in(last), last.pairs.get(mentee, (0, 0))[0] == mentor)


def require_reach(wanted: Wanted | None) -> None:
    """Only what the page offers can be chosen: whoever tries the others learns nothing from the no. Raises PairImpossible."""
    if wanted and not wanted.is_theirs and not is_within_reach(wanted.given, wanted.link):
        raise PairImpossible


def _number(round_: MatchRound, step: Step) -> int:
    """The number of the run to come. The runs that it replaces go."""
    last, before = last_runs(round_, 2)
    if not step.undoes:
        return last.number + 1 if last else 1
    number = before.number if before else 1
    for run in (last, before):
        if run is not None:
            db.session.delete(run)
    db.session.flush()
    return number


def _write_draft(round_: MatchRound, outcome: matching.Outcome, people: People, now: datetime) -> None:
    """Up to three proposals to everyone who has got a mentor; the others wait."""
    db.session.execute(delete(Proposal).where(Proposal.round_id == round_.id))
    db.session.expire(round_, ["proposals"])
    # With their members, whose keys seal what tells of their wishes.
    ids = [people.mentees.by_member[pair.mentee].id for pair in outcome.pairs]
    rows = select(MenteeProfile).where(MenteeProfile.id.in_(ids)).options(joinedload(MenteeProfile.member))
    mentees = {mentee.id: mentee for mentee in db.session.scalars(rows)}
    for served in outcome.pairs:
        for rank, pair in enumerate(outcome.proposals[served.mentee], start=1):
            data = matching.as_data(pair)
            row = Proposal(
                round_id=round_.id,
                mentee=mentees[people.mentees.by_member[pair.mentee].id],
                mentor_id=people.mentors.by_member[pair.mentor].id,
                rank=rank,
                locked_at=now if pair.fixed else None,
                **{key: data[key] for key in ("score", "parts", "reasons", "difference")},
            )
            db.session.add(row)
    db.session.flush()


def _result(solved: Solved) -> Json:
    outcome, people = solved.outcome, solved.people
    mentees, mentors = people.mentees.by_member, people.mentors.by_member
    return {
        "pairs": [[mentees[p.mentee].id, mentors[p.mentor].id, p.score] for p in outcome.pairs],
        "unmatched": [mentees[left.mentee].id for left in outcome.unmatched],
        "total": outcome.total,
        "seeking": outcome.seeking,
        "places": outcome.places,
        "mentors": sum(1 for mentor in solved.present.mentors if mentor.capacity and not mentor.paused),
    }
