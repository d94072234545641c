"""Sealing what only its owner's key opens: AES-256-GCM, bound to the person and to the place where it is kept."""

import hashlib
import hmac
import os
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import event, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from portal import clock
from portal.extensions import db
from portal.keys.masters import NONCE, SIZE, masters
from portal.keys.models import PersonKey

FORMAT = b"\x01"
BLOCK = 128  # lengths are rounded up to this: a theme from a list is not told by how long it is
AT_ONCE = 5_000  # of keys asked for by name in one query
_HELD = "keys"


class Unreadable(Exception):
    """The sealed bytes do not open: changed, or moved from another person, column or row."""


class Destroyed(Unreadable):
    """The owner's key is gone, and with it everything that it sealed."""


def seal(user_id: int, what: str, value: str | bytes) -> bytes:
    """`value`, readable from now on only with this person's key and as this `what` (table.column, and row where known).

    The key is made when it is first needed. Raises Destroyed once the person's key is gone.
    """
    key = _key(user_id) or _make(user_id)
    content = value.encode() if isinstance(value, str) else value
    nonce = os.urandom(NONCE)
    return FORMAT + nonce + AESGCM(key).encrypt(nonce, _pad(content), _about(user_id, what))


def open_bytes(user_id: int, what: str, sealed: bytes) -> bytes:
    """What was sealed. Raises Destroyed when the key is gone, Unreadable when this is not what was sealed here."""
    key = _key(user_id)
    if key is None:
        raise Destroyed(f"{what} of user {user_id}")
    if sealed[:1] != FORMAT:
        raise Unreadable(f"{what} of user {user_id} is in no format that is known")
    nonce, rest = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    try:
        return _unpad(AESGCM(key).decrypt(nonce, rest, _about(user_id, what)))
    except (InvalidTag, ValueError):
        raise Unreadable(f"{what} of user {user_id}") from None


def open(user_id: int, what: str, sealed: bytes) -> str:
    """The text that was sealed; raises as open_bytes does."""
    return open_bytes(user_id, what, sealed).decode()


def blind(user_id: int, what: str, value: str) -> bytes:
    """What stands for `value` where rows must be found or unique: the same each time, and nothing without the key.

    The key is made when it is first needed. Raises Destroyed once the person's key is gone.
    """
    return _blind(_key(user_id) or _make(user_id), what, value)


def blind_if_known(user_id: int, what: str, value: str) -> bytes | None:
    """The same, for looking: None when the person has no key, and so has written nothing."""
    key = _key(user_id)
    return _blind(key, what, value) if key is not None else None


def _blind(key: bytes, what: str, value: str) -> bytes:
    own = hmac.digest(key, b"blind index", hashlib.sha256)
    return hmac.digest(own, f"{what}|{value}".encode(), hashlib.sha256)


def load(user_ids: Iterable[int]) -> None:
    """Fetch these people's keys in one query, for a page or a job that opens what many have sealed."""
    held = _held()
    missing = iter({user_id for user_id in user_ids if user_id not in held})
    while some := list(islice(missing, AT_ONCE)):
        held.update(dict.fromkeys(some))
        columns = (PersonKey.user_id, PersonKey.wrapped, PersonKey.wrapped_by)
        rows = select(*columns).where(PersonKey.user_id.in_(some), PersonKey.wrapped.is_not(None))
        take_in(_execute(rows))


def take_in(rows: Iterable[Any]) -> None:
    """Open keys that were fetched beside something else: user id, wrapped key and by which it is wrapped, or None for none."""
    held, known = _held(), masters()
    for user_id, wrapped, by in rows:
        held[user_id] = known.by_id(by).unwrap(wrapped, user_id) if wrapped is not None else None


def provide(user_ids: Iterable[int]) -> int:
    """Make keys for those of these who have none and never had one, before they are needed. Returns for how many."""
    having = set(_execute(select(PersonKey.user_id)).scalars())
    without = [user_id for user_id in user_ids if user_id not in having]
    for user_id in without:
        _make(user_id)
    return len(without)


def holds(user_id: int) -> bool:
    """Whether this transaction has looked for the person's key already."""
    return user_id in _held()


def mark_destroyed(user_id: int, now: datetime) -> None:
    """Leave nothing of the key but the moment it went. One that never was is marked too, so that none is made."""
    gone = {"wrapped": None, "wrapped_by": None, "destroyed_at": now}
    _add_unless_there(user_id=user_id, made_at=now, **gone)
    living = (PersonKey.user_id == user_id, PersonKey.wrapped.is_not(None))
    _execute(update(PersonKey).where(*living).values(gone))
    _held().pop(user_id, None)


def _key(user_id: int) -> bytes | None:
    load((user_id,))
    return _held()[user_id]


def _make(user_id: int) -> bytes:
    """A new key, or the one that somebody else made in the same moment."""
    key, master = os.urandom(SIZE), masters().present
    wrapped = master.wrap(key, user_id)
    _add_unless_there(user_id=user_id, wrapped=wrapped, wrapped_by=master.id, made_at=clock.now())
    _held().pop(user_id, None)
    kept = _key(user_id)
    if kept is None:
        raise Destroyed(f"user {user_id}")
    return kept


def _add_unless_there(**values: Any) -> None:
    dialect = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    row: Any = dialect.insert(PersonKey.__table__)
    _execute(row.values(values).on_conflict_do_nothing())


def _execute(statement: Any) -> Any:
    # On the connection, for a key may be asked for in the middle of a flush, which must not begin another.
    return db.session.connection().execute(statement)


def _about(user_id: int, what: str) -> bytes:
    return f"{user_id}|{what}".encode()


def _pad(content: bytes) -> bytes:
    return content + b"\x80" + bytes(-(len(content) + 1) % BLOCK)


def _unpad(padded: bytes) -> bytes:
    return padded[: padded.rindex(b"\x80")]


def _held() -> dict[int, bytes | None]:
    """The keys that this transaction has opened, and no other: a destroyed key is dead at the next one."""
    opened: dict[int, bytes | None] = db.session().info.setdefault(_HELD, {})
    return opened


def _let_go(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_HELD, None)


def _undone(session: Session, _transaction: SessionTransaction) -> None:
    session.info.pop(_HELD, None)  # a key made in what was undone never was


def register(session: scoped_session[Any]) -> None:
    event.listen(session, "after_transaction_end", _let_go)
    event.listen(session, "after_soft_rollback", _undone)
