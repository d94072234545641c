"""Backups go when they are too old, and nothing else in their folder does."""

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask

from portal.backup import back_up, bundle
from portal.extensions import db
from portal.privacy.terms import BY_CODE

KEPT = BY_CODE["backups"].lasts
LONG_AGO = timedelta(days=40)


@pytest.fixture
def folder(app: Flask, outside: Path) -> Path:
    made = outside / "backups"
    made.mkdir()
    db.session.commit()
    return made


def take(app: Flask, path: Path, now: datetime, *options: str) -> tuple[int, str]:
    with time_machine.travel(now, tick=False):
        answer = app.test_cli_runner().invoke(args=["backup", str(path), *options])
    return answer.exit_code, answer.output


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_goes_on_the_day_after_its_term(app: Flask, folder: Path, now: datetime) -> None:
    take(app, folder / "first", now)
    take(app, folder / "second", now + timedelta(days=1), "--keep", str(KEPT.days))
    code, _said = take(app, folder / "third", now + KEPT, "--keep", str(KEPT.days))
    assert (code, names(folder)) == (0, ["first", "second", "third"])
    code, said = take(app, folder / "fourth", now + KEPT + timedelta(hours=1), "--keep", str(KEPT.days))
    assert (code, names(folder)) == (0, ["fourth", "second", "third"])
    assert "first: deleted" in said


def test_without_being_told_a_backup_deletes_nothing(app: Flask, folder: Path, now: datetime) -> None:
    take(app, folder / "old", now - LONG_AGO)
    take(app, folder / "new", now)
    assert names(folder) == ["new", "old"]


def test_its_age_is_what_is_sealed_in_it_and_not_when_the_file_was_copied(
    app: Flask, folder: Path, now: datetime
) -> None:
    take(app, folder / "old", now - LONG_AGO)
    take(app, folder / "young", now - timedelta(days=2))
    os.utime(folder / "old", (now.timestamp(), now.timestamp()))
    os.utime(folder / "young", (0, 0))
    take(app, folder / "new", now, "--keep", "35")
    assert names(folder) == ["new", "young"]


def test_what_is_not_our_backup_stays_whatever_it_is_called(
    app: Flask, folder: Path, outside: Path, now: datetime
) -> None:
    take(app, outside / "elsewhere.backup", now - LONG_AGO)
    (folder / "link.backup").symlink_to(outside / "elsewhere.backup")
    (folder / "letter.backup").write_bytes(b"Hilsen mor")
    (folder / "empty.backup").touch()
    (folder / "deeper").mkdir()
    take(app, folder / "deeper" / "old.backup", now - LONG_AGO)
    (folder / "foreign.backup").write_bytes(bundle.MAGIC + os.urandom(100))
    before = names(folder)
    code, said = take(app, folder / "new.backup", now, "--keep", "1")
    assert code == 0
    assert names(folder) == sorted([*before, "new.backup"])
    assert (outside / "elsewhere.backup").exists()
    assert names(folder / "deeper") == ["old.backup"]
    assert "foreign.backup: left" in said


def test_a_backup_that_cannot_be_taken_leaves_the_old_ones(
    app: Flask, folder: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(folder / "old", now - LONG_AGO)
    monkeypatch.setitem(app.config, "KEYRING_FILE", "")
    code, _said = take(app, folder / "new", now, "--keep", "35")
    assert (code, names(folder)) == (1, ["old"])


@pytest.mark.parametrize("days", ["0", "-3", "mange"])
def test_a_term_that_is_none_is_refused(app: Flask, folder: Path, now: datetime, days: str) -> None:
    code, _said = take(app, folder / "new", now, "--keep", days)
    assert (code, names(folder)) == (2, [])
