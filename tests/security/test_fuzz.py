"""Twenty thousand inputs that nobody meant: no failure, nothing reflected, no header slipped in, nobody led astray."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, given, settings

from portal.access import ANYONE
from portal.accounts.models import User
from portal.extensions import db
from tests.coaching.programmes import NOW
from tests.security import ground
from tests.security.fuzzing import TYPES, Fields, Input, encoded, faults, inputs, multipart
from tests.security.ground import Ground
from tests.security.routes import ROUTES
from tests.security.test_matrix import address, has_way_in, ways
from tests.support.client import CheckingClient
from tests.support.page import Page

ANEW_EVERY = 1_000


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


class Sender:
    """Sends inputs to a portal with something in it, as people who may come in."""

    def __init__(self, app: Flask, bed: Any) -> None:
        self.app, self.bed = app, bed
        self.every_way = sorted(ways(app).items())
        self.sent = 0
        self.statuses: Counter[int] = Counter()
        self.begin_anew()
        self.fields = self._look_around()

    def begin_anew(self) -> None:
        db.session.rollback()
        self.bed.reset(self.app)
        self.made: Ground = ground.make()
        self.clients: dict[int, CheckingClient] = {}

    def _client(self, user: User | None) -> CheckingClient:
        key = user.id if user is not None else 0
        if key not in self.clients:
            client = self.clients[key] = CheckingClient(self.app, Page)
            client.checks = False
            if user is not None:
                client.sign_in(user)
        return self.clients[key]

    def _users(self, way: str) -> list[User | None]:
        row = ROUTES[way]
        if row.to == ANYONE:
            return [None, self.made.people["member"][0]]  # type: ignore[index]  # a role is its value
        everyone = [user for users in self.made.people.values() for user in users]
        return [user for user in [*self.made.owners.get(row.own, []), *everyone] if has_way_in(row, user)]

    def _look_around(self) -> Fields:
        fields = Fields()
        for way, rule in self.every_way:
            if way.startswith("GET"):
                page = self._client(self._users(way)[0]).open(
                    address(rule, self.made.ids.get(ROUTES[way].own, 0))
                )
                if isinstance(page, Page) and page.is_html:
                    fields.learn(page)
        return fields

    def send(self, data: Input) -> tuple[str, Any]:
        self.sent += 1
        if self.sent % ANEW_EVERY == 0:
            self.begin_anew()
        way, rule = self.every_way[data.way]
        users = self._users(way)
        if not users:  # whoever could go there has been shut out by what was sent
            self.begin_anew()
            users = self._users(way) or [None]
        client = self._client(users[data.person % len(users)])
        path = address(rule, data.row_id or self.made.ids.get(ROUTES[way].own, 0))
        method = way.split()[0]
        headers = {"HX-Request": "true", "HX-Current-URL": data.header} if data.htmx else {}
        if data.header:
            headers |= {"Referer": data.header, "Accept-Encoding": data.header, "User-Agent": data.header}
        kwargs: dict[str, Any] = {"method": method, "headers": headers, "query_string": encoded(data.query)}
        if method == "POST":
            kwargs |= self._body(path, client, data)
        if data.cookie is not None:
            client = CheckingClient(self.app, Page)
            client.set_cookie("varde", data.cookie.encode("ascii", "ignore").decode().replace("\0", ""))
        answer = client.open(path, **kwargs)
        if data.cookie is None and answer.headers.get("Location", "").startswith("/sign-in"):
            self.clients.clear()  # somebody was signed out by what was sent
        self.statuses[answer.status_code] += 1
        return f"{method} {path}", answer

    def _body(self, path: str, client: CheckingClient, data: Input) -> dict[str, Any]:
        # What the page itself would send, with some of it replaced: so the rules behind the form are reached too.
        held = [
            (name, value) for name, values in self.fields.of_path.get(path, {}).items() for value in values
        ]
        changed = {name for name, _value in data.form}
        pairs = [*((n, v) for n, v in held if n not in changed and n != "csrf_token"), *self._own(path, data)]
        if data.has_token:
            pairs.append(("csrf_token", client.csrf_token()))
        kind = data.content_type
        body = multipart(tuple(pairs)) if kind == TYPES[1] else encoded(tuple(pairs)).encode()
        return {"data": body, "content_type": f"{kind}; boundary=fz" if kind == TYPES[1] else kind}

    def _own(self, path: str, data: Input) -> list[tuple[str, str]]:
        """The values given to fields of any name, and those same values to the route's own fields."""
        own = sorted(self.fields.of_path.get(path, {}))
        moved = (
            [(own[index % len(own)], value) for index, (_name, value) in enumerate(data.form)] if own else []
        )
        return [*moved, *data.form]


@pytest.mark.promise("Uansett hva noen sender inn, svarer portalen rolig og lar ingenting slippe ut igjen",
                     small=400, full=20_000)  # fmt: skip
@pytest.mark.timeout(3600)
def test_whatever_is_sent_the_answer_is_calm(app: Flask, bed: Any, promise: Any) -> None:
    sender = Sender(app, bed)
    calm = [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
        HealthCheck.filter_too_much,
    ]

    @settings(
        max_examples=promise.size, deadline=None, database=None, derandomize=True, suppress_health_check=calm
    )
    @given(inputs(len(sender.every_way), 3, sorted(sender.fields.all)))
    def send(data: Input) -> None:
        where, answer = sender.send(data)
        wrong = list(faults(answer))
        assert not wrong, f"{where}: {wrong}"

    send()
    assert sender.sent >= promise.size
    assert sender.statuses[200] + sender.statuses[303] > sender.sent // 10, "the rules were hardly reached"
    promise.saw(
        f"{sender.sent} forsøk mot {len(sender.every_way)} ruter, 0 feil, 0 speilet, 0 smuglet, 0 ledet bort"
    )
