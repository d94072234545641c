"""A portal that can lose its database, and the means to put it back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import config
from portal import create_app, use_migrations
from portal.extensions import db
from tests.support import databases

Elsewhere = Callable[..., Any]
_numbers = count()


@pytest.fixture
def outside(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger and the keyring, as production has them."""
    monkeypatch.setitem(app.config, "ERASURE_LEDGER", str(tmp_path / "erasures.jsonl"))
    monkeypatch.setitem(app.config, "KEYRING_FILE", str(tmp_path / "keyring.json"))
    return tmp_path


@pytest.fixture
def elsewhere(outside: Path, new_bed: Any) -> Elsewhere:
    """A new machine with an empty database, and the same keys and files outside; a context to work in."""

    @contextmanager
    def machine(url: str | None = None) -> Iterator[Flask]:
        settings = config.Testing()
        settings.SQLALCHEMY_DATABASE_URI = url or new_bed(f"elsewhere{next(_numbers)}").url
        settings.ERASURE_LEDGER = str(outside / "erasures.jsonl")
        settings.KEYRING_FILE = str(outside / "keyring.json")
        made = create_app(settings)
        use_migrations(made)
        databases.relax(made)
        with made.app_context():
            yield made
            db.session.remove()
            db.engine.dispose()

    return machine
