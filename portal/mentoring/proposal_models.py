"""A round of matching, and the mentors it proposes to a mentee."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Select, String, false, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.access import Role
from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey
from portal.keys import sealed_json, sealed_list
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile

_RELEASED_NOT = sql("released_at IS NULL")
_LAPSED_NOT = sql("lapsed_at IS NULL")


class MatchRound(Base):
    """A round of proposals: made, run, looked at, released, closed. There is one draft at a time."""

    __tablename__ = "match_round"
    __table_args__ = (
        Index(
            "uq_match_round_draft",
            sql("(released_at IS NULL)"),
            unique=True,
            sqlite_where=_RELEASED_NOT,
            postgresql_where=_RELEASED_NOT,
        ),
        CheckConstraint("released_at IS NULL OR answer_by IS NOT NULL", name="released_with_deadline"),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(120))
    weights: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    run_at: Mapped[datetime | None]
    run_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    answer_by: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    proposals: Mapped[list["Proposal"]] = relationship(
        back_populates="round", cascade="all, delete-orphan", order_by="Proposal.mentee_id, Proposal.rank"
    )

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["MatchRound"]]:
        """The secretariat's alone."""
        rows = select(cls)
        return rows if Role.SECRETARIAT in user.roles else rows.where(false())


class Proposal(Base):
    """A mentor suggested to a mentee in a round. The mentee answers first; only then does the mentor see it.

    `score` is in units (1 000 to the point); `parts`, `reasons` and `difference` are as `matching.as_data` has
    them, frozen. `lapsed_at` lets the pair be proposed again; a no or a yes holds it for ever.
    """

    __tablename__ = "proposal"
    __table_args__ = (
        Index(
            "uq_proposal_pair_held",
            "mentee_id",
            "mentor_id",
            unique=True,
            sqlite_where=_LAPSED_NOT,
            postgresql_where=_LAPSED_NOT,
        ),
        CheckConstraint("rank >= 1", name="rank"),
        CheckConstraint("mentee_accepted_at IS NULL OR mentee_declined_at IS NULL", name="one_mentee_answer"),
        CheckConstraint("mentor_accepted_at IS NULL OR mentor_declined_at IS NULL", name="one_mentor_answer"),
        CheckConstraint(
            "mentor_asked_at IS NULL OR mentee_accepted_at IS NOT NULL OR mentee_declined_at IS NOT NULL",
            name="mentee_first",
        ),
        CheckConstraint("(mentor_asked_at IS NULL) = (mentor_answer_by IS NULL)", name="asked_with_deadline"),
        CheckConstraint(
            "mentor_asked_at IS NOT NULL OR (mentor_accepted_at IS NULL AND mentor_declined_at IS NULL)",
            name="mentor_asked",
        ),
    )

    id: Mapped[PrimaryKey]
    round_id: Mapped[int] = mapped_column(ForeignKey("match_round.id", ondelete="CASCADE"), index=True)
    mentee_id: Mapped[int] = mapped_column(ForeignKey("mentee_profile.id", ondelete="CASCADE"), index=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("mentor_profile.id", ondelete="CASCADE"), index=True)
    rank: Mapped[int]
    score: Mapped[int]
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    # These tell what the mentee wished for, and so are sealed like the wish itself.
    reasons = sealed_list(owner="mentee.member.user_id", row=("round_id", "mentee_id", "mentor_id"))
    difference = sealed_json(owner="mentee.member.user_id", row=("round_id", "mentee_id", "mentor_id"))
    locked_at: Mapped[datetime | None]
    mentee_accepted_at: Mapped[datetime | None]
    mentee_declined_at: Mapped[datetime | None]
    mentor_asked_at: Mapped[datetime | None]
    mentor_answer_by: Mapped[datetime | None]
    mentor_accepted_at: Mapped[datetime | None]
    mentor_declined_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    round: Mapped[MatchRound] = relationship(back_populates="proposals", innerjoin=True)
    mentee: Mapped[MenteeProfile] = relationship(innerjoin=True)
    mentor: Mapped[MentorProfile] = relationship(innerjoin=True)

    @classmethod
    def for_mentee(cls, user: User) -> Select[tuple["Proposal"]]:
        """What the mentee has been given."""
        mentees = select(MenteeProfile.id).join(MenteeProfile.member).where(Member.user_id == user.id)
        released = select(MatchRound.id).where(MatchRound.released_at.is_not(None))
        return select(cls).where(cls.mentee_id.in_(mentees), cls.round_id.in_(released))

    @classmethod
    def of_mentor(cls, user_id: int) -> Select[tuple["Proposal"]]:
        """Those that the person is the mentor of, most of which are none of the mentor's business: see `apart`."""
        mentors = select(MentorProfile.id).join(MentorProfile.member).where(Member.user_id == user_id)
        return select(cls).where(cls.mentor_id.in_(mentors))

    @property
    def awaits_mentee(self) -> bool:
        answered = self.mentee_accepted_at or self.mentee_declined_at
        return not answered and self.lapsed_at is None and self.round.released_at is not None

    @property
    def is_queued(self) -> bool:
        """Whether the mentee has said yes and the mentor's turn has not come."""
        return bool(self.mentee_accepted_at) and not self.mentor_asked_at and not self.lapsed_at

    @property
    def is_unsettled(self) -> bool:
        """Whether nobody's answer has ended it: neither a no, nor the mentor's yes."""
        return not (self.mentee_declined_at or self.mentor_accepted_at or self.mentor_declined_at)

    def is_late(self, now: datetime) -> bool:
        """Whether whoever it waits for has let the deadline pass."""
        deadline = self.mentor_answer_by if self.awaits_mentor else self.round.answer_by
        return (self.awaits_mentor or self.awaits_mentee) and deadline is not None and deadline < now

    @property
    def awaits_mentor(self) -> bool:
        answered = self.mentor_accepted_at or self.mentor_declined_at or self.mentee_declined_at
        return bool(self.mentor_asked_at) and not answered and self.lapsed_at is None
