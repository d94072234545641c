"""Two who have both said yes, and the meetings they plan."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    UniqueConstraint,
    or_,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey, enum_type
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal

_ENDED_NOT = sql("ended_at IS NULL")
_CANCELLED_NOT = sql("cancelled_at IS NULL")


class MeetingMode(StrEnum):
    """How a meeting is held."""

    DIGITAL = "digital"
    PHONE = "phone"
    IN_PERSON = "in_person"

    @property
    def label(self) -> str:
        words = {
            MeetingMode.DIGITAL: _("Digitalt"),
            MeetingMode.PHONE: _("Telefon"),
            MeetingMode.IN_PERSON: _("Fysisk"),
        }
        return str(words[self])


class EndReason(StrEnum):
    """Why a mentorship ended: a choice from a list, never words of one's own."""

    DONE = "done"
    NO_TIME = "no_time"
    NEW_POSITION = "new_position"
    OTHER = "other"

    @property
    def label(self) -> str:
        words = {
            EndReason.DONE: _("Vi er kommet dit vi skulle"),
            EndReason.NO_TIME: _("Det ble for liten tid"),
            EndReason.NEW_POSITION: _("En av oss har fått ny stilling"),
            EndReason.OTHER: _("Noe annet"),
        }
        return str(words[self])


class Mentorship(Base):
    """Two who have both said yes. While it lasts it holds one of the mentor's places."""

    __tablename__ = "mentorship"
    __table_args__ = (
        ForeignKeyConstraint(
            ["mentor_id", "place"],
            ["mentor_place.mentor_id", "mentor_place.number"],
            name="fk_mentorship_place",
        ),
        UniqueConstraint("mentor_id", "place", name="uq_mentorship_place"),
        Index(
            "uq_mentorship_mentee_live",
            "mentee_id",
            unique=True,
            sqlite_where=_ENDED_NOT,
            postgresql_where=_ENDED_NOT,
        ),
        CheckConstraint("(ended_at IS NULL) = (place IS NOT NULL)", name="holds_place_while_live"),
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="ended_with_reason"),
    )

    id: Mapped[PrimaryKey]
    mentee_id: Mapped[int] = mapped_column(ForeignKey("mentee_profile.id", ondelete="CASCADE"), index=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("mentor_profile.id", ondelete="CASCADE"), index=True)
    place: Mapped[int | None]
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"), unique=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    end_reason: Mapped[EndReason | None] = mapped_column(enum_type(EndReason, "end_reason"))
    mentee: Mapped[MenteeProfile] = relationship(innerjoin=True)
    mentor: Mapped[MentorProfile] = relationship(innerjoin=True, foreign_keys=mentor_id)
    proposal: Mapped[Proposal] = relationship(innerjoin=True)
    meetings: Mapped[list["Meeting"]] = relationship(
        back_populates="mentorship", cascade="all, delete-orphan", order_by="Meeting.starts_at"
    )

    @classmethod
    def of(cls, user: User) -> Select[tuple["Mentorship"]]:
        """Those that the person is one of the two in."""
        return select(cls).where(cls._between(user))

    @classmethod
    def of_others(cls, user: User) -> Select[tuple["Mentorship"]]:
        """Those that the person has no part in, for a colleague in the secretariat to see to."""
        return select(cls).where(~cls._between(user))

    @classmethod
    def _between(cls, user: User) -> Any:
        mentees = select(MenteeProfile.id).join(MenteeProfile.member).where(Member.user_id == user.id)
        mentors = select(MentorProfile.id).join(MentorProfile.member).where(Member.user_id == user.id)
        return or_(cls.mentee_id.in_(mentees), cls.mentor_id.in_(mentors))

    @property
    def is_live(self) -> bool:
        return self.ended_at is None

    @property
    def last_held(self) -> "Meeting | None":
        return next((m for m in reversed(self.meetings) if m.held_logged_at), None)

    def next_planned(self, now: datetime) -> "Meeting | None":
        return next((m for m in self.meetings if m.is_planned and m.starts_at >= now), None)


class Meeting(Base):
    """A meeting agreed or held: when, how long and how. What was said is the two's own and has no place here."""

    __tablename__ = "meeting"
    __table_args__ = (
        Index(
            "uq_meeting_live",
            "mentorship_id",
            "starts_at",
            unique=True,
            sqlite_where=_CANCELLED_NOT,
            postgresql_where=_CANCELLED_NOT,
        ),
        CheckConstraint("minutes BETWEEN 5 AND 480", name="minutes"),
        CheckConstraint("cancelled_at IS NULL OR held_logged_at IS NULL", name="held_or_cancelled"),
    )

    id: Mapped[PrimaryKey]
    mentorship_id: Mapped[int] = mapped_column(ForeignKey("mentorship.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime]
    minutes: Mapped[int]
    mode: Mapped[MeetingMode] = mapped_column(enum_type(MeetingMode, "mode"))
    agreed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    held_logged_at: Mapped[datetime | None]
    held_logged_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    cancelled_at: Mapped[datetime | None]
    mentorship: Mapped[Mentorship] = relationship(back_populates="meetings", innerjoin=True)

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Meeting"]]:
        """The two's own."""
        return select(cls).join(cls.mentorship).where(Mentorship._between(user))

    @property
    def is_planned(self) -> bool:
        return self.held_logged_at is None and self.cancelled_at is None
