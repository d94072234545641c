"""All rounds at a glance, and who would be in the next one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import case, func, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member, Municipality
from portal.mentoring.pool import free_places, seeking
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_models import MatchRun

MOST_SHOWN = 100


def suggested_name(now: datetime) -> str:
    """Høstrunden 2026"""
    day = clock.today(now)
    season = _("Vårrunden") if day.month < 7 else _("Høstrunden")
    return f"{season} {day.year}"


@dataclass(frozen=True)
class Listed:
    """A round in the list."""

    round: MatchRound
    seeking: int
    served: int
    answered: int
    paired: int

    @property
    def state(self) -> str:
        if self.round.closed_at:
            return str(_("Lukket"))
        return str(_("Frigitt") if self.round.released_at else _("Utkast"))

    @property
    def tone(self) -> str:
        if self.round.closed_at:
            return "happened"
        return "part" if self.round.released_at else "waiting"


@dataclass(frozen=True)
class InPool:
    """Somebody who would be in the next round."""

    user_id: int
    name: str
    place: str
    places: int = 0
    wants_others: bool = False


class RoundList:
    """The page above the rounds, as `viewer` may see it."""

    most = MOST_SHOWN

    def __init__(self, viewer: User) -> None:
        self.viewer = viewer

    @cached_property
    def rounds(self) -> list[Listed]:
        return list(self._listed())

    def _listed(self) -> Iterator[Listed]:
        answer = Proposal.mentee_accepted_at.is_not(None) | Proposal.mentee_declined_at.is_not(None)
        answered = func.max(case((answer, 1), else_=0))
        paired = func.max(case((Proposal.mentor_accepted_at.is_not(None), 1), else_=0))
        per_mentee = (
            select(Proposal.round_id, Proposal.mentee_id, answered.label("answered"), paired.label("paired"))
            .group_by(Proposal.round_id, Proposal.mentee_id)
            .subquery()
        )
        counts = {
            row[0]: row[1:]
            for row in db.session.execute(
                select(
                    per_mentee.c.round_id,
                    func.count(),
                    func.sum(per_mentee.c.answered),
                    func.sum(per_mentee.c.paired),
                ).group_by(per_mentee.c.round_id)
            )
        }
        sought = {
            round_id: result["seeking"]
            for round_id, result in db.session.execute(
                select(MatchRun.round_id, MatchRun.result).order_by(MatchRun.round_id, MatchRun.number)
            )
        }
        for round_ in db.session.scalars(
            select(MatchRound).order_by(MatchRound.created_at.desc(), MatchRound.id.desc())
        ):
            served, has_answered, has_paired = counts.get(round_.id, (0, 0, 0))
            yield Listed(round_, sought.get(round_.id, served), served, has_answered, has_paired)

    @property
    def draft(self) -> MatchRound | None:
        return next((row.round for row in self.rounds if row.round.released_at is None), None)

    @cached_property
    def mentees(self) -> list[InPool]:
        # One who was among those proposed is not told here that somebody else was wanted.
        mine = Proposal.of_mentor(self.viewer.id).with_only_columns(Proposal.mentee_id)
        wants_others = MenteeProfile.others_wanted_at.is_not(None) & MenteeProfile.id.not_in(mine)
        rows = (
            select(User.id, User.name, Municipality.display_name, wants_others)
            .select_from(MenteeProfile)
            .join(MenteeProfile.member)
            .join(Member.user)
            .join(Member.municipality)
            .where(MenteeProfile.id.in_(seeking()), MenteeProfile.paused_at.is_(None))
            .order_by(User.sort_key)
        )
        return [
            InPool(user_id, name, place, wants_others=others)
            for user_id, name, place, others in db.session.execute(rows)
        ]

    @cached_property
    def mentors(self) -> list[InPool]:
        free = free_places()
        rows = (
            select(User.id, User.name, Municipality.display_name, free)
            .select_from(MentorProfile)
            .join(MentorProfile.member)
            .join(Member.user)
            .join(Member.municipality)
            .where(MentorProfile.paused_at.is_(None), User.deactivated_at.is_(None), free > 0)
            .order_by(User.sort_key)
        )
        return [InPool(*row) for row in db.session.execute(rows)]

    @property
    def shown(self) -> set[int]:
        """The users who are named."""
        return {one.user_id for side in (self.mentees, self.mentors) for one in side[: self.most]}

    @property
    def places(self) -> int:
        return sum(mentor.places for mentor in self.mentors)
