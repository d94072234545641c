"""Putting mails in the outbox, and taking back those that no longer hold."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import update

from portal.extensions import db
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
    message = OutboxMessage(
        kind=kind,
        user_id=to.id,
        address=to.email,
        path=path,
        about=name(about) if about is not None else None,
        message_id=f"<{secrets.token_hex(16)}@varde>",
        created_at=at,
        next_attempt_at=max(at, not_before or at),
    )
    db.session.add(message)
    return message


def send_to_address(
    kind: Kind, user_id: int | None, address: str, at: datetime, *, path: str, nonce: str, void: bool = False
) -> None:
    """Write a mail to an address. `void`: nobody shall get it, and nobody can tell by the time it takes."""
    message = OutboxMessage(
        kind=kind,
        user_id=user_id,
        address="" if void else address,
        path=path,
        nonce=nonce,
        message_id=f"<{secrets.token_hex(16)}@varde>",
        created_at=at,
        next_attempt_at=at,
        withdrawn_at=at if void else None,
    )
    db.session.add(message)


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
