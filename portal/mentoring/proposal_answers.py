"""The answers to proposals: the mentee's first, then the mentors'.

A mentor who was declined never learns of it; a mentee never learns which mentor said no.
"""

from datetime import datetime

from sqlalchemy import select

from portal import audit
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.asking import ask_next, held, hold, is_paired, lock, standing
from portal.mentoring.lapsing import lapse
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.mentorships import begin
from portal.mentoring.pool import requests_waiting
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.proposal_refusals import HasMentor, MentorIsAsked, NotYourTurn, ProposalClosed
from portal.mentoring.reservations import keep_apart, said_by
from portal.notifications import Kind, outbox

MENTEE_ACCEPTED = audit.declare("proposal accepted by mentee")
MENTEE_DECLINED = audit.declare("proposal declined by mentee")
MENTOR_DECLINED = audit.declare("proposal declined by mentor")
OTHERS_WANTED = audit.declare("other proposals wanted")


def accept(proposal: Proposal, by: User, now: datetime) -> Mentorship | None:
    """Record `by`'s yes. The mentor's yes makes the mentorship. Saying it twice is the same as once.

    Where one of the two has said a confidential no since the mentor was asked, the mentor's yes makes nothing, and the
    mentee sees what comes of any silence. Raises NotYourTurn, ProposalClosed, MentorIsFull or AlreadyPaired.
    """
    lock(proposal)
    if by.id == proposal.mentee.member.user_id:
        _mentee_accepts(proposal, by, now)
        return None
    if by.id == proposal.mentor.member.user_id and proposal.mentor_asked_at is not None:
        made = _mentor_accepts(proposal, by, now)
        if made is None:
            ask_next(proposal.mentee, now)
        return made
    raise NotYourTurn


def _mentee_accepts(proposal: Proposal, by: User, now: datetime) -> None:
    if proposal.mentee_accepted_at is not None and proposal.lapsed_at is None:
        return
    _require_open(proposal, now)
    if is_paired(proposal.mentee):
        raise HasMentor
    proposal.mentee_accepted_at, proposal.mentee_declined_at = now, None
    audit.record(MENTEE_ACCEPTED, by=by, on=proposal, at=now)
    ask_next(proposal.mentee, now)


def _require_open(proposal: Proposal, now: datetime) -> None:
    """Only what was released, not yet closed, and within its deadline can be answered by the mentee."""
    match_round = proposal.round
    if match_round.released_at is None:
        raise NotYourTurn
    late = match_round.answer_by is not None and match_round.answer_by < now
    if proposal.lapsed_at or match_round.closed_at or late or proposal.mentor_asked_at:
        raise ProposalClosed


def _mentor_accepts(proposal: Proposal, by: User, now: datetime) -> Mentorship | None:
    made = db.session.scalar(select(Mentorship).where(Mentorship.proposal_id == proposal.id))
    if made is not None:
        return made
    if not proposal.awaits_mentor:
        raise ProposalClosed
    if keep_apart(proposal.mentee.member, proposal.mentor.member):
        lapse(proposal, now)
        return None
    mentorship = begin(proposal, by, now)
    for other in standing(proposal.mentee):
        if other is not proposal and other.is_unsettled:
            lapse(other, now)
    return mentorship


def decline(proposal: Proposal, by: User, now: datetime) -> None:
    """Record `by`'s no, without a reason, and ask the next mentor in the queue."""
    lock(proposal)
    if by.id == proposal.mentee.member.user_id:
        _mentee_declines(proposal, by, now)
    elif by.id == proposal.mentor.member.user_id and proposal.mentor_asked_at is not None:
        _mentor_declines(proposal, by, now)
    else:
        raise NotYourTurn
    ask_next(proposal.mentee, now)


def _mentee_declines(proposal: Proposal, by: User, now: datetime) -> None:
    if proposal.mentee_declined_at is not None:
        return
    if proposal.lapsed_at or proposal.mentor_accepted_at or proposal.mentor_declined_at:
        raise ProposalClosed
    if proposal.round.released_at is None:
        raise NotYourTurn
    proposal.mentee_declined_at, proposal.mentee_accepted_at = now, None
    outbox.withdraw(Kind.MENTOR_REQUEST_WAITING, proposal, now)
    audit.record(MENTEE_DECLINED, by=by, on=proposal, at=now)


def _mentor_declines(proposal: Proposal, by: User, now: datetime) -> None:
    if proposal.mentor_declined_at is not None:
        return
    if not proposal.awaits_mentor:
        raise ProposalClosed
    proposal.mentor_declined_at = now
    audit.record(MENTOR_DECLINED, by=by, on=proposal, at=now)


def decline_reserved(mentor: Member, now: datetime) -> None:
    """The mentor's no to every request from somebody whom the mentor has reserved against: a no like any other."""
    waiting = requests_waiting().with_only_columns(Proposal.id)
    mine = select(Proposal).join(Proposal.mentor).where(MentorProfile.member_id == mentor.id)
    noes = said_by(mentor)
    for proposal in held(mine.where(Proposal.id.in_(waiting))):
        if any(no.stands_between(mentor, proposal.mentee.member) for no in noes):
            decline(proposal, mentor.user, now)


def ask_for_others(mentee: MenteeProfile, by: User, now: datetime) -> None:
    """Decline every proposal that waits, and note that the mentee wants others. Raises MentorIsAsked."""
    hold([mentee.id])
    if by.id != mentee.member.user_id:
        raise NotYourTurn
    given = standing(mentee)
    if any(p.awaits_mentor for p in given):
        raise MentorIsAsked
    for proposal in given:
        if proposal.awaits_mentee or proposal.is_queued:
            _mentee_declines(proposal, by, now)
    mentee.others_wanted_at = now
    audit.record(OTHERS_WANTED, by=by, on=mentee, at=now)
