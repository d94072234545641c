"""The test bed: an application on a real database, and a browser that checks every page."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

import config
from portal import clock, create_app, use_migrations
from portal.extensions import db
from tests.support import databases
from tests.support.client import CheckingClient
from tests.support.page import Page

# How long a draw or a case takes says something of the machine's other work, and nothing of the portal.
settings.register_profile("varde", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("varde")
pytest_plugins = ["tests.support.promises", "tests.support.people", "tests.support.world"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--database") == "postgresql" and not hasattr(config, "workerinput"):
        server, url = databases.start_postgresql()
        config.stash[SERVER] = server
        config.stash[SERVER_URL] = url


def pytest_configure_node(node: Any) -> None:
    """Every worker uses the one server that the controller started."""
    node.workerinput["server_url"] = node.config.stash.get(SERVER_URL, "")


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(SERVER, None)
    if server is not None:
        server.cleanup()


SERVER = pytest.StashKey[Any]()
SERVER_URL = pytest.StashKey[str]()


def _server_url(config: pytest.Config) -> str:
    workerinput: dict[str, str] = getattr(config, "workerinput", {})
    return workerinput.get("server_url") or config.stash[SERVER_URL]


@pytest.fixture(scope="session")
def new_bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Any:
    """Makes a database of the kind that --database asks for, by name."""

    def make(name: str) -> databases.Bed:
        if request.config.getoption("--database") == "postgresql":
            return databases.PostgresqlBed(_server_url(request.config), f"{name}_{worker_id}")
        return databases.SqliteBed(tmp_path_factory.mktemp(name))

    return make


@pytest.fixture(scope="session")
def bed(new_bed: Any) -> databases.Bed:
    made: databases.Bed = new_bed("tests")
    return made


@pytest.fixture(scope="session")
def database_url(bed: databases.Bed) -> str:
    return bed.url


@pytest.fixture(scope="session")
def application(bed: databases.Bed) -> Flask:
    """The one application of this worker, on tables that the migrations made."""
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = bed.url
    made = create_app(settings)
    use_migrations(made)
    databases.relax(made)
    bed.prepare(made)
    return made


@pytest.fixture
def app(application: Flask, bed: databases.Bed) -> Iterator[Flask]:
    """The application, with the tables as the migrations left them. What a test adds to db.session,
    it need not commit: the client does so before a request."""
    bed.reset(application)
    with application.app_context():
        yield application
        db.session.rollback()


@pytest.fixture
def client(app: Flask) -> CheckingClient:
    """A visitor's browser. `client.sign_in(astrid)` makes it hers."""
    return CheckingClient(app, Page)


@pytest.fixture
def new_client(app: Flask) -> Any:
    """Makes another browser, for a second person or a second tab."""
    return lambda: CheckingClient(app, Page)


@pytest.fixture
def now() -> datetime:
    return clock.now()
