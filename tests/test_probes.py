"""What whoever runs the portal can ask it, and what nobody else is told."""

import re
from base64 import b64encode
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

import config
from portal import create_app, keys
from portal.extensions import db
from portal.members.models import Member
from tests.support.client import CheckingClient


def test_the_portal_is_alive_and_ready(client: CheckingClient) -> None:
    client.checks = False
    assert client.get("/healthz").get_data(as_text=True) == "ok\n"
    assert client.get("/readyz").get_data(as_text=True) == "ready\n"


def test_it_is_alive_but_not_ready_without_its_tables(app: Flask, client: CheckingClient) -> None:
    client.checks = False
    db.session.execute(text("ALTER TABLE revision RENAME TO mislaid"))
    db.session.commit()
    try:
        assert client.get("/readyz", 503).get_data(as_text=True) == "not ready\n"
        client.get("/healthz")
    finally:
        db.session.execute(text("ALTER TABLE mislaid RENAME TO revision"))
        db.session.commit()


def test_it_is_not_ready_without_the_key_that_wraps_peoples_keys(
    app: Flask, client: CheckingClient, bjorn: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.checks = False
    keys.seal(bjorn.user_id, "test", b"Ord")
    db.session.commit()
    right, another = app.config["DATA_KEY"], b64encode(b"a" * 32).decode()
    monkeypatch.setitem(app.config, "DATA_KEY", another)
    assert client.get("/readyz", 503).get_data(as_text=True) == "not ready\n"
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", right)
    client.get("/readyz")


def test_there_are_no_figures_where_nobody_is_to_have_them(client: CheckingClient) -> None:
    client.get("/metrics", 404)


@pytest.fixture
def measured(database_url: str, app: Flask) -> Any:
    """A second application on the same tables, where figures are kept."""
    settings: Any = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI, settings.METRICS_TOKEN = database_url, "t" * 32
    return create_app(settings).test_client()


def test_figures_are_for_whoever_knows_the_word(measured: Any) -> None:
    measured.get("/sign-in?next=/home")
    assert measured.get("/metrics").status_code == 404
    assert measured.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    answer = measured.get("/metrics", headers={"Authorization": f"Bearer {'t' * 32}"})
    seen = answer.get_data(as_text=True)
    assert 'varde_request_seconds_count{endpoint="accounts.sign_in",method="GET",status="200"} 1.0' in seen
    assert "/home" not in seen
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_refused_is_counted_too(measured: Any) -> None:
    measured.get("/security")
    measured.post("/sign-in", data={"email": "eva@eksempel.example"})
    measured.get("/nowhere")
    answer = measured.get("/metrics", headers={"Authorization": f"Bearer {'t' * 32}"})
    counted = re.findall(r"varde_request_seconds_count\{(.+)\} 1.0", answer.get_data(as_text=True))
    assert set(counted) == {
        'endpoint="security.overview",method="GET",status="303"',
        'endpoint="accounts.ask",method="POST",status="400"',
        'endpoint="none",method="GET",status="404"',
    }
