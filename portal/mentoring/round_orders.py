"""A run that is too large for a request, as the page orders it and follows it."""

from datetime import datetime

from sqlalchemy import select

from portal import audit
from portal.accounts.models import User
from portal.extensions import db
from portal.mentoring.pool import how_many
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_models import RunOrder
from portal.mentoring.round_refusals import IsRunning
from portal.mentoring.round_runs import Step

RAN = audit.declare("round run", "cause", "number")


def order(round_: MatchRound, step: Step, by: User, now: datetime) -> RunOrder:
    """Lay the step down for a worker. One that came to nothing gives way. Raises IsRunning while one is on its way."""
    waiting = db.session.get(RunOrder, round_.id, with_for_update=True)
    if waiting is not None and waiting.failed_at is None:
        raise IsRunning
    if waiting is not None:
        db.session.delete(waiting)
        db.session.flush()
    mentee_id, mentor_id = step.about or (None, None)
    made = RunOrder(
        round_id=round_.id,
        cause=step.cause,
        is_undoing=bool(step.undoes),
        decisions=step.decisions.as_data(),
        mentee_id=mentee_id,
        mentor_id=mentor_id,
        ordered_at=now,
        ordered_by_id=by.id,
        of=work_for(how_many()),
    )
    db.session.add(made)
    db.session.flush()
    return made


def work_for(people: int) -> int:
    """Everybody is read, paired and written."""
    return 3 * people


def order_of(round_: MatchRound) -> RunOrder | None:
    return db.session.scalar(select(RunOrder).where(RunOrder.round_id == round_.id))
