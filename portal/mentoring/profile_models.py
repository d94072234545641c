"""What a mentee and a mentor have told of themselves."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey, enum_type
from portal.keys import sealed_json, sealed_text
from portal.language import gettext as _
from portal.members.models import ChallengeArea, Member

if TYPE_CHECKING:
    from portal.mentoring.mentorship_models import Mentorship

MOST_PLACES = 6


class Modes(StrEnum):
    """How somebody can meet."""

    EITHER = "either"
    DIGITAL = "digital"
    IN_PERSON = "in_person"

    @property
    def label(self) -> str:
        words = {
            Modes.EITHER: _("Begge deler"),
            Modes.DIGITAL: _("Digitalt"),
            Modes.IN_PERSON: _("Fysisk"),
        }
        return str(words[self])


class MenteeArea(Base):
    """What a mentee faces, and how much it weighs."""

    __tablename__ = "mentee_area"
    __table_args__ = (CheckConstraint("weight BETWEEN 1 AND 3", name="weight"),)

    mentee_id: Mapped[int] = mapped_column(
        ForeignKey("mentee_profile.id", ondelete="CASCADE"), primary_key=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("challenge_area.id"), primary_key=True)
    weight: Mapped[int]
    area: Mapped[ChallengeArea] = relationship(lazy="joined", innerjoin=True)


class MenteeProfile(Base):
    """What a member who looks for a mentor faces. The text is the member's own: no other person reads it."""

    __tablename__ = "mentee_profile"

    id: Mapped[PrimaryKey]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), unique=True)
    text = sealed_text()
    wishes = sealed_json()
    modes: Mapped[Modes] = mapped_column(enum_type(Modes, "modes"), default=Modes.EITHER)
    seeking_since: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    others_wanted_at: Mapped[datetime | None]
    member: Mapped[Member] = relationship(innerjoin=True)
    areas: Mapped[list[MenteeArea]] = relationship(
        cascade="all, delete-orphan", order_by=lambda: (MenteeArea.weight.desc(), MenteeArea.area_id)
    )

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["MenteeProfile"]]:
        """Everybody their own, and nobody else's."""
        return select(cls).join(cls.member).where(Member.user_id == user.id)


class MentorArea(Base):
    """What a mentor has been through, and how well."""

    __tablename__ = "mentor_area"
    __table_args__ = (CheckConstraint("strength BETWEEN 1 AND 3", name="strength"),)

    mentor_id: Mapped[int] = mapped_column(
        ForeignKey("mentor_profile.id", ondelete="CASCADE"), primary_key=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("challenge_area.id"), primary_key=True)
    strength: Mapped[int]
    area: Mapped[ChallengeArea] = relationship(lazy="joined", innerjoin=True)


class MentorPlace(Base):
    """Room for one mentee. A mentor's capacity is how many of these there are."""

    __tablename__ = "mentor_place"

    mentor_id: Mapped[int] = mapped_column(
        ForeignKey("mentor_profile.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class MentorProfile(Base):
    """What a mentor has been through and how many they can take."""

    __tablename__ = "mentor_profile"

    id: Mapped[PrimaryKey]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), unique=True)
    text = sealed_text()
    modes: Mapped[Modes] = mapped_column(enum_type(Modes, "modes"), default=Modes.EITHER)
    retired: Mapped[bool] = mapped_column(default=False)
    willing_since: Mapped[datetime]
    updated_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    member: Mapped[Member] = relationship(innerjoin=True)
    areas: Mapped[list[MentorArea]] = relationship(
        cascade="all, delete-orphan", order_by=lambda: (MentorArea.strength.desc(), MentorArea.area_id)
    )
    places: Mapped[list[MentorPlace]] = relationship(
        cascade="all, delete-orphan", order_by=MentorPlace.number
    )
    live: Mapped[list["Mentorship"]] = relationship(
        primaryjoin="and_(MentorProfile.id == Mentorship.mentor_id, Mentorship.ended_at.is_(None))",
        viewonly=True,
        order_by="Mentorship.started_at",
    )

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["MentorProfile"]]:
        """Everybody their own, and nobody else's."""
        return select(cls).join(cls.member).where(Member.user_id == user.id)

    @property
    def free_places(self) -> list[int]:
        taken = {mentorship.place for mentorship in self.live}
        return [place.number for place in self.places if place.number not in taken]
