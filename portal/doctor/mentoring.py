"""The mentor scheme's rules, read from the rows."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.doctor.rules import rule
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorPlace, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservations import said_by_anyone

_HELD = Proposal.lapsed_at.is_(None)


@rule("A mentor never has more live mentorships than capacity")
def _capacity(_now: datetime) -> Select[Any]:
    places = select(func.count()).where(MentorPlace.mentor_id == MentorProfile.id).scalar_subquery()
    live = select(func.count()).where(Mentorship.mentor_id == MentorProfile.id, Mentorship.ended_at.is_(None))
    return select(MentorProfile.id).where(live.scalar_subquery() > places)


@rule("A mentee has at most one live mentorship")
def _one_mentor(_now: datetime) -> Select[Any]:
    live = select(Mentorship.mentee_id).where(Mentorship.ended_at.is_(None))
    return live.group_by(Mentorship.mentee_id).having(func.count() > 1)


@rule("Nobody is their own mentor")
def _self(_now: datetime) -> Select[Any]:
    same = MenteeProfile.member_id == MentorProfile.member_id
    return select(Proposal.id).join(Proposal.mentee).join(Proposal.mentor).where(same)


@rule("A mentorship rests on a yes from both")
def _both_yes(_now: datetime) -> Select[Any]:
    missing = or_(Proposal.mentee_accepted_at.is_(None), Proposal.mentor_accepted_at.is_(None))
    other_pair = or_(Proposal.mentee_id != Mentorship.mentee_id, Proposal.mentor_id != Mentorship.mentor_id)
    return select(Mentorship.id).join(Mentorship.proposal).where(or_(missing, other_pair))


@rule("The mentor is asked only after the mentee's yes")
def _mentee_first(_now: datetime) -> Select[Any]:
    early = Proposal.mentor_asked_at < Proposal.mentee_accepted_at
    never = and_(Proposal.mentee_accepted_at.is_(None), Proposal.mentee_declined_at.is_(None))
    return select(Proposal.id).where(Proposal.mentor_asked_at.is_not(None), or_(early, never))


@rule("One mentor at a time is asked for a mentee")
def _one_asked(_now: datetime) -> Select[Any]:
    waiting = and_(
        Proposal.mentor_asked_at.is_not(None),
        Proposal.mentor_accepted_at.is_(None),
        Proposal.mentor_declined_at.is_(None),
        Proposal.mentee_declined_at.is_(None),
        _HELD,
    )
    return select(Proposal.mentee_id).where(waiting).group_by(Proposal.mentee_id).having(func.count() > 1)


@rule("Nothing is answered before its round is released")
def _released(_now: datetime) -> Select[Any]:
    answered = or_(Proposal.mentee_accepted_at.is_not(None), Proposal.mentee_declined_at.is_not(None))
    return select(Proposal.id).join(Proposal.round).where(answered, MatchRound.released_at.is_(None))


@rule("At most three proposals for a mentee in a round")
def _three(_now: datetime) -> Select[Any]:
    each = (Proposal.round_id, Proposal.mentee_id)
    released = select(*each).join(Proposal.round).where(MatchRound.released_at.is_not(None), _HELD)
    return released.group_by(*each).having(func.count() > 3)


@rule("A declined or ended pair is never proposed again")
def _never_again(_now: datetime) -> Select[Any]:
    later = aliased(Proposal)
    same_pair = and_(later.mentee_id == Proposal.mentee_id, later.mentor_id == Proposal.mentor_id)
    said_no = or_(Proposal.mentee_declined_at.is_not(None), Proposal.mentor_declined_at.is_not(None))
    again = select(later.id).join(Proposal, and_(same_pair, later.id > Proposal.id))
    ended = select(Mentorship.proposal_id).where(Mentorship.ended_at.is_not(None))
    return again.where(or_(said_no, Proposal.id.in_(ended)))


@rule("A reserved pair is never proposed")
def _reserved(_now: datetime) -> Iterable[Any]:
    # Undecided proposals made after the reservation: what was answered before it was made is history.
    mentee, mentor = aliased(Member), aliased(Member)
    rows = (
        select(Proposal.id, mentee, mentor, MatchRound.run_at)
        .join(Proposal.round)
        .join(Proposal.mentee)
        .join(mentee, mentee.id == MenteeProfile.member_id)
        .join(Proposal.mentor)
        .join(mentor, mentor.id == MentorProfile.member_id)
        .where(_HELD, MatchRound.run_at.is_not(None))
    )
    noes = said_by_anyone()
    found = db.session.execute(rows).unique().all()
    return [
        proposal
        for proposal, one, other, run_at in found
        if any(no.at <= run_at and no.stands_between(one, other) for no in noes)
    ]


@rule("The parts of a score add up to it")
def _parts(_now: datetime) -> Iterable[Any]:
    rows = db.session.execute(select(Proposal.id, Proposal.score, Proposal.parts))
    return [i for i, score, parts in rows if sum(part["units"] for part in parts) != score]


@rule("No meeting is logged as held before its day")
def _held(_now: datetime) -> Iterable[Any]:
    logged = select(Meeting).where(Meeting.held_logged_at.is_not(None))
    return [m.id for m in db.session.scalars(logged) if _day(m.held_logged_at) < clock.today(m.starts_at)]


def _day(moment: datetime | None) -> date:
    return clock.today(moment) if moment is not None else date.max
