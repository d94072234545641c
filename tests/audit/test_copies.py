"""The chain's end is copied to where the database's owner cannot reach, so that nothing can be cut off or written anew."""

import random
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal import audit, clock
from portal.audit import heads
from portal.audit.chain import START, fingerprint
from portal.audit.models import AuditEvent, AuditHead
from portal.extensions import db
from tests.audit.test_chain import write, write_one
from tests.support.racing import race
from tests.support.tampering import lift_guards


@pytest.fixture
def copies(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the copies go to, also those of other processes."""
    path = tmp_path / "audit-head.log"
    monkeypatch.setenv("AUDIT_HEAD_FILE", str(path))
    monkeypatch.setitem(app.config, "AUDIT_HEAD_FILE", str(path))
    return path


def cut(keep: int) -> None:
    """What whoever owns the database would do to hide everything after an event."""
    lift_guards()
    db.session.execute(text(f"DELETE FROM audit_event WHERE id > {keep}"))
    last = db.session.scalar(select(AuditEvent.hash).where(AuditEvent.id == keep)) or START
    db.session.execute(update(AuditHead).values(count=keep, hash=last))


def rewrite(chosen: int) -> None:
    """Change an event and make every hash after it, and the head, fit again."""
    lift_guards()
    db.session.execute(text(f"UPDATE audit_event SET actor_id = 99 WHERE id = {chosen}"))
    db.session.expire_all()
    previous = START
    for link in list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))):
        link.previous_hash = previous
        link.hash = previous = fingerprint(link)
    db.session.flush()
    db.session.execute(update(AuditHead).values(hash=previous))


def test_each_commit_leaves_a_copy_of_the_head(copies: Path) -> None:
    write(3)
    assert [copy.count for copy in heads.own()] == [1, 2, 3]
    assert audit.verify() == []


def test_what_is_undone_leaves_no_copy(copies: Path) -> None:
    write(1)
    audit.record("tried in a test", by=None, on="thing:9", at=clock.now())
    db.session.rollback()
    with db.session.begin_nested():
        audit.record("tried in a test", by=None, on="thing:9", at=clock.now())
    db.session.rollback()
    db.session.commit()
    assert [copy.count for copy in heads.own()] == [1]


@pytest.mark.parametrize("keep", [0, 1, 4])
def test_a_chain_that_was_cut_off_with_its_head_is_found_by_the_copies(copies: Path, keep: int) -> None:
    write(5)
    cut(keep)
    assert audit.verify(copies=()) == [], "the chain alone cannot tell"
    assert f"ends at event {keep}" in audit.verify()[0]


def test_a_chain_written_anew_is_found_by_the_copies(copies: Path) -> None:
    write(5)
    rewrite(3)
    assert audit.verify(copies=()) == []
    assert [fault.split()[1] for fault in audit.verify()] == ["3", "4", "5"]


def test_after_a_restore_the_copies_of_what_is_lost_are_void_and_the_chain_goes_on(copies: Path) -> None:
    write(5)
    cut(3)
    audit.restored(clock.now())
    write(4)
    assert audit.verify() == []
    assert "varde-audit restored 3 " in copies.read_text()
    cut(4)
    assert audit.verify()


def test_a_copy_that_cannot_be_made_stops_nobody(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(app.config, "AUDIT_HEAD_FILE", str(tmp_path / "no-such-folder" / "head"))
    write(2)
    assert audit.verify() == []


def test_the_copies_can_go_to_a_syslog_and_be_read_back_from_it(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as log:
        log.bind(("127.0.0.1", 0))
        log.settimeout(5)
        monkeypatch.setitem(app.config, "AUDIT_HEAD_FILE", f"syslog://127.0.0.1:{log.getsockname()[1]}")
        write(3)
        lines = [log.recv(1000).decode() for _ in range(3)]
    kept = tmp_path / "messages"
    kept.write_text("\n".join(f"Nov 24 09:00:00 host {line}" for line in lines))
    cut(2)
    db.session.commit()
    answer = app.test_cli_runner().invoke(args=["audit", "verify", "--copies", str(kept)])
    assert answer.exit_code == 1 and "ends at event 2" in answer.output


def test_several_processes_copy_to_one_file(copies: Path, bed: Any) -> None:
    assert race(bed.url, write_one, range(20)) == {"done": 20}
    assert sorted(copy.count for copy in heads.own()) == list(range(1, 21))
    assert audit.verify() == []


# What can be done to the log, each at a place of chance


def an_edit(chance: random.Random, last: int) -> None:
    column, value = chance.choice(
        [("actor_id", "77"), ("subject", "'thing:77'"), ("event", "'another'"), ("details", "'{\"number\": 77}'"),
         ("at", "'2020-01-01 00:00:00+00:00'"), ("previous_hash", "'0f'"), ("hash", "'0f'")]
    )  # fmt: skip
    db.session.execute(
        text(f"UPDATE audit_event SET {column} = {value} WHERE id = {chance.randint(1, last)}")
    )


def a_deletion(chance: random.Random, last: int) -> None:
    chosen = ", ".join(map(str, chance.sample(range(1, last + 1), chance.randint(1, 3))))
    db.session.execute(text(f"DELETE FROM audit_event WHERE id IN ({chosen})"))


def a_reordering(chance: random.Random, last: int) -> None:
    one, other = chance.sample(range(1, last + 1), 2)
    for old, new in ((one, 0), (other, one), (0, other)):
        db.session.execute(text(f"UPDATE audit_event SET id = {new} WHERE id = {old}"))


def a_truncation(chance: random.Random, last: int) -> None:
    cut(chance.randint(0, last - 1))


def a_rewriting(chance: random.Random, last: int) -> None:
    rewrite(chance.randint(1, last))


def a_head_moved(chance: random.Random, last: int) -> None:
    db.session.execute(update(AuditHead).values(count=chance.randint(0, last - 1)))


KINDS: tuple[Callable[[random.Random, int], None], ...] = (
    an_edit, a_deletion, a_reordering, a_truncation, a_rewriting, a_head_moved,
)  # fmt: skip


@pytest.mark.promise(
    "Den som endrer, sletter, flytter eller kutter noe i loggen, blir oppdaget", small=60, full=1000
)
def test_whatever_is_done_to_the_log_is_found(copies: Path, promise: Any) -> None:
    last = 30
    write(last)
    chance, unseen = random.Random(4), []
    for number in range(promise.size):
        lift_guards()
        KINDS[number % len(KINDS)](chance, last)
        db.session.expire_all()
        if not audit.verify():
            unseen.append(KINDS[number % len(KINDS)].__name__)
        db.session.rollback()
    assert not unseen
    assert audit.verify() == [], "left alone it is whole"
    promise.saw(f"{promise.size} inngrep i loggen, {promise.size - len(unseen)} oppdaget")
