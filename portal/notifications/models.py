from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base, PrimaryKey, enum_type


class Kind(StrEnum):
    """Why the mail is sent. The reader is told only that something waits."""

    INVITATION = "invitation"
    SIGN_IN = "sign_in"
    SIGN_IN_CHANGED = "sign_in_changed"
    SIGN_IN_TRIED = "sign_in_tried"
    EMAIL_CONFIRMATION = "email_confirmation"
    ACCESS_WAITING = "access_waiting"
    BOOKING_MADE = "booking_made"
    BOOKING_MOVED = "booking_moved"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_REMINDER = "booking_reminder"
    PROPOSAL_WAITING = "proposal_waiting"
    MENTOR_REQUEST_WAITING = "mentor_request_waiting"
    PAIRED = "paired"
    SEAT_GIVEN = "seat_given"


class OutboxMessage(Base):
    """A mail to be sent once. `path` leads into the portal; `nonce` makes a one-time token that is never stored."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_waiting",
            "next_attempt_at",
            sqlite_where=text("sent_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("sent_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[Kind] = mapped_column(enum_type(Kind, "kind"))
    user_id: Mapped[int | None] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(320))
    path: Mapped[str] = mapped_column(String(200))
    nonce: Mapped[str | None] = mapped_column(String(64))
    about: Mapped[str | None] = mapped_column(String(60), index=True)
    message_id: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
