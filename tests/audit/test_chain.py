"""The record of what was done: whole, in order, and telling when somebody has been at it."""

from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import audit, clock
from portal.accounts.models import User
from portal.extensions import db
from tests.support.racing import race
from tests.support.tampering import lift_guards

TRIED = audit.declare("tried in a test", "number", "word")


def write(count: int, by: User | None = None) -> None:
    for number in range(count):
        audit.record(TRIED, by=by, on=f"thing:{number}", at=clock.now(), number=number)
        db.session.commit()


def test_events_are_chained_in_order(app: Flask, eva: User) -> None:
    write(5, eva)
    events = db.session.scalars(select(audit.AuditEvent).order_by(audit.AuditEvent.id)).all()
    assert [e.id for e in events] == [1, 2, 3, 4, 5]
    assert [e.previous_hash for e in events[1:]] == [e.hash for e in events[:-1]]
    assert {e.actor_id for e in events} == {eva.id}
    assert audit.verify() == []


def test_what_is_undone_leaves_no_event(app: Flask) -> None:
    audit.record(TRIED, by=None, on="thing:1", at=clock.now())
    db.session.rollback()
    write(1)
    assert db.session.scalar(select(func.count()).select_from(audit.AuditEvent)) == 1


def test_what_a_savepoint_takes_back_leaves_no_event_and_what_was_before_it_stays(app: Flask) -> None:
    audit.record(TRIED, by=None, on="thing:1", at=clock.now())
    with suppress(ZeroDivisionError), db.session.begin_nested():
        audit.record(TRIED, by=None, on="thing:2", at=clock.now())
        with db.session.begin_nested():
            audit.record(TRIED, by=None, on="thing:3", at=clock.now())
        raise ZeroDivisionError
    with suppress(IntegrityError), db.session.begin_nested():
        audit.record(TRIED, by=None, on="thing:4", at=clock.now())
        db.session.add(User(email="UPPER@x.no", name="x", sort_key="x", created_at=clock.now()))
        db.session.flush()
    with db.session.begin_nested():
        audit.record(TRIED, by=None, on="thing:5", at=clock.now())
    db.session.commit()
    assert list(db.session.scalars(select(audit.AuditEvent.subject))) == ["thing:1", "thing:5"]


def test_only_declared_keys_come_in(app: Flask) -> None:
    with pytest.raises(ValueError, match="not declared"):
        audit.record(TRIED, by=None, on="thing:1", at=clock.now(), note="what she said")
    with pytest.raises(ValueError, match="not declared"):
        audit.record("never heard of", by=None, on="thing:1", at=clock.now())


@pytest.mark.parametrize("words", ["hva hun sa", "Å", "<b>", "linje\n", "x" * 201])
def test_words_do_not_come_in_whatever_the_key(app: Flask, words: str) -> None:
    with pytest.raises(ValueError, match="never words"):
        audit.record(TRIED, by=None, on="thing:1", at=clock.now(), word=words)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_event SET actor_id = 99 WHERE id = 3",
        "UPDATE audit_event SET id = 9 WHERE id = 5",
        "DELETE FROM audit_event WHERE id = 5",
        "DELETE FROM audit_event",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET count = 4",
        "UPDATE audit_head SET hash = 'f'",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_written(app: Flask, tampering: str) -> None:
    write(5)
    with pytest.raises(DBAPIError, match="the audit only grows"):
        db.session.execute(text(tampering))
    db.session.rollback()
    assert audit.verify() == []


def test_nor_is_anything_replaced_or_emptied(app: Flask) -> None:
    write(5)
    kind = db.engine.dialect.name
    for table in ("audit_event", "audit_head"):
        replacing = {
            "sqlite": f"REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
            "postgresql": f"TRUNCATE {table}",
        }
        with pytest.raises(DBAPIError, match="the audit only grows"):
            db.session.execute(text(replacing[kind]))
        db.session.rollback()


def test_a_moment_in_another_time_zone_is_the_same_moment(app: Flask) -> None:
    at = datetime.fromisoformat("2026-11-24T09:00:00+01:00")
    audit.record(TRIED, by=None, on="thing:1", at=at)
    db.session.commit()
    db.session.expire_all()
    assert audit.verify() == []


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_event SET actor_id = 99 WHERE id = 3",
        "UPDATE audit_event SET subject = 'thing:9' WHERE id = 3",
        "UPDATE audit_event SET event = 'nothing at all' WHERE id = 3",
        "UPDATE audit_event SET details = '{\"number\": 7}' WHERE id = 3",
        "UPDATE audit_event SET hash = 'x' || substr(hash, 2) WHERE id = 5",
        "DELETE FROM audit_event WHERE id = 3",
        "DELETE FROM audit_event WHERE id = 5",
        "DELETE FROM audit_event",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET count = 4",
    ],
)
def test_tampering_is_found(app: Flask, tampering: str) -> None:
    write(5)
    lift_guards()
    db.session.execute(text(tampering))
    db.session.commit()
    db.session.expire_all()
    assert audit.verify()


def test_the_command_tells(app: Flask) -> None:
    write(3)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["audit", "verify"]).exit_code == 0
    lift_guards()
    db.session.execute(text("UPDATE audit_event SET actor_id = 99 WHERE id = 2"))
    db.session.commit()
    answer = runner.invoke(args=["audit", "verify"])
    assert answer.exit_code == 1 and "event 2 was changed" in answer.output


def write_one(number: int) -> None:
    audit.record(TRIED, by=None, on=f"thing:{number}", at=clock.now(), number=number)
    db.session.commit()


@pytest.mark.promise("Loggen over hva som er gjort, er hel og i rekkefølge også når mange skriver samtidig",
                     small=20, full=100)  # fmt: skip
def test_many_writers_make_one_chain(app: Flask, bed: Any, promise: Any) -> None:
    seen = race(bed.url, write_one, range(promise.size))
    assert seen == {"done": promise.size}
    assert db.session.scalar(select(func.count()).select_from(audit.AuditEvent)) == promise.size
    assert audit.verify() == []
    promise.saw(f"{promise.size} hendelser skrevet samtidig, 0 brudd i kjeden")
