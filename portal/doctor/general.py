"""The rules of the ground: references, accounts, mails and the audit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, inspect, select, text

from portal import audit
from portal.accounts.models import LINK_LIFETIME, LoginLink, User
from portal.doctor.rules import rule
from portal.extensions import db
from portal.notifications.models import OutboxMessage


@rule("The audit chain is whole")
def _audit(_now: datetime) -> list[str]:
    return audit.verify()


@rule("Every reference leads to a row")
def _references(_now: datetime) -> Iterable[Any]:
    # PostgreSQL never lets one dangle; SQLite lets a careless connection.
    if db.engine.dialect.name == "sqlite":
        return db.session.execute(text("PRAGMA foreign_key_check")).all()
    return []


@rule("Every table of the design is there")
def _tables(_now: datetime) -> list[str]:
    there = set(inspect(db.session.connection()).get_table_names())
    return sorted(set(db.metadata.tables) - there)


@rule("No two users share an address, whatever its capitals")
def _addresses(_now: datetime) -> Select[Any]:
    folded = func.lower(User.email)
    return select(func.min(User.id)).group_by(folded).having(func.count() > 1)


@rule("A mailed link lives at most ten minutes and is used inside them")
def _links(_now: datetime) -> Iterable[Any]:
    links = db.session.scalars(select(LoginLink))
    return [
        link.id
        for link in links
        if link.expires_at - link.created_at > LINK_LIFETIME
        or (link.used_at is not None and link.used_at > link.expires_at)
    ]


@rule("A mail is either waiting, sent or withdrawn, and its token is forgotten once it is sent")
def _outbox(_now: datetime) -> Select[Any]:
    both = OutboxMessage.sent_at.is_not(None) & OutboxMessage.withdrawn_at.is_not(None)
    remembered = OutboxMessage.sent_at.is_not(None) & OutboxMessage.nonce.is_not(None)
    return select(OutboxMessage.id).where(both | remembered)
