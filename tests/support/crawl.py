"""A visitor who follows every link of the demonstration, as one of its people."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from flask import Flask
from sqlalchemy import event

from portal.extensions import db
from tests.support.client import CheckingClient
from tests.support.page import Page

PERSONAS = ("stranger", "mentee", "mentor", "coach", "secretariat", "steering", "newcomer")
ALIKE = 3  # of addresses that differ only in their numbers and filters, so many are visited
MANNERS = re.compile(r"(BEGIN|SAVEPOINT|RELEASE|ROLLBACK|PRAGMA)\b")


@dataclass
class Visit:
    """A page, what it took to fetch it, and where we saw the link to it."""

    address: str
    page: Page
    queries: list[str]
    seen_on: str


@dataclass
class Crawl:
    """Everything one person can reach by links."""

    visits: list[Visit] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)

    @property
    def pages(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.page.is_whole]


def demo_client(app: Flask, persona: str) -> CheckingClient:
    """A browser in which somebody has chosen to be this persona."""
    client = CheckingClient(app, Page)
    if persona != "stranger":
        with app.app_context():
            client.post("/demo/sign-in", {"persona": persona}, status=303)
    return client


@cache
def crawl(app: Flask, persona: str) -> Crawl:
    """Follow every link from the first page on. Once for each persona of a worker."""
    client = demo_client(app, persona)
    client.checks = False  # the crawl's tests name each fault with its page
    found, seen, alike = Crawl(), {"/"}, Counter[str]()
    waiting = deque([("/", "the start")])
    waiting.extend((address, "after signing in") for address in _first_pages(client, persona))
    while waiting:
        address, seen_on = waiting.popleft()
        with app.app_context(), counted(app) as queries:
            answer = client.open(address, method="GET")
        if answer.status_code >= 400:
            found.dead.append(f"{address} ({answer.status}), linked from {seen_on}")
            continue
        targets = _targets(answer, address) if isinstance(answer, Page) else []
        if 300 <= answer.status_code < 400:
            targets = [urlsplit(answer.headers["Location"]).path]
        else:
            found.visits.append(Visit(address, answer, queries, seen_on))
        for target in targets:
            if target not in seen and alike[_shape(target)] < ALIKE:
                seen.add(target)
                alike[_shape(target)] += 1
                waiting.append((target, address))
    return found


def _first_pages(client: CheckingClient, persona: str) -> list[str]:
    if persona == "stranger":
        return []
    with client.application.app_context():
        return [client.open("/sign-in").headers["Location"]]


def _targets(page: Page, address: str) -> list[str]:
    """The addresses within the portal that a page offers for a look."""
    if not page.is_html:
        return []
    offered = [*page.links, *(e.get("hx-get", "") for e in page.all("[hx-get]"))]
    offered += [f.action for f in page.forms if f.method == "get"]
    joined = (urldefrag(urljoin(address, href)).url for href in offered)
    return [t for t in joined if t.startswith("/") and not t.startswith(("//", "/static/"))]


def _shape(address: str) -> str:
    parts = urlsplit(address)
    keys = "&".join(sorted(pair.split("=")[0] for pair in parts.query.split("&")))
    return re.sub(r"\d+", "N", parts.path) + "?" + keys


def dead_fragments(visit: Visit) -> list[str]:
    """Links to a place on the same page that is not there."""
    ids = {e.get("id") for e in visit.page.all("[id]")}
    return [h for h in visit.page.links if h.startswith("#") and len(h) > 1 and h[1:] not in ids]


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if not MANNERS.match(statement):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
