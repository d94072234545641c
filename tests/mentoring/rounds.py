"""A small round and ways to look at it, for the tests of rounds."""

from types import SimpleNamespace

from sqlalchemy import select

from portal.extensions import db
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from tests.mentoring.pairing import new_mentee, new_mentor
from tests.support.people import new_member

MENTEES = ("Nome", "Lierne", "Sirdal", "Åfjord")
MENTORS = (("Hitra", 1), ("Nordreisa", 2), ("Ringebu", 1))
SECRET = "Ordføreren snakker ikke til meg lenger"  # in every mentee's own words
WEIGHTS = {"challenges": 40, "size": 25, "experience": 15, "practicalities": 10, "wishes": 10}


def new_pool() -> SimpleNamespace:
    """Four who seek, and three mentors with four places."""
    mentees = [new_mentee(new_member(f"Mentee {place}", place)) for place in MENTEES]
    mentors = [new_mentor(new_member(f"Mentor {place}", place), number) for place, number in MENTORS]
    for mentee in mentees:
        mentee.text = SECRET
    return SimpleNamespace(mentees=mentees, mentors=mentors)


def pairs(round_: MatchRound) -> dict[int, int]:
    """Mentee to mentor as the draft has it now."""
    rows = select(Proposal.mentee_id, Proposal.mentor_id).where(
        Proposal.round_id == round_.id, Proposal.rank == 1
    )
    return dict(db.session.execute(rows).tuples().all())


def proposed(round_: MatchRound) -> set[tuple[int, int]]:
    rows = select(Proposal.mentee_id, Proposal.mentor_id).where(Proposal.round_id == round_.id)
    return set(db.session.execute(rows).tuples())


def other_mentor(round_: MatchRound, mentee: MenteeProfile, pool: SimpleNamespace) -> MentorProfile:
    found: MentorProfile = next(m for m in pool.mentors if m.id != pairs(round_)[mentee.id])
    return found


def at(round_: MatchRound, rest: str = "") -> str:
    return f"/secretariat/rounds/{round_.id}{rest}"
