"""Another DATA_KEY: everything opens before, during and after, and the old key opens nothing at the end."""

import base64
import os
import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal import keys
from portal.audit import AuditEvent
from portal.extensions import db
from portal.keys import PersonKey, ledger, rotation
from portal.keys.masters import UnknownMasterKey, masters
from portal.members.models import Member
from tests.support.people import new_user

WHERE = "note.text:1"


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def many(app: Flask) -> dict[int, bytes]:
    """Twenty people who have written something."""
    people = [new_user(f"Person Nummer{number}").id for number in range(20)]
    sealed = {user_id: keys.seal(user_id, WHERE, f"Ord {user_id}") for user_id in people}
    db.session.commit()
    return sealed


def all_open(sealed: dict[int, bytes]) -> bool:
    return all(keys.open(user_id, WHERE, what) == f"Ord {user_id}" for user_id, what in sealed.items())


def test_everything_opens_with_the_new_key_alone(
    app: Flask, many: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = app.config["DATA_KEY"], new_key()
    monkeypatch.setitem(app.config, "DATA_KEY", new)
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", old)
    assert all_open(many)
    db.session.rollback()
    assert rotation.rotate() == 20
    assert rotation.rotate() == 0
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", "")
    assert all_open(many)
    assert set(rotation.wrapped_by()) == {masters().present.id}
    db.session.rollback()
    monkeypatch.setitem(app.config, "DATA_KEY", old)
    with pytest.raises(UnknownMasterKey):
        all_open(many)


def test_a_rotation_that_was_stopped_goes_on_where_it_was(
    app: Flask, many: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", app.config["DATA_KEY"])
    monkeypatch.setitem(app.config, "DATA_KEY", new_key())
    monkeypatch.setattr(rotation, "AT_ONCE", 7)
    assert rotation._wrap_some() == 7
    assert sorted(rotation.wrapped_by().values()) == [7, 13]
    assert all_open(many)
    db.session.rollback()
    assert rotation.rotate() == 13
    assert all_open(many)


def test_the_portal_reads_and_writes_meanwhile(
    app: Flask, many: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", app.config["DATA_KEY"])
    monkeypatch.setitem(app.config, "DATA_KEY", new_key())
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    newcomers = [new_user(f"Ny Nummer{number}").id for number in range(5)]
    db.session.commit()
    done, rounds, failed = threading.Event(), [], []

    def use() -> None:
        with app.app_context():
            while not done.is_set():
                try:
                    rounds.append(all_open(many))
                    keys.seal(newcomers[len(rounds) % 5], WHERE, "Nytt")
                    db.session.commit()
                except Exception as error:
                    failed.append(error)
                    return

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    rotation.rotate()
    done.set()
    for thread in threads:
        thread.join()
    assert not failed
    assert rounds
    assert all(rounds)
    rotation.rotate()
    assert set(rotation.wrapped_by()) == {masters().present.id}


def test_a_key_destroyed_during_the_rotation_stays_destroyed(
    app: Flask, bjorn: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.seal(bjorn.user_id, WHERE, "Noe")
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", app.config["DATA_KEY"])
    monkeypatch.setitem(app.config, "DATA_KEY", new_key())
    keys.destroy(bjorn.user_id, bjorn.user.created_at)
    db.session.commit()
    assert rotation.rotate() == 0
    assert db.session.scalars(select(PersonKey.wrapped)).all() == [None]


def test_the_ledger_outlives_the_key_it_was_sealed_with(
    app: Flask, bjorn: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "ERASURE_LEDGER", str(tmp_path / "erasures.jsonl"))
    keys.destroy(bjorn.user_id, bjorn.user.created_at)
    db.session.commit()
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", app.config["DATA_KEY"])
    monkeypatch.setitem(app.config, "DATA_KEY", new_key())
    rotation.rotate()
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", "")
    assert set(ledger.erased()) == {bjorn.user_id}


@pytest.mark.parametrize("value", ["", "kort", base64.b64encode(b"x" * 31).decode(), "æøå" * 20])
def test_a_key_that_is_none_is_refused(app: Flask, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "DATA_KEY", value)
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        masters()


def test_the_commands_say_how_it_stands(
    app: Flask, many: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = app.test_cli_runner().invoke
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", app.config["DATA_KEY"])
    monkeypatch.setitem(app.config, "DATA_KEY", new_key())
    assert "20 keys wrapped anew" in run(args=["keys", "rotate"]).output
    (event,) = db.session.scalars(select(AuditEvent))
    assert (event.event, event.actor_id, event.details) == ("keys rotated", None, {"count": 20})
    db.session.rollback()
    answer = run(args=["keys", "check"])
    assert answer.exit_code == 0, answer.output
    assert "20 keys wrapped by" in answer.output
    monkeypatch.setitem(app.config, "DATA_KEY", new_key())
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", "")
    assert run(args=["keys", "check"]).exit_code == 1
