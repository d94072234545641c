"""Ending what somebody takes part in, by the rules of each subject, so that the others get their neutral mails."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from sqlalchemy import Select, select

from portal.accounts.models import User
from portal.coaching import availability, enrolment
from portal.coaching.models import Booking, Coach, Enrolment, Slot
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import lapsing, mentorships, rounds
from portal.mentoring.mentorship_models import EndReason, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_orders import order_of
from portal.notifications import Kind, outbox

SIDES = ("mentees", "mentors")


def end_everything(user: User, now: datetime) -> None:
    """Conversations, hours, seats, proposals and pairs. Doing it twice changes nothing more."""
    _shut_out(user, now)
    _cancel_conversations(user, now)
    _take_back_hours(user, now)
    _leave_programmes(user, now)
    _end_pairs(user, now)
    drop_drafts(user, now)
    _lapse_proposals(user, now)


def _shut_out(user: User, now: datetime) -> None:
    # First, so that nobody is proposed to, or books with, somebody who is leaving.
    user.deactivated_at = user.deactivated_at or now
    db.session.flush()


def takes_part(user: User, now: datetime, drafts_until: datetime) -> bool:
    """Whether something runs that `end_everything` would end; of drafts those that were reckoned until then."""
    live = (_hours_ahead(user, now), Mentorship.of(user).where(Mentorship.ended_at.is_(None)))
    return (
        any(True for _booking in _conversations_ahead(user, now))
        or any(db.session.scalar(rows.limit(1)) is not None for rows in live)
        or any(_is_in(draft, user, drafts_until) for draft in _drafts())
    )


def _conversations_ahead(user: User, now: datetime) -> Iterator[Booking]:
    for rows in (Booking.of_member(user), Booking.of_coach(user)):
        ahead = rows.where(Booking.cancelled_at.is_(None), Slot.starts_at > now)
        yield from (booking for booking in db.session.scalars(ahead).all() if booking.is_ahead(now))


def _cancel_conversations(user: User, now: datetime) -> None:
    for booking in _conversations_ahead(user, now):
        booking.cancel(user, now)


def _hours_ahead(user: User, now: datetime) -> Select[tuple[Slot]]:
    own = select(Slot).join(Slot.coach).where(Coach.user_id == user.id)
    return own.where(Slot.withdrawn_at.is_(None), Slot.starts_at > now)


def _take_back_hours(user: User, now: datetime) -> None:
    for slot in db.session.scalars(_hours_ahead(user, now)).all():
        availability.take_back(slot, user, now)


def _leave_programmes(user: User, now: datetime) -> None:
    mine = select(Enrolment).join(Enrolment.member).where(Member.user_id == user.id)
    for place in db.session.scalars(mine.where(Enrolment.withdrawn_at.is_(None))).all():
        with suppress(enrolment.ClipsInUse):  # the seat has cost something, so it counts as taken
            enrolment.withdraw(place, user, now)


def _end_pairs(user: User, now: datetime) -> None:
    for pair in db.session.scalars(Mentorship.of(user).where(Mentorship.ended_at.is_(None))).all():
        both = (pair.mentee.member.user, pair.mentor.member.user)
        mentorships.end(pair, EndReason.OTHER, user, now)
        for other in both:
            if other.id != user.id:
                path = f"/mentoring/mentorships/{pair.id}"
                # The same words as when they became a pair: that something waits in the portal.
                outbox.send(Kind.PAIRED, other, now, path=path, about=pair)


def _profiles(user: User) -> tuple[MenteeProfile | None, MentorProfile | None]:
    return db.session.scalar(MenteeProfile.visible_to(user)), db.session.scalar(
        MentorProfile.visible_to(user)
    )


def _drafts() -> list[MatchRound]:
    return list(db.session.scalars(select(MatchRound).where(MatchRound.released_at.is_(None))))


def drop_drafts(user: User, now: datetime) -> None:
    """A draft that was reckoned on somebody who is gone is no basis for anything."""
    for draft in _drafts():
        if _is_in(draft, user) or _may_be_running_with(draft, user):
            rounds.drop(draft, user, now)


def _may_be_running_with(draft: MatchRound, user: User) -> bool:
    """Whether a worker is busy with the draft, and may have been given the person."""
    waiting = order_of(draft)
    return waiting is not None and waiting.failed_at is None and any(_profiles(user))


def _is_in(draft: MatchRound, user: User, until: datetime | None = None) -> bool:
    """Whether the engine was given the person in one of the draft's runs."""
    runs = select(MatchRun.inputs).where(MatchRun.round_id == draft.id)
    if until is not None:
        runs = runs.where(MatchRun.ran_at <= until)
    member = str(db.session.scalar(select(Member.id).where(Member.user_id == user.id)))
    given = (inputs or {} for inputs in db.session.scalars(runs))
    return any(member == one["id"] for some in given for side in SIDES for one in some.get(side, ()))


def _lapse_proposals(user: User, now: datetime) -> None:
    lapsing.lapse_all_of([profile for profile in _profiles(user) if profile is not None], now)
