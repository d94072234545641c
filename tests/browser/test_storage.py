"""What somebody writes in confidence is not left behind in the browser."""

import secrets
from typing import Any

import pytest

from tests.support.own_world import World

PAGES = (
    "/",
    "/profile",
    "/profile/challenges",
    "/profile/reservations",
    "/mentoring/",
    "/coaching/",
    "/sign-in",
)
STORED = """async () => {
  const found = {
    local: Object.entries(localStorage), session: Object.entries(sessionStorage), cookie: document.cookie,
    databases: indexedDB.databases ? (await indexedDB.databases()).map(d => d.name) : [],
    caches: window.caches ? await caches.keys() : [],
    workers: navigator.serviceWorker ? (await navigator.serviceWorker.getRegistrations()).length : 0,
    state: JSON.stringify(history.state), name: window.name,
  };
  return found;
}"""


@pytest.mark.promise(
    "Ingenting av det som er skrevet i fortrolighet, blir liggende igjen i nettleseren", small=1, full=1
)
def test_nothing_is_left_behind(world: World, promise: Any) -> None:
    canary = f"kanari{secrets.token_hex(8)}"
    jonas = world.visitor()
    jonas.become("newcomer")
    jonas.follow("Begynn her", within=".next-step")
    jonas.choose("Ledergruppen min", "En del")
    jonas.choose("Hvordan vil du møtes?", "Digitalt")
    jonas.fill(text=canary)
    jonas.page.get_by_label("Ja, jeg samtykker").check()
    jonas.press("Lagre")
    jonas.go("/profile/challenges")
    assert canary in jonas.page.content()
    seen = 0
    for page in PAGES:
        jonas.go(page)
        left = jonas.page.evaluate(STORED)
        assert canary not in str(left), page
        assert not left["local"], page
        # htmx notes the address that the page itself has, so that the back button works; nothing else.
        here = jonas.page.evaluate("location.pathname + location.search")
        assert left["session"] in ([], [["htmx-current-path-for-history", here]]), page
        assert not left["databases"], page
        assert not left["caches"], page
        assert not left["workers"], page
        cookies = jonas.page.context.cookies()
        assert cookies
        assert canary not in str(cookies)
        assert all(cookie["httpOnly"] for cookie in cookies)
        seen += 1
    promise.saw(
        f"{seen} pages, 5 kinds of storage, empty but for the address shown; {len(cookies)} cookie that scripts cannot read"
    )
