from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Select, String, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from portal.access import Role
from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey, SortKey, enum_type
from portal.language import gettext as _


class MunicipalityKind(StrEnum):
    MUNICIPALITY = "municipality"
    COUNTY = "county"


class Membership(StrEnum):
    MEMBER = "member"
    NON_MEMBER = "non_member"

    @property
    def label(self) -> str:
        return str(_("Medlem") if self is Membership.MEMBER else _("Ikke medlem"))


class Municipality(Base):
    """A municipality or county, from Statistics Norway and Kartverket. Its number is text: 0301 keeps its zero."""

    __tablename__ = "municipality"

    number: Mapped[str] = mapped_column(String(4), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    display_name: Mapped[str] = mapped_column(String(100), unique=True)
    sort_key: Mapped[str] = mapped_column(SortKey, index=True)
    kind: Mapped[MunicipalityKind] = mapped_column(enum_type(MunicipalityKind, "kind"))
    county_number: Mapped[str] = mapped_column(String(2), index=True)
    county_name: Mapped[str] = mapped_column(String(80))
    population: Mapped[int]
    kostra_group: Mapped[int | None]
    centrality_class: Mapped[int | None]
    centrality_index: Mapped[int | None]
    language_form: Mapped[str | None] = mapped_column(String(10))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    neighbours: Mapped[str] = mapped_column(String(200), default="")

    @property
    def is_county(self) -> bool:
        return self.kind is MunicipalityKind.COUNTY


class ChallengeArea(Base):
    """Something a chief executive can stand in. A mentee faces it; a mentor has been through it."""

    __tablename__ = "challenge_area"

    id: Mapped[PrimaryKey]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    label: Mapped[str] = mapped_column(String(120))
    experience_label: Mapped[str] = mapped_column(String(160))
    position: Mapped[int]
    retired_at: Mapped[datetime | None]

    @classmethod
    def current(cls) -> Select[tuple["ChallengeArea"]]:
        return select(cls).where(cls.retired_at.is_(None)).order_by(cls.position)


class Tenure(Base):
    """A stretch of time at the top of a municipality. Continuity is computed from these."""

    __tablename__ = "tenure"
    __table_args__ = (CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name="ends_after_start"),)

    id: Mapped[PrimaryKey]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    municipality_number: Mapped[str] = mapped_column(ForeignKey("municipality.number"))
    title: Mapped[str] = mapped_column(String(120))
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    municipality: Mapped[Municipality] = relationship()


class Member(Base):
    """A chief executive known to KDF. `in_position_since` is unknown for some."""

    __tablename__ = "member"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    municipality_number: Mapped[str] = mapped_column(ForeignKey("municipality.number"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    in_position_since: Mapped[date | None]
    membership: Mapped[Membership] = mapped_column(enum_type(Membership, "membership"))
    invited_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    municipality: Mapped[Municipality] = relationship(lazy="joined", innerjoin=True)
    tenures: Mapped[list[Tenure]] = relationship(order_by=Tenure.started_on, cascade="all, delete-orphan")

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Member"]]:
        """The secretariat sees all members, a member only the own row."""
        rows = select(cls).join(cls.user).options(contains_eager(cls.user))
        return rows if Role.SECRETARIAT in user.roles else rows.where(cls.user_id == user.id)

    @classmethod
    def handled_by(cls, user: User) -> Select[tuple["Member"]]:
        """What the secretariat opens and changes: every member but oneself, whom a colleague sees to."""
        return cls.visible_to(user).where(cls.user_id != user.id)

    @property
    def name(self) -> str:
        return self.user.name

    def years_in_position(self, today: date) -> int | None:
        """Whole years in the present position; None when its start is unknown."""
        start = self.in_position_since
        if start is None:
            return None
        return today.year - start.year - ((today.month, today.day) < (start.month, start.day))

    def take_position(
        self, municipality: Municipality, title: str, since: date | None, known_on: date | None = None
    ) -> None:
        """Move the member to a position; the one before it is closed and kept in the history.

        `known_on` is when we learnt of it: the end of the one before, where nobody says when the new one began.
        """
        moved = self.municipality_number not in (None, municipality.number)
        current = next((t for t in self.tenures if t.ended_on is None), None)
        self.municipality, self.municipality_number = municipality, municipality.number
        self.title, self.in_position_since = title, since
        if current is not None and moved:
            current.ended_on = max(since or known_on or current.started_on, current.started_on)
            current = None
        if current is not None and since is not None:
            current.title, current.started_on = title, since
        elif current is None and since is not None:
            self.tenures.append(Tenure(municipality=municipality, title=title, started_on=since))


class ImportPreview(Base):
    """What an uploaded list says, kept until whoever uploaded it confirms it or the time is up. Emptied once confirmed."""

    __tablename__ = "import_preview"

    id: Mapped[PrimaryKey]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    filename: Mapped[str] = mapped_column(String(200))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["ImportPreview"]]:
        return select(cls).where(cls.by_id == user.id)
