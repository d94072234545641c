"""The drill: everything is lost, and everything comes back, but those who had been forgotten."""

import threading
from base64 import b64decode
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from portal import audit, clock, jobs, keys
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.audit import AuditEvent
from portal.backup import back_up, bundle, restore
from portal.backup.bundle import BundleBroken
from portal.backup.loading import as_lines
from portal.backup.restoring import NoKeyring, NoLedger, NotEmpty
from portal.backup.taking import NoPlace
from portal.consents import Consent
from portal.doctor import examine
from portal.extensions import Base, db
from portal.keys import PersonKey, keyring
from portal.keys.ledger import erased
from portal.members.models import Member
from portal.mentoring.pool import pool
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve, said_by_anyone
from portal.mentoring.text_vectors import TextVector
from portal.notifications import Kind, OutboxMessage
from portal.notifications.outbox import send
from portal.privacy.erasure import erase
from tests.backup.conftest import Elsewhere
from tests.mentoring.pairing import new_mentee
from tests.support.canaries import raw_dump
from tests.support.client import CheckingClient
from tests.support.page import Page
from tests.support.people import new_member, new_user, open_session

SECRET = "Jeg vurderer å slutte før jul"


@pytest.fixture
def lived(outside: Path, bjorn: Member, daniel: Member, astrid: Member, now: datetime) -> Path:
    """Two people who have written something, and a backup of it."""
    for member in (bjorn, daniel):
        profile = new_mentee(member, now)
        profile.text = f"{SECRET}, sier {member.user.first_name}"
        reserve(member, ReservationKind.PERSON, str(astrid.id), now)
    open_session(bjorn, {})
    audit.record(audit.declare("drill held"), by=bjorn.user, on=bjorn, at=now)
    db.session.commit()
    back_up(outside / "yesterday.backup", now)
    return outside / "yesterday.backup"


def counts() -> dict[str, int | None]:
    tables = (t for t in Base.metadata.sorted_tables if t.name != PersonKey.__tablename__)
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) for table in tables}


def everything() -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: [tuple(row) for row in db.session.execute(select(table).order_by(*table.primary_key))]
        for table in Base.metadata.sorted_tables
    }


def broken(now: datetime) -> list[str]:
    return [f"{finding.rule}: {finding.seen}" for finding in examine(now) if not finding.holds]


@pytest.mark.promise("En database som er tapt, kommer tilbake fra sikkerhetskopien, rad for rad")
def test_what_is_lost_comes_back(
    lived: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime, promise: Any
) -> None:
    before, bjorns = everything(), bjorn.id
    with elsewhere():
        done = restore(lived, now)
        after = everything()
        ended = [row for row in after.pop("session") if row not in before["session"]]
        told = [row for row in after["audit_event"] if row not in before["audit_event"]]
        # The restore ends the sessions and the consents, says so in the audit, and counts that as a change.
        for changes in ("session", "revision", "consent", "audit_event", "audit_head"):
            before.pop(changes)
            after.pop(changes, None)
        assert after == before
        assert len(ended) == 1
        assert [row[2] for row in told] == ["consents lapsed at a restore"]
        assert done.erased == []
        profile = db.session.scalars(select(MenteeProfile).where(MenteeProfile.member_id == bjorns)).one()
        assert profile.text == f"{SECRET}, sier Bjørn"
        assert len(said_by_anyone()) == 2
        assert broken(now) == []
        assert audit.verify() == []
        newcomer = new_user("Ny Person")
        db.session.commit()
        assert newcomer.id > max(int(str(row[0])) for row in before["user"])
        promise.saw(f"{sum(done.counts.values())} rows of {len(done.counts)} tables, all the same")


def test_it_comes_back_on_the_other_database_too(
    lived: Path, elsewhere: Elsewhere, tmp_path: Path, now: datetime
) -> None:
    before = everything()
    with elsewhere(f"sqlite:///{tmp_path / 'other.sqlite'}"):
        restore(lived, now)
        after = everything()
        for table in (
            "user",
            "member",
            "mentee_profile",
            "reservation",
            "person_key",
            "municipality",
        ):
            assert after[table] == before[table]
        assert broken(now) == []


@pytest.mark.promise("Av en som er slettet, kommer ingenting tilbake med gårsdagens sikkerhetskopi")
def test_who_was_erased_since_is_erased_again(
    lived: Path, bjorn: Member, daniel: Member, eva: User, elsewhere: Elsewhere, now: datetime, promise: Any
) -> None:
    bjorns, daniels = (bjorn.id, bjorn.user_id), (daniel.id, daniel.user_id)
    traces = [bjorn.user.name.encode(), bjorn.user.email.encode(), SECRET.encode(), b"Haugland"]
    erase(bjorn.user, eva, now)
    db.session.commit()
    with elsewhere() as machine:
        done = restore(lived, now + timedelta(days=1))
        assert done.erased == [bjorns[1]]
        texts = {p.member_id: p.text for p in db.session.scalars(select(MenteeProfile))}
        assert texts.get(bjorns[0], "") == ""
        assert texts[daniels[0]] == f"{SECRET}, sier Daniel"
        assert [no.member_id for no in said_by_anyone()] == [daniels[0]]
        assert db.session.scalars(select(PersonKey.user_id).where(PersonKey.wrapped.is_(None))).all() == [
            bjorns[1]
        ]
        assert broken(now) == []
        assert all(row.wrapped is None for row in keyring.read() if row.user_id == bjorns[1])
        db.session.remove()
        dumped = raw_dump()
        assert not [trace for trace in traces if trace in dumped]
        assert b"Daniel" in dumped
        del machine
    tried = _with_all_keys_on_yesterdays_words(lived, bjorns)
    assert tried > 0
    promise.saw(
        f"{len(traces)} traces looked for in the restored database, 0 found; "
        f"{tried} of their sealed values in yesterday's backup, 0 opened with all the keys there are"
    )


def _with_all_keys_on_yesterdays_words(path: Path, whose: tuple[int, int]) -> int:
    """Open the backup as whoever has every key can, and try each of them on what the person had sealed."""
    with path.open("rb") as file:
        lines = list(as_lines(bundle.read(file)))
    table, tried = "", 0
    for line in lines:
        if isinstance(line, dict):
            table = line.get("table", table)
        elif table == "mentee_profile" and whose[0] in line:
            for value in line:
                if isinstance(value, dict) and "bytes" in value:
                    tried += 1
                    for user_id in [row.user_id for row in keyring.read()]:
                        with pytest.raises(keys.Unreadable):
                            keys.open(user_id, "mentee_profile.text", b64decode(value["bytes"]))
    return tried


def test_somebody_new_who_has_the_number_of_one_who_was_erased_stays_at_the_next_restore(
    lived: Path, outside: Path, elsewhere: Elsewhere, now: datetime
) -> None:
    """The database was lost, and with it the number that the ledger knows somebody by: it is given once more."""
    hour = timedelta(hours=1)
    db.session.commit()
    back_up(outside / "before.backup", now)
    forgotten = new_member("Kari Bråten").user
    db.session.commit()
    number = forgotten.id
    erase(forgotten, None, clock.now())
    db.session.commit()
    with elsewhere():
        restore(outside / "before.backup", now + hour)
        with time_machine.travel(now + 2 * hour):
            newcomer = new_member("Ny Person")
            new_mentee(newcomer).text = SECRET
        db.session.commit()
        assert newcomer.user.id == number
        assert list(keys.faults()) == []
        back_up(outside / "after.backup", now + 3 * hour)
    with elsewhere():
        assert restore(outside / "after.backup", now + 4 * hour).erased == []
        user = db.session.get_one(User, number)
        assert user.name == "Ny Person"
        assert (
            db.session.scalars(
                select(MenteeProfile).join(MenteeProfile.member).where(Member.user_id == number)
            )
            .one()
            .text
            == SECRET
        )
        assert broken(now) == []
        erase(user, None, now + 5 * hour)
        db.session.commit()
        assert list(keys.faults()) == []
    with elsewhere():
        assert restore(outside / "after.backup", now + 6 * hour).erased == [number]
        assert SECRET.encode() not in raw_dump()


def test_a_backup_holds_no_key_and_nothing_plain(app: Flask, lived: Path) -> None:
    with lived.open("rb") as file:
        content = b"".join(bundle.read(file))
    assert b'{"table": "mentee_profile"' in content
    assert b"person_key" not in content
    for word in (SECRET, SECRET[:12]):
        assert word.encode() not in content
    assert b"Haugland" not in lived.read_bytes()
    assert lived.stat().st_mode & 0o077 == 0


def test_a_restore_never_writes_over_anything(lived: Path, now: datetime) -> None:
    with pytest.raises(NotEmpty):
        restore(lived, now)


def test_a_backup_that_is_cut_leaves_the_database_empty(
    lived: Path, elsewhere: Elsewhere, now: datetime
) -> None:
    lived.write_bytes(lived.read_bytes()[:-1000])
    with elsewhere():
        with pytest.raises(BundleBroken):
            restore(lived, now)
        assert db.inspect(db.engine).get_table_names() == []


def test_without_the_keyring_nothing_is_restored(
    lived: Path, outside: Path, elsewhere: Elsewhere, now: datetime
) -> None:
    (outside / "keyring.json").unlink()
    with elsewhere(), pytest.raises(NoKeyring):
        restore(lived, now)


@pytest.mark.parametrize("ledger", ["was not copied over", "is an old copy"])
def test_without_the_ledger_nothing_is_restored_and_with_it_the_restore_can_be_tried_again(
    lived: Path,
    outside: Path,
    bjorn: Member,
    daniel: Member,
    elsewhere: Elsewhere,
    now: datetime,
    ledger: str,
) -> None:
    path, both = outside / "erasures.jsonl", [bjorn.user_id, daniel.user_id]
    erase(bjorn.user, None, now)
    db.session.commit()
    old = path.read_bytes()
    erase(daniel.user, None, now)
    db.session.commit()
    whole = path.read_bytes()
    if ledger == "is an old copy":
        path.write_bytes(old)
    else:
        path.unlink()
    with elsewhere():
        with pytest.raises(NoLedger):
            restore(lived, now)
        assert db.inspect(db.engine).get_table_names() == []
        path.write_bytes(whole)
        assert restore(lived, now).erased == both


def test_who_was_erased_before_the_backup_tells_that_the_ledger_is_missing(
    lived: Path, outside: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime
) -> None:
    erase(bjorn.user, None, now)
    db.session.commit()
    old_keyring = (outside / "keyring.json").read_bytes()
    back_up(outside / "today.backup", now)
    (outside / "erasures.jsonl").unlink()
    (outside / "keyring.json").write_bytes(old_keyring)
    with elsewhere(), pytest.raises(NoLedger):
        restore(outside / "today.backup", now)


def test_when_the_ledger_is_lost_the_keyring_still_knows_who_was_erased(
    lived: Path, outside: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime
) -> None:
    bjorns = bjorn.user_id
    erase(bjorn.user, None, now)
    db.session.commit()
    (outside / "erasures.jsonl").unlink()
    with elsewhere() as machine:
        assert "--ledger-lost" in machine.test_cli_runner().invoke(args=["restore", str(lived)]).output
        answer = machine.test_cli_runner().invoke(args=["restore", str(lived), "--ledger-lost"])
        assert "1 people erased again" in answer.output, answer.output
        assert set(erased()) == {bjorns}
        assert broken(now) == []


def test_a_restore_that_fails_halfway_leaves_nobody_who_was_erased(
    lived: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_given: object) -> None:
        raise OSError("the disk is full")

    erase(bjorn.user, None, now)
    db.session.commit()
    with elsewhere():
        with monkeypatch.context() as patch:
            patch.setattr(keys, "replay", fails)
            with pytest.raises(OSError, match="the disk is full"):
                restore(lived, now)
        assert db.inspect(db.engine).get_table_names() == []
        assert len(restore(lived, now).erased) == 1
        assert broken(now) == []
        assert audit.verify() == []


def test_what_is_restored_stays_though_the_keyring_cannot_be_written(
    lived: Path, elsewhere: Elsewhere, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OSError("the disk is full")

    with elsewhere():
        monkeypatch.setattr("portal.keys.keyring.write", fails)
        with pytest.raises(OSError, match="the disk is full"):
            restore(lived, now)
        db.session.rollback()
        assert broken(now) == [] and audit.verify() == []
        db.session.rollback()
        with pytest.raises(NotEmpty):
            restore(lived, now)


def test_a_backup_is_never_written_over(
    lived: Path, app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NoPlace):
        back_up(lived, now)
    monkeypatch.setitem(app.config, "KEYRING_FILE", "")
    with pytest.raises(NoPlace, match="KEYRING_FILE"):
        back_up(lived.with_name("another"), now)
    assert not list(lived.parent.glob("*another*"))


def test_no_mail_is_sent_twice_and_no_session_lives_on(
    lived: Path, outside: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime
) -> None:
    send(Kind.SEAT_GIVEN, bjorn.user, now)
    send(Kind.BOOKING_REMINDER, bjorn.user, now, not_before=now + timedelta(days=5))
    db.session.commit()
    back_up(outside / "today.backup", now)
    with elsewhere():
        done = restore(outside / "today.backup", now + timedelta(hours=3))
        assert done.withdrawn == 1
        waiting = select(OutboxMessage.kind).where(OutboxMessage.withdrawn_at.is_(None))
        assert db.session.scalars(waiting).all() == [Kind.BOOKING_REMINDER]
        assert db.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0


def test_a_yes_that_may_have_been_taken_back_since_counts_only_when_it_is_said_anew(
    lived: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime
) -> None:
    """The words stay and are not used: neither a round, nor the worker, nor a mentor has them before the person says yes."""
    bjorns, day = bjorn.id, now + timedelta(days=1)
    with elsewhere() as machine:
        assert restore(lived, day).lapsed == 2
        assert not db.session.scalars(select(Consent).where(Consent.withdrawn_at.is_(None))).all()
        assert {row.lapsed_at for row in db.session.scalars(select(Consent))} == {day}
        assert pool(day).mentees == []
        jobs.run_due(day)
        assert db.session.scalars(select(TextVector.fit)).all() == [None, None]
        client = CheckingClient(machine, Page).sign_in(db.session.get_one(Member, bjorns))
        assert "Si ja, så leter vi videre" in client.get("/home").main
        assert "Vi spør deg på nytt" in client.get("/personal-data").main
        page = client.get("/profile/challenges")
        assert (page.one("textarea").text or "").strip() == f"{SECRET}, sier Bjørn"
        client.submit("/profile/challenges", agreed="1")
        assert [mentee.id for mentee in pool(day).mentees] == [str(bjorns)]
        assert "Vi spør deg på nytt" not in client.get("/personal-data").main
        assert broken(day) == []


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(
    app: Flask, outside: Path, elsewhere: Elsewhere, now: datetime
) -> None:
    db.session.commit()
    done, failed = threading.Event(), []

    def write() -> None:
        number = 0
        with app.app_context():
            while not done.is_set():
                number += 1
                try:
                    user = new_user(f"Skriver Nummer{number}")
                    keys.seal(user.id, "note.text:1", "Noe")
                    audit.record(audit.declare("drill held"), by=user, on=user, at=clock.now())
                    db.session.commit()
                except Exception as error:
                    failed.append(error)
                    return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        taken = [back_up(outside / f"{number}.backup", now) for number in range(3)]
    finally:
        done.set()
        writer.join()
    assert not failed
    assert [one.broken for one in taken] == [[], [], []]
    with elsewhere():
        restore(outside / "2.backup", now)
        assert db.session.scalar(select(func.count(User.id))) == db.session.scalar(
            select(func.count(PersonKey.user_id))
        )
        assert audit.verify() == []


def latest_event() -> tuple[str, int | None, str]:
    event = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    told = event.event, event.actor_id, event.subject
    db.session.rollback()  # the next command writes
    return told


def test_the_commands_tell_what_they_did(
    app: Flask, outside: Path, bjorn: Member, elsewhere: Elsewhere, now: datetime
) -> None:
    new_mentee(bjorn, now).text = SECRET
    db.session.commit()
    file = str(outside / "b.backup")
    answer = app.test_cli_runner().invoke(args=["backup", file])
    assert answer.exit_code == 0, answer.output
    assert "restored once, and whole" in answer.output
    assert latest_event() == ("backup taken", None, "portal:all")
    assert "is there already" in app.test_cli_runner().invoke(args=["backup", file]).output
    assert "not empty" in app.test_cli_runner().invoke(args=["restore", file]).output
    with elsewhere() as machine:
        answer = machine.test_cli_runner().invoke(args=["restore", file])
        assert answer.exit_code == 0, answer.output
        assert "0 people erased again" in answer.output
        assert latest_event() == ("backup restored", None, "portal:all") and audit.verify() == []
