"""What the secretariat decides in a draft: start it, run it, shape it by hand, take that back, throw it away."""

from dataclasses import replace
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from portal import audit
from portal.accounts.models import User
from portal.database import refused
from portal.extensions import db
from portal.mentoring.pool import how_many, how_many_seek
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_decisions import Aim, Decisions, last_runs
from portal.mentoring.round_models import Cause, Ground, MatchRun
from portal.mentoring.round_orders import RAN, order, order_of
from portal.mentoring.round_people import People
from portal.mentoring.round_refusals import (
    DraftExists,
    HasChanged,
    IsRunning,
    NobodySeeks,
    NotADraft,
    PairImpossible,
)
from portal.mentoring.round_runs import Step, back, run_round
from portal.notifications import outbox

STARTED = audit.declare("round started")
UNDONE = audit.declare("round decision undone", "number")
DROPPED = audit.declare("draft round dropped")

Pair = tuple[int, int]


def start_round(name: str, by: User, now: datetime) -> MatchRound:
    """A new round, run once. Raises DraftExists while another lies unreleased, NobodySeeks when there is nobody in it."""
    if db.session.scalar(select(MatchRound.id).where(MatchRound.released_at.is_(None))) is not None:
        raise DraftExists
    if not how_many_seek():
        raise NobodySeeks
    round_ = MatchRound(name=name, created_at=now, created_by_id=by.id, weights={})
    step = Step(Cause.RUN, Decisions())
    with refused({"uq_match_round_draft": DraftExists}):
        db.session.add(round_)
        db.session.flush()
    if is_large():
        order(round_, step, by, now)
    else:
        run_round(round_, step, by.id, now)
    audit.record(STARTED, by=by, on=round_, at=now)
    return round_


def is_large() -> bool:
    """Whether there are so many that a worker runs the round."""
    return how_many() > int(current_app.config["ROUND_IN_REQUEST"])


def rerun(round_: MatchRound, by: User, now: datetime) -> MatchRun | None:
    """Run it again on today's profiles; what is locked and excluded stays."""
    return _decide(round_, Step(Cause.RUN, Decisions.of(round_)), by, now)


def swap(round_: MatchRound, pair: Pair, by: User, now: datetime) -> MatchRun | None:
    """Give the mentee this mentor and lock it, so that the next run does not take it back."""
    return _decide(round_, Step(Cause.SWAP, Decisions.of(round_).with_lock(*pair), pair), by, now)


def lock(round_: MatchRound, pair: Pair, by: User, now: datetime) -> MatchRun | None:
    return _decide(round_, Step(Cause.LOCK, Decisions.of(round_).with_lock(*pair), pair), by, now)


def unlock(round_: MatchRound, pair: Pair, by: User, now: datetime) -> MatchRun | None:
    return _decide(round_, Step(Cause.UNLOCK, Decisions.of(round_).without_lock(pair[0]), pair), by, now)


def exclude(round_: MatchRound, pair: Pair, ground: Ground, by: User, now: datetime) -> MatchRun | None:
    """Rule the pair out of this round and find the next best."""
    decisions = Decisions.of(round_).with_exclusion(*pair, ground)
    return _decide(round_, Step(Cause.EXCLUSION, decisions, pair), by, now)


def let_in(round_: MatchRound, pair: Pair, by: User, now: datetime) -> MatchRun | None:
    """Take an exclusion back, also when it is not the last thing that was decided."""
    decisions = Decisions.of(round_).without_exclusion(*pair)
    return _decide(round_, Step(Cause.RUN, decisions, pair), by, now)


def aim_at(round_: MatchRound, aim: Aim, by: User, now: datetime) -> MatchRun | None:
    """Run it with other weights, or for another end. Raises TooLargeForAim or NotEvenAndStable."""
    (last,) = last_runs(round_, 1)
    mentors, places = (last.result["mentors"], last.result["places"]) if last else (0, 0)
    aim.require_possible(how_many_seek(), mentors, places)
    return _decide(round_, Step(Cause.WEIGHTS, replace(Decisions.of(round_), aim=aim)), by, now)


def undo(round_: MatchRound, seen: str, by: User, now: datetime) -> int | None:
    """Take back the last decision, which is the one that was looked at; where there is none, all stays.

    `seen` is that run's mark. Returns the mentee that it was about, if any. Raises HasChanged.
    """
    require_draft(round_)
    (last,) = last_runs(round_, 1)
    if last is not None and last.mark != seen:
        raise HasChanged
    if last is not None and People.load(without=by).is_own(last.mentee_id, last.mentor_id):
        raise PairImpossible
    step = back(round_)
    if step is None or last is None:
        return None
    about, number = last.mentee_id, last.number
    _run_or_order(round_, step, by, now)
    audit.record(UNDONE, by=by, on=round_, at=now, number=number)
    return about


def drop(round_: MatchRound, by: User, now: datetime, seen: str | None = None) -> None:
    """Throw the draft away. Nobody but the secretariat has seen it.

    `seen` is the mark of the run that was looked at, where somebody has looked. Raises HasChanged where it is not the last.
    """
    if round_.released_at is not None:
        raise NotADraft
    (last,) = last_runs(round_, 1)
    if seen is not None and seen != (last.mark if last is not None else ""):
        raise HasChanged
    audit.record(DROPPED, by=by, on=outbox.name(round_), at=now)
    db.session.delete(round_)


def require_draft(round_: MatchRound) -> None:
    """Only a draft that no worker is busy with can be decided on."""
    if round_.released_at is not None:
        raise NotADraft
    waiting = order_of(round_)
    if waiting is not None and waiting.failed_at is None:
        raise IsRunning


def _decide(round_: MatchRound, step: Step, by: User, now: datetime) -> MatchRun | None:
    """The run, or None where it is left to a worker."""
    require_draft(round_)
    if step.about is not None and People.load(without=by).link(*step.about) is None:
        raise PairImpossible
    run = _run_or_order(round_, step, by, now)
    if run is not None:
        audit.record(RAN, by=by, on=round_, at=now, cause=step.cause.value, number=run.number)
    return run


def _run_or_order(round_: MatchRound, step: Step, by: User, now: datetime) -> MatchRun | None:
    if is_large():
        order(round_, step, by, now)
        return None
    return run_round(round_, step, by.id, now)
