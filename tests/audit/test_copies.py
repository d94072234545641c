"""The chain's end is copied to where the database's owner cannot reach, so that nothing can be cut off or written anew."""

import random
import socket
from collections.abc import Callable
from datetime import timedelta
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


LATER = timedelta(minutes=11)


def faults(restores: int = 0, after: timedelta = timedelta()) -> list[str]:
    """What is found in the chain and in the copies that were made of it."""
    kept = heads.own()
    assert kept is not None
    return [*audit.verify(), *audit.verify_copies(kept, clock.now() + after, restores)]


def counts() -> list[int]:
    return [copy.count for copy in heads.own() or ()]


def verified(app: Flask, *options: str) -> Any:
    db.session.commit()
    return app.test_cli_runner().invoke(args=["audit", "verify", *options])


def test_each_commit_leaves_a_copy_of_the_head(copies: Path) -> None:
    write(3)
    assert counts() == [1, 2, 3]
    assert faults() == []


def test_what_is_undone_leaves_no_copy(copies: Path) -> None:
    write(1)
    audit.record("tried in a test", by=None, on="thing:9", at=clock.now())
    db.session.rollback()
    with db.session.begin_nested():
        audit.record("tried in a test", by=None, on="thing:9", at=clock.now())
    db.session.rollback()
    db.session.commit()
    assert counts() == [1]


@pytest.mark.parametrize("keep", [0, 1, 4])
def test_a_chain_that_was_cut_off_with_its_head_is_found_by_the_copies(copies: Path, keep: int) -> None:
    write(5)
    cut(keep)
    assert audit.verify() == [], "the chain alone cannot tell"
    assert f"ends at event {keep}" in faults()[0]


def test_a_chain_written_anew_is_found_by_the_copies(copies: Path) -> None:
    write(5)
    rewrite(3)
    assert audit.verify() == []
    assert [fault.split()[1] for fault in faults()] == ["3", "4", "5"]


def test_copies_that_are_made_to_fit_a_chain_written_anew_do_not_hide_the_true_ones(copies: Path) -> None:
    write(5)
    rewrite(3)
    for number, hash_ in db.session.execute(select(AuditEvent.id, AuditEvent.hash)):
        heads.put(heads.Copy(number, hash_), clock.now())
    assert [fault.split()[1] for fault in faults()] == ["3", "4", "5"]


def test_after_a_restore_the_copies_of_what_is_lost_are_void_and_the_chain_goes_on(copies: Path) -> None:
    write(5)
    cut(3)
    audit.restored(clock.now())
    write(4)
    assert faults(restores=1) == []
    assert "varde-audit restored 3 " in copies.read_text()
    cut(4)
    assert faults(restores=1)


def test_a_restore_that_nobody_knows_of_makes_no_copy_void(copies: Path, app: Flask) -> None:
    write(5)
    cut(3)
    audit.restored(clock.now())  # so says whoever can add a line to the copies
    answer = verified(app)
    assert answer.exit_code == 1
    assert (
        "ends at event 3" in answer.output and "tell of 1 restored backups, and 0 are known" in answer.output
    )
    assert f"put back: {clock.now():%Y-%m-%d}" in answer.output, "whoever reads it sees when"
    assert verified(app, "--restores", "1").exit_code == 0
    assert verified(app, "--restores", "2").exit_code == 1, "a restore that was there is gone from the copies"


def test_copies_that_are_gone_are_told_of(copies: Path, app: Flask) -> None:
    write(2)
    answer = verified(app)
    assert answer.exit_code == 0 and "2 copies of its head agree, from event 1 to event 2." in answer.output
    copies.unlink()
    answer = verified(app)
    assert answer.exit_code == 1 and "No such file" in answer.output
    copies.touch()
    assert faults() == [], "the last moment's events may be on their way"
    assert "2 events, but its head was last copied at event 0" in faults(after=LATER)[0]


def test_a_head_that_is_no_longer_copied_is_told_of(
    copies: Path, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(2)
    with monkeypatch.context() as away:
        away.setitem(app.config, "AUDIT_HEAD_FILE", str(copies.parent / "no-such-folder" / "head"))
        write(2)  # stops nobody
    assert "4 events, but its head was last copied at event 2" in faults(after=LATER)[0]


def test_where_no_copies_are_kept_it_says_so(app: Flask) -> None:
    write(2)
    answer = verified(app)
    assert answer.exit_code == 0 and "No copies of its head are kept." in answer.output


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
    answer = verified(app)
    assert answer.exit_code == 1 and "give them with --copies" in answer.output, (
        "what was not read is not verified"
    )
    assert verified(app, "--copies", str(kept)).exit_code == 0
    cut(2)
    answer = verified(app, "--copies", str(kept))
    assert answer.exit_code == 1 and "ends at event 2" in answer.output


def test_several_processes_copy_to_one_file(copies: Path, bed: Any) -> None:
    assert race(bed.url, write_one, range(20)) == {"done": 20}
    assert sorted(counts()) == list(range(1, 21))
    assert faults() == []


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
        if not faults():
            unseen.append(KINDS[number % len(KINDS)].__name__)
        db.session.rollback()
    assert not unseen
    assert faults() == [], "left alone it is whole"
    promise.saw(f"{promise.size} inngrep i loggen, {promise.size - len(unseen)} oppdaget")
