"""The browsers somebody is signed in with: seen and ended by their owner, and dead at the next request."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from portal import audit, clock
from portal.access import Role
from portal.accounts.models import User
from portal.accounts.sessions import Session, idle_limit, longest
from portal.extensions import db
from tests.support.people import new_user


@pytest.mark.promise("En enhet som logges ut, er ute ved neste klikk")
def test_an_ended_session_is_dead_at_the_next_request(
    client: Any, new_client: Any, eva: User, promise: Any
) -> None:
    phone = new_client().sign_in(eva)
    phone.get("/devices")
    client.sign_in(eva)
    page = client.get("/devices")
    ending = [f for f in page.forms if f.action.endswith("/end") and "others" not in f.action]
    assert len(ending) == 1  # this very browser has the ordinary way out
    page = client.submit(ending[0])
    assert "Enheten er logget ut." in page.words and "Denne enheten" in page.words
    assert phone.get("/devices", status=303).headers["Location"].startswith("/sign-in")
    client.get("/devices")
    assert not audit.verify()
    promise.saw("0 sider vist etter utloggingen")


def test_all_the_others_can_be_ended_at_once(client: Any, new_client: Any, eva: User) -> None:
    others = [new_client().sign_in(eva) for _ in range(3)]
    client.sign_in(eva).get("/devices")
    page = client.submit("others/end")
    assert len(page.all(".row")) == 1
    for other in others:
        other.get("/devices", status=303)


def test_signing_out_ends_the_session_at_the_server_too(client: Any, eva: User) -> None:
    client.sign_in(eva).get("/devices")
    with client.session_transaction() as cookie:
        sid = cookie["sid"]
    client.submit("sign-out")
    with client.session_transaction() as cookie:
        cookie["sid"] = sid
    client.get("/devices", status=303)


@pytest.mark.parametrize("age", ["idle", "old", "forged"])
def test_a_session_does_not_last_for_ever(client: Any, eva: User, age: str) -> None:
    client.sign_in(eva).get("/devices")
    session = db.session.scalars(select(Session)).one()
    if age == "idle":
        session.seen_at -= idle_limit(eva.roles)
    elif age == "old":
        session.expires_at -= longest(eva.roles)
    else:
        with client.session_transaction() as cookie:
            cookie["sid"] = "guessed"
    client.get("/devices", status=303)


def test_a_session_in_use_stays_alive(client: Any, eva: User) -> None:
    client.sign_in(eva)
    session = db.session.scalars(select(Session)).one()
    session.seen_at -= timedelta(minutes=29)
    client.get("/devices")
    db.session.expire_all()
    assert clock.now() - session.seen_at < timedelta(minutes=1)


LIMITS = [
    ((Role.SECRETARIAT,), timedelta(minutes=30), timedelta(hours=12)),
    ((Role.COACH,), timedelta(minutes=30), timedelta(hours=12)),
    ((Role.STEERING,), timedelta(minutes=30), timedelta(hours=12)),
    ((Role.MEMBER,), timedelta(hours=12), timedelta(days=30)),
    ((Role.MENTOR, Role.MEMBER), timedelta(hours=12), timedelta(days=30)),
    ((Role.MEMBER, Role.COACH), timedelta(minutes=30), timedelta(hours=12)),
]


@pytest.mark.parametrize(("roles", "idle", "most"), LIMITS, ids=str)
def test_the_strictest_role_decides_how_long_a_session_lives(
    client: Any, roles: tuple[Role, ...], idle: timedelta, most: timedelta
) -> None:
    start = clock.now().replace(microsecond=0)
    person = new_user("Kari Prøve", *roles)
    just, moment = timedelta(seconds=1), start
    with time_machine.travel(start, tick=False):
        client.sign_in(person).get("/devices")
    while moment + idle - just < start + most:  # used just often enough
        moment += idle - just
        with time_machine.travel(moment, tick=False):
            client.get("/devices")
    with time_machine.travel(start + most, tick=False):
        client.get("/devices", status=303)
    with time_machine.travel(start, tick=False):
        client.sign_in(person).get("/devices")
    with time_machine.travel(start + idle, tick=False):
        client.get("/devices", status=303)


def test_a_new_strict_role_shortens_the_sessions_that_are_there(client: Any, eva: User) -> None:
    person = new_user("Kari Prøve", Role.MEMBER)
    client.sign_in(person).get("/devices")
    db.session.scalars(select(Session)).one().seen_at -= timedelta(hours=1)
    person.grant(Role.COACH, eva, clock.now())
    client.get("/devices", status=303)


def test_a_session_that_has_slept_away_is_not_listed(client: Any, new_client: Any, eva: User) -> None:
    new_client().sign_in(eva)
    for session in db.session.scalars(select(Session)):
        session.seen_at -= idle_limit(eva.roles)
    assert len(client.sign_in(eva).get("/devices").all(".row")) == 1


def test_nobody_ends_anothers_session(client: Any, eva: User, fredrik: User) -> None:
    session, _token = Session.start(fredrik, clock.now())
    db.session.flush()
    client.sign_in(eva).get("/devices")
    client.post(f"/devices/{session.id}/end", status=404)
    client.post("/devices/1000000000000/end", status=404)
    assert session.ended_at is None


def test_a_device_is_named_in_words_people_know(client: Any, new_client: Any, eva: User) -> None:
    from portal.accounts.sign_in import ask_for_link
    from tests.support.ways_in import code_of, mailed_link, with_app

    app = with_app(eva)
    with client.session_transaction() as cookie:
        cookie["browser"] = "this one"
    ask_for_link(eva.email, "this one", clock.now())
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1"
    client.post(mailed_link(), status=303, headers={"User-Agent": agent})
    client.post("/sign-in/code", {"code": code_of(app)}, status=303)
    assert "Safari, iPhone" in client.get("/devices").words


def test_htmx_is_sent_to_the_sign_in_page_when_the_session_is_over(client: Any) -> None:
    answer = client.htmx.get("/devices")
    assert answer.headers["HX-Redirect"].startswith("/sign-in?next=")
