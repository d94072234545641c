"""Everybody with a profile, by name and place: all that the secretariat's pages say of who they are."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, literal, select, union_all

import matching
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member, Municipality
from portal.mentoring.models import MenteeProfile, MentorProfile


@dataclass(frozen=True)
class Party:
    """A mentee or mentor."""

    id: int
    member_id: str
    name: str
    sort_key: str
    place: str
    population: int


class Parties:
    """One side of the scheme, by the id of the profile and, as the engine names them, of the member."""

    def __init__(self, found: list[Party]) -> None:
        self.by_id = {party.id: party for party in found}
        self.by_member = {party.member_id: party for party in found}


@dataclass(frozen=True)
class People:
    mentees: Parties
    mentors: Parties

    @classmethod
    def load(cls) -> "People":
        sides = union_all(_side(MenteeProfile), _side(MentorProfile))
        found: dict[str, list[Party]] = {}
        for side, profile_id, member_id, *rest in db.session.execute(sides):
            found.setdefault(side, []).append(Party(profile_id, str(member_id), *rest))
        tables = (MenteeProfile.__tablename__, MentorProfile.__tablename__)
        return cls(*(Parties(found.get(table, [])) for table in tables))

    def link(self, mentee_id: int, mentor_id: int) -> matching.Link | None:
        mentee, mentor = self.mentees.by_id.get(mentee_id), self.mentors.by_id.get(mentor_id)
        return matching.Link(mentee.member_id, mentor.member_id) if mentee and mentor else None


def _side(profile: type[MenteeProfile] | type[MentorProfile]) -> Select[Any]:
    return (
        select(
            literal(profile.__tablename__),
            profile.id,
            profile.member_id,
            User.name,
            User.sort_key,
            Municipality.display_name,
            Municipality.population,
        )
        .join(profile.member)
        .join(Member.user)
        .join(Member.municipality)
    )
