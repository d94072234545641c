"""The rows whose term is over at a moment: what the sweep takes, and what the doctor looks for afterwards."""

from collections.abc import Callable
from datetime import date, datetime, time

from sqlalchemy import Select, exists, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.coaching.models import Booking, Enrolment, Programme, Slot
from portal.consents import Consent
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_models import MatchRun
from portal.notifications import OutboxMessage
from portal.privacy.erasure import is_erased
from portal.privacy.terms import ACCOUNTING_YEARS, BY_CODE

Rows = Select[tuple[int]]


def mails(now: datetime) -> Rows:
    old = now - BY_CODE["mails"].lasts
    gone = or_(OutboxMessage.sent_at < old, OutboxMessage.withdrawn_at < old)
    return select(OutboxMessage.id).where(gone)


def themes(now: datetime) -> Rows:
    last = clock.today(now) - BY_CODE["themes"].lasts
    over = select(Programme.id).where(Programme.ends_on < last, Programme.clips_valid_until < last)
    theirs = select(Enrolment.id).where(Enrolment.programme_id.in_(over))
    return select(Booking.id).where(Booking.theme.is_not(None), Booking.enrolment_id.in_(theirs))


def _closed_rounds(now: datetime) -> Rows:
    over = func.coalesce(MatchRound.closed_at, MatchRound.answer_by)  # not everybody closes a round
    return select(MatchRound.id).where(
        MatchRound.released_at.is_not(None), over < now - BY_CODE["proposals"].lasts
    )


def proposals(now: datetime) -> Rows:
    return select(Proposal.id).where(Proposal.round_id.in_(_closed_rounds(now)), Proposal.score != 0)


def lapsed_proposals(now: datetime) -> Rows:
    paired = exists().where(Mentorship.proposal_id == Proposal.id)
    lapsed = select(Proposal.id).where(Proposal.lapsed_at.is_not(None), ~paired)
    return lapsed.where(Proposal.round_id.in_(_closed_rounds(now)))


def runs(now: datetime) -> Rows:
    return select(MatchRun.id).where(
        MatchRun.round_id.in_(_closed_rounds(now)), MatchRun.emptied_at.is_(None)
    )


def drafts(now: datetime) -> Rows:
    old = MatchRound.created_at < now - BY_CODE["drafts"].lasts
    return select(MatchRound.id).where(MatchRound.released_at.is_(None), old)


def meetings(now: datetime) -> Rows:
    ended = select(Mentorship.id).where(Mentorship.ended_at < now - BY_CODE["meetings"].lasts)
    return select(Meeting.id).where(Meeting.mentorship_id.in_(ended))


def consents(now: datetime) -> Rows:
    return select(Consent.id).where(Consent.withdrawn_at < now - BY_CODE["consents"].lasts)


def _first_kept(now: datetime) -> date:
    """The first day of the oldest accounting year that must still be kept."""
    return date(clock.today(now).year - ACCOUNTING_YEARS, 1, 1)


def _old_slots(now: datetime) -> Rows:
    return select(Slot.id).where(Slot.starts_at < clock.from_oslo(_first_kept(now), time()))


def bookings(now: datetime) -> Rows:
    return select(Booking.id).where(Booking.slot_id.in_(_old_slots(now)))


def slots(now: datetime) -> Rows:
    return _old_slots(now).where(~exists().where(Booking.slot_id == Slot.id))


def enrolments(now: datetime) -> Rows:
    day = _first_kept(now)
    over = select(Programme.id).where(Programme.ends_on < day, Programme.clips_valid_until < day)
    booked = exists().where(Booking.enrolment_id == Enrolment.id)
    return select(Enrolment.id).where(Enrolment.programme_id.in_(over), ~booked)


def users(now: datetime) -> Rows:
    long_out = User.deactivated_at < now - BY_CODE["membership"].lasts
    return select(User.id).where(long_out, ~is_erased())


EVERYTHING: dict[str, Callable[[datetime], Rows]] = {
    rows.__name__: rows
    for rows in (
        mails,
        themes,
        proposals,
        lapsed_proposals,
        runs,
        drafts,
        meetings,
        consents,
        bookings,
        slots,
        enrolments,
        users,
    )
}
