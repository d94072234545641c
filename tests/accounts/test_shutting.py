"""Shutting somebody out, and letting them in again: at once, by another than oneself, and seen in the log."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import audit, clock
from portal.access import Role
from portal.accounts import shutting
from portal.accounts.factors import has_factor
from portal.accounts.grants import LastOfSecretariat
from portal.accounts.models import User
from portal.accounts.recoveries import Recovery, recover
from portal.accounts.sessions import Session
from portal.audit import AuditEvent
from portal.extensions import db
from portal.members.models import Member
from portal.notifications import Kind
from portal.privacy import erasure, retention
from portal.privacy.terms import BY_CODE
from tests.support.people import new_user
from tests.support.racing import race
from tests.support.ways_in import code_of, mails, open_link, with_app


@pytest.fixture
def helge(app: Flask) -> User:
    """The second one in the secretariat."""
    return new_user("Helge Hjelper", Role.SECRETARIAT)


def events() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.event).order_by(AuditEvent.id)))


def test_a_member_is_shut_out_at_once_and_let_in_with_what_they_had(
    client: Any, new_client: Any, eva: User, bjorn: Member
) -> None:
    app = with_app(bjorn.user)
    his = new_client().sign_in(bjorn)
    his.get("/home")
    client.sign_in(eva).get(f"/secretariat/members/{bjorn.id}")
    (way,) = [link for link in client.page.links if link.split("?")[0].endswith("/closure")]
    client.get(way)
    page = client.submit("closure")
    assert page.heading == "Bjørn Haugland"
    assert "Bjørn Haugland er sperret, og er logget ut." in page.words and "Åpne kontoen igjen" in page.words
    assert his.get("/home", status=303).headers["Location"].startswith("/sign-in")
    his.get("/sign-in")
    his.submit("sign-in", email=bjorn.user.email)
    assert mails(Kind.SIGN_IN) == []
    assert mails(Kind.SIGN_IN_CHANGED) == [bjorn.user.email]
    client.get(way)
    page = client.submit("reopening")
    assert "Bjørn Haugland kan logge inn igjen." in page.words and "Kan logge inn" in page.words
    his.get("/home", status=303)  # not by the browser that was put out
    open_link(his, bjorn.user.email)
    his.submit("sign-in/code", code=code_of(app))
    his.get("/home")
    assert [e for e in events() if e in ("shut out", "let in again")] == ["shut out", "let in again"]
    assert not audit.verify()


def test_a_colleague_is_shut_out_and_let_in_from_the_page_of_accesses(
    client: Any, eva: User, helge: User
) -> None:
    page = client.sign_in(eva).get("/secretariat/access")
    (way,) = [link for link in page.links if link.endswith("/closure")]  # none for Eva herself
    client.get(way)
    page = client.submit("closure")
    assert page.heading == "Tilganger" and "Sperrede kontoer" in page.words and helge.email in page.words
    assert "Du er den eneste i sekretariatet." in page.words
    client.get(way)
    page = client.submit("reopening")
    assert "Sperrede kontoer" not in page.words
    db.session.expire_all()
    assert helge.is_active and helge.roles == {Role.SECRETARIAT}


def test_nobody_shuts_themselves_out(client: Any, eva: User, helge: User) -> None:
    client.sign_in(eva).get(f"/secretariat/access/people/{eva.id}/closure", status=404)
    client.post(f"/secretariat/access/people/{eva.id}/closure", status=404)
    client.post(f"/secretariat/access/people/{eva.id}/reopening", status=404)
    for act in (shutting.shut, shutting.let_in):
        with pytest.raises(shutting.NotOwnAccount):
            act(eva, eva, clock.now())


def shut_each_other_out(number: int) -> None:
    two = db.session.scalars(select(User).order_by(User.id)).all()
    shutting.shut(two[1 - number % 2], two[number % 2], clock.now())
    db.session.commit()


def test_somebody_in_the_secretariat_can_always_come_in(app: Flask, bed: Any, eva: User, helge: User) -> None:
    seen = race(bed.url, shut_each_other_out, [0, 1, 2, 3])
    db.session.expire_all()
    left = db.session.scalars(User.who_can_act_as(Role.SECRETARIAT)).one()
    assert seen["LastOfSecretariat"] >= 1
    with pytest.raises(LastOfSecretariat):
        shutting.shut(left, new_user("Nina Ny"), clock.now())


def test_what_waits_for_somebody_who_is_shut_out_is_taken_back(eva: User, helge: User, fredrik: User) -> None:
    Recovery.ask(fredrik, eva, clock.now())
    shutting.shut(fredrik, helge, clock.now())
    assert db.session.scalars(Recovery.waiting()).first() is None


def test_what_an_intruder_has_added_goes_before_the_door_is_opened(
    client: Any, new_client: Any, eva: User, helge: User, bjorn: Member
) -> None:
    with_app(bjorn.user)
    shutting.shut(bjorn.user, eva, clock.now())
    client.sign_in(eva).get("/secretariat/access/recovery")
    client.submit("access/recovery", email=bjorn.user.email)
    other = new_client().sign_in(helge)
    page = other.get("/secretariat/access")
    other.submit(next(form for form in page.forms if form.action.endswith("/approval")))
    assert not has_factor(bjorn.user)
    open_link_is_refused(new_client(), bjorn.user)
    client.get(f"/secretariat/access/people/{bjorn.user_id}/closure")
    client.submit("reopening")
    assert open_link(new_client(), bjorn.user.email).heading == "Velg hvordan du logger inn"


def open_link_is_refused(client: Any, user: User) -> None:
    client.get("/sign-in")
    client.submit("sign-in", email=user.email)
    assert mails(Kind.SIGN_IN) == []


def test_whoever_is_erased_is_not_let_in(app: Flask, client: Any, eva: User, bjorn: Member) -> None:
    user = bjorn.user
    erasure.erase(user, None, clock.now())
    db.session.commit()
    client.sign_in(eva)
    client.get(f"/secretariat/access/people/{user.id}/closure", status=404)
    client.post(f"/secretariat/access/people/{user.id}/reopening", status=404)
    assert "Sperrede kontoer" not in client.get("/secretariat/access").words
    opened = app.test_cli_runner().invoke(args=["users", "open", user.email])
    assert opened.exit_code == 1 and "has been erased" in opened.output
    db.session.expire_all()
    assert user.deactivated_at is not None


def test_the_terminal_shuts_and_opens_also_where_there_is_only_one(
    app: Flask, client: Any, eva: User
) -> None:
    client.sign_in(eva).get("/secretariat/")
    runner = app.test_cli_runner()
    done = runner.invoke(args=["users", "shut", eva.email.upper()])
    assert done.exit_code == 0, done.output
    client.get("/secretariat/", status=303)
    db.session.expire_all()
    assert eva.deactivated_at is not None and db.session.scalars(Session.visible_to(eva)).first() is None
    assert runner.invoke(args=["users", "open", eva.email]).exit_code == 0
    db.session.expire_all()
    assert eva.is_active
    assert runner.invoke(args=["users", "shut", "ingen@eksempel.example"]).exit_code == 1
    assert [e for e in events() if e in ("shut out", "let in again")] == ["shut out", "let in again"]


def test_two_years_after_somebody_was_shut_out_they_are_erased(eva: User, bjorn: Member) -> None:
    now = clock.now()
    shutting.shut(bjorn.user, eva, now)
    db.session.commit()
    term, user_id = BY_CODE["membership"].lasts, bjorn.user_id
    for later, name in (
        (now + term, "Bjørn Haugland"),
        (now + term * 1.01, f"Slettet bruker {user_id}"),
    ):
        retention.sweep(later)
        db.session.commit()
        assert db.session.get_one(User, user_id).name == name


def test_whoever_said_that_it_was_not_them_is_seen_though_shut_out_and_is_let_in_by_two(
    client: Any, eva: User, helge: User, bjorn: Member
) -> None:
    shutting.shut(bjorn.user, eva, clock.now())
    bjorn.user.locked_at = clock.now()
    db.session.commit()
    assert "Én har stengt kontoen sin" in client.sign_in(eva).get("/secretariat/").main
    assert client.get("/secretariat/access").words.count(bjorn.name) >= 2
    page = client.get(f"/secretariat/access/people/{bjorn.user_id}/closure")
    assert "har dessuten stengt den selv" in page.main
    page = client.submit("reopening")
    assert "kommer inn når to av dere har gått god for det" in page.words
    assert "kan logge inn igjen" not in page.words
    assert not bjorn.user.is_active


def test_whoever_begins_anew_is_invited_when_the_account_is_opened(
    app: Flask, eva: User, helge: User, bjorn: Member
) -> None:
    with_app(bjorn.user)
    shutting.shut(bjorn.user, eva, clock.now())
    recover(bjorn.user, eva, clock.now(), way="two_people")
    db.session.commit()
    assert mails(Kind.INVITATION) == []
    shutting.let_in(bjorn.user, helge, clock.now())
    db.session.commit()
    assert mails(Kind.INVITATION) == [bjorn.user.email]


def test_whoever_still_has_a_way_in_is_not_invited_anew(eva: User, helge: User, bjorn: Member) -> None:
    with_app(bjorn.user)
    shutting.shut(bjorn.user, eva, clock.now())
    shutting.let_in(bjorn.user, helge, clock.now())
    assert mails(Kind.INVITATION) == []
