"""Mentors, mentees, rounds and proposals, made through the product's own functions where there are any."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.members.models import ChallengeArea, Member
from portal.mentoring import profiles, proposal_answers
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile, Modes
from portal.mentoring.proposal_models import MatchRound, Proposal
from tests.support.people import agree

NOW = clock.from_oslo(date(2026, 11, 24), time(10, 30))
REASONS = [
    {"code": "area", "values": {"area": "mayor", "strength": 3, "weight": 3}},
    {"code": "size", "values": {"mentee": 6600, "mentor": 7100}},
    {"code": "digital", "values": {}},
]
DIFFERENCE = {"code": "experience", "values": {"mentee": 2, "mentor": 11}}


def areas(*codes: str) -> dict[int, int]:
    """Area ids, each with full weight."""
    rows = select(ChallengeArea.id).where(ChallengeArea.code.in_(codes))
    return dict.fromkeys(db.session.scalars(rows), 3)


def new_mentor(member: Member, capacity: int = 1, now: datetime = NOW) -> MentorProfile:
    profile = profiles.become_mentor(member, capacity, member.user, now)
    profiles.tell_experience(profile, areas("mayor", "economy"), "", Modes.EITHER, False, now)
    db.session.flush()
    return profile


def new_mentee(member: Member, now: datetime = NOW) -> MenteeProfile:
    agree(member, now)
    profile = profiles.seek(
        member, areas("mayor", "economy", "management-team"), "", {}, Modes.EITHER, member.user, now
    )
    db.session.flush()
    return profile


def new_round(now: datetime = NOW, released: bool = True) -> MatchRound:
    made = MatchRound(
        name="Høst",
        weights={},
        created_at=now,
        answer_by=now + timedelta(days=10),
        released_at=now if released else None,
    )
    db.session.add(made)
    db.session.flush()
    return made


def propose(
    mentee: MenteeProfile, *mentors: MentorProfile, within: MatchRound | None = None
) -> list[Proposal]:
    """Proposals in a released round, in this order."""
    within = within or new_round()
    made = [
        Proposal(
            round=within,
            mentee=mentee,
            mentor=mentor,
            rank=rank,
            score=81_000,
            parts=[],
            reasons=REASONS,
            difference=DIFFERENCE,
        )
        for rank, mentor in enumerate(mentors, start=1)
    ]
    db.session.add_all(made)
    db.session.flush()
    return made


def pair(mentee: MenteeProfile, mentor: MentorProfile, now: datetime = NOW) -> Mentorship:
    """Both have said yes."""
    (proposal,) = propose(mentee, mentor)
    proposal_answers.accept(proposal, mentee.member.user, now)
    made = proposal_answers.accept(proposal, mentor.member.user, now)
    assert made is not None
    return made
