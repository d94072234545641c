"""Route by role by owner: everybody gets what the table in `routes.py` says, and nobody anything else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.routing import Rule

from portal import audit
from portal.access import ANYONE, HALFWAY, SIGNED_IN, allowed
from portal.accounts.models import User
from portal.extensions import db
from tests.coaching.programmes import NOW
from tests.security import ground
from tests.security.ground import Ground
from tests.security.routes import ROUTES, Row

LET_IN = {200, 204, 303, 400, 422}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def ways(app: Flask) -> dict[str, Rule]:
    """Method and rule of every route, as the table names them."""
    return {
        f"{method} {rule.rule}": rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def address(rule: Rule, row_id: int) -> str:
    path = re.sub(r"<int:[^>]+>", str(row_id), rule.rule)
    path = re.sub(r"<string\(length=(\d+)\):[^>]+>", lambda m: "x" * int(m[1]), path)
    return re.sub(r"<any\(([^,)]*)[^)]*\):[^>]+>", lambda m: m[1].strip("\"'"), path)


def has_way_in(row: Row, user: User) -> bool:
    return row.to in (ANYONE, SIGNED_IN, HALFWAY) or (
        isinstance(row.to, frozenset) and bool(row.to & user.roles)
    )


class Door:
    """Knocks at every route as one person."""

    def __init__(self, app: Flask, new_client: Any, user: User | None) -> None:
        self.client = new_client()
        self.client.checks = False
        if user is not None:
            self.client.sign_in(user)
        self.token = self.client.csrf_token()

    def knock(self, way: str, path: str, form: dict[str, Any]) -> int:
        method = way.split()[0]
        data = {**form, "csrf_token": self.token} if method == "POST" else None
        answer = self.client.open(path, method=method, data=data)
        status: int = answer.status_code
        if status == 303 and answer.headers["Location"].split("?")[0] == "/sign-in":
            return 401  # led to the sign-in page
        return status


def test_every_route_has_its_row_and_every_row_its_route(application: Flask) -> None:
    assert set(ways(application)) == set(ROUTES)


def test_every_row_says_what_the_view_is_marked_with(application: Flask) -> None:
    marks = {
        way: allowed(application.view_functions[rule.endpoint]) for way, rule in ways(application).items()
    }
    assert marks == {way: row.to for way, row in ROUTES.items()}


def test_every_address_with_an_id_says_whose_it_is(application: Flask) -> None:
    assert {way for way, row in ROUTES.items() if row.own} == {way for way in ROUTES if "<int:" in way}


@pytest.mark.promise(
    "Ingen slipper inn der de ikke skal, uansett adresse, rolle og hvem raden tilhører", small=1, full=1
)
def test_nobody_gets_what_is_not_theirs_and_nothing_changes_by_trying(
    app: Flask, new_client: Any, promise: Any
) -> None:
    made = ground.make()
    before = ground.everything()
    tried, leaks = 0, []
    people = [None, *(user for users in made.people.values() for user in users)]
    for user in people:
        door = Door(app, new_client, user)
        for way, rule in ways(app).items():
            for row_id, expected in refusals(ROUTES[way], user, made):
                tried += 1
                status = door.knock(way, address(rule, row_id), ROUTES[way].form)
                if status != expected:
                    leaks.append(f"{way} as {user.name if user else 'a stranger'}: {status}, not {expected}")
    assert not leaks, "\n".join(leaks)
    db.session.rollback()
    assert ground.everything() == before
    promise.saw(f"{len(ROUTES)} ruter, {tried} forsøk av {len(people)} personer, {len(leaks)} lekkasjer")


def refusals(row: Row, user: User | None, made: Ground) -> Iterator[tuple[int, int]]:
    """The ids that this person must not reach here, and the answer they get."""
    row_id = made.ids.get(row.own, 0)
    if user is None:
        if row.to != ANYONE:
            yield row_id, 401
    elif not has_way_in(row, user):
        yield row_id, 403
    elif row.own:
        yield 2_000_000_000, 404
        if user not in made.owners[row.own]:
            yield row_id, 404
        if row.wall and user not in made.owners[row.wall]:
            yield made.ids[row.wall], 404


def test_everybody_gets_what_is_theirs(app: Flask, new_client: Any) -> None:
    made = ground.make()
    doors: dict[int, Door] = {}
    shut, unused = [], []
    every_way = ways(app)
    for way, row in sorted(ROUTES.items(), key=lambda item: item[0].startswith("POST")):
        if row.to == ANYONE:
            continue
        users = made.owners.get(row.own) or [u for users in made.people.values() for u in users]
        user = next((u for u in users if has_way_in(row, u)), None)
        if user is None:
            unused.append(way)
            continue
        door = doors.setdefault(user.id, Door(app, new_client, user))
        status = door.knock(way, address(every_way[way], made.ids.get(row.own, 0)), row.form)
        if status not in (LET_IN if way.startswith("POST") else {row.page}):
            shut.append(f"{way} as {user.name}: {status}")
    assert not unused
    assert not shut, "\n".join(shut)


def test_asking_for_the_head_alone_opens_nothing_more(app: Flask, new_client: Any) -> None:
    made = ground.make()
    asked = {way: rule for way, rule in ways(app).items() if way.startswith("GET ")}
    for user in (None, *(users[0] for users in made.people.values())):
        door = Door(app, new_client, user)
        for rule in asked.values():
            path = address(rule, 1)
            assert door.knock("HEAD", path, {}) == door.knock("GET", path, {}), path


# About nobody but whoever fetches it, or about nobody.
NO_EXPORT = {
    "GET /coaching/bookings/<int:booking_id>/calendar.ics",
    "GET /secretariat/members/import/sample.xlsx",
}


def test_every_file_of_others_data_asks_for_fresh_proof(
    app: Flask, new_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, every_way, noted = ground.make(), ways(app), []
    monkeypatch.setattr(audit, "has_taken_out", lambda name, *_rest: noted.append(name))
    files, unasked = set(), set()
    for way, row in ROUTES.items():
        users = made.owners.get(row.own) or [u for users in made.people.values() for u in users]
        user = next((u for u in users if has_way_in(row, u)), None)
        if user is None or not way.startswith("GET "):
            continue
        noted.clear()
        client = new_client().sign_in(user)
        answer = client.open(address(every_way[way], made.ids.get(row.own, 0)))
        if noted or "attachment" in answer.headers.get("Content-Disposition", ""):
            files.add(way)
            if not getattr(app.view_functions[every_way[way].endpoint], "__recently_authenticated__", False):
                unasked.add(way)
    assert len(files - NO_EXPORT) >= 11, "the ground has something to take out everywhere"
    assert unasked == NO_EXPORT
