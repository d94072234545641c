"""Ending what somebody takes part in, by the rules of each subject, so that the others get their neutral mails."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import select, update

from portal.accounts.models import User
from portal.coaching import availability, enrolment
from portal.coaching.models import Booking, Coach, Enrolment, Slot
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import lapsing, mentorships, rounds
from portal.mentoring.models import EndReason, MatchRound, MenteeProfile, MentorProfile, Mentorship
from portal.notifications import Kind, OutboxMessage, outbox


def end_everything(user: User, now: datetime) -> None:
    """Conversations, hours, seats, proposals and pairs. Doing it twice changes nothing more."""
    _shut_out(user, now)
    _cancel_conversations(user, now)
    _take_back_hours(user, now)
    _leave_programmes(user, now)
    _end_pairs(user, now)
    _drop_drafts(user, now)
    _lapse_proposals(user, now)
    _stop_mails(user, now)


def _shut_out(user: User, now: datetime) -> None:
    # First, so that nobody is proposed to, or books with, somebody who is leaving.
    user.deactivated_at = user.deactivated_at or now
    db.session.flush()


def _cancel_conversations(user: User, now: datetime) -> None:
    for rows in (Booking.of_member(user), Booking.of_coach(user)):
        ahead = rows.where(Booking.cancelled_at.is_(None), Slot.starts_at > now)
        for booking in db.session.scalars(ahead).all():
            if booking.is_ahead(now):
                booking.cancel(user, now)


def _take_back_hours(user: User, now: datetime) -> None:
    coach = db.session.scalar(select(Coach).where(Coach.user_id == user.id))
    if coach is None:
        return
    free = select(Slot).where(Slot.coach_id == coach.id, Slot.withdrawn_at.is_(None), Slot.starts_at > now)
    for slot in db.session.scalars(free).all():
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


def _drop_drafts(user: User, now: datetime) -> None:
    """A draft that was reckoned on somebody who is gone is no basis for anything."""
    if any(_profiles(user)):
        for draft in db.session.scalars(select(MatchRound).where(MatchRound.released_at.is_(None))).all():
            rounds.drop(draft, user, now)


def _lapse_proposals(user: User, now: datetime) -> None:
    lapsing.lapse_all_of([profile for profile in _profiles(user) if profile is not None], now)


def _stop_mails(user: User, now: datetime) -> None:
    unsent = OutboxMessage.sent_at.is_(None) & OutboxMessage.withdrawn_at.is_(None)
    db.session.execute(
        update(OutboxMessage).where(OutboxMessage.user_id == user.id, unsent).values(withdrawn_at=now)
    )
