from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    false,
    or_,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import keys
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey, enum_type
from portal.keys import SealedBytes, sealed_json, sealed_list, sealed_text
from portal.language import gettext as _
from portal.members.models import ChallengeArea, Member

MOST_PLACES = 6
_ENDED_NOT = sql("ended_at IS NULL")
_RELEASED_NOT = sql("released_at IS NULL")
_LAPSED_NOT = sql("lapsed_at IS NULL")
_CANCELLED_NOT = sql("cancelled_at IS NULL")


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


class ReservationKind(StrEnum):
    """Whom a person says no to; NEIGHBOURS are all municipalities next to the own one."""

    PERSON = "person"
    TIE = "tie"
    MUNICIPALITY = "municipality"
    COUNTY = "county"
    NEIGHBOURS = "neighbours"


class Tie(StrEnum):
    """What binds two people so that neither should be the other's mentor."""

    COMPANY = "company"
    FAMILY = "family"
    APPLICATIONS = "applications"
    FORMER_BOSS = "former_boss"
    DISPUTE = "dispute"

    @property
    def label(self) -> str:
        words = {
            Tie.COMPANY: _("Vi sitter i samme selskap eller IKS"),
            Tie.FAMILY: _("Vi er i familie"),
            Tie.APPLICATIONS: _("Vi søker de samme stillingene"),
            Tie.FORMER_BOSS: _("Den ene har vært den andres sjef"),
            Tie.DISPUTE: _("Kommunene våre strides, eller skal slås sammen"),
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


class Ground(StrEnum):
    """Why the secretariat rules a pair out: a choice from a list, for words of one's own would say too much."""

    CONFLICT = "conflict"
    ACQUAINTED = "acquainted"
    IMPRACTICAL = "impractical"
    JUDGEMENT = "judgement"

    @property
    def label(self) -> str:
        words = {
            Ground.CONFLICT: _("Habilitet"),
            Ground.ACQUAINTED: _("De kjenner hverandre fra før"),
            Ground.IMPRACTICAL: _("Vanskelig å få til i praksis"),
            Ground.JUDGEMENT: _("Sekretariatets skjønn"),
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


class Reservation(Base):
    """A no that is nobody's business: never shown to anyone but its owner, not even that it exists.

    The row says neither whose it is nor whom it is about: both marks are blind without the owner's key, and the rest
    is sealed with it. All that the table tells is how many there are.
    """

    __tablename__ = "reservation"

    id: Mapped[PrimaryKey]
    owner_mark: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    content: Mapped[bytes] = mapped_column(SealedBytes)

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Reservation"]]:
        """The owner's alone; the secretariat has no more right to them than anyone else."""
        mark = cls.mark_of(user.id)
        return select(cls).where(cls.owner_mark == mark if mark else false()).order_by(cls.id)

    @classmethod
    def mark_of(cls, user_id: int) -> bytes | None:
        """What stands for the owner; None when the person has no key, and so no reservation."""
        return keys.blind_if_known(user_id, "reservation.owner_mark", "")


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
        return select(cls).where(cls._mentees(user))

    @classmethod
    def for_mentor(cls, user: User) -> Select[tuple["Proposal"]]:
        """What the mentor has been asked, and nothing that has not come that far."""
        return select(cls).where(cls._mentors(user))

    @classmethod
    def _mentees(cls, user: User) -> Any:
        mentees = select(MenteeProfile.id).join(MenteeProfile.member).where(Member.user_id == user.id)
        released = select(MatchRound.id).where(MatchRound.released_at.is_not(None))
        return cls.mentee_id.in_(mentees) & cls.round_id.in_(released)

    @classmethod
    def _mentors(cls, user: User) -> Any:
        mentors = select(MentorProfile.id).join(MentorProfile.member).where(Member.user_id == user.id)
        return cls.mentor_id.in_(mentors) & cls.mentor_asked_at.is_not(None)

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
