"""Everybody with a profile, by name and place: all that the secretariat's pages say of who they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, literal, select, union_all

import matching
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member, Municipality
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.round_models import MatchRun


@dataclass(frozen=True)
class Party:
    """A mentee or mentor."""

    id: int
    member_id: str
    user_id: int
    name: str
    sort_key: str
    place: str
    population: int


class Parties:
    """One side of the scheme, by the id of the profile and, as the engine names them, of the member.

    `own` is the profile of whoever looks, who is not among them.
    """

    def __init__(self, found: list[Party], own: int | None = None) -> None:
        self.own = own
        self.by_id = {party.id: party for party in found}
        self.by_member = {party.member_id: party for party in found}


@dataclass(frozen=True)
class People:
    mentees: Parties
    mentors: Parties

    @classmethod
    def load(cls, without: User | None = None) -> "People":
        """All of them, or all but the one who looks: one's own pair is a colleague's to see to."""
        sides = union_all(_side(MenteeProfile), _side(MentorProfile))
        found: dict[str, list[Party]] = {}
        own: dict[str, int] = {}
        for side, user_id, profile_id, member_id, *rest in db.session.execute(sides):
            if without is not None and user_id == without.id:
                own[side] = profile_id
            else:
                found.setdefault(side, []).append(Party(profile_id, str(member_id), user_id, *rest))
        tables = (MenteeProfile.__tablename__, MentorProfile.__tablename__)
        return cls(*(Parties(found.get(table, []), own.get(table)) for table in tables))

    def is_own(self, mentee_id: int | None, mentor_id: int | None) -> bool:
        """Whether the one who looks is in the pair: then a colleague sees to it."""
        mine = mentee_id is not None and mentee_id == self.mentees.own
        return mine or (mentor_id is not None and mentor_id == self.mentors.own)

    def users_in(self, run: MatchRun) -> Iterator[int]:
        """Everybody who was in the run or was ruled out of a pair in it, but the one who looks; nobody of one that is emptied."""
        inputs, result = run.inputs or {}, run.result
        ruled_out = [(mentee, mentor) for mentee, mentor, _ground in run.decisions["exclusions"]]
        paired = [(mentee, mentor) for mentee, (mentor, _units) in run.pairs.items()]
        for side, there, ids in (
            (self.mentees, inputs.get("mentees", ()), [*result.get("unmatched", ()), *(m for m, _to in paired + ruled_out)]),
            (self.mentors, inputs.get("mentors", ()), [to for _m, to in paired + ruled_out]),
        ):  # fmt: skip
            known = [side.by_member.get(one["id"]) for one in there] + [side.by_id.get(one) for one in ids]
            yield from (party.user_id for party in known if party is not None)
        # What a run is made of goes when it is released; its figures name the mentors.
        demand = [
            self.mentors.by_member.get(one["mentor"]) for one in result.get("report", {}).get("demand", ())
        ]
        yield from (party.user_id for party in demand if party is not None)

    def link(self, mentee_id: int, mentor_id: int) -> matching.Link | None:
        mentee, mentor = self.mentees.by_id.get(mentee_id), self.mentors.by_id.get(mentor_id)
        return matching.Link(mentee.member_id, mentor.member_id) if mentee and mentor else None


def _side(profile: type[MenteeProfile] | type[MentorProfile]) -> Select[Any]:
    return (
        select(
            literal(profile.__tablename__),
            Member.user_id,
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
