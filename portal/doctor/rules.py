"""How the doctor states a rule: a sentence, and a select of the rows that break it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, inspect, select, text

from portal import audit
from portal.accounts.models import LINK_LIFETIME, LoginLink, User
from portal.extensions import db
from portal.notifications.models import OutboxMessage


@dataclass(frozen=True)
class Finding:
    """What was seen of one rule."""

    rule: str
    holds: bool
    seen: str


Rule = Callable[[datetime], Finding]
RULES: list[Rule] = []


def rule(sentence: str) -> Callable[[Callable[[datetime], Iterable[Any] | Select[Any]]], Rule]:
    """Make a rule of a function that finds the offenders: a select of them, or the offenders themselves."""

    def make(find: Callable[[datetime], Iterable[Any] | Select[Any]]) -> Rule:
        def check(now: datetime) -> Finding:
            found = find(now)
            offenders = list(db.session.execute(found)) if isinstance(found, Select) else list(found)
            shown = ", ".join(_name(row) for row in offenders[:5])
            seen = f"{len(offenders)} break it: {shown}" if offenders else "none breaks it"
            return Finding(sentence, not offenders, seen)

        RULES.append(check)
        return check

    return make


def _name(row: Any) -> str:
    return "/".join(str(part) for part in row) if hasattr(row, "_mapping") else str(row)


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
    there = set(inspect(db.engine).get_table_names())
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


# The subjects' own rules register themselves.
from portal.doctor import coaching, mentoring  # noqa: E402, F401  # after `rule` is made, which they use
