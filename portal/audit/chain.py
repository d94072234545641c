"""Recording and verifying the chain. An event is written last in the transaction that it tells about."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session

from portal.audit.models import AuditEvent, AuditHead
from portal.extensions import db

START = "0" * 64
_DECLARED: dict[str, frozenset[str]] = {}


@dataclass(frozen=True)
class _Pending:
    event: str
    actor: Any
    subject: Any
    at: datetime
    details: dict[str, Any]


def declare(event: str, *keys: str) -> str:
    """Name an event and the only keys it may carry. Called once, where the event belongs."""
    _DECLARED[event] = frozenset(keys)
    return event


def record(event: str, *, by: Any, on: Any, at: datetime, **details: str | int | bool | None) -> None:
    """Note that `by` (a user, or None for the system) did `event` to the row `on`.

    Raises ValueError for an event or key that is not declared: that is how content stays out.
    """
    stray = set(details) - _DECLARED.get(event, frozenset())
    if event not in _DECLARED or stray:
        raise ValueError(f"not declared for the audit: {event} {sorted(stray)}")
    db.session.info.setdefault("audit", []).append(_Pending(event, by, on, at, details))


def _name(row: Any) -> str:
    return row if isinstance(row, str) else f"{row.__tablename__}:{row.id}"


def _link(number: int, pending: _Pending, previous: str) -> AuditEvent:
    link = AuditEvent(
        id=number,
        at=pending.at,
        event=pending.event,
        actor_id=pending.actor.id if pending.actor is not None else None,
        subject=_name(pending.subject),
        details=pending.details,
        previous_hash=previous,
    )
    link.hash = fingerprint(link)
    return link


def fingerprint(link: AuditEvent) -> str:
    """The hash of everything in the link and of the link before it."""
    content = [
        link.id, link.at.isoformat(), link.event, link.actor_id, link.subject, link.details, link.previous_hash,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _write(session: Session) -> None:
    # Last before commit, so that the head's lock, which every writer wants, is held for as short as can be.
    if session.in_nested_transaction() or not session.info.get("audit"):
        return
    session.flush()
    pending = session.info.pop("audit")
    head = session.scalar(select(AuditHead).with_for_update().execution_options(populate_existing=True))
    if head is None:
        head = AuditHead(id=1, count=0, hash=START)
        session.add(head)
    for item in pending:
        link = _link(head.count + 1, item, head.hash)
        session.add(link)
        head.count, head.hash = link.id, link.hash


def _forget(session: Session, *_: Any) -> None:
    session.info.pop("audit", None)


def register(session: scoped_session[Any]) -> None:
    sqlalchemy_event.listen(session, "before_commit", _write)
    sqlalchemy_event.listen(session, "after_rollback", _forget)


def verify() -> list[str]:
    """What is wrong with the chain, a sentence for each fault; empty when it is whole."""
    faults: list[str] = []
    previous, number = START, 0
    for link in db.session.scalars(
        select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=500)
    ):
        number += 1
        if link.id != number:
            faults.append(f"event {number} is missing: the next one found is {link.id}")
            number = link.id
        if link.previous_hash != previous:
            faults.append(f"event {link.id} does not follow the one before it")
        if fingerprint(link) != link.hash:
            faults.append(f"event {link.id} was changed after it was written")
        previous = link.hash
    head = db.session.get(AuditHead, 1)
    if (head.count, head.hash) != (number, previous) if head else number:
        faults.append("the end of the chain is not where the head says")
    return faults
