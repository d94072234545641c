"""Emptying what a member has told of what they stand in or have stood in: the words, the areas, the wishes, what was made of them."""

from datetime import datetime

from sqlalchemy import select, update

from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.profiles import stop_search
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.text_vectors import Side, forget, text_saved


def forget_own_words(user: User, now: datetime) -> None:
    """Stop the search, and empty it all. Pairs that are running go on; a mentor's areas of experience stay."""
    mentee = db.session.scalar(MenteeProfile.visible_to(user))
    if mentee is not None:
        stop_search(mentee, user, now)
        _forget_as_mentee(mentee)
    mentor = db.session.scalar(MentorProfile.visible_to(user))
    if mentor is not None and mentor.text:
        mentor.text = ""
        text_saved(mentor.member, Side.MENTOR)


def _forget_as_mentee(mentee: MenteeProfile) -> None:
    mentee.text, mentee.wishes, mentee.areas = "", {}, []
    forget(mentee.member, Side.MENTEE)
    db.session.flush()
    said = update(Proposal).where(Proposal.mentee_id == mentee.id)
    emptied = said.values(reasons_sealed=None, difference_sealed=None)
    db.session.execute(emptied.execution_options(synchronize_session=False))


def has_own_words(member: Member) -> bool:
    """Whether the member has told something as a mentee or, in words, as a mentor."""
    mentee = select(MenteeProfile.id).where(MenteeProfile.member_id == member.id)
    told = mentee.where(MenteeProfile.text.is_not(None) | MenteeProfile.areas.any())
    written = select(MentorProfile.id).where(
        MentorProfile.member_id == member.id, MentorProfile.text.is_not(None)
    )
    return bool(db.session.scalar(select(told.exists() | written.exists())))
