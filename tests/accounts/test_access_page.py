"""Tilganger: roles given and taken by somebody else, and a lost way in given back by two."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal import audit, clock
from portal.access import Role
from portal.accounts import codes, grants
from portal.accounts.factors import has_factor
from portal.accounts.models import SETTLING, RoleGrant, User
from portal.accounts.recoveries import OPEN_FOR, AskerTooNew, NotWaiting, Recovery, TooNew, TwoPeople
from portal.audit import AuditEvent
from portal.extensions import db
from portal.notifications import Kind
from portal.privacy import erasure
from tests.support.people import new_user
from tests.support.racing import race
from tests.support.ways_in import mails, with_app, with_recovery_codes


@pytest.fixture
def helge(app: Flask) -> User:
    """The second one in the secretariat."""
    return new_user("Helge Hjelper", Role.SECRETARIAT)


def events() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.event).order_by(AuditEvent.id)))


def grant_of(user: User, role: Role) -> int:
    wanted = (RoleGrant.user_id == user.id) & (RoleGrant.role == role)
    return db.session.scalars(select(RoleGrant.id).where(wanted)).one()


def test_somebody_new_gets_a_role_and_an_invitation(client: Any, eva: User) -> None:
    client.sign_in(eva).get("/secretariat/access/new")
    page = client.submit("access/new", name="Nina Ny", email="Nina@KDF.example", role="coach")
    assert "Nina Ny har nå rollen Veileder." in page.words and page.heading == "Tilganger"
    nina = db.session.scalars(User.by_email("nina@kdf.example")).one()
    assert nina.roles == {Role.COACH} and mails(Kind.INVITATION) == [nina.email]
    assert "role granted" in events() and not audit.verify()


def test_somebody_known_gets_one_role_more_and_no_invitation(client: Any, eva: User, fredrik: User) -> None:
    client.sign_in(eva)
    for _ in range(2):
        client.get("/secretariat/access/new")
        client.submit("access/new", name="Hvem som helst", email=fredrik.email, role="secretariat")
    db.session.expire_all()
    assert fredrik.roles == {Role.SECRETARIAT, Role.STEERING} and fredrik.name == "Fredrik Øie"
    assert mails(Kind.INVITATION) == [] and events().count("role granted") == 1
    assert mails(Kind.SIGN_IN_CHANGED) == [fredrik.email]


def test_a_new_colleague_does_not_come_unseen(client: Any, eva: User, helge: User) -> None:
    client.sign_in(eva).get("/secretariat/access/new")
    client.submit("access/new", name="Nina Ny", email="nina@kdf.example", role="secretariat")
    assert mails(Kind.ACCESS_WAITING) == [eva.email, helge.email]
    assert mails(Kind.SIGN_IN_CHANGED) == []  # she has an invitation


def test_a_role_that_is_taken_is_gone_at_the_next_request(
    client: Any, new_client: Any, eva: User, fredrik: User
) -> None:
    his = new_client().sign_in(fredrik)
    his.get("/devices")
    client.sign_in(eva).get(f"/secretariat/access/{grant_of(fredrik, Role.STEERING)}/removal")
    page = client.submit("removal")
    assert "har ikke lenger rollen Styringsgruppen" in page.words
    assert his.get("/devices", status=303).headers["Location"].startswith("/sign-in")
    assert "role taken" in events() and not audit.verify()
    assert mails(Kind.SIGN_IN_CHANGED) == [fredrik.email]


def test_nobody_changes_their_own_roles(client: Any, eva: User, helge: User) -> None:
    client.sign_in(eva)
    own = grant_of(eva, Role.SECRETARIAT)
    client.get(f"/secretariat/access/{own}/removal", status=404)
    client.post(f"/secretariat/access/{own}/removal", status=404)
    client.get("/secretariat/access/new")
    page = client.submit("access/new", status=422, name="Eva", email=eva.email, role="steering")
    assert "Dine egne roller må en annen i sekretariatet endre." in page.words


@pytest.mark.parametrize("role", ["member", "mentor", "admin", ""])
def test_roles_that_come_of_themselves_are_not_given_by_hand(client: Any, eva: User, role: str) -> None:
    client.sign_in(eva).get("/secretariat/access/new")
    client.submit("access/new", status=422, name="Nina", email="nina@kdf.example", role=role)


def take_from_each_other(number: int) -> None:
    two = db.session.scalars(select(User).order_by(User.id)).all()
    taker, other = two[number % 2], two[1 - number % 2]
    grants.take(other, Role.SECRETARIAT, taker, clock.now())
    db.session.commit()


def test_the_house_is_never_left_empty(app: Flask, bed: Any, eva: User, helge: User) -> None:
    seen = race(bed.url, take_from_each_other, [0, 1, 2, 3])
    db.session.expire_all()
    assert db.session.scalars(select(RoleGrant).where(RoleGrant.role == Role.SECRETARIAT)).one()
    assert seen["LastOfSecretariat"] >= 1


@pytest.mark.parametrize("out", ["locked_at", "deactivated_at"])
def test_somebody_who_cannot_come_in_does_not_keep_the_door(
    client: Any, eva: User, helge: User, out: str
) -> None:
    """Helge has the role, but cannot come in: Eva is the only one who can open to others."""
    setattr(helge, out, clock.now())
    db.session.flush()
    with pytest.raises(grants.LastOfSecretariat):
        grants.take(eva, Role.SECRETARIAT, helge, clock.now())
    with pytest.raises(erasure.LastOfTheSecretariat):
        erasure.ask(eva, eva, clock.now())
    assert "Du er den eneste i sekretariatet." in client.sign_in(eva).get("/secretariat/access").words


def test_two_people_let_a_third_begin_anew(
    client: Any, new_client: Any, eva: User, helge: User, fredrik: User
) -> None:
    with_app(fredrik)
    with_recovery_codes(fredrik)
    his = new_client().sign_in(fredrik)
    client.sign_in(eva).get("/secretariat/access/recovery")
    page = client.submit("access/recovery", email=fredrik.email.upper())
    assert "Nå må en annen i sekretariatet godkjenne." in page.words and "Venter på en annen" in page.words
    assert not [f for f in page.forms if f.action.endswith("/approval")]
    assert mails(Kind.ACCESS_WAITING) == [eva.email, helge.email]
    assert mails(Kind.SIGN_IN_CHANGED) == [fredrik.email]
    his.get("/devices")
    second = new_client().sign_in(helge)
    page = second.get("/secretariat/access")
    second.submit(next(f for f in page.forms if f.action.endswith("/approval")))
    his.get("/devices", status=303)
    assert not has_factor(fredrik) and codes.count_left(fredrik) == 0
    assert mails(Kind.INVITATION) == [fredrik.email]
    assert {"recovery asked", "recovered"} <= set(events()) and not audit.verify()


def test_one_person_is_not_two(client: Any, eva: User, helge: User, fredrik: User) -> None:
    with_app(fredrik)
    recovery = Recovery.ask(fredrik, eva, clock.now())
    db.session.flush()
    client.sign_in(eva).get("/secretariat/access")
    page = client.follow(client.post(f"/secretariat/access/recovery/{recovery.id}/approval"))
    assert str(TwoPeople()) in page.words
    assert has_factor(fredrik)


def test_one_who_makes_a_colleague_is_still_one(
    client: Any, new_client: Any, eva: User, helge: User, fredrik: User
) -> None:
    """Whoever has one account of the secretariat could give the role to an address of their own, and approve from there."""
    with_app(fredrik)
    now = clock.now()
    grants.give("tyv@eksempel.example", "Tove Tyv", Role.SECRETARIAT, eva, now)
    recovery = Recovery.ask(fredrik, eva, now)
    db.session.flush()
    theirs = new_client().sign_in(db.session.scalars(User.by_email("tyv@eksempel.example")).one())
    theirs.get("/secretariat/access")
    page = theirs.follow(theirs.post(f"/secretariat/access/recovery/{recovery.id}/approval"))
    assert str(TooNew()) in page.words and has_factor(fredrik)
    recovery.approve(helge, now)
    assert not has_factor(fredrik)


def test_one_who_asks_as_a_colleague_of_their_own_making_is_still_one(
    client: Any, new_client: Any, eva: User, helge: User, fredrik: User
) -> None:
    """The same, the other way round: the new colleague asks, and the one who made them approves."""
    with_app(fredrik)
    thief = grants.give("tyv@eksempel.example", "Tove Tyv", Role.SECRETARIAT, eva, clock.now())
    db.session.flush()
    theirs = new_client().sign_in(thief)
    page = theirs.get("/secretariat/access/recovery")
    assert str(TooNew()) in page.words and not [f for f in page.forms if f.action.endswith("/recovery")]
    fields = {"email": fredrik.email}
    page = theirs.post("/secretariat/access/recovery", fields, status=422)
    assert str(TooNew()) in page.words and db.session.scalars(Recovery.waiting()).first() is None


def test_neither_of_the_two_is_new(eva: User, helge: User, fredrik: User) -> None:
    """Not even one who had been there long when they asked, and has been put out and let in again since."""
    now = clock.now()
    recovery = Recovery.ask(fredrik, eva, now)
    grants.take(eva, Role.SECRETARIAT, helge, now)
    grants.give(eva.email, "", Role.SECRETARIAT, helge, now)
    for later, refusal in ((timedelta(), AskerTooNew), (timedelta(days=6), AskerTooNew)):
        with pytest.raises(refusal):
            recovery.approve(helge, now + later)
    with pytest.raises(TooNew):
        Recovery.ask(fredrik, eva, now + SETTLING - timedelta(seconds=1))
    Recovery.ask(fredrik, eva, now + SETTLING)


def test_one_who_puts_the_others_out_first_waits_a_month_and_they_know(
    eva: User, helge: User, fredrik: User
) -> None:
    now = clock.now()
    hanne = new_user("Hanne Hjelper", Role.SECRETARIAT)
    for other in (helge, hanne):
        grants.take(other, Role.SECRETARIAT, eva, now)
    two = [grants.give(f"tyv{n}@eksempel.example", "", Role.SECRETARIAT, eva, now) for n in (1, 2)]
    assert mails(Kind.SIGN_IN_CHANGED) == [helge.email, hanne.email]
    assert hanne.email in mails(Kind.ACCESS_WAITING), "the one who is left is told of the one who was put out"
    db.session.commit()
    for asks, approves in ((two[0], eva), (two[0], two[1]), (eva, two[0])):
        with pytest.raises(TooNew):
            Recovery.ask(fredrik, asks, now + timedelta(days=29)).approve(approves, now + timedelta(days=29))
        db.session.rollback()


def test_where_there_are_not_two_who_have_been_there_long_the_terminal_helps(client: Any, eva: User) -> None:
    grants.give("ny@kdf.example", "Nina Ny", Role.SECRETARIAT, eva, clock.now())
    client.sign_in(eva)
    for path in ("/secretariat/access", "/secretariat/access/recovery"):
        page = client.get(path)
        assert "Det er ikke to av dere som kan gå god for noen ennå." in page.words
    assert "kan gå god for andre fra" in client.get("/secretariat/access").words


def test_everybody_sees_what_was_changed_in_the_last_month(
    client: Any, new_client: Any, eva: User, helge: User, fredrik: User
) -> None:
    now = clock.now()
    grants.give(fredrik.email, "", Role.COACH, eva, now - SETTLING - timedelta(days=1))
    grants.give("tyv@eksempel.example", "Tove Tyv", Role.SECRETARIAT, eva, now)
    Recovery.ask(fredrik, eva, now)
    Recovery.ask(helge, eva, now)
    page = client.sign_in(helge).get("/secretariat/access")
    assert "Tove Tyv Fikk rollen Sekretariatet Eva Nygård" in page.words
    assert "Fredrik Øie Noen ba om hjelp til å begynne på nytt Eva Nygård" in page.words
    assert "Fikk rollen Veileder" not in page.words, "that is over a month ago"
    assert "Helge Hjelper Noen ba" not in page.words, "whoever has stolen his account does not see it coming"
    assert "Helge Hjelper Noen ba" in new_client().sign_in(eva).get("/secretariat/access").words


@pytest.mark.parametrize("ending", ["role", "account"])
def test_what_one_who_is_out_has_asked_for_no_longer_waits(
    eva: User, helge: User, fredrik: User, ending: str
) -> None:
    now = clock.now()
    recovery = Recovery.ask(fredrik, eva, now)
    if ending == "role":
        grants.take(eva, Role.SECRETARIAT, helge, now)
    else:
        eva.locked_at = now
    db.session.flush()
    with pytest.raises(NotWaiting):
        recovery.approve(helge, now)


def test_nobody_has_a_part_in_their_own(client: Any, eva: User, helge: User) -> None:
    client.sign_in(eva).get("/secretariat/access/recovery")
    page = client.submit("access/recovery", status=422, email=eva.email)
    assert "Dette gjelder deg selv." in page.words
    recovery = Recovery.ask(eva, helge, clock.now())
    db.session.flush()
    page = client.get("/secretariat/access")
    assert "Venter på hjelp" not in page.words
    client.post(f"/secretariat/access/recovery/{recovery.id}/approval", status=404)
    client.post(f"/secretariat/access/recovery/{recovery.id}/withdrawal", status=404)


@pytest.mark.parametrize(
    "values",
    [
        "asked_by_id = user_id",
        "approved_by_id = asked_by_id, approved_at = asked_at",
        "approved_by_id = user_id, approved_at = asked_at",
        "approved_at = asked_at",
    ],
)
def test_the_database_keeps_the_rule_too(eva: User, fredrik: User, values: str) -> None:
    Recovery.ask(fredrik, eva, clock.now())
    db.session.commit()
    with pytest.raises(IntegrityError):
        db.session.execute(text(f"UPDATE recovery SET {values}"))
    db.session.rollback()


def approve(number: int) -> None:
    helpers = db.session.scalars(select(User).where(User.name.like("Helge%")).order_by(User.id)).all()
    recovery = db.session.scalars(select(Recovery)).one()  # waiting, or answered by another a moment ago
    recovery.approve(helpers[number % len(helpers)], clock.now())
    db.session.commit()


def test_of_many_who_agree_at_once_one_does(
    app: Flask, bed: Any, eva: User, helge: User, fredrik: User
) -> None:
    new_user("Helge To", Role.SECRETARIAT)
    Recovery.ask(fredrik, eva, clock.now())
    seen = race(bed.url, approve, list(range(6)))
    assert seen == {"done": 1, "NotWaiting": 5}
    assert mails(Kind.INVITATION) == [fredrik.email]


def test_it_waits_a_week_and_can_be_taken_back(client: Any, eva: User, helge: User, fredrik: User) -> None:
    late = Recovery.ask(fredrik, eva, clock.now() - OPEN_FOR - timedelta(minutes=1))
    db.session.flush()
    client.sign_in(helge).get("/secretariat/access")
    page = client.follow(client.post(f"/secretariat/access/recovery/{late.id}/approval"))
    assert "Dette venter ikke lenger." in page.words
    again = Recovery.ask(fredrik, helge, clock.now())
    db.session.flush()
    page = client.follow(client.post(f"/secretariat/access/recovery/{again.id}/withdrawal"))
    assert "Trukket tilbake." in page.words and db.session.scalars(Recovery.waiting()).first() is None


def test_asked_twice_is_asked_once(client: Any, eva: User, helge: User, fredrik: User) -> None:
    client.sign_in(eva)
    client.get("/secretariat/access/recovery")
    client.submit("access/recovery", email=fredrik.email)
    client.get("/secretariat/access/recovery")
    page = client.submit("access/recovery", status=422, email=fredrik.email)
    assert "Det er bedt om dette fra før." in page.words
    client.get("/secretariat/access/recovery")
    page = client.submit("access/recovery", status=422, email="ingen@eksempel.example")
    assert "Vi finner ingen med denne adressen." in page.words


def test_where_there_is_only_one_the_terminal_helps(app: Flask, client: Any, eva: User) -> None:
    page = client.sign_in(eva).get("/secretariat/access")
    assert "Du er den eneste i sekretariatet." in page.words
    with_app(eva)
    db.session.commit()
    runner = app.test_cli_runner()
    refused = runner.invoke(args=["users", "recover", eva.email], input="n\n")
    assert refused.exit_code != 0 and has_factor(eva)
    done = runner.invoke(args=["users", "recover", eva.email, "--yes"])
    assert done.exit_code == 0, done.output
    db.session.expire_all()
    assert not has_factor(eva) and mails(Kind.INVITATION) == [eva.email]
    client.get("/secretariat/", status=303)
    assert "recovered" in events()
    assert runner.invoke(args=["users", "recover", "ingen@eksempel.example", "--yes"]).exit_code == 1


def test_what_the_terminal_changes_is_mailed_as_what_the_page_changes(
    app: Flask, eva: User, helge: User, fredrik: User
) -> None:
    db.session.commit()
    runner = app.test_cli_runner()
    words = ["users", "create", fredrik.email, "--role", "steering", "--role"]
    done = runner.invoke(args=[*words, "secretariat"])
    assert done.exit_code == 0 and "Told by mail" in done.output and "Invited" not in done.output
    assert mails(Kind.SIGN_IN_CHANGED) == [fredrik.email]
    assert mails(Kind.ACCESS_WAITING) == [eva.email, helge.email] and mails(Kind.INVITATION) == []
    again = runner.invoke(args=[*words, "secretariat"])
    assert "nothing is changed" in again.output and events().count("role granted") == 1
    assert len(mails(Kind.SIGN_IN_CHANGED)) == 1 and len(mails(Kind.ACCESS_WAITING)) == 2
    with_app(fredrik)
    db.session.commit()
    runner.invoke(args=["users", "recover", fredrik.email, "--yes"])
    assert mails(Kind.SIGN_IN_CHANGED) == [fredrik.email] * 2 and mails(Kind.INVITATION) == [fredrik.email]
    assert mails(Kind.ACCESS_WAITING)[2:] == [eva.email, helge.email]
    assert not audit.verify()


def test_a_user_made_at_the_terminal_is_invited(app: Flask) -> None:
    made = app.test_cli_runner().invoke(
        args=["users", "create", "hilde@kdf.example", "--role", "secretariat"]
    )
    assert made.exit_code == 0 and "/sign-in" in made.output
    assert mails(Kind.INVITATION) == ["hilde@kdf.example"]
