"""A round as a table to take away."""

from collections.abc import Iterator

from sqlalchemy import select

import matching
from portal.export import Cell
from portal.extensions import db
from portal.language import gettext as _
from portal.mentoring.models import MatchRound, Proposal
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


def rows(round_: MatchRound) -> Iterator[list[Cell]]:
    """A row for each proposal: who, the points and what they are made of."""
    people = People.load()
    mentees, mentors = people.mentees.by_id, people.mentors.by_id
    found = list(db.session.scalars(select(Proposal).where(Proposal.round_id == round_.id)))
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
