"""Putting a backup into an empty database, and erasing again whoever was erased after it was taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import insert, inspect, select, update

from portal import audit, keys
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


class NotEmpty(RuntimeError):
    """The database holds something; a restore never writes over it."""


class NoKeyring(RuntimeError):
    """There is no keyring file, so that nothing of what people wrote would open."""


@dataclass(frozen=True)
class Restored:
    """What a restore did. `erased` are the user ids that were erased again."""

    taken_at: datetime
    counts: dict[str, int]
    keys: int
    erased: list[int]
    withdrawn: int


def restore(path: Path, now: datetime) -> Restored:
    """Put the backup into the present database, which must be empty. Commits.

    Raises BundleBroken, DumpBroken, NotEmpty or NoKeyring before anything is written; LedgerBroken as well.
    """
    if set(inspect(db.engine).get_table_names()) - {"alembic_version"}:
        raise NotEmpty("the database is not empty: a restore needs one without tables")
    kept = keyring.read()
    if not kept:
        raise NoKeyring("KEYRING_FILE names no keyring: put the one that belongs to this portal there")
    ledger.read()
    with path.open("rb") as file:
        for _some in bundle.read(file):
            pass
    with path.open("rb") as file:
        taken_at, counts, opened = put_in(as_lines(bundle.read(file)), kept)
    audit.restored(now)
    erased = keys.replay()
    forget_ownerless()
    withdrawn = _shut(now)
    db.session.commit()
    keyring.write()
    if erased:
        traces.sweep()
    return Restored(taken_at, counts, opened, erased, withdrawn)


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
