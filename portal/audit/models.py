from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base, PrimaryKey


class AuditEvent(Base):
    """A link of the chain. People and subjects are named by id, so that erasing a person leaves the chain whole.

    Triggers (migration 0005) refuse to change or remove a row, whoever asks.
    """

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "actor_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(60), index=True)
    actor_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(String(60), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The end of the chain: the one row that writers take in turn."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[PrimaryKey]
    count: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
