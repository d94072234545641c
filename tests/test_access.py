"""Who comes in where: default no, roles as rows, and nothing that a stranger or a wrong id can break.

`tests/guards/test_routes.py` walks every route with every role for what it refuses; here is what it lets in,
and what happens to whatever people send.
"""

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

import config
from portal import create_app
from portal.access import ANYONE, HALFWAY, SIGNED_IN, Role, allowed, local_path
from portal.accounts.models import User
from portal.extensions import db
from tests.support.people import new_member, new_user

HUGE = "x" * 100_000
CALM = {200, 204, 301, 302, 303, 400, 403, 404, 405, 409, 413, 422, 429}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule: Rule, number: str) -> str:
    path = re.sub(r"<int:[^>]+>", number, rule.rule)
    path = re.sub(r"<string\(length=(\d+)\):[^>]+>", lambda m: "x" * int(m[1]), path)
    path = re.sub(r"<uuid:[^>]+>", "0" * 8 + "-0000-0000-0000-" + "0" * 12, path)
    path = re.sub(r"<date:[^>]+>", "2026-11-24", path)
    return re.sub(r"<any\(([^,)]*)[^)]*\):[^>]+>", lambda m: m[1].strip("\"'"), path)


def is_for(app: Flask, rule: Rule, role: Role) -> bool:
    mark = allowed(app.view_functions[rule.endpoint])
    return mark in (ANYONE, SIGNED_IN, HALFWAY) or (isinstance(mark, frozenset) and role in mark)


def test_a_view_without_a_mark_is_refused_to_everybody(database_url: str, app: Flask, eva: User) -> None:
    from tests.support.client import CheckingClient
    from tests.support.page import Page

    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = database_url
    careless = create_app(settings)
    careless.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    for visitor in (CheckingClient(careless, Page), CheckingClient(careless, Page).sign_in(eva)):
        assert "secret" not in visitor.get("/forgotten", status=403).words
    with careless.app_context():
        db.engine.dispose()


@pytest.mark.promise("Ingen side vises til noen den ikke er for", small=1, full=1)
def test_a_stranger_is_led_to_the_sign_in_page_and_back(app: Flask, client: Any, promise: Any) -> None:
    seen = 0
    for rule in rules(app):
        if allowed(app.view_functions[rule.endpoint]) != ANYONE and "GET" in (rule.methods or ()):
            path = address(rule, "1")
            answer = client.get(path, status=303)
            assert answer.headers["Location"] == f"/sign-in?next={path}"
            seen += 1
    promise.saw(f"{seen} sider prøvd uten innlogging, 0 vist")


def fields_of(role: Role) -> list[dict[str, str]]:
    names = (
        "name",
        "email",
        "title",
        "text",
        "q",
        "municipality",
        "since",
        "capacity",
        "minutes",
        "role",
        "persona",
    )
    return [{}, dict.fromkeys(names, HUGE), dict.fromkeys(names, "\0<script>'; DROP TABLE member;--")]


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
def test_whatever_is_sent_the_answer_is_calm(app: Flask, new_client: Any, role: Role) -> None:
    """Every route that the role may use, with ids of others, ids too large, and rubbish in every field."""
    person: Any = (
        new_member("Kari Prøve", "Nome", role) if role is not Role.COACH else new_user("Kari Prøve", role)
    )
    client = new_client().sign_in(person)
    client.checks = False
    token = client.csrf_token()
    for rule in rules(app):
        if not is_for(app, rule, role) or rule.endpoint == "accounts.sign_out":
            continue
        for number in ("1", "999999999999"):
            path = address(rule, number)
            if "GET" in (rule.methods or ()):
                assert client.open(f"{path}?page=-1&q=%00&sort=x").status_code in CALM, path
            if "POST" in (rule.methods or ()):
                for fields in fields_of(role):
                    answer = client.open(path, method="POST", data={**fields, "csrf_token": token})
                    assert answer.status_code in CALM, path


def test_a_form_without_its_token_does_nothing(client: Any, eva: User) -> None:
    client.sign_in(eva)
    page = client.post("/secretariat/members/new", {"name": "x"}, status=400, csrf=False)
    assert "Skjemaet var blitt for gammelt" in page.words


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
def test_a_role_is_a_row_and_gone_when_the_row_is(client: Any, role: Role) -> None:
    from tests.support.people import user_of

    person = user_of(new_member("Kari Prøve", "Nome"))
    person.role_grants.clear()
    client.sign_in(person)
    client.get("/secretariat/members", status=403)
    person.grant(Role.SECRETARIAT, None, person.created_at)
    client.get("/secretariat/members")
    person.role_grants.clear()
    client.get("/secretariat/members", status=403)


def test_whoever_has_several_hats_changes_between_them(client: Any) -> None:
    both = new_member("Kari Prøve", "Nome", Role.SECRETARIAT)
    client.sign_in(both).get("/secretariat/members")
    assert client.post("/hat", {"role": "member"}, status=303).headers["Location"] == "/home"
    client.post("/hat", {"role": "steering"}, status=404)
    client.post("/hat", {"role": HUGE}, status=404)
    client.post("/hat", status=404)


@pytest.mark.pure
@pytest.mark.parametrize("target", ["/home", "/secretariat/members?q=a&page=2", "/mentoring/"])
def test_a_path_within_the_portal_is_followed(target: str) -> None:
    assert local_path(target) == target


@pytest.mark.pure
@pytest.mark.parametrize(
    "target",
    [None, "", "home", "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "/\t/evil.example",
     "/\n/evil.example", "javascript:alert(1)", " /home", "///evil.example", "/%09\\evil", "/" + 2000 * "x"],
)  # fmt: skip
def test_a_path_elsewhere_is_not(target: str | None) -> None:
    assert local_path(target) is None
