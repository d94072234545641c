from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column, relationship

from portal.consents.texts import Purpose, current
from portal.extensions import Base, PrimaryKey, db, enum_type

_WITHDRAWN_NOT = sql("withdrawn_at IS NULL")


class ConsentText(Base):
    """The words that somebody has said yes to. Triggers (migration 0011) refuse to change or remove a row."""

    __tablename__ = "consent_text"
    __table_args__ = (
        UniqueConstraint("purpose", "version", name="uq_consent_text_version"),
        CheckConstraint("version >= 1", name="from_one"),
    )

    id: Mapped[PrimaryKey]
    purpose: Mapped[Purpose] = mapped_column(enum_type(Purpose, "purpose"))
    version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[datetime]


class Consent(Base):
    """A person's yes to a purpose in the words of one version, until it is taken back. Kept as history after that.

    `lapsed_at` where it was not the person who ended it: a backup was put back, and nobody knows what was taken back since.
    """

    __tablename__ = "consent"
    __table_args__ = (
        ForeignKeyConstraint(
            ["purpose", "version"], ["consent_text.purpose", "consent_text.version"], name="fk_consent_text"
        ),
        Index(
            "uq_consent_live",
            "user_id",
            "purpose",
            unique=True,
            sqlite_where=_WITHDRAWN_NOT,
            postgresql_where=_WITHDRAWN_NOT,
        ),
        CheckConstraint("withdrawn_at IS NULL OR withdrawn_at >= given_at", name="order"),
        CheckConstraint("lapsed_at IS NULL OR withdrawn_at IS NOT NULL", name="lapsed_is_ended"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[Purpose] = mapped_column(enum_type(Purpose, "purpose"))
    version: Mapped[int]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    lapsed_at: Mapped[datetime | None]
    wording: Mapped[ConsentText] = relationship(viewonly=True)


def condition(
    user_id: InstrumentedAttribute[int] | ColumnElement[int] | int, purpose: Purpose
) -> ColumnElement[bool]:
    """The condition that this user (a column of the select, or an id) lets us do what the purpose says, now."""
    mine = (Consent.user_id == user_id) & (Consent.purpose == purpose)
    lasting = Consent.withdrawn_at.is_(None) & (Consent.version >= current(purpose).covers)
    return select(Consent.id).where(mine & lasting).exists()


def among(user_ids: Iterable[int], purpose: Purpose) -> set[int]:
    """Those of these people who let us do what the purpose says, now; one question to the database."""
    lasting = Consent.withdrawn_at.is_(None) & (Consent.version >= current(purpose).covers)
    mine = Consent.user_id.in_(set(user_ids)) & (Consent.purpose == purpose)
    return set(db.session.scalars(select(Consent.user_id).where(mine & lasting)))


def holds(user_id: int, purpose: Purpose) -> bool:
    """Whether this person lets us do what the purpose says, now."""
    return bool(db.session.scalar(select(condition(user_id, purpose))))
