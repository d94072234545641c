"""The answers to proposals: the mentee's first, then the mentors'.

A mentor who was declined never learns of it; a mentee never learns which mentor said no.
"""

from datetime import datetime

from sqlalchemy import select

from portal import audit
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.apart import keep_apart, requests_to
from portal.mentoring.asking import ask_next, held, hold, lock, standing
from portal.mentoring.lapsing import lapse
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.mentorships import begin, has_mentor
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.proposal_refusals import HasMentor, MentorIsAsked, NotYourTurn, ProposalClosed
from portal.notifications import Kind, outbox

MENTEE_ACCEPTED = audit.declare("proposal accepted by mentee")
MENTEE_DECLINED = audit.declare("proposal declined by mentee")
MENTOR_DECLINED = audit.declare("proposal declined by mentor")
OTHERS_WANTED = audit.declare("other proposals wanted")


def accept(proposal: Proposal, by: User, now: datetime) -> Mentorship | None:
    """Record `by`'s yes. The mentor's yes makes the mentorship, unless the mentee has been shut out: then the request
    is over. Saying it twice is the same as once.

    Where one of the two has said a confidential no since the mentor was asked, the mentor's yes is refused as when the
    mentee has taken the other back, and leaves no trace: the request stands as one that nobody answers.
    Raises NotYourTurn, ProposalClosed, MentorIsFull or AlreadyPaired.
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
    if has_mentor(proposal.mentee):
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
    _require_mentors_turn(proposal)
    if not proposal.mentee.member.user.is_active:
        lapse(proposal, now)
        return None
    mentorship = begin(proposal, by, now)
    for other in standing(proposal.mentee):
        if other is not proposal and other.is_unsettled:
            lapse(other, now)
    return mentorship


def _require_mentors_turn(proposal: Proposal) -> None:
    # Looked up in any case: time must not tell.
    apart = keep_apart(proposal.mentee.member, proposal.mentor.member)
    if apart or not proposal.awaits_mentor:
        raise ProposalClosed


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
    _require_mentors_turn(proposal)
    _note_mentors_no(proposal, by, now)


def _note_mentors_no(proposal: Proposal, by: User, now: datetime) -> None:
    proposal.mentor_declined_at = now
    audit.record(MENTOR_DECLINED, by=by, on=proposal, at=now)


def decline_reserved(mentor: Member, now: datetime) -> None:
    """The mentor's no to every request on the desk from somebody whom the mentor reserves against just now: a no like any
    other. A request that was kept from the mentor already stays so, without an answer that the mentor never gave.
    """
    mine = [r.proposal_id for r in requests_to(mentor.user_id) if r.was_told and r.apart_since == now]
    for proposal in held(select(Proposal).where(Proposal.id.in_(mine))):
        if proposal.awaits_mentor:
            _note_mentors_no(proposal, mentor.user, now)
            ask_next(proposal.mentee, now)


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
