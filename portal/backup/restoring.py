"""Putting a backup into an empty database, and erasing again whoever was erased after it was taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import MetaData, insert, inspect, select, text, update

from portal import audit, consents, keys
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.backup import bundle
from portal.backup.loading import DumpBroken, Loading, as_lines
from portal.extensions import db
from portal.keys import PersonKey, keyring, ledger
from portal.keys.keyring import Kept
from portal.mentoring.reservations import forget_ownerless
from portal.notifications import OutboxMessage
from portal.privacy import traces
from portal.privacy.models import Erasure


class NotEmpty(RuntimeError):
    """The database holds something; a restore never writes over it."""


class NoKeyring(RuntimeError):
    """There is no keyring file, so that nothing of what people wrote would open."""


class NoLedger(RuntimeError):
    """The erasure ledger is not there, or is too old: who has been erased would be back."""


OUR_FUNCTIONS = """
SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""


@dataclass(frozen=True)
class Restored:
    """What a restore did. `erased` are the user ids that were erased again; `lapsed` the consents that have to be given anew."""

    taken_at: datetime
    counts: dict[str, int]
    keys: int
    erased: list[int]
    withdrawn: int
    lapsed: int


def restore(path: Path, now: datetime, ledger_lost: bool = False) -> Restored:
    """Put the backup into the present database, which must be empty. Commits; where it fails, the database is empty again.

    `ledger_lost`: erase again those whom the keyring has as erased, and begin a new ledger with them.
    Raises BundleBroken, DumpBroken, NotEmpty, NoKeyring or NoLedger before anything is written; LedgerBroken as well.
    """
    if set(inspect(db.engine).get_table_names()) - {"alembic_version"}:
        raise NotEmpty("the database is not empty: a restore needs one without tables")
    kept = keyring.read()
    if not kept:
        raise NoKeyring("KEYRING_FILE names no keyring: put the one that belongs to this portal there")
    gone = {row.user_id: row.destroyed_at for row in kept if row.destroyed_at is not None}
    with path.open("rb") as file:
        erased_before = _erased_in(as_lines(bundle.read(file)))
    _require_ledger(set() if ledger_lost else {*gone, *erased_before})
    try:
        done = _restore(path, kept, gone, now)
    except BaseException:
        _make_empty()
        raise
    # It is restored, and stays so whatever comes in the way of these: `flask keys check` tells of a keyring that is old.
    keyring.write()
    if done.erased:
        traces.sweep()
    return done


def _restore(path: Path, kept: list[Kept], gone: Mapping[int, datetime], now: datetime) -> Restored:
    with path.open("rb") as file:
        taken_at, counts, opened = put_in(as_lines(bundle.read(file)), kept)
    erased = keys.replay(also=gone)
    forget_ownerless()
    withdrawn = _shut(now)
    lapsed = consents.lapse_all(now)
    audit.restored(
        now
    )  # last, for a line in the copies is not taken back; and before the copies of what is done here
    db.session.commit()
    return Restored(taken_at, counts, opened, erased, withdrawn, lapsed)


def _erased_in(lines: Iterable[Any]) -> set[int]:
    """Whom the backup says are erased; reads all of it, so that it is known to be whole."""
    found: set[int] = set()
    table, names = "", []
    for line in lines:
        if isinstance(line, dict):
            table, names = line.get("table", ""), line.get("columns", [])
        elif table == Erasure.__tablename__:
            row = dict(zip(names, line, strict=True))
            if row["done_at"] is not None:
                found.add(row["user_id"])
    return found


def _require_ledger(erased: set[int]) -> None:
    unknown = erased - set(ledger.erased())
    if unknown:
        raise NoLedger(
            f"ERASURE_LEDGER does not know of {len(unknown)} who are erased: put the newest copy of the ledger there. "
            "If it is lost, --ledger-lost erases again those whom the keyring knows of"
        )


def _make_empty() -> None:
    """Leave the database as it was found, so that nobody who was erased is in it, and the restore can be tried again."""
    db.session.remove()
    with db.engine.begin() as connection:
        found = MetaData()
        found.reflect(connection)
        found.drop_all(connection)
        if connection.dialect.name == "postgresql":
            for name in connection.scalars(text(OUR_FUNCTIONS)).all():
                connection.execute(text(f"DROP FUNCTION {name}"))
    db.engine.dispose()  # the last connection to SQLite takes the log away


def put_in(lines: Iterable[Any], kept: list[Kept]) -> tuple[datetime, dict[str, int], int]:
    """Make the tables of the dump's time, fill them, put the keys in, and bring the tables up to this version's."""
    lines = iter(lines)
    head = next(lines, None)
    if not isinstance(head, dict) or head.get("varde") != 1:
        raise DumpBroken("this version of the portal does not know the backup's form")
    upgrade(revision=head["revision"])
    with db.engine.begin() as connection:
        counts = Loading(connection).load(lines)
        here = set(connection.scalars(select(User.__table__.c.id)))
        rows = [row._asdict() for row in kept if row.user_id in here]
        if rows:
            connection.execute(insert(PersonKey), rows)
    upgrade()
    return datetime.fromisoformat(head["at"]), counts, sum(1 for row in rows if row["wrapped"])


def _shut(now: datetime) -> int:
    """End every session, for some were ended after the backup; and send no mail twice. Returns the mails withdrawn."""
    quietly = {"synchronize_session": False}
    living = update(Session).where(Session.ended_at.is_(None)).values(ended_at=now)
    db.session.execute(living.execution_options(**quietly))
    due = (
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.withdrawn_at.is_(None),
        OutboxMessage.next_attempt_at <= now,
    )
    mails = update(OutboxMessage).where(*due).values(withdrawn_at=now).execution_options(**quietly)
    done: Any = db.session.execute(mails)
    return int(done.rowcount)
