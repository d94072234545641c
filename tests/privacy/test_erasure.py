"""Erasing a person: nothing is left of them, and nothing is lost of what the others need."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import audit, consents, keys
from portal.access import Role
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.audit import AuditEvent
from portal.coaching.models import Booking
from portal.consents import Purpose
from portal.doctor import examine
from portal.extensions import Base, db
from portal.members.models import Member
from portal.mentoring import proposal_answers
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.reservation_models import Reservation
from portal.mentoring.reservations import described, find, said_by
from portal.notifications import Kind, OutboxMessage
from portal.privacy import erasure, leaving, traces
from portal.privacy.models import WAIT, Erasure
from tests.coaching.programmes import NOW
from tests.mentoring.pairing import new_mentee, new_mentor, propose
from tests.privacy.lives import SECRET, Life
from tests.support.people import new_user
from tests.support.ways_in import mailed_link, mails

TRACES = (SECRET, "Haugland", "haugland", "bjorn.haugland@example.org")


def everything_stored(app: Flask) -> str:
    """The database as whoever steals it would have it: the raw file, or every value of every table."""
    traces.sweep()
    if db.engine.dialect.name == "sqlite":
        path = db.engine.url.database
        assert path
        return Path(path).read_bytes().decode("utf-8", "ignore")
    rows = (row for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)))
    return "\n".join(repr(tuple(row)) for row in rows)


@pytest.mark.promise("Etter sletting er det 0 spor igjen i databasen")
def test_nothing_of_the_person_is_left_in_the_database(app: Flask, life: Life, promise: Any) -> None:
    user_id = life.bjorn.user_id
    before = everything_stored(app)
    assert [t for t in TRACES if t in before] == list(TRACES[1:])  # what was said in confidence is sealed
    erasure.erase(db.session.get_one(User, user_id), None, NOW)
    db.session.commit()
    stored = everything_stored(app)
    assert not [trace for trace in TRACES if trace in stored]
    promise.saw(f"{len(TRACES)} verdier sett etter i {len(stored)} tegn, 0 funnet")
    assert "Moen" in stored
    assert "Strand" in stored


def test_counts_costs_and_the_audit_stay_whole(life: Life) -> None:
    spent = db.session.scalar(select(func.sum(Booking.price)).where(Booking.held_at.is_not(None)))
    before = {t: db.session.scalar(select(func.count()).select_from(t)) for t in (Booking, Mentorship, User)}
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    assert {t: db.session.scalar(select(func.count()).select_from(t)) for t in before} == before
    assert db.session.scalar(select(func.sum(Booking.price)).where(Booking.held_at.is_not(None))) == spent
    assert audit.verify() == []


def test_every_rule_of_the_portal_still_holds(life: Life) -> None:
    erasure.erase(life.bjorn.user, None, life.now)
    erasure.erase(life.cecilie.user, None, life.now)
    erasure.erase(life.astrid.user, None, life.now)
    db.session.commit()
    assert not [f"{f.rule}: {f.seen}" for f in examine(life.now) if not f.holds]


def test_what_runs_is_ended_by_its_own_rules_and_the_others_are_told(life: Life) -> None:
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    assert life.ahead.cancelled_at == life.now
    assert life.held.held_at is not None
    assert life.pair.ended_at == life.now
    assert all(m.cancelled_at for m in life.pair.meetings)
    told = select(OutboxMessage.user_id).where(OutboxMessage.created_at == life.now)
    assert {life.cecilie.user_id, life.astrid.user_id} <= set(db.session.scalars(told))
    assert not db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.user_id == life.bjorn.user_id)
    ).all()


def test_nobody_gets_in_as_the_person_again(life: Life, client: Any) -> None:
    client.sign_in(life.bjorn)
    client.get("/home")
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    assert not db.session.scalars(select(Session).where(Session.user_id == life.bjorn.user_id)).all()
    client.get("/home", status=303)
    assert db.session.scalar(User.by_email("bjorn.haugland@example.org")) is None
    assert not life.bjorn.user.roles
    assert not consents.holds(life.bjorn.user_id, Purpose.SECRETARIAT_SEES_AREAS)


def test_the_others_still_see_that_it_was_and_not_who(life: Life, client: Any) -> None:
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    name = f"Slettet bruker {life.bjorn.user_id}"
    assert life.bjorn.name == name
    client.sign_in(life.cecilie)
    client.get("/coach/sessions")
    client.sign_in(life.astrid)
    assert name in client.get(f"/mentoring/mentorships/{life.pair.id}").text


def test_what_the_persons_key_has_sealed_can_never_be_read_again(life: Life) -> None:
    user_id = life.bjorn.user_id
    sealed = keys.seal(user_id, "anywhere", SECRET)
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    with pytest.raises(keys.Destroyed):
        keys.open(user_id, "anywhere", sealed)


def test_after_a_restore_it_is_done_again(life: Life) -> None:
    """The backup knows nothing of the erasure; whoever restores it asks for everyone who was erased since."""
    erasure.erase_again(life.bjorn.user_id, life.now)
    erasure.erase_again(2_000_000_000, life.now)  # somebody whom the backup does not have
    db.session.commit()
    assert life.bjorn.name == f"Slettet bruker {life.bjorn.user_id}"


def test_the_persons_own_noes_go_and_another_keeps_theirs_without_the_name(life: Life) -> None:
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    assert len(db.session.scalars(select(Reservation)).all()) == 1
    ((_no, name, _meaning),) = described(said_by(life.daniel))
    assert name == f"Slettet bruker {life.bjorn.user_id}"


def test_erasing_twice_is_erasing_once(life: Life) -> None:
    for _ in range(2):
        erasure.erase(life.bjorn.user, None, life.now)
        db.session.commit()
    assert len(db.session.scalars(select(Erasure)).all()) == 1
    events = select(AuditEvent.subject).where(AuditEvent.event == "person erased")
    assert db.session.scalars(events).all() == [f"user:{life.bjorn.user_id}"]
    assert life.bjorn.user.name == f"Slettet bruker {life.bjorn.user_id}"


@pytest.mark.parametrize("who", ["astrid", "daniel", "cecilie"])
def test_a_mentor_and_a_coach_can_leave_too(life: Life, who: str) -> None:
    person = getattr(life, who)
    erasure.erase(person.user, None, life.now)
    db.session.commit()
    assert person.user.name.startswith("Slettet bruker")
    if who == "astrid":
        assert life.pair.ended_at is not None
    if who == "cecilie":
        assert life.ahead.cancelled_at is not None
        assert life.ahead.clip_returned_at is not None
        assert life.cecilie.bio == ""


def test_it_waits_a_week_and_is_then_done_by_itself(life: Life) -> None:
    erasure.ask(life.bjorn.user, life.bjorn.user, life.now)
    db.session.commit()
    assert erasure.erase_due(life.now + WAIT - timedelta(minutes=1)) == 0
    assert life.bjorn.name == "Bjørn Haugland"
    assert erasure.erase_due(life.now + WAIT) == 1
    assert erasure.erase_due(life.now + WAIT) == 0
    assert db.session.scalars(select(Erasure.done_at)).all() == [life.now + WAIT]


def test_it_can_be_undone_until_it_is_done(life: Life) -> None:
    user = life.bjorn.user
    erasure.ask(user, user, life.now)
    with pytest.raises(erasure.AlreadyAsked):
        erasure.ask(user, user, life.now)
    erasure.undo(user, user, life.now + timedelta(days=6))
    with pytest.raises(erasure.TooLateToUndo):
        erasure.undo(user, user, life.now + timedelta(days=6))
    db.session.commit()
    assert erasure.erase_due(life.now + WAIT) == 0
    erasure.ask(user, user, life.now + timedelta(days=6))  # and asked for anew


@pytest.mark.parametrize("asked_by", ["the person", "the secretariat"])
def test_whoever_is_to_be_erased_is_told_whoever_asked(life: Life, eva: User, asked_by: str) -> None:
    bjorn = life.bjorn.user
    erasure.ask(bjorn, bjorn if asked_by == "the person" else eva, life.now)
    db.session.flush()
    assert mails(Kind.SIGN_IN_CHANGED) == [bjorn.email]


@pytest.mark.parametrize("asked_by", ["the person", "the secretariat"])
def test_whoever_says_that_it_was_not_they_is_not_erased_whoever_asked(
    life: Life, client: Any, eva: User, asked_by: str
) -> None:
    bjorn = life.bjorn.user
    erasure.ask(bjorn, bjorn if asked_by == "the person" else eva, life.now)
    db.session.commit()
    client.post(mailed_link(Kind.SIGN_IN_CHANGED), status=200)
    assert db.session.scalar(Erasure.waiting_for(bjorn.id)) is None
    assert erasure.erase_due(life.now + WAIT) == 0
    assert not audit.verify()


def test_nobody_is_erased_while_the_account_is_locked(life: Life, eva: User) -> None:
    bjorn = life.bjorn.user
    erasure.ask(bjorn, eva, life.now)
    bjorn.locked_at = life.now
    db.session.commit()
    assert erasure.erase_due(life.now + WAIT) == 0
    assert not [
        f.rule for f in examine(life.now + WAIT + timedelta(days=30)) if "in time" in f.rule and not f.holds
    ]
    bjorn.locked_at = None
    db.session.commit()
    assert erasure.erase_due(life.now + WAIT) == 1


def test_one_who_cannot_be_erased_holds_up_nobody_and_the_traces_of_the_others_go(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, swept, end_everything = life.bjorn.user_id, [], leaving.end_everything

    def end(user: User, now: datetime) -> None:
        if user.id == stuck:
            raise RuntimeError("something is in the way")
        end_everything(user, now)

    for person in (life.bjorn, life.daniel):
        erasure.ask(person.user, person.user, life.now)
    db.session.commit()
    monkeypatch.setattr(leaving, "end_everything", end)
    monkeypatch.setattr(traces, "sweep", lambda: swept.append(1))
    assert erasure.erase_due(life.now + WAIT) == 1
    assert swept == [1]
    assert (life.bjorn.name, life.daniel.name[:15]) == ("Bjørn Haugland", "Slettet bruker ")
    monkeypatch.undo()
    assert erasure.erase_due(life.now + WAIT) == 1


def test_why_one_cannot_be_erased_is_told_once_a_day_however_often_it_is_tried(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user in (life.bjorn.user, life.astrid.user):
        erasure.ask(user, user, NOW)
    db.session.commit()

    def end(user: User, now: datetime) -> None:
        raise RuntimeError("not this time")

    told: list[int] = []
    monkeypatch.setattr(erasure, "_TOLD", {})
    monkeypatch.setattr(erasure.log, "exception", lambda _what, user: told.append(user))
    monkeypatch.setattr(leaving, "end_everything", end)
    both = sorted((life.bjorn.user_id, life.astrid.user_id))
    for day in range(3):
        for tick in range(20):
            erasure.erase_due(NOW + WAIT + timedelta(days=day, seconds=5 * tick))
        assert sorted(told) == sorted(both * (day + 1))
    monkeypatch.undo()
    assert erasure.erase_due(NOW + WAIT + timedelta(days=3)) == 2


def test_the_last_of_the_secretariat_lets_somebody_else_in_first(
    app: Flask, eva: User, now: datetime
) -> None:
    with pytest.raises(erasure.LastOfTheSecretariat):
        erasure.ask(eva, eva, now)
    new_user("Gro Berg", Role.SECRETARIAT)
    erasure.ask(eva, eva, now)


def test_the_doctor_sees_what_an_erasure_left_behind(life: Life) -> None:
    erasure.erase(life.bjorn.user, None, life.now)
    life.bjorn.title = "Kommunedirektør i Nome"
    db.session.commit()
    broken = [f"{f.rule}: {f.seen}" for f in examine(life.now) if not f.holds]
    assert [rule.split(":")[0] for rule in broken] == [
        "Of whoever is erased nothing is left that the register says is deleted or replaced"
    ]
    assert f"member of user {life.bjorn.user_id}" in broken[0]


def test_the_doctor_sees_what_was_not_done_in_time(life: Life) -> None:
    erasure.ask(life.bjorn.user, life.bjorn.user, life.now)
    db.session.commit()
    broken = {f.rule for f in examine(life.now + WAIT + timedelta(days=120)) if not f.holds}
    assert "Whoever asked to be erased is erased in time" in broken


def test_a_proposal_of_a_mentor_who_leaves_lapses_and_the_next_one_is_asked(
    bjorn: Member, astrid: Member, daniel: Member
) -> None:
    first, second = propose(new_mentee(bjorn), new_mentor(astrid), new_mentor(daniel))
    proposal_answers.accept(first, bjorn.user, NOW)
    proposal_answers.accept(second, bjorn.user, NOW)
    assert first.awaits_mentor
    erasure.erase(astrid.user, None, NOW)
    db.session.commit()
    assert first.lapsed_at == NOW
    assert second.mentor_asked_at == NOW


def test_whoever_is_erased_is_in_no_list_and_no_search(life: Life, client: Any, eva: User) -> None:
    erasure.erase(life.bjorn.user, None, life.now)
    db.session.commit()
    client.sign_in(eva)
    for address in ("/secretariat/members", "/secretariat/members?q=slettet", "/secretariat/members/new"):
        assert "Slettet" not in client.get(address).text
    assert "Slettet" not in client.get("/secretariat/members.csv").get_data(as_text=True)
    assert not find("slettet", life.daniel)
    page = client.get(f"/secretariat/members/{life.bjorn.id}")
    assert not [link for link in page.links if link.endswith("/erasure")]
