"""The demonstration world on a database of its own, for tests that only look at it."""

from typing import Any

import pytest
from flask import Flask

import config
from portal import clock, create_app, use_migrations
from tests.support import databases


@pytest.fixture(scope="session")
def demo_application(new_bed: Any) -> Flask:
    """The demonstration as `make run` shows it. Shared by the worker's tests, so they leave it as it was."""
    from portal.demo.world import build

    bed = new_bed("demo")
    settings = config.Demo()
    settings.SQLALCHEMY_DATABASE_URI = bed.url
    settings.MAIL_FOLDER = None
    made = create_app(settings)
    use_migrations(made)
    made.testing = True
    made.config["RATELIMIT_ENABLED"] = False
    databases.relax(made)
    with made.app_context():
        databases.install()
        build(clock.now())
    return made
