"""Destroying a person's key for good: in the database, in the keyring file, and again after a restore."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from portal.extensions import db
from portal.keys import keyring, ledger
from portal.keys.ledger import ERASED, UNDONE, Entry
from portal.keys.models import PersonKey
from portal.keys.sealing import mark_destroyed

log = structlog.get_logger("varde.keys")
Replay = Callable[[int, datetime], None]
Leaving = Callable[[int], None]
NOBODY: Mapping[int, datetime] = {}
_REPLAYS: list[Replay] = []
_LEAVING: list[Leaving] = []
_ASKED, _WRITTEN = "keys to destroy", "keys said to be destroyed"


def destroy(user_id: int, now: datetime) -> None:
    """Make everything that the person's key has sealed unreadable for ever. Harmless to repeat."""
    for leave in _LEAVING:
        leave(user_id)
    mark_destroyed(user_id, now)
    db.session().info.setdefault(_ASKED, {})[user_id] = now


def before_destroying(leave: Leaving) -> Leaving:
    """Have `leave(user_id)` called while the key still tells what is the person's: blind marks say nothing after it."""
    _LEAVING.append(leave)
    return leave


def on_replay(erase: Replay) -> Replay:
    """Have `erase(user_id, now)` called for everyone who was erased after the backup that is being restored."""
    _REPLAYS.append(erase)
    return erase


def replay(also: Mapping[int, datetime] = NOBODY) -> list[int]:
    """Erase again everyone who is here and whom the ledger, or `also`, has as erased. Does not commit."""
    gone = {**also, **ledger.erased()}
    users = PersonKey.metadata.tables["user"].c
    here = db.session.execute(select(users.id, users.created_at).order_by(users.id)).all()
    again = [user_id for user_id, created_at in here if ledger.tells_of(gone, user_id, created_at)]
    for user_id in again:
        for erase in _REPLAYS:
            erase(user_id, gone[user_id])
        destroy(user_id, gone[user_id])
    return again


def _promise(session: Session) -> None:
    """On the disk before the commit: an erasure that was done is never unknown to a restore."""
    if session.in_nested_transaction() or not session.info.get(_ASKED):
        return
    session.flush()
    asked: dict[int, datetime] = session.info.pop(_ASKED)
    users = PersonKey.metadata.tables["user"].c
    gone = select(PersonKey.user_id, users.created_at).join_from(PersonKey, users.id.table)
    gone = gone.where(PersonKey.user_id.in_(asked), PersonKey.wrapped.is_(None))
    known = ledger.erased() if ledger.place() else {}
    found = session.connection().execute(gone).all()
    entries = [
        Entry(i, asked[i], ERASED) for i, created_at in found if not ledger.tells_of(known, i, created_at)
    ]
    session.info[_WRITTEN] = entries
    ledger.append(entries)


def _done(session: Session) -> None:
    if session.info.pop(_WRITTEN, None) is None:
        return
    try:
        keyring.write()
        _forget_the_log()
    except Exception:  # it is committed: what is left behind is what `flask keys check` complains of
        log.exception("a key is destroyed, but the keyring still has it")


def _forget_the_log() -> None:
    """SQLite keeps what pages held before in a log beside the file, until the log is moved over and emptied."""
    if db.engine.dialect.name == "sqlite":
        connection = db.engine.raw_connection()
        try:
            # Whoever is reading may go on; the log is then emptied another time.
            for pragma in ("busy_timeout=500", "wal_checkpoint(TRUNCATE)", "busy_timeout=15000"):
                connection.cursor().execute(f"PRAGMA {pragma}")
        finally:
            connection.close()


def _undone(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        return
    session.info.pop(_ASKED, None)
    written: list[Entry] = session.info.pop(_WRITTEN, None) or []
    ledger.append([entry._replace(what=UNDONE) for entry in written])


def register(session: scoped_session[Any]) -> None:
    event.listen(session, "before_commit", _promise)
    event.listen(session, "after_commit", _done)
    event.listen(session, "after_soft_rollback", _undone)
