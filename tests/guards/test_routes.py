"""Every way in: who may take it is said, its address is well formed, and it refuses everybody else."""

import re
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.access import ANYONE, HALFWAY, SIGNED_IN, Role, allowed
from tests.support.people import new_user

WORD = r"[a-z0-9]+(?:-[a-z0-9]+)*"
SEGMENT = re.compile(
    rf"{WORD}(?:\.[a-z]+)?|<(?:int|string\(length=\d+\)|uuid|date|any\([^)]*\)):[a-z_]+>(?:\.[a-z]+)?"
)


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(rule: Rule) -> str:
    """The rule's address, with ids that nothing has."""
    path = re.sub(r"<int:[^>]+>", "2000000000", rule.rule)
    path = re.sub(r"<string\(length=(\d+)\):[^>]+>", lambda m: "x" * int(m[1]), path)
    return re.sub(r"<any\(([^,)]*)[^)]*\):[^>]+>", lambda m: m[1].strip("\"'"), path)


def test_every_view_says_who_may_come_in(application: Flask) -> None:
    unmarked = [
        r.endpoint for r in rules(application) if allowed(application.view_functions[r.endpoint]) is None
    ]
    assert not unmarked


def test_addresses_are_kebab_case_with_typed_parts(application: Flask) -> None:
    odd = [
        r.rule
        for r in rules(application)
        for part in r.rule.strip("/").split("/")
        if part and not SEGMENT.fullmatch(part)
    ]
    assert not odd


def test_what_changes_something_is_never_fetched_by_a_link(application: Flask) -> None:
    both = [r.rule for r in rules(application) if {"GET", "POST"} <= (r.methods or set())]
    assert not both, "one view for looking, another for doing"


@pytest.mark.parametrize("role", [None, *Role], ids=lambda r: r.value if r else "stranger")
def test_every_route_refuses_whoever_it_is_not_for(app: Flask, client: Any, role: Role | None) -> None:
    if role is not None:
        client.sign_in(new_user("Kari Prøve", role))
    for rule in rules(app):
        rule_for = allowed(app.view_functions[rule.endpoint])
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            if (
                rule_for == ANYONE
                or (rule_for in (SIGNED_IN, HALFWAY) and role)
                or (isinstance(rule_for, frozenset) and role in rule_for)
            ):
                continue
            expected = 403 if role else 303
            if method == "GET":
                client.get(address(rule), status=expected)
            else:
                client.post(address(rule), status=expected)


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
def test_no_route_fails_for_a_person_with_nothing_filled_in(app: Flask, client: Any, role: Role) -> None:
    """A user with the hat and no rows of their own: a page, a way on or a clear no, but never a failure."""
    client.sign_in(new_user("Kari Prøve", role))
    for rule in rules(app):
        rule_for = allowed(app.view_functions[rule.endpoint])
        if "GET" in (rule.methods or set()) and isinstance(rule_for, frozenset) and role in rule_for:
            answer = client.open(address(rule))
            assert answer.status_code in (200, 302, 303, 404), f"{rule.rule}: {answer.status}"
