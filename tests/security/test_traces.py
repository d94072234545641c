"""Whoever's name stands on a page, in a table or in a file is told that it was read: by the role, and to what end.

The walk goes through every route of the URL map and the links on what they answer, so that a new page that names
somebody without `has_read` fails the build.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.accounts.recoveries import OPEN_FOR
from portal.audit import AuditEvent, reads
from portal.extensions import db
from portal.members.previews import keep_preview
from portal.privacy.readers import in_words, readings_of
from portal.sorting import sort_key
from tests.coaching.programmes import NOW
from tests.security import ground
from tests.security.ground import Ground
from tests.security.reading import words_of
from tests.security.routes import ROUTES
from tests.security.test_matrix import address, has_way_in, ways
from tests.support.client import CheckingClient
from tests.support.page import Page
from tests.support.people import new_member

ALIKE = 3  # of addresses that differ only in their numbers and words, so many are visited

# The member's own pages that name somebody without its being told, and why.
UNTOLD = {
    "/coaching/": "the coaches are presented to every member",
    "/home": "the two of a pair know each other; opening the page of the pair is told",
    "/mentoring/": "as on the first page",
    "/profile/reservations": "nobody is told that somebody has said no to them",
}
# Where somebody must be named, for the walk to have seen anything.
NAMING = {
    "/coach/", "/coach/sessions", "/mentor/", "/mentoring/mentorships/N", "/secretariat/access",
    "/secretariat/access/N/removal", "/secretariat/access/people/N/closure", "/secretariat/enrolments",
    "/secretariat/members", "/secretariat/members/N", "/secretariat/members/N/position",
    "/secretariat/members/N/erasure", "/secretariat/members/imports/N", "/secretariat/mentorships",
    "/secretariat/rounds", "/secretariat/rounds/N", "/secretariat/rounds/N/release", "/secretariat/rounds/N/report",
    "/secretariat/sessions", *UNTOLD,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A portal in which everybody's name is like no other word, and every page that is opened is told anew."""
    made = ground.make()
    staff = made.people[Role.SECRETARIAT]
    new_member("Lise Stengt", "Hitra").user.locked_at = NOW
    new_member("Ulf Sperret", "Hitra").user.deactivated_at = NOW
    for number, user in enumerate(db.session.scalars(select(User).order_by(User.id))):
        user.name = f"Qvist{number:03} Zlatan{number:03}"
        user.sort_key = sort_key(user.name)
    db.session.flush()
    made.put("import", keep_preview("liste.csv", _list(made), staff[0], NOW), staff[0])
    db.session.commit()
    monkeypatch.setattr(reads, "_not_yet", lambda noted, _now: noted)
    return made


def _list(made: Ground) -> bytes:
    """A list of members in which one is changed, one is as before, and one has another address."""
    bjorn, daniel = map(ground.member_of, made.people[Role.MEMBER])
    astrid = ground.member_of(made.people[Role.MENTOR][0])
    rows = (
        ("Annet Navn", bjorn.user.email, "Hamar"),
        (daniel.name, daniel.user.email, daniel.municipality.display_name),
        (astrid.name, "ny.adresse@example.org", astrid.municipality.display_name),
    )
    return "\n".join(map(";".join, (("Navn", "E-post", "Kommune"), *rows))).encode()


@dataclass
class Walk:
    """One person's way through everything that opens to them."""

    client: CheckingClient
    walker: User
    names: dict[int, re.Pattern[str]]
    coaches: set[int]
    untold: list[str] = field(default_factory=list)
    naming: set[str] = field(default_factory=set)

    def go(self, starts: list[str]) -> None:
        seen, alike, waiting = set(starts), Counter[str](), deque(starts)
        while waiting:
            path = waiting.popleft()
            answer = self._open(path)
            for target in _targets(answer, path):
                if target not in seen and alike[_shape(target)] < ALIKE:
                    seen.add(target)
                    alike[_shape(target)] += 1
                    waiting.append(target)

    def _open(self, path: str) -> TestResponse:
        before = _last_event()
        answer: TestResponse = self.client.open(path, method="GET")
        assert answer.status_code < 500, path
        words, page = words_of(answer), re.sub(r"\d+", "N", urlsplit(path).path)
        for user_id, name in self.names.items():
            if user_id == self.walker.id or not name.search(words):
                continue
            self.naming.add(page)
            if not _told(user_id, before) and not self._may_go_untold(page, user_id):
                self.untold.append(f"{path}, opened by {self.walker.name}, names {name.pattern}")
        return answer

    def _may_go_untold(self, page: str, user_id: int) -> bool:
        if page.startswith("/coaching/"):
            return user_id in self.coaches
        return page in UNTOLD


def _last_event() -> int:
    return db.session.scalar(select(func.max(AuditEvent.id))) or 0


def _told(user_id: int, after: int) -> bool:
    """Whether it is told by now, or is once nobody waits to be let in anew; and in words."""
    newer = readings_of(user_id, clock.now() + OPEN_FOR).where(AuditEvent.id > after)
    told = [in_words(event) for event in db.session.scalars(newer)]
    return bool(told) and all(" " in reading.purpose for reading in told)


def _targets(answer: Any, path: str) -> list[str]:
    if not isinstance(answer, Page) or not answer.is_html or answer.status_code >= 300:
        return []
    offered = [*answer.links, *(e.get("hx-get", "") for e in answer.all("[hx-get]"))]
    joined = (urldefrag(urljoin(path, href)).url for href in offered)
    return [t for t in joined if t.startswith("/") and not t.startswith(("//", "/static/"))]


def _shape(path: str) -> str:
    parts = urlsplit(path)
    keys = "&".join(sorted(pair.split("=")[0] for pair in parts.query.split("&")))
    return re.sub(r"\d+", "N", parts.path) + "?" + keys


def starts_of(user: User, made: Ground, rules: dict[str, Rule]) -> list[str]:
    """Every address that this person may go straight to."""
    return [
        address(rules[way], made.ids.get(row.own, 0))
        for way, row in ROUTES.items()
        if way.startswith("GET ") and has_way_in(row, user)
        if not row.own or user in made.owners[row.own]
    ]


def test_everybody_who_is_named_to_another_is_told(app: Flask, new_client: Any, made: Ground) -> None:
    names = {
        user.id: re.compile("|".join(map(re.escape, (*user.name.split(), user.email))))
        for user in db.session.scalars(select(User))
    }
    coaches = {user.id for user in made.people[Role.COACH]}
    untold, naming = [], set[str]()
    for user in (user for users in made.people.values() for user in users):
        walk = Walk(new_client().sign_in(user), user, names, coaches)
        walk.client.checks = False
        walk.go(starts_of(user, made, ways(app)))
        untold += walk.untold
        naming |= walk.naming
    assert not untold, "\n".join(untold)
    assert not NAMING - naming
    assert not [page for page in naming if page.startswith("/steering")]


def test_the_weights_of_a_round_tell_whom_they_would_move(client: CheckingClient, made: Ground) -> None:
    before = _last_event()
    page = client.sign_in(made.people[Role.SECRETARIAT][0]).get(
        f"/secretariat/rounds/{made.ids['draft']}/weights?challenges=1&size=90&experience=1&practicalities=1&wishes=1"
    )
    assert page.all("#effect dl")
    assert _told(
        db.session.scalars(select(User.id).where(User.email == "liv.sand@example.org")).one(), before
    )
