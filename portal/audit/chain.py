"""Recording and verifying the chain. An event is written last in the transaction that it tells about."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from portal.audit import heads
from portal.audit.models import AuditEvent, AuditHead
from portal.extensions import db

START = "0" * 64
LAG = timedelta(
    minutes=10
)  # from when an event says that it was done until its transaction is over and copied
# An id, an enum's value, an amount, a day, or a few of them: nothing that a person could have written.
VALUE = re.compile(r"[A-Za-z0-9_.,:+-]{0,200}", re.ASCII)
IDS = re.compile(r",([0-9]+,)+", re.ASCII)  # or however many ids: ,12,40,
_DECLARED: dict[str, frozenset[str]] = {}


@dataclass(frozen=True)
class _Pending:
    event: str
    actor: Any
    subject: Any
    at: datetime
    details: dict[str, Any]
    within: Any  # the savepoint it was recorded in, if any


def declare(event: str, *keys: str) -> str:
    """Name an event and the only keys it may carry. Called once, where the event belongs."""
    _DECLARED[event] = frozenset(keys)
    return event


def record(event: str, *, by: Any, on: Any, at: datetime, **details: str | int | bool | None) -> None:
    """Note that `by` (a user, or None for the system) did `event` to the row `on`.

    Raises ValueError for an event or key that is not declared, and for words: that is how content stays out.
    """
    stray = set(details) - _DECLARED.get(event, frozenset())
    if event not in _DECLARED or stray:
        raise ValueError(f"not declared for the audit: {event} {sorted(stray)}")
    wordy = [key for key, value in details.items() if is_wordy(value)]
    if wordy:
        raise ValueError(f"the audit takes ids, enums and numbers, never words: {event} {sorted(wordy)}")
    session = db.session()
    if not session.in_transaction():
        session.begin()  # so that undoing it undoes this too, even if nothing else is written
    within = session.get_nested_transaction()
    session.info.setdefault("audit", []).append(_Pending(event, by, on, at, details, within))


def is_wordy(value: Any) -> bool:
    """Whether it is something that a person could have written."""
    return isinstance(value, str) and not VALUE.fullmatch(value) and not IDS.fullmatch(value)


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
    at = link.at.astimezone(UTC).isoformat()
    content = [link.id, at, link.event, link.actor_id, link.subject, link.details, link.previous_hash]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _head(session: Session) -> AuditHead:
    """The end of the chain, locked until this transaction is over."""
    locked = select(AuditHead).with_for_update().execution_options(populate_existing=True)
    head = session.scalar(locked)
    if head is None:  # the very first event; of several at once, one makes the row and the others wait for it
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        first: Any = dialect.insert(AuditHead).values(id=1, count=0, hash=START)
        session.execute(first.on_conflict_do_nothing())
        head = session.scalars(locked).one()
    return head


def _write(session: Session) -> None:
    # Last before commit, so that the head's lock, which every writer wants, is held for as short as can be.
    if session.in_nested_transaction() or not session.info.get("audit"):
        return
    session.flush()
    pending = session.info.pop("audit")
    head = _head(session)
    for item in pending:
        link = _link(head.count + 1, item, head.hash)
        session.add(link)
        head.count, head.hash = link.id, link.hash
    session.info["audit head"] = heads.Copy(head.count, head.hash), pending[-1].at


def _copy_head(session: Session) -> None:
    """Once it is committed, and only then: a copy of what was undone would cry wolf."""
    copied = session.info.pop("audit head", None) if not session.in_nested_transaction() else None
    if copied is not None:
        heads.put(*copied)


def _forget(session: Session, undone: SessionTransaction) -> None:
    """What was recorded in the transaction or savepoint that is undone never happened."""
    while not undone.nested and undone.parent is not None:  # a flush that failed undoes what is round it
        undone = undone.parent
    if not undone.nested:
        session.info.pop("audit head", None)
    pending = session.info.pop("audit", ()) if undone.nested else ()
    session.info["audit"] = [item for item in pending if undone not in _savepoints(item.within)]


def _savepoints(innermost: SessionTransaction | None) -> Iterator[SessionTransaction]:
    while innermost is not None:
        yield innermost
        innermost = innermost.parent


def register(session: scoped_session[Any]) -> None:
    sqlalchemy_event.listen(session, "before_commit", _write)
    sqlalchemy_event.listen(session, "after_commit", _copy_head)
    sqlalchemy_event.listen(session, "after_soft_rollback", _forget)


def restored(at: datetime) -> None:
    """Say in the copies that an older backup was put back: what they told of events after its end is void."""
    head = db.session.get(AuditHead, 1)
    heads.put(heads.Copy(head.count if head else 0, head.hash if head else START, restored=True), at)


def verify() -> list[str]:
    """What is wrong with the chain by itself, a sentence for each fault; empty when it is whole."""
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


def verify_copies(copies: Sequence[heads.Copy], now: datetime, restores: int = 0) -> list[str]:
    """What these copies of the head say against the chain, of which `restores` backups are known to be put back.

    They must have been read before: what is written meanwhile makes the chain longer than its copies, never shorter.
    """
    rows = db.session.execute(select(AuditEvent.id, AuditEvent.hash, AuditEvent.at)).all()
    hashes = {row.id: row.hash for row in rows}
    due = max((row.id for row in rows if row.at <= now - LAG), default=0)
    return list(heads.faults(copies, hashes, due, restores))
