"""Proposals that come to nothing without anybody's no: the deadline passes, the round closes, somebody leaves."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, or_, select, union

from portal import audit, jobs
from portal.extensions import db
from portal.mentoring.asking import ask_next, held, hold, standing
from portal.mentoring.pool import requests_waiting
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.notifications import Kind, outbox

LAPSED = audit.declare("proposal lapsed")


@jobs.register("expire proposals")
def expire(now: datetime) -> int:
    """Let what nobody answered in time lapse, and ask the next mentor wherever one waits to be asked."""
    done = 0
    mentees = db.session.scalars(_to_see_to(now)).all()
    hold(mentee.id for mentee in mentees)
    for mentee in mentees:
        for proposal in standing(mentee):
            if proposal.is_late(now):
                lapse(proposal, now)
                done += 1
        done += ask_next(mentee, now) is not None
    return done


def lapse_unanswered(match_round: MatchRound, now: datetime) -> int:
    """Withdraw every proposal of a round that has not come to an answer, so that the pair may be proposed again."""
    rows = select(Proposal).where(Proposal.round_id == match_round.id, Proposal.lapsed_at.is_(None))
    open_ones = [p for p in held(rows) if p.is_unsettled]
    for proposal in open_ones:
        lapse(proposal, now)
    return len(open_ones)


def lapse_all_of(leavers: Iterable[MenteeProfile | MentorProfile], now: datetime) -> None:
    """Withdraw every open proposal of somebody who leaves, and ask the next mentor of those who waited for one."""
    leaving = [
        (Proposal.mentee_id if isinstance(leaver, MenteeProfile) else Proposal.mentor_id) == leaver.id
        for leaver in leavers
    ]
    rows = select(Proposal).where(or_(False, *leaving), Proposal.lapsed_at.is_(None))
    open_ones = [p for p in held(rows) if p.is_unsettled]
    for proposal in open_ones:
        lapse(proposal, now)
    db.session.flush()
    for proposal in open_ones:
        ask_next(proposal.mentee, now)


def lapse(proposal: Proposal, now: datetime) -> None:
    proposal.lapsed_at = now
    outbox.withdraw(Kind.MENTOR_REQUEST_WAITING, proposal, now)
    audit.record(LAPSED, by=None, on=proposal, at=now)


def _to_see_to(now: datetime) -> Select[tuple[MenteeProfile]]:
    """The mentees with a deadline passed, theirs or a mentor's, or with a yes whose mentor has not been asked."""
    unlapsed = select(Proposal.mentee_id).join(Proposal.round).where(Proposal.lapsed_at.is_(None))
    no_answer = Proposal.mentee_accepted_at.is_(None) & Proposal.mentee_declined_at.is_(None)
    silent_mentees = unlapsed.where(
        MatchRound.released_at.is_not(None), MatchRound.answer_by < now, no_answer
    )
    silent_mentors = requests_waiting().with_only_columns(Proposal.mentee_id)
    queued = unlapsed.where(
        Proposal.mentee_accepted_at.is_not(None),
        Proposal.mentor_asked_at.is_(None),
        MatchRound.closed_at.is_(None),
    )
    ids = union(silent_mentees, silent_mentors.where(Proposal.mentor_answer_by < now), queued)
    return select(MenteeProfile).where(MenteeProfile.id.in_(ids)).order_by(MenteeProfile.id)
