"""Deleting what is too old. Each sweep may be run as often as one likes, and is bounded by its term."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from portal import clock, jobs
from portal.accounts.models import User
from portal.coaching.models import Booking, Enrolment, Programme, Slot
from portal.consents import Consent
from portal.extensions import db
from portal.mentoring.models import MatchRound, Meeting, Mentorship, Proposal
from portal.notifications import OutboxMessage
from portal.privacy.erasure import erase, is_erased
from portal.privacy.terms import ACCOUNTING_YEARS, BY_CODE

Sweep = Callable[[datetime], int]
SWEEPS: dict[str, Sweep] = {}


def _sweeps(code: str) -> Callable[[Sweep], Sweep]:
    def add(sweep: Sweep) -> Sweep:
        SWEEPS[code] = sweep
        return sweep

    return add


@jobs.register("delete what is too old")
def sweep(now: datetime) -> int:
    """Everything whose term is over. Returns how many rows it changed or deleted."""
    return sum(one(now) for one in SWEEPS.values())


def _run(statement: Any) -> int:
    done: Any = db.session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


@_sweeps("mails")
def _mails(now: datetime) -> int:
    old = now - BY_CODE["mails"].lasts
    return _run(
        delete(OutboxMessage).where(or_(OutboxMessage.sent_at < old, OutboxMessage.withdrawn_at < old))
    )


@_sweeps("themes")
def _themes(now: datetime) -> int:
    last = clock.today(now) - BY_CODE["themes"].lasts
    over = select(Programme.id).where(Programme.ends_on < last, Programme.clips_valid_until < last)
    theirs = select(Enrolment.id).where(Enrolment.programme_id.in_(over))
    with_theme = Booking.theme.is_not(None) & Booking.enrolment_id.in_(theirs)
    return _run(update(Booking).where(with_theme).values(theme=None))


@_sweeps("proposals")
def _proposals(now: datetime) -> int:
    """The pair and the answers stay, for a no holds for ever; what was said of the two goes. What lapsed goes whole."""
    closed = select(MatchRound.id).where(MatchRound.closed_at < now - BY_CODE["proposals"].lasts)
    old = Proposal.round_id.in_(closed)
    paired = exists().where(Mentorship.proposal_id == Proposal.id)
    gone = _run(delete(Proposal).where(old, Proposal.lapsed_at.is_not(None), ~paired))
    said = update(Proposal).where(old, Proposal.score != 0)
    return gone + _run(said.values(score=0, parts=[], reasons=[], difference=None))


@_sweeps("drafts")
def _drafts(now: datetime) -> int:
    old = (MatchRound.released_at.is_(None)) & (MatchRound.created_at < now - BY_CODE["drafts"].lasts)
    return _run(delete(MatchRound).where(old))


@_sweeps("meetings")
def _meetings(now: datetime) -> int:
    ended = select(Mentorship.id).where(Mentorship.ended_at < now - BY_CODE["meetings"].lasts)
    return _run(delete(Meeting).where(Meeting.mentorship_id.in_(ended)))


@_sweeps("consents")
def _consents(now: datetime) -> int:
    return _run(delete(Consent).where(Consent.withdrawn_at < now - BY_CODE["consents"].lasts))


@_sweeps("accounts")
def _accounts(now: datetime) -> int:
    """Conversations of years whose accounts need no longer be kept; then the hours and seats that nothing needs."""
    first_kept = date(clock.today(now).year - ACCOUNTING_YEARS, 1, 1)
    before = clock.from_oslo(first_kept, time())
    old_slots = select(Slot.id).where(Slot.starts_at < before)
    gone = _run(delete(Booking).where(Booking.slot_id.in_(old_slots)))
    booked = exists().where(Booking.slot_id == Slot.id)
    gone += _run(delete(Slot).where(Slot.starts_at < before, ~booked))
    over = select(Programme.id).where(
        Programme.ends_on < first_kept, Programme.clips_valid_until < first_kept
    )
    seated = exists().where(Booking.enrolment_id == Enrolment.id)
    return gone + _run(delete(Enrolment).where(Enrolment.programme_id.in_(over), ~seated))


@_sweeps("membership")
def _membership(now: datetime) -> int:
    """Erase those who have been shut out for so long that they are not coming back."""
    long_out = User.deactivated_at < now - BY_CODE["membership"].lasts
    users = db.session.scalars(select(User).where(long_out, ~is_erased())).all()
    for user in users:
        erase(user, None, now)
    return len(users)
