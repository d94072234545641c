"""The demonstration world to do things in: a copy for each test, with a server of its own."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy.engine import make_url
from werkzeug.serving import make_server

import config
from portal import create_app
from tests.support import databases
from tests.support.browsing import Visitor

Newcomer = Callable[[], Visitor]


@dataclass(frozen=True)
class World:
    """A world of one's own. `visitor()` is one more person with a browser of their own."""

    app: Flask
    server: str
    visitor: Newcomer


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The application on a port of this machine's own."""
    running = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.port}"
    finally:
        running.shutdown()
        running.server_close()


def copied(app: Flask, target: Path) -> str:
    """A copy of the application's SQLite database, taken while it may be in use. Returns its address."""
    source = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database
    with closing(sqlite3.connect(str(source))) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return f"sqlite:///{target}"


@contextmanager
def world_of_ones_own(
    demo_application: Flask, folder: Path, browser: Browser, arguments: dict[str, Any]
) -> Iterator[World]:
    """A copy of the demonstration behind a server. Fails if a browser complained meanwhile."""
    settings = config.Demo()
    settings.SQLALCHEMY_DATABASE_URI = copied(demo_application, folder / "world.sqlite")
    settings.MAIL_FOLDER = folder / "mail"
    app = create_app(settings)
    app.config["RATELIMIT_ENABLED"] = False
    databases.relax(app)
    people: list[Visitor] = []
    with serving(app) as server:

        def visitor() -> Visitor:
            people.append(Visitor(browser.new_context(**arguments).new_page(), server))
            people[-1].page.set_default_timeout(10_000)
            return people[-1]

        yield World(app, server, visitor)
        for person in people:
            person.page.context.close()
    assert not [complaint for person in people for complaint in person.complaints]


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def world(
    request: pytest.FixtureRequest,
    demo_application: Flask,
    tmp_path: Path,
    browser: Browser,
    browser_context_args: dict[str, Any],
) -> Iterator[World]:
    """To do things in, once with JavaScript and once without."""
    arguments = {**browser_context_args, "java_script_enabled": request.param}
    with world_of_ones_own(demo_application, tmp_path, browser, arguments) as made:
        yield made


@pytest.fixture
def own_visitor(
    demo_application: Flask, tmp_path: Path, browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[Visitor]:
    """Somebody with a world of their own, and JavaScript."""
    with world_of_ones_own(demo_application, tmp_path, browser, browser_context_args) as made:
        yield made.visitor()
