"""Rounds too large for a request: ordered by the page, made by a worker, watched meanwhile.

Nothing is held while the engine works: all is read and opened before, for whatever the database is asked after a commit
begins a transaction, and on SQLite that holds the only write lock. The result is written in one transaction by whoever
still has the hold, so that a worker that comes back from the dead writes nothing, and a round that was run twice has run once.
"""

import time
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from sqlalchemy import select
from sqlalchemy.orm import lazyload

from portal import audit, jobs
from portal.accounts.models import User
from portal.database import lock
from portal.errors import DomainError
from portal.extensions import Json, db
from portal.mentoring.pool import pool
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_decisions import Decisions
from portal.mentoring.round_figures import report_data
from portal.mentoring.round_models import RunOrder, Stage
from portal.mentoring.round_orders import RAN, work_for
from portal.mentoring.round_people import People
from portal.mentoring.round_runs import Solved, Step, back, keep, require_reach, solve, wanted_in

HOLD = timedelta(minutes=15)
MOST_ATTEMPTS = 3
log = structlog.get_logger("varde.rounds")


@jobs.register("run rounds")
def run_ordered(now: datetime) -> int:
    """Run the rounds that wait, one after another. Commits as it goes, so that the page can tell how far it has come."""
    made = 0
    while hold := _take(now):
        try:
            made += _Attempt(hold, now).run()
        except Exception as error:  # the next worker tries again; what is wrong with one round stops no other
            db.session.rollback()
            log.exception("round failed", round=hold[0])
            _let_go(hold, now, for_good=isinstance(error, DomainError))
    return made


def _take(now: datetime) -> tuple[int, str] | None:
    """Take an order that nobody holds, or whose holder is gone."""
    free = RunOrder.held_until.is_(None) | (RunOrder.held_until < now)
    rows = select(RunOrder).where(RunOrder.failed_at.is_(None), free).order_by(RunOrder.ordered_at)
    found = db.session.scalar(
        rows.limit(1).options(lazyload(RunOrder.round)).with_for_update(skip_locked=True, of=RunOrder)
    )
    if found is None:
        db.session.commit()
        return None
    if found.attempts >= MOST_ATTEMPTS:
        found.failed_at, found.hold, found.held_until = now, None, None
        db.session.commit()
        return _take(now)
    found.hold, found.held_until, found.attempts = uuid4().hex, now + HOLD, found.attempts + 1
    found.stage, found.done = Stage.READING, 0
    taken = (found.round_id, found.hold)
    db.session.commit()
    return taken


def _let_go(hold: tuple[int, str], now: datetime, for_good: bool) -> None:
    found = _held(hold)
    if found is not None:
        found.hold, found.held_until, found.stage = None, None, Stage.WAITING
        if for_good or found.attempts >= MOST_ATTEMPTS:
            found.failed_at = now
    db.session.commit()


def _held(hold: tuple[int, str]) -> RunOrder | None:
    """The order, if it is still ours."""
    rows = select(RunOrder).where(RunOrder.round_id == hold[0], RunOrder.hold == hold[1])
    rows = rows.options(lazyload(RunOrder.round)).execution_options(populate_existing=True)
    return db.session.scalar(rows.with_for_update(of=RunOrder))


class _Attempt:
    """One worker's try at one order."""

    def __init__(self, hold: tuple[int, str], now: datetime) -> None:
        self.hold, self.now, self.began, self.report = hold, now, time.monotonic(), Json()

    def run(self) -> bool:
        """Whether the round was run; false when somebody else has taken over, or the draft is gone."""
        found = _held(self.hold)
        if found is None:
            db.session.commit()
            return False
        round_ = db.session.get_one(MatchRound, found.round_id)
        step = back(round_) if found.is_undoing else _step(found)
        if step is None or round_.released_at is not None:
            db.session.delete(found)
            db.session.commit()
            return False
        wanted, people, present = wanted_in(round_, step), People.load(), pool(self.now)
        count = len(present.mentors) + len(present.mentees)
        if not self._tell(Stage.SOLVING, count, work_for(count)):
            return False
        require_reach(wanted)
        outcome = solve(step.decisions, present, people)
        self.report = report_data(outcome)  # so that no page has to solve so large a round
        if not self._tell(Stage.WRITING, 2 * count, work_for(count)):
            return False
        return self._write(step, Solved(outcome, people, present))

    def _tell(self, stage: Stage, done: int, of: int) -> bool:
        """Say how far it has come, and hold on; whether it is still ours."""
        found = _held(self.hold)
        if found is not None:
            found.stage, found.done, found.of = stage, done, of
            found.held_until = self.now + timedelta(seconds=time.monotonic() - self.began) + HOLD
        db.session.commit()
        return found is not None

    def _write(self, step: Step, solved: Solved) -> bool:
        round_ = db.session.get(MatchRound, self.hold[0])
        if round_ is not None:
            lock(round_)
        found = _held(self.hold)
        if round_ is None or found is None:
            db.session.commit()
            return False
        by = db.session.get(User, found.ordered_by_id) if found.ordered_by_id else None
        run = keep(round_, step, solved, found.ordered_by_id, self.now)
        run.result = {**run.result, "report": self.report}
        audit.record(RAN, by=by, on=round_, at=self.now, cause=step.cause.value, number=run.number)
        db.session.delete(found)
        db.session.commit()
        return True


def _step(found: RunOrder) -> Step:
    about = (found.mentee_id, found.mentor_id)
    pair = (about[0], about[1]) if about[0] and about[1] else None
    return Step(found.cause, Decisions.stored(found.decisions), pair)
