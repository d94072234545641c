"""A round as a table to take away."""

from collections.abc import Iterator

from sqlalchemy import select, union

import matching
from portal.accounts.models import User
from portal.export import Cell
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_parts import ROWS, row_labels
from portal.mentoring.round_people import People


def heads() -> list[str]:
    heading = [
        _("Mentee"),
        _("Kommune"),
        _("Valg"),
        _("Mentor"),
        _("Mentors kommune"),
        _("Poeng"),
    ]
    labels = row_labels()
    return [*heading, *(labels[name][0] for name in ROWS), _("Låst")]


def about(round_: MatchRound, viewer: User) -> set[int]:
    """The users whom the table is about."""
    proposed = select(Proposal.mentee_id, Proposal.mentor_id).where(Proposal.round_id == round_.id).subquery()
    sides = (
        (MenteeProfile, MenteeProfile.id.in_(select(proposed.c.mentee_id))),
        (MentorProfile, MentorProfile.id.in_(select(proposed.c.mentor_id))),
    )
    members = [select(profile.member_id).where(there) for profile, there in sides]
    rows = select(Member.user_id).where(Member.id.in_(union(*members)), Member.user_id != viewer.id)
    return set(db.session.scalars(rows))


def rows(round_: MatchRound, viewer: User) -> Iterator[list[Cell]]:
    """A row for each proposal: who, the points and what they are made of. What concerns the viewer is a bare line."""
    people = People.load(without=viewer)
    mentees, mentors = people.mentees.by_id, people.mentors.by_id
    everything = list(db.session.scalars(select(Proposal).where(Proposal.round_id == round_.id)))
    found = [row for row in everything if not people.is_own(row.mentee_id, row.mentor_id)]
    for _left_out in range(len(everything) - len(found)):
        yield [str(_("Gjelder deg selv")), *[None] * (len(heads()) - 1)]
    for row in sorted(found, key=lambda row: (mentees[row.mentee_id].sort_key, row.mentee_id, row.rank)):
        mentee, mentor = mentees[row.mentee_id], mentors[row.mentor_id]
        parts = {part["name"]: part["units"] for part in row.parts}
        yield [
            mentee.name,
            mentee.place,
            row.rank,
            mentor.name,
            mentor.place,
            matching.points(row.score),
            *(matching.points(sum(parts.get(part, 0) for part in group)) for group in ROWS.values()),
            _("ja") if row.locked_at else _("nei"),
        ]
