"""What goes wrong and who is refused stands in the log: where and what kind, and never what anybody wrote."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from flask import Flask
from sqlalchemy import event, insert, text, update
from sqlalchemy.exc import IntegrityError

import config
from portal import clock, create_app, jobs
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.extensions import db, limiter
from portal.members.models import Member
from tests.support.client import CheckingClient
from tests.support.page import Page
from tests.support.people import new_user

ADDRESS = "hemmelig.navn@example.org"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(app: Flask, capfd: pytest.CaptureFixture[str]) -> Lines:
    """What has been written to the log since the last time: every line of it is JSON, and nobody's words are in it."""
    capfd.readouterr()

    def read() -> list[dict[str, Any]]:
        written = "".join(capfd.readouterr())
        assert "hemmelig" not in written
        return [json.loads(line) for line in written.splitlines()]

    return read


@pytest.fixture
def as_in_production(app: Flask) -> Iterator[None]:
    """A failure is a page, and not raised to the test."""
    app.config["TESTING"] = False
    yield
    app.config["TESTING"] = True


def failing_job(monkeypatch: pytest.MonkeyPatch, job: jobs.Job) -> None:
    monkeypatch.setattr(jobs, "_JOBS", {})
    jobs.register("a job that fails")(job)
    assert jobs.run_due(clock.now()) == {}


def new_row(email: str) -> dict[str, Any]:
    return {"email": email, "name": "Hemmelig", "sort_key": "hemmelig", "created_at": clock.now()}


def test_a_row_that_is_there_already_is_told_by_the_name_of_the_rule(
    app: Flask, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(_now: Any) -> int:
        for _time in range(2):
            db.session.execute(insert(User).values(**new_row(ADDRESS)))
        return 0

    failing_job(monkeypatch, twice)
    (line,) = lines()
    assert (line["event"], line["job"], line["level"]) == ("job failed", "a job that fails", "error")
    outer, inner = line["failure"]
    assert outer["type"] == "sqlalchemy.exc.IntegrityError"
    if db.engine.dialect.name == "postgresql":
        expected: tuple[str, ...] = ("psycopg.errors.UniqueViolation", "23505", "uq_user_email", "user")
        assert tuple(inner[name] for name in ("type", "sqlstate", "constraint", "table")) == expected
    else:
        expected = ("sqlite3.IntegrityError", "SQLITE_CONSTRAINT_UNIQUE", "user.email")
        assert tuple(inner[name] for name in ("type", "sqlstate", "constraint")) == expected
    assert any("test_logs.py" in frame and frame.endswith(" twice") for frame in outer["at"])


def test_a_row_that_breaks_a_rule_is_told_without_the_row(
    app: Flask, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = new_user("Hemmelig Navn", email=ADDRESS)
    db.session.commit()

    def broken(_now: Any) -> int:
        db.session.execute(update(User).where(User.id == user.id).values(email=ADDRESS.upper()))
        return 0

    failing_job(monkeypatch, broken)
    (line,) = lines()
    inner = line["failure"][1]
    assert inner["constraint"] == "ck_user_email_lower"
    assert inner["sqlstate"] in ("23514", "SQLITE_CONSTRAINT_CHECK")


def test_what_lies_behind_a_failure_is_told_without_its_words_too(
    app: Flask, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chained(_now: Any) -> int:
        try:
            return int(ADDRESS)
        except ValueError:
            raise LookupError(ADDRESS)  # noqa: B904 - that it stands behind is what is tried

    failing_job(monkeypatch, chained)
    assert [one["type"] for one in lines()[0]["failure"]] == ["builtins.LookupError", "builtins.ValueError"]


def test_a_page_that_fails_is_told_by_its_rule_and_not_by_its_address(
    app: Flask, client: CheckingClient, lines: Lines, as_in_production: None
) -> None:
    client.checks = False
    db.session.execute(text("ALTER TABLE notice RENAME TO notice_gone"))
    try:
        path = f"/not-me/hemmelig{'x' * 35}"
        data = {"csrf_token": client.csrf_token(), "q": "hemmelig"}
        assert client.open(f"{path}?q=hemmelig", method="POST", data=data).status_code == 500
    finally:
        db.session.rollback()
        db.session.execute(text("ALTER TABLE notice_gone RENAME TO notice"))
        db.session.commit()
    (line,) = lines()
    assert (line["event"], line["method"]) == ("failed", "POST")
    assert line["route"] == "/not-me/<string(length=43):token>"
    assert line["failure"][0]["type"].startswith("sqlalchemy.exc.")


def test_nobody_writes_a_line_of_their_own_into_the_log(
    app: Flask, client: CheckingClient, bjorn: Member, lines: Lines
) -> None:
    client.checks = False
    client.sign_in(bjorn).open("/secretariat/access/recovery%0A{%22event%22:%22hemmelig%22}", method="GET")
    app.logger.error("a word\n%s", '{"event": "forged"}')
    logging.getLogger("somebody.else").warning("another\nword")
    assert [line["event"].split("\n")[0] for line in lines()] == ["a word", "another"]


def test_a_page_whose_reading_cannot_be_written_fails_without_words(
    app: Flask, client: CheckingClient, eva: User, bjorn: Member, lines: Lines, as_in_production: None
) -> None:
    client.checks = False
    client.sign_in(eva).open("/devices", method="GET")  # and the browser has its cookie
    lines()

    def fails(*_args: Any) -> None:
        raise IntegrityError("INSERT", None, ValueError(ADDRESS))

    event.listen(AuditEvent, "before_insert", fails)
    try:
        answer = client.open(f"/secretariat/members/{bjorn.id}", method="GET")
    finally:
        event.remove(AuditEvent, "before_insert", fails)
    assert answer.status_code == 500 and "Bjørn" not in answer.get_data(as_text=True)
    (line,) = lines()
    assert (line["event"], line["route"]) == ("failed", "/secretariat/members/<int:member_id>")


def test_without_a_database_the_page_says_so_in_words_alone(
    app: Flask, client: CheckingClient, eva: User, lines: Lines, as_in_production: None
) -> None:
    client.checks = False
    client.sign_in(eva).open("/devices", method="GET")
    lines()
    db.session.execute(text("ALTER TABLE session RENAME TO session_gone"))
    try:
        answer = client.open("/secretariat/members?q=hemmelig", method="GET")
    finally:
        db.session.rollback()
        db.session.execute(text("ALTER TABLE session_gone RENAME TO session"))
        db.session.commit()
    assert answer.status_code == 500 and "Prøv igjen" in answer.get_data(as_text=True)
    assert all("failure" in line for line in lines())


# Refusals


def test_who_is_refused_where_is_told(client: CheckingClient, bjorn: Member, lines: Lines) -> None:
    client.sign_in(bjorn).get("/secretariat/members?q=hemmelig", status=403)
    (line,) = lines()
    line.pop("timestamp")
    assert line == {
        "event": "refused", "level": "warning", "method": "GET", "route": "/secretariat/members",
        "user": bjorn.user_id, "status": 403,
    }  # fmt: skip


def test_a_form_without_its_token_is_told(client: CheckingClient, bjorn: Member, lines: Lines) -> None:
    client.sign_in(bjorn).post("/profile/challenges", {"text": "hemmelig"}, status=400, csrf=False)
    (line,) = lines()
    assert (line["status"], line["because"], line["user"]) == (400, "form token", bjorn.user_id)


def test_asking_for_somebody_elses_row_is_told_without_which(
    client: CheckingClient, bjorn: Member, lines: Lines
) -> None:
    client.sign_in(bjorn).get("/coaching/bookings/4711", status=404)
    (line,) = lines()
    assert (line["route"], line["status"]) == ("/coaching/bookings/<int:booking_id>", 404)
    assert "4711" not in json.dumps({**line, "timestamp": ""})
    client.get("/no-such-page", status=404)
    client.sign_out().get("/sign-in/" + "x" * 42, status=404)
    assert lines() == []


def test_too_many_tries_are_told(app: Flask, database_url: str, eva: User, lines: Lines) -> None:
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI, settings.RATELIMIT_ENABLED = database_url, True
    limited = create_app(settings)
    limiter.reset()
    client = CheckingClient(limited, Page).sign_in(eva)
    client.checks = False
    try:
        for _time in range(31):
            data = {"csrf_token": client.csrf_token(), "file": "hemmelig"}
            answer = client.open("/secretariat/members/import", method="POST", data=data)
        assert answer.status_code == 429
    finally:
        limiter.enabled = False
        with limited.app_context():
            db.engine.dispose()
    (line,) = lines()
    assert (line["status"], line["user"], line["route"]) == (429, eva.id, "/secretariat/members/import")


def test_words_that_are_logged_on_purpose_stay(lines: Lines) -> None:
    structlog.get_logger("varde.mail").warning("mail given up", mail=7, error="SMTPRecipientsRefused")
    (line,) = lines()
    assert (line["event"], line["mail"]) == ("mail given up", 7)
