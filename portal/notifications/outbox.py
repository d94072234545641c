"""Putting mails in the outbox, and taking back those that no longer hold."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import select, update

from portal.extensions import Base, db
from portal.notifications.models import Kind, OutboxMessage


class Recipient(Protocol):
    id: Any
    email: Any


def send(
    kind: Kind,
    to: Recipient,
    at: datetime,
    *,
    path: str = "/",
    about: Any = None,
    not_before: datetime | None = None,
) -> OutboxMessage:
    """Write a mail to `to` in the present transaction; the worker sends it once `not_before` has come.

    `path` is where in the portal it leads; `about` the row it concerns, by which it can be withdrawn.
    """
    gone = is_gone(to.id)
    message = OutboxMessage(
        kind=kind,
        user_id=None if gone else to.id,
        address="" if gone else to.email,
        path=path,
        about=name(about) if about is not None else None,
        message_id=f"<{secrets.token_hex(16)}@varde>",
        created_at=at,
        next_attempt_at=max(at, not_before or at),
        withdrawn_at=at if gone else None,
    )
    db.session.add(message)
    return message


def send_to_address(
    kind: Kind, user_id: int | None, address: str, at: datetime, *, path: str, nonce: str, void: bool = False
) -> None:
    """Write a mail to an address. `void`: nobody shall get it, and nobody can tell by the time it takes."""
    gone = is_gone(user_id, lock=True)  # an address that was read before an erasure is not written after it
    void = void or gone
    message = OutboxMessage(
        kind=kind,
        user_id=None if gone else user_id,
        address="" if void else address,
        path=path,
        nonce=nonce,
        message_id=f"<{secrets.token_hex(16)}@varde>",
        created_at=at,
        next_attempt_at=at,
        withdrawn_at=at if void else None,
    )
    db.session.add(message)


def is_gone(user_id: int | None, lock: bool = False) -> bool:
    """Whether the person has been shut out, as the database has it now: they may have been erased since they were read."""
    user = Base.metadata.tables["user"]
    shut = select(user.c.deactivated_at).where(user.c.id == user_id)
    if lock:
        shut = shut.with_for_update(read=True, key_share=True)
    with db.session.no_autoflush:
        return db.session.scalar(shut) is not None


def withdraw(kind: Kind, about: Any, at: datetime) -> None:
    """Take back unsent mails of this kind about this row: the reminder of a conversation that was cancelled."""
    waiting = (OutboxMessage.about == name(about)) & (OutboxMessage.kind == kind)
    unsent = OutboxMessage.sent_at.is_(None) & OutboxMessage.withdrawn_at.is_(None)
    db.session.execute(update(OutboxMessage).where(waiting & unsent).values(withdrawn_at=at))


def name(row: Any) -> str:
    return f"{row.__tablename__}:{row.id}"


def one_time_token(nonce: str) -> str:
    """The token that belongs to a nonce. Only who holds the secret key can make it, so a copy of the database cannot."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return (
        urlsafe_b64encode(hmac.digest(key, b"one-time:" + nonce.encode(), hashlib.sha256))
        .decode()
        .rstrip("=")
    )
