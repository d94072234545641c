"""Whose turn it is: the mentors are asked one at a time, in the mentee's order, and while they have room.

A confidential no between the two is not looked at here, so that nothing here differs: see `apart`.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from portal import audit, clock, consents
from portal.accounts.models import User
from portal.consents import Purpose
from portal.extensions import db
from portal.mentoring.mentorships import has_mentor
from portal.mentoring.pool import free_places
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.proposal_refusals import NotYourTurn, ProposalClosed
from portal.notifications import Kind, outbox

MENTOR_DAYS = 7

MENTOR_ASKED = audit.declare("mentor asked")


def ask_next(mentee: MenteeProfile, now: datetime) -> Proposal | None:
    """Ask the highest ranked mentor who has been said yes to and has room, unless one is being asked already.

    The caller holds the mentee and the mentors: else two mentees would each see the same last place free.
    """
    given = standing(mentee)
    if any(p.awaits_mentor for p in given) or has_mentor(mentee) or not mentee.member.user.is_active:
        return None
    if not consents.holds(mentee.member.user_id, Purpose.OWN_WORDS):
        return None  # whoever is asked sees the areas
    queue = (p for p in given if p.is_queued and p.round.closed_at is None)
    proposal = next((p for p in queue if _has_room(p.mentor)), None)
    if proposal is None:
        return None
    proposal.mentor_asked_at = now
    proposal.mentor_answer_by = clock.from_oslo(clock.today(now) + timedelta(days=MENTOR_DAYS), time(23, 59))
    db.session.flush()
    outbox.send(
        Kind.MENTOR_REQUEST_WAITING, proposal.mentor.member.user, now, path="/mentor/", about=proposal
    )
    audit.record(MENTOR_ASKED, by=None, on=proposal, at=now)
    return proposal


def _has_room(mentor: MentorProfile) -> bool:
    """Whether the mentor has a free place that no other request waits for; paused or gone means none."""
    free = select(free_places()).where(MentorProfile.id == mentor.id)
    has_free = (db.session.scalar(free) or 0) > 0
    return has_free and mentor.paused_at is None and mentor.member.user.is_active


def standing(mentee: MenteeProfile) -> list[Proposal]:
    """The mentee's released proposals that have not lapsed, in the mentee's order."""
    rows = select(Proposal).join(Proposal.round).options(joinedload(Proposal.round, innerjoin=True))
    rows = rows.where(
        Proposal.mentee_id == mentee.id, Proposal.lapsed_at.is_(None), MatchRound.released_at.is_not(None)
    )
    rows = rows.order_by(MatchRound.released_at.desc(), Proposal.rank, Proposal.id)
    return list(db.session.scalars(rows.execution_options(populate_existing=True)))


def rank_up(proposal: Proposal, by: User) -> None:
    """Let the mentor be asked before the one above."""
    _move(proposal, by, -1)


def rank_down(proposal: Proposal, by: User) -> None:
    """Let the mentor be asked after the one below."""
    _move(proposal, by, 1)


def _move(proposal: Proposal, by: User, step: int) -> None:
    lock(proposal)
    if by.id != proposal.mentee.member.user_id:
        raise NotYourTurn
    movable = [p for p in standing(proposal.mentee) if p.awaits_mentee or p.is_queued]
    if proposal not in movable:
        raise ProposalClosed
    place = movable.index(proposal)
    if not 0 <= place + step < len(movable):
        return
    other = movable[place + step]
    proposal.rank, other.rank = other.rank, proposal.rank


def lock(proposal: Proposal) -> None:
    """Take the mentee's proposals for ourselves and see them as they are now: one answer at a time."""
    hold([proposal.mentee_id])
    db.session.refresh(proposal.mentee)
    db.session.refresh(proposal)


def held(rows: Select[tuple[Proposal]]) -> list[Proposal]:
    """These proposals, held, as they are now."""
    hold(db.session.scalars(rows.with_only_columns(Proposal.mentee_id).distinct()))
    return list(db.session.scalars(rows.order_by(Proposal.id).execution_options(populate_existing=True)))


def hold(mentee_ids: Iterable[int]) -> None:
    """Hold these mentees, and every mentor who may be asked for one of them, until the transaction ends.

    First the mentees, then the mentors, each in the order of their ids: so no two ever wait for one another.
    """
    ids = list(mentee_ids)
    mentees = select(MenteeProfile.id).where(MenteeProfile.id.in_(ids)).order_by(MenteeProfile.id)
    db.session.execute(mentees.with_for_update(key_share=True))
    to_ask = select(Proposal.mentor_id).where(
        Proposal.mentee_id.in_(ids), Proposal.lapsed_at.is_(None), Proposal.mentor_asked_at.is_(None)
    )
    mentors = select(MentorProfile).where(MentorProfile.id.in_(to_ask)).order_by(MentorProfile.id)
    mentors = mentors.with_for_update(key_share=True).execution_options(populate_existing=True)
    db.session.scalars(mentors).all()
