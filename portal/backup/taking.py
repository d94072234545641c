"""Taking a backup, and not believing in it before it has been restored into a database that is thrown away."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Flask, current_app

from portal import database, use_migrations
from portal.backup import bundle, dump
from portal.backup.loading import as_lines
from portal.backup.restoring import put_in
from portal.doctor import examine
from portal.extensions import db
from portal.keys import files, keyring


class NoPlace(RuntimeError):
    """There is nowhere to put the backup, or the keys that open it."""


@dataclass(frozen=True)
class Taken:
    """A backup that has been restored once. `broken` are the rules that the doctor found broken in it."""

    counts: dict[str, int]
    size: int
    broken: list[str]

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


def back_up(path: Path, now: datetime) -> Taken:
    """Write the database into the file and the living keys into the keyring. The file is there only when it is whole."""
    if keyring.place() is None:
        raise NoPlace("KEYRING_FILE is not set: without it no backup opens what people have written")
    if path.exists():
        raise NoPlace(f"{path} is there already, and is not written over")
    beside = path.with_name(f".{path.name}.part")
    try:
        with files.only_ours(beside) as file, dump.one_moment() as connection:
            bundle.write(file, dump.lines(connection, now))
        keyring.write()
        counts, broken = try_out(beside, now)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return Taken(counts, path.stat().st_size, broken)


def try_out(path: Path, now: datetime) -> tuple[dict[str, int], list[str]]:
    """Restore the file into memory: the rows of each table, and the rules that are broken there."""
    kept = keyring.read()
    with _scratch(), path.open("rb") as file:
        _taken_at, counts, _keys = put_in(as_lines(bundle.read(file)), kept)
        broken = [f"{finding.rule}: {finding.seen}" for finding in examine(now) if not finding.holds]
        db.session.remove()
        return counts, broken


@contextmanager
def _scratch() -> Iterator[Flask]:
    """An application with an empty database in memory, that leaves our files outside alone."""
    scratch = Flask("scratch")
    scratch.config.update(current_app.config)
    scratch.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SQLALCHEMY_ENGINE_OPTIONS={})
    scratch.config.update(KEYRING_FILE="", ERASURE_LEDGER="", AUDIT_HEAD_FILE="")
    db.init_app(scratch)
    use_migrations(scratch)
    with scratch.app_context():
        database.prepare(db.engine)
        try:
            yield scratch
        finally:
            db.session.remove()
            db.engine.dispose()
