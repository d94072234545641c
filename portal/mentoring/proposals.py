"""The answers to proposals: the mentee's first, then the mentors', who are asked one at a time in the mentee's order.

A mentor who was declined never learns of it; a mentee never learns which mentor said no.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from sqlalchemy import Select, func, or_, select, union
from sqlalchemy.orm import joinedload

from portal import audit, clock, jobs
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member
from portal.mentoring.mentorships import AlreadyPaired, MentorIsFull, begin
from portal.mentoring.models import (
    MatchRound,
    MenteeProfile,
    MentorPlace,
    MentorProfile,
    Mentorship,
    Proposal,
)
from portal.mentoring.pool import requests_waiting
from portal.mentoring.reservations import keep_apart, said_by
from portal.notifications import Kind, outbox

MENTOR_DAYS = 7

MENTEE_ACCEPTED = audit.declare("proposal accepted by mentee")
MENTEE_DECLINED = audit.declare("proposal declined by mentee")
MENTOR_ASKED = audit.declare("mentor asked")
MENTOR_DECLINED = audit.declare("proposal declined by mentor")
LAPSED = audit.declare("proposal lapsed")
OTHERS_WANTED = audit.declare("other proposals wanted")

__all__ = [
    "AlreadyPaired",
    "HasMentor",
    "MentorIsFull",
    "NotYourTurn",
    "ProposalClosed",
    "accept",
    "ask_for_others",
    "ask_next",
    "decline",
    "decline_reserved",
    "expire",
    "lapse_all_of",
    "lapse_unanswered",
    "rank_down",
    "rank_up",
]


class NotYourTurn(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dette er ikke ditt å svare på nå. Last siden på nytt for å se hvor det står."))


class ProposalClosed(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Fristen for å svare er ute, eller forslaget gjelder ikke lenger. Ingenting er endret.")
        )


class HasMentor(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du har allerede en mentor, så de andre forslagene gjelder ikke lenger."))


class MentorIsAsked(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Vi spør en mentor for deg akkurat nå. Vent på svaret, så finner vi andre om du vil.")
        )


def accept(proposal: Proposal, by: User, now: datetime) -> Mentorship | None:
    """Record `by`'s yes. The mentor's yes makes the mentorship. Saying it twice is the same as once.

    Where one of the two has said a confidential no since the mentor was asked, the mentor's yes makes nothing, and the
    mentee sees what comes of any silence. Raises NotYourTurn, ProposalClosed, MentorIsFull or AlreadyPaired.
    """
    _lock(proposal)
    if by.id == proposal.mentee.member.user_id:
        _mentee_accepts(proposal, by, now)
        return None
    if by.id == proposal.mentor.member.user_id and proposal.mentor_asked_at is not None:
        made = _mentor_accepts(proposal, by, now)
        if made is None:
            ask_next(proposal.mentee, now)
        return made
    raise NotYourTurn


def decline(proposal: Proposal, by: User, now: datetime) -> None:
    """Record `by`'s no, without a reason, and ask the next mentor in the queue."""
    _lock(proposal)
    if by.id == proposal.mentee.member.user_id:
        _mentee_declines(proposal, by, now)
    elif by.id == proposal.mentor.member.user_id and proposal.mentor_asked_at is not None:
        _mentor_declines(proposal, by, now)
    else:
        raise NotYourTurn
    ask_next(proposal.mentee, now)


def decline_reserved(mentor: Member, now: datetime) -> None:
    """The mentor's no to every request from somebody whom the mentor has reserved against: a no like any other."""
    waiting = requests_waiting().with_only_columns(Proposal.id)
    mine = select(Proposal).join(Proposal.mentor).where(MentorProfile.member_id == mentor.id)
    noes = said_by(mentor)
    for proposal in _held(mine.where(Proposal.id.in_(waiting))):
        if any(no.stands_between(mentor, proposal.mentee.member) for no in noes):
            decline(proposal, mentor.user, now)


def ask_for_others(mentee: MenteeProfile, by: User, now: datetime) -> None:
    """Decline every proposal that waits, and note that the mentee wants others. Raises MentorIsAsked."""
    _hold([mentee.id])
    if by.id != mentee.member.user_id:
        raise NotYourTurn
    standing = _standing(mentee)
    if any(p.awaits_mentor for p in standing):
        raise MentorIsAsked
    for proposal in standing:
        if proposal.awaits_mentee or proposal.is_queued:
            _mentee_declines(proposal, by, now)
    mentee.others_wanted_at = now
    audit.record(OTHERS_WANTED, by=by, on=mentee, at=now)


def rank_up(proposal: Proposal, by: User) -> None:
    """Let the mentor be asked before the one above."""
    _move(proposal, by, -1)


def rank_down(proposal: Proposal, by: User) -> None:
    """Let the mentor be asked after the one below."""
    _move(proposal, by, 1)


def ask_next(mentee: MenteeProfile, now: datetime) -> Proposal | None:
    """Ask the highest ranked mentor who has been said yes to and can be asked, unless one is being asked already.

    The caller holds the mentee and the mentors: else two mentees would each see the same last place free.
    """
    standing = _standing(mentee)
    if any(p.awaits_mentor for p in standing) or _is_paired(mentee):
        return None
    queue = (p for p in standing if p.is_queued and p.round.closed_at is None)
    proposal = next((p for p in queue if _can_be_asked(p)), None)
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


@jobs.register("expire proposals")
def expire(now: datetime) -> int:
    """Let what nobody answered in time lapse, and ask the next mentor wherever one waits to be asked."""
    done = 0
    mentees = db.session.scalars(_to_see_to(now)).all()
    _hold(mentee.id for mentee in mentees)
    for mentee in mentees:
        for proposal in _standing(mentee):
            if _is_late(proposal, now):
                _lapse(proposal, now)
                done += 1
        done += ask_next(mentee, now) is not None
    return done


def lapse_unanswered(match_round: MatchRound, now: datetime) -> int:
    """Withdraw every proposal of a round that has not come to an answer, so that the pair may be proposed again."""
    rows = select(Proposal).where(Proposal.round_id == match_round.id, Proposal.lapsed_at.is_(None))
    open_ones = [p for p in _held(rows) if _is_unsettled(p)]
    for proposal in open_ones:
        _lapse(proposal, now)
    return len(open_ones)


def lapse_all_of(leavers: Iterable[MenteeProfile | MentorProfile], now: datetime) -> None:
    """Withdraw every open proposal of somebody who leaves, and ask the next mentor of those who waited for one."""
    leaving = [
        (Proposal.mentee_id if isinstance(leaver, MenteeProfile) else Proposal.mentor_id) == leaver.id
        for leaver in leavers
    ]
    rows = select(Proposal).where(or_(False, *leaving), Proposal.lapsed_at.is_(None))
    open_ones = [p for p in _held(rows) if _is_unsettled(p)]
    for proposal in open_ones:
        _lapse(proposal, now)
    db.session.flush()
    for proposal in open_ones:
        ask_next(proposal.mentee, now)


def _held(rows: Select[tuple[Proposal]]) -> list[Proposal]:
    """These proposals, held, as they are now."""
    _hold(db.session.scalars(rows.with_only_columns(Proposal.mentee_id).distinct()))
    return list(db.session.scalars(rows.order_by(Proposal.id).execution_options(populate_existing=True)))


def _lock(proposal: Proposal) -> None:
    """Take the mentee's proposals for ourselves and see them as they are now: one answer at a time."""
    _hold([proposal.mentee_id])
    db.session.refresh(proposal.mentee)
    db.session.refresh(proposal)


def _hold(mentee_ids: Iterable[int]) -> None:
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


def _mentee_accepts(proposal: Proposal, by: User, now: datetime) -> None:
    if proposal.mentee_accepted_at is not None and proposal.lapsed_at is None:
        return
    _require_open(proposal, now)
    if _is_paired(proposal.mentee):
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
        _lapse(proposal, now)
        return None
    mentorship = begin(proposal, by, now)
    for other in _standing(proposal.mentee):
        if other is not proposal and _is_unsettled(other):
            _lapse(other, now)
    return mentorship


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


def _move(proposal: Proposal, by: User, step: int) -> None:
    _lock(proposal)
    if by.id != proposal.mentee.member.user_id:
        raise NotYourTurn
    movable = [p for p in _standing(proposal.mentee) if p.awaits_mentee or p.is_queued]
    if proposal not in movable:
        raise ProposalClosed
    place = movable.index(proposal)
    if not 0 <= place + step < len(movable):
        return
    other = movable[place + step]
    proposal.rank, other.rank = other.rank, proposal.rank


def _standing(mentee: MenteeProfile) -> list[Proposal]:
    """The mentee's released proposals that have not lapsed, in the mentee's order."""
    rows = select(Proposal).join(Proposal.round).options(joinedload(Proposal.round, innerjoin=True))
    rows = rows.where(
        Proposal.mentee_id == mentee.id, Proposal.lapsed_at.is_(None), MatchRound.released_at.is_not(None)
    )
    rows = rows.order_by(MatchRound.released_at.desc(), Proposal.rank, Proposal.id)
    return list(db.session.scalars(rows.execution_options(populate_existing=True)))


def _is_unsettled(proposal: Proposal) -> bool:
    return not (proposal.mentee_declined_at or proposal.mentor_accepted_at or proposal.mentor_declined_at)


def _is_paired(mentee: MenteeProfile) -> bool:
    live = select(Mentorship.id).where(Mentorship.mentee_id == mentee.id, Mentorship.ended_at.is_(None))
    return db.session.scalar(live) is not None


def _can_be_asked(proposal: Proposal) -> bool:
    """Whether the mentor has room and neither has reserved against the other: to the mentee the two look the same."""
    apart = keep_apart(proposal.mentee.member, proposal.mentor.member)
    return _has_room(proposal.mentor) and not apart


def _has_room(mentor: MentorProfile) -> bool:
    """Whether the mentor has a free place that no other request waits for; paused or gone means none."""
    places = select(func.count()).select_from(MentorPlace).where(MentorPlace.mentor_id == mentor.id)
    running = select(func.count()).select_from(Mentorship)
    running = running.where(Mentorship.mentor_id == mentor.id, Mentorship.ended_at.is_(None))
    waiting = select(func.count()).select_from(
        requests_waiting().where(Proposal.mentor_id == mentor.id).subquery()
    )
    free = select(places.scalar_subquery() - running.scalar_subquery() - waiting.scalar_subquery())
    has_free = (db.session.scalar(free) or 0) > 0
    return has_free and mentor.paused_at is None and mentor.member.user.is_active


def _lapse(proposal: Proposal, now: datetime) -> None:
    proposal.lapsed_at = now
    outbox.withdraw(Kind.MENTOR_REQUEST_WAITING, proposal, now)
    audit.record(LAPSED, by=None, on=proposal, at=now)


def _is_late(proposal: Proposal, now: datetime) -> bool:
    if proposal.awaits_mentor:
        return proposal.mentor_answer_by is not None and proposal.mentor_answer_by < now
    deadline = proposal.round.answer_by
    return proposal.awaits_mentee and deadline is not None and deadline < now


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
