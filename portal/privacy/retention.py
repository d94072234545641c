"""Deleting what is too old. Each sweep may be run as often as one likes, and is bounded by its term."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from portal import jobs
from portal.coaching.models import Booking, Enrolment, Slot
from portal.consents import Consent
from portal.extensions import db
from portal.mentoring.mentorship_models import Meeting
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_figures import keep_figures_only
from portal.mentoring.round_models import MatchRun
from portal.notifications import OutboxMessage
from portal.privacy import too_old
from portal.privacy.erasure import erase_each

Sweep = Callable[[datetime], int]
SWEEPS: dict[str, Sweep] = {}


def _sweeps(code: str) -> Callable[[Sweep], Sweep]:
    def add(sweep: Sweep) -> Sweep:
        SWEEPS[code] = sweep
        return sweep

    return add


@jobs.register("delete what is too old")
def sweep(now: datetime) -> int:
    """Everything whose term is over; commits. Returns how many rows it changed or deleted."""
    return sum(one(now) for one in SWEEPS.values())


def _run(statement: Any) -> int:
    done: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


@_sweeps("mails")
def _mails(now: datetime) -> int:
    return _run(delete(OutboxMessage).where(OutboxMessage.id.in_(too_old.mails(now))))


@_sweeps("themes")
def _themes(now: datetime) -> int:
    return _run(update(Booking).where(Booking.id.in_(too_old.themes(now))).values(theme_sealed=None))


@_sweeps("proposals")
def _proposals(now: datetime) -> int:
    """The pair and the answers stay, for a no holds for ever; what was said of the two goes. What lapsed goes whole."""
    gone = _run(delete(Proposal).where(Proposal.id.in_(too_old.lapsed_proposals(now))))
    said = update(Proposal).where(Proposal.id.in_(too_old.proposals(now)))
    return gone + _run(said.values(score=0, parts=[], reasons_sealed=None, difference_sealed=None))


@_sweeps("runs")
def _runs(now: datetime) -> int:
    """Who was put with whom, with how many points, and whom the secretariat ruled out; the round's own figures stay."""
    old = list(db.session.scalars(select(MatchRun).where(MatchRun.id.in_(too_old.runs(now)))))
    for run in old:
        keep_figures_only(run, now)
    db.session.flush()
    return len(old)


@_sweeps("drafts")
def _drafts(now: datetime) -> int:
    return _run(delete(MatchRound).where(MatchRound.id.in_(too_old.drafts(now))))


@_sweeps("meetings")
def _meetings(now: datetime) -> int:
    return _run(delete(Meeting).where(Meeting.id.in_(too_old.meetings(now))))


@_sweeps("consents")
def _consents(now: datetime) -> int:
    return _run(delete(Consent).where(Consent.id.in_(too_old.consents(now))))


@_sweeps("accounts")
def _accounts(now: datetime) -> int:
    """Conversations of years whose accounts need no longer be kept; then the hours and seats that nothing needs."""
    gone = _run(delete(Booking).where(Booking.id.in_(too_old.bookings(now))))
    gone += _run(delete(Slot).where(Slot.id.in_(too_old.slots(now))))
    return gone + _run(delete(Enrolment).where(Enrolment.id.in_(too_old.enrolments(now))))


@_sweeps("membership")
def _membership(now: datetime) -> int:
    """Erase those who have been shut out for so long that they are not coming back."""
    return erase_each(too_old.users(now), now)
