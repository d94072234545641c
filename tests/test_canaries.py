"""A thousand secrets are let loose in everything that people write in confidence, and sing for nobody else."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select, text, update

import config
from portal import clock, create_app, jobs, use_migrations
from portal.accounts.models import User
from portal.backup import back_up, bundle
from portal.demo.personas import BY_CODE
from portal.extensions import db
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_release import release_round
from portal.mentoring.rounds import start_round
from portal.notifications import OutboxMessage
from tests.support import databases
from tests.support.canaries import Nest, raw_dump
from tests.support.crawl import PERSONAS, crawl, demo_client

ROOT = Path(__file__).parents[1]


@pytest.fixture
def world(new_bed: Any, tmp_path: Path) -> Iterator[Flask]:
    """The demonstration with files outside it, to do things in."""
    from portal.demo.world import build

    settings = config.Demo()
    settings.SQLALCHEMY_DATABASE_URI = new_bed("canaries").url
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.KEYRING_FILE, settings.ERASURE_LEDGER = (
        str(tmp_path / "keyring.json"),
        str(tmp_path / "erasures"),
    )
    app = create_app(settings)
    use_migrations(app)
    app.config["RATELIMIT_ENABLED"] = False
    databases.relax(app)
    with app.app_context():
        databases.install()
        build(clock.now())
        yield app
        db.session.remove()
        db.engine.dispose()


def user_id(persona: str) -> int | None:
    if persona not in BY_CODE:
        return None
    return db.session.scalars(select(User.id).where(User.email == BY_CODE[persona].email)).one()


def sing_for(app: Flask, nest: Nest, persona: str) -> tuple[int, set[bytes], set[bytes]]:
    """Everything that the persona can reach: how many answers, what leaked, and what the persona rightly read."""
    reader, leaked, own = user_id(persona), set(), set()
    db.session.remove()
    visits = crawl(app, persona).visits
    for visit in visits:
        content = visit.page.get_data() + repr(list(visit.page.headers)).encode() + visit.address.encode()
        leaked |= nest.loose(content, reader)
        own |= nest.loose(content) - nest.loose(content, reader)
    return len(visits), leaked, own


def refusals(app: Flask, nest: Nest, secret: str) -> dict[str, bytes]:
    """What the error pages and the forms that are refused say, when what was sent was a secret."""
    client, found = demo_client(app, "secretariat"), {}
    client.checks = False
    for name, answer in {
        "not found": client.open(f"/{secret}", method="GET"),
        "no such row": client.open("/coaching/bookings/999999999", method="GET", query_string={"q": secret}),
        "no token": app.test_client().post("/profile/challenges", data={"text": secret}),
        "not allowed": client.open("/profile/challenges", method="GET"),
        "too large": client.open(
            "/members/import", method="POST", data={"file": (io.BytesIO(secret.encode() * 400_000), "x")}
        ),
    }.items():
        assert answer.status_code >= 400, name
        found[name] = answer.get_data() + repr(list(answer.headers)).encode()
    return found


def command(app: Flask, *arguments: str) -> bytes:
    """What a flask command writes, as the operator's log has it."""
    environment = {
        **os.environ,
        "VARDE_ENV": "demo",
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "MAIL_FOLDER": str(app.config["MAIL_FOLDER"]),
        "KEYRING_FILE": app.config["KEYRING_FILE"],
        "ERASURE_LEDGER": app.config["ERASURE_LEDGER"],
    }
    ran = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT, env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout + ran.stderr


@pytest.mark.timeout(900)
@pytest.mark.promise(
    "Det noen har skrevet i fortrolighet, finnes ingen andre steder enn hos dem det er skrevet for",
    small=200,
    full=1000,
)
def test_the_canaries_sing_for_nobody_else(
    world: Flask,
    promise: Any,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    nest = Nest()
    nest.plant(promise.size)
    assert len(nest.readers) == promise.size
    secretary = db.session.scalars(select(User).where(User.email == BY_CODE["secretariat"].email)).one()
    secretary_id = secretary.id
    start_round("Prøverunden", secretary, clock.now())
    db.session.commit()

    answers, own = 0, set[bytes]()
    for persona in PERSONAS:
        count, leaked, rightly = sing_for(world, nest, persona)
        assert not leaked, f"{persona} reads {len(leaked)}"
        answers, own = answers + count, own | rightly
    assert own, "nobody read even their own: then the test proves nothing"

    canary = next(iter(nest.readers)).decode()
    for name, content in refusals(world, nest, canary).items():
        assert not nest.loose(content), name

    now = clock.now()
    made = db.session.scalars(select(MatchRound).where(MatchRound.name == "Prøverunden")).one()
    release_round(made, clock.today(now) + timedelta(days=10), db.session.get_one(User, secretary_id), now)
    waiting = OutboxMessage.sent_at.is_(None) & OutboxMessage.withdrawn_at.is_(None)
    db.session.execute(update(OutboxMessage).where(waiting).values(next_attempt_at=now))
    db.session.commit()
    logs = command(world, "work", "--once") + command(world, "doctor") + command(world, "audit", "verify")
    logs += failed_while_saving(world, canary) + failed_with_a_secret_token(world, canary)
    fail_with_words(canary)
    logs += "".join(capfd.readouterr()).encode()
    for told in (
        b'"/profile/challenges"',
        b'"/not-me/<string(length=43):token>"',
        b"LookupError",
        b"ValueError",
    ):
        assert told in logs, told
    mails = [mail.read_bytes() for mail in Path(world.config["MAIL_FOLDER"]).glob("**/*") if mail.is_file()]
    assert mails
    back_up(tmp_path / "canaries.backup", clock.now())
    with (tmp_path / "canaries.backup").open("rb") as file:
        opened = b"".join(bundle.read(file))
    places = {
        "logs": logs,
        "mails": b"".join(mails),
        "database": raw_dump(),
        "backup": (tmp_path / "canaries.backup").read_bytes(),
        "opened backup": opened,
        "keyring": Path(world.config["KEYRING_FILE"]).read_bytes(),
    }
    for place, content in places.items():
        assert not nest.loose(content), place
    assert b"other_county" not in places["database"] + opened, "wishes are sealed too"
    promise.saw(
        f"{promise.size} canaries in {len(nest.columns)} fields; {answers} answers to {len(PERSONAS)} roles, "
        f"{len(mails)} mails, logs, database, backup: 0 found; {len(own)} read by those they are for"
    )


def failed_while_saving(app: Flask, secret: str) -> bytes:
    """Break the database under somebody who is saving, and give back the page that they get."""
    client = demo_client(app, "newcomer")
    client.checks = False
    client.open("/profile/challenges", method="GET")
    db.session.execute(text("ALTER TABLE mentee_area RENAME TO mentee_area_gone"))
    db.session.commit()
    answer = client.open(
        "/profile/challenges",
        method="POST",
        data={
            "area_1": "3",
            "text": secret,
            "modes": "either",
            "county": "any",
            "position": "any",
            "years": "0",
            "agreed": "1",
            "csrf_token": client.csrf_token(),
        },
    )
    assert answer.status_code == 500, answer.status
    db.session.execute(text("ALTER TABLE mentee_area_gone RENAME TO mentee_area"))
    db.session.commit()
    return bytes(answer.get_data())


def failed_with_a_secret_token(app: Flask, secret: str) -> bytes:
    """Break the database under somebody who follows a link from a mail, and give back the page that they get."""
    client = demo_client(app, "stranger")
    client.checks = False
    db.session.execute(text("ALTER TABLE notice RENAME TO notice_gone"))
    db.session.commit()
    token = f"{secret:x<43}"
    answer = client.open(f"/not-me/{token}", method="POST", data={"csrf_token": client.csrf_token()})
    assert answer.status_code == 500, answer.status
    db.session.execute(text("ALTER TABLE notice_gone RENAME TO notice"))
    db.session.commit()
    return bytes(answer.get_data())


def fail_with_words(secret: str) -> None:
    """A job fails, and one that logs in Python's own way, with what somebody wrote in the failures' words."""

    def fails(_now: Any) -> int:
        try:
            return int(secret)
        except ValueError as error:
            current_app.logger.exception("could not be read")
            raise LookupError(secret) from error

    only = jobs._JOBS.copy()
    jobs._JOBS.clear()
    try:
        jobs.register("fails")(fails)
        assert jobs.run_due(clock.now()) == {}
    finally:
        jobs._JOBS.clear()
        jobs._JOBS.update(only)
