"""A destroyed key is nowhere any more, and that it was destroyed is known even when the database is lost."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from portal import keys
from portal.extensions import db
from portal.keys import PersonKey, keyring, ledger
from portal.keys.ledger import ERASED, UNDONE, LedgerBroken
from portal.members.models import Member
from portal.mentoring.reservation_models import Reservation, ReservationKind
from portal.mentoring.reservations import forget_ownerless, reserve, said_by_anyone

pytestmark = pytest.mark.usefixtures("outside")


@pytest.fixture
def outside(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger and the keyring, as production has them."""
    monkeypatch.setitem(app.config, "ERASURE_LEDGER", str(tmp_path / "ledger" / "erasures.jsonl"))
    monkeypatch.setitem(app.config, "KEYRING_FILE", str(tmp_path / "keyring.json"))
    return tmp_path


def kept() -> dict[int, bool]:
    """Whose key is in the file, and whether it lives."""
    return {row.user_id: row.wrapped is not None for row in keyring.read()}


def test_an_erasure_is_in_the_ledger_and_the_key_in_no_file(
    bjorn: Member, daniel: Member, now: datetime
) -> None:
    for member in (bjorn, daniel):
        keys.seal(member.user_id, "note.text:1", "Noe")
    db.session.commit()
    keyring.write()
    assert kept() == {bjorn.user_id: True, daniel.user_id: True}
    keys.destroy(bjorn.user_id, now)
    assert ledger.read() == []
    db.session.commit()
    assert ledger.erased() == {bjorn.user_id: now}
    assert kept() == {bjorn.user_id: False, daniel.user_id: True}
    assert list(keys.faults()) == []


def test_erasing_twice_is_one_line(bjorn: Member, now: datetime) -> None:
    for _ in range(2):
        keys.destroy(bjorn.user_id, now)
        db.session.commit()
    assert len(ledger.read()) == 1


def test_an_erasure_that_was_undone_is_not_in_the_ledger(bjorn: Member, now: datetime) -> None:
    db.session.commit()
    keys.destroy(bjorn.user_id, now)
    db.session.rollback()
    db.session.commit()
    assert ledger.read() == []


def test_an_erasure_undone_in_a_savepoint_is_not_in_the_ledger(bjorn: Member, now: datetime) -> None:
    keys.seal(bjorn.user_id, "note.text:1", "Noe")
    nested = db.session.begin_nested()
    keys.destroy(bjorn.user_id, now)
    nested.rollback()
    db.session.commit()
    assert ledger.read() == []


def test_a_commit_that_fails_takes_the_line_back(bjorn: Member, now: datetime) -> None:
    def fail(_session: object) -> None:
        raise RuntimeError("the disk is full")

    db.session.commit()
    keys.destroy(bjorn.user_id, now)
    db.event.listen(db.session, "before_commit", fail)
    try:
        with pytest.raises(RuntimeError):
            db.session.commit()
    finally:
        db.event.remove(db.session, "before_commit", fail)
    db.session.rollback()
    assert [entry.what for entry in ledger.read()] == [ERASED, UNDONE]
    assert ledger.erased() == {}


def test_every_change_in_the_ledger_is_seen(
    app: Flask, bjorn: Member, daniel: Member, eva: object, now: datetime
) -> None:
    path = Path(app.config["ERASURE_LEDGER"])
    for member in (bjorn, daniel):
        keys.destroy(member.user_id, now)
        db.session.commit()
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 2
    tampered = [lines[1] + lines[0], lines[1], lines[0] + lines[0]]
    tampered += [
        whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(len(whole) - 1) if whole[i] != 10
    ]
    for content in tampered:
        path.write_bytes(content)
        with pytest.raises(LedgerBroken):
            ledger.read()


def test_half_a_line_from_a_power_cut_is_written_over(
    app: Flask, bjorn: Member, daniel: Member, now: datetime
) -> None:
    keys.destroy(bjorn.user_id, now)
    db.session.commit()
    path = Path(app.config["ERASURE_LEDGER"])
    path.write_bytes(path.read_bytes() + b'{"user": 7, "at"')
    assert set(ledger.erased()) == {bjorn.user_id}
    keys.destroy(daniel.user_id, now)
    db.session.commit()
    assert set(ledger.erased()) == {bjorn.user_id, daniel.user_id}


def test_the_ledger_says_who_by_number_and_nothing_else(app: Flask, bjorn: Member, now: datetime) -> None:
    keys.destroy(bjorn.user_id, now)
    db.session.commit()
    (line,) = Path(app.config["ERASURE_LEDGER"]).read_text().splitlines()
    assert set(json.loads(line)) == {"user", "at", "what", "key", "seal"}
    assert "Bjørn" not in line


def test_after_a_restore_the_erased_are_erased_again(bjorn: Member, daniel: Member, now: datetime) -> None:
    keys.destroy(bjorn.user_id, now)
    db.session.commit()
    db.session.query(PersonKey).delete()  # as a database from yesterday
    seen: list[int] = []
    replayed = lambda user_id, _at: seen.append(user_id)  # noqa: E731
    keys.on_replay(replayed)
    try:
        assert keys.replay() == [bjorn.user_id] == seen
    finally:
        from portal.keys import destroying

        destroying._REPLAYS.remove(replayed)
    db.session.commit()
    assert len(ledger.read()) == 1
    with pytest.raises(keys.Destroyed):
        keys.seal(bjorn.user_id, "note.text:1", "Noe")


def test_the_noes_go_with_the_key(bjorn: Member, daniel: Member, astrid: Member, now: datetime) -> None:
    for member in (bjorn, daniel):
        reserve(member, ReservationKind.PERSON, str(astrid.id), now)
    keys.destroy(bjorn.user_id, now)
    db.session.commit()
    assert [no.member_id for no in said_by_anyone()] == [daniel.id]
    assert db.session.query(Reservation).count() == 1


def test_noes_that_nobody_owns_after_a_restore_are_removed(
    bjorn: Member, daniel: Member, astrid: Member, now: datetime
) -> None:
    for member in (bjorn, daniel):
        reserve(member, ReservationKind.PERSON, str(astrid.id), now)
    db.session.execute(db.delete(PersonKey).where(PersonKey.user_id == bjorn.user_id))
    db.session.commit()
    assert [no.member_id for no in said_by_anyone()] == [daniel.id]
    assert forget_ownerless() == 1
    assert [no.member_id for no in said_by_anyone()] == [daniel.id]


def test_what_a_destroyed_key_sealed_reads_as_never_said(bjorn: Member, now: datetime) -> None:
    from tests.mentoring.pairing import new_mentee

    profile = new_mentee(bjorn, now)
    profile.text = "Jeg trenger noen å snakke med"
    db.session.commit()
    keys.destroy(bjorn.user_id, now)
    db.session.commit()
    assert db.session.scalar(select(type(profile).text)) is not None
    assert (profile.text, profile.wishes) == ("", {})


def test_the_keyring_is_only_what_it_was_written_as(app: Flask, bjorn: Member) -> None:
    keys.seal(bjorn.user_id, "note.text:1", "Noe")
    db.session.commit()
    keyring.write()
    path = Path(app.config["KEYRING_FILE"])
    assert path.stat().st_mode & 0o077 == 0
    path.write_text(path.read_text().replace(f"[[{bjorn.user_id},", f"[[{bjorn.user_id + 1},"))
    assert any("changed" in fault for fault in keys.faults())
