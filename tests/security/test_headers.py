"""What every answer tells the browser, whoever asks for whatever: run nothing foreign, frame nothing, keep nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

import config
from portal import create_app
from portal.access import ANYONE, Role
from portal.accounts.models import User
from tests.coaching.programmes import NOW
from tests.security import ground
from tests.security.routes import ROUTES
from tests.security.test_matrix import Door, address, has_way_in, ways
from tests.support.client import CheckingClient
from tests.support.page import Page

ROOT = Path(__file__).parents[2]
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
DIRECTIVES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def policy(answer: Any) -> dict[str, str]:
    parts = (part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: " ".join(values) for name, *values in parts}


def faults(answer: Any, is_somebodys: bool = True) -> list[str]:
    """What is missing from an answer's headers."""
    found = [
        f"{name}: {answer.headers.get(name)}"
        for name, value in ALWAYS.items()
        if answer.headers.get(name) != value
    ]
    if policy(answer) != DIRECTIVES:
        found.append(f"policy {policy(answer)}")
    refused = answer.headers.get("Permissions-Policy", "")
    found += [
        f"{name} is not refused"
        for name in ("camera", "geolocation", "usb", "payment")
        if f"{name}=()" not in refused
    ]
    if is_somebodys and answer.headers.get("Cache-Control") != "no-store":
        found.append(f"Cache-Control: {answer.headers.get('Cache-Control')}")
    return found


@pytest.mark.promise("Hver side, fil, omvisning og feil bærer alle vernehodene, og ingenting blir liggende i nettleseren",
                     small=1, full=1)  # fmt: skip
def test_every_route_says_it_to_everybody(app: Flask, new_client: Any, promise: Any) -> None:
    made = ground.make()
    people: list[User | None] = [None, *(user for users in made.people.values() for user in users[:1])]
    wrong, seen = [], 0
    for user in people:
        door = Door(app, new_client, user)
        for way, rule in ways(app).items():
            row = ROUTES[way]
            method = way.split()[0]
            data = {**row.form, "csrf_token": door.token} if method == "POST" else None
            for headers in ({}, {"HX-Request": "true"}) if method == "GET" else ({},):
                answer = door.client.open(
                    address(rule, made.ids.get(row.own, 0)), method=method, data=data, headers=headers
                )
                seen += 1
                theirs = user is not None or method == "POST" or row.to != ANYONE
                if user is None or not has_way_in(row, user) or method == "GET" or answer.status_code >= 300:
                    wrong += [f"{way}: {fault}" for fault in faults(answer, theirs)]
                if way == "POST /sign-out" and user is not None:
                    door = Door(app, new_client, user)
    assert not wrong, "\n".join(wrong[:20])
    promise.saw(f"{seen} svar fra {len(ROUTES)} ruter, {len(wrong)} uten vern")


@pytest.mark.parametrize(
    ("path", "status"), [("/finnes-ikke", 404), ("/secretariat/", 403), ("/static/../config.py", 404)]
)
def test_refusals_say_it_too(client: CheckingClient, bjorn: Any, path: str, status: int) -> None:
    assert not faults(client.sign_in(bjorn).get(path, status))


def test_a_failure_says_it_too(app: Flask, client: CheckingClient, bjorn: Any, monkeypatch: Any) -> None:
    client.sign_in(bjorn)

    def fail() -> None:
        raise RuntimeError("hva som helst")

    monkeypatch.setitem(app.view_functions, "profile.overview", _marked(fail))
    monkeypatch.setattr(app, "testing", False)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    page = client.get("/profile", 500)
    assert not faults(page) and "hva som helst" not in page.get_data(as_text=True)


def _marked(view: Any) -> Any:
    from portal.access import allow

    return allow(Role.MEMBER)(view)


def test_a_file_of_the_portals_own_carries_the_policy_and_may_be_kept(client: CheckingClient) -> None:
    answer = client.open("/static/css/tokens.css?v=1")
    assert policy(answer) == DIRECTIVES
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "max-age" in answer.headers["Cache-Control"]


def test_who_leaves_leaves_nothing_in_the_browser(client: CheckingClient, bjorn: Any) -> None:
    client.sign_in(bjorn).get("/profile")
    assert client.post("/sign-out").headers["Clear-Site-Data"] == '"cache", "storage"'


def test_nor_does_who_was_put_out_meanwhile(client: CheckingClient, eva: User) -> None:
    client.sign_in(eva).get("/secretariat/members")
    with time_machine.travel(NOW + timedelta(minutes=31), tick=False):
        assert client.open("/secretariat/members").headers["Clear-Site-Data"] == '"cache", "storage"'
        assert "Clear-Site-Data" not in client.open("/secretariat/members").headers


def test_production_asks_for_encryption_always() -> None:
    class Encrypted(config.Testing):
        SESSION_COOKIE_SECURE = True

    app = create_app(Encrypted())
    for path in ("/accessibility", "/static/css/tokens.css"):
        answer = CheckingClient(app, Page).open(path)
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert config.Production.SESSION_COOKIE_SECURE
    assert config.Production.SESSION_COOKIE_NAME.startswith("__Host-")


@pytest.mark.pure
def test_nothing_is_put_into_browser_storage() -> None:
    """htmx keeps nothing either: its history cache is off in the page's head."""
    own = [*(ROOT / "portal/static/js").rglob("*.js"), *(ROOT / "templates").rglob("*.html")]
    for path in own:
        text = path.read_text()
        assert not [
            w for w in ("localStorage", "sessionStorage", "indexedDB", "document.cookie") if w in text
        ], path
    assert '"historyCacheSize":0' in (ROOT / "templates/base.html").read_text()


SECRETS = ("token", "key", "secret", "password", "code", "email", "text", "theme", "note", "nonce")


@pytest.mark.pure
def test_no_address_carries_a_secret_but_one_time_tokens(application: Flask) -> None:
    named = {
        f"{rule.rule}: {argument}"
        for rule in application.url_map.iter_rules()
        for argument in rule.arguments
        if argument in SECRETS
    }
    once = ("/sign-in", "/email", "/not-me")
    assert named <= {f"{page}/<string(length=43):token>: token" for page in once}
