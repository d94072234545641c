"""Mails: written with what causes them, sent afterwards, each once, and saying no more than that something waits."""

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from flask import Flask, current_app
from sqlalchemy import delete, func, select

from portal import clock, jobs
from portal.accounts import shutting
from portal.accounts.models import User
from portal.extensions import db
from portal.notifications import Kind, OutboxMessage, delivery, outbox
from portal.privacy import too_old
from tests.support.people import new_user
from tests.support.racing import race


class Inbox:
    """A mail server's hands: it keeps what comes, refuses the addresses it is told to, and can take its time."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.dates: list[datetime] = []
        self.refused: set[str] = set()
        self.reached, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        self.refuses_next = False

    async def handle_RCPT(  # the name is the server's
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.reached.set()
        await asyncio.to_thread(self.may_answer.wait, 60)
        if self.refuses_next:
            self.refuses_next = False
            return "554 not this one"
        text = envelope.content.decode()
        self.mails.append((envelope.rcpt_tos[0], re.search(r"Message-ID: (\S+)", text)[1]))  # type: ignore[index]
        self.dates.append(parsedate_to_datetime(re.search(r"Date: (.+)", text)[1]))  # type: ignore[index]
        return "250 OK"

    @property
    def addresses(self) -> list[str]:
        return sorted(address for address, _id in self.mails)


class Server(Controller):
    """On a port that the system finds free."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(inbox, hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        listening: Any = self.server
        self.port = listening.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # the library's own


@pytest.fixture
def inbox(app: Flask) -> Iterator[Inbox]:
    """A real mail server, and the portal told to use it."""
    kept = Inbox()
    server = Server(kept)
    server.start()
    app.config["SMTP_URL"] = f"smtp://127.0.0.1:{server.port}"
    yield kept
    app.config["SMTP_URL"] = ""
    server.stop()


@pytest.fixture
def eve(app: Flask) -> User:
    return new_user("Eve Ås", email="eve@privat.example")


def waiting() -> int:
    unsent = OutboxMessage.sent_at.is_(None) & OutboxMessage.withdrawn_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(OutboxMessage).where(unsent)) or 0


def test_a_mail_is_a_row_of_the_same_transaction(app: Flask, inbox: Inbox, eve: User) -> None:
    db.session.commit()
    outbox.send(Kind.PAIRED, eve, clock.now())
    db.session.rollback()
    assert waiting() == 0
    outbox.send(Kind.PAIRED, eve, clock.now())
    db.session.commit()
    assert (waiting(), inbox.mails) == (1, [])
    assert delivery.send_due(clock.now()) == 1
    assert (waiting(), inbox.addresses) == (0, ["eve@privat.example"])
    assert delivery.send_due(clock.now()) == 0


def test_a_mail_waits_for_its_time_and_can_be_taken_back(app: Flask, inbox: Inbox, eve: User) -> None:
    now = clock.now()
    outbox.send(Kind.BOOKING_REMINDER, eve, now, about=eve, not_before=now + timedelta(days=1))
    outbox.send(Kind.BOOKING_MADE, eve, now, about=eve)
    db.session.commit()
    assert delivery.send_due(now) == 1
    outbox.withdraw(Kind.BOOKING_REMINDER, eve, now)
    db.session.commit()
    assert delivery.send_due(now + timedelta(days=2)) == 0


def test_whoever_is_shut_out_meanwhile_is_told_of_that_alone(
    app: Flask, inbox: Inbox, eva: User, eve: User
) -> None:
    now = clock.now()
    outbox.send(Kind.BOOKING_REMINDER, eve, now, not_before=now + timedelta(days=1))
    db.session.commit()
    shutting.shut(eve, eva, now)
    db.session.commit()
    assert delivery.send_due(now + timedelta(days=2)) == 1
    sent = select(OutboxMessage.kind).where(OutboxMessage.sent_at.is_not(None))
    assert db.session.scalars(sent).all() == [Kind.SIGN_IN_CHANGED]
    assert inbox.addresses == ["eve@privat.example"] and waiting() == 0


def test_a_mail_written_weeks_ahead_carries_the_date_it_is_sent(app: Flask, inbox: Inbox, eve: User) -> None:
    now = clock.now()
    outbox.send(Kind.BOOKING_REMINDER, eve, now, not_before=now + timedelta(days=40))
    db.session.commit()
    day = now + timedelta(days=40, minutes=1)
    delivery.send_due(day)
    assert inbox.dates == [day.replace(microsecond=0)]


@pytest.mark.promise("Ingen e-post går tapt når e-posttjeneren er nede", small=10, full=200)
def test_nothing_is_lost_while_the_mail_server_is_down(
    app: Flask, inbox: Inbox, eve: User, promise: Any
) -> None:
    now, working = clock.now(), app.config["SMTP_URL"]
    app.config["SMTP_URL"] = "smtp://127.0.0.1:9"
    for _ in range(promise.size):
        outbox.send(Kind.PROPOSAL_WAITING, eve, now)
    db.session.commit()
    for hour in range(5):
        assert jobs.run_due(now + timedelta(hours=hour))["send mail"] == 0
    assert waiting() == promise.size
    assert {m.last_error for m in db.session.scalars(select(OutboxMessage))} <= {
        "ConnectionRefusedError",
        None,
    }
    app.config["SMTP_URL"] = working
    for day in range(1, 2 + promise.size // delivery.BATCH):
        jobs.run_due(now + timedelta(days=day))
    assert (waiting(), len(inbox.mails)) == (0, promise.size)
    promise.saw(f"{promise.size} brev ventet, {len(inbox.mails)} kom fram")


def test_attempts_come_further_and_further_apart_with_one_and_the_same_message_id(
    app: Flask, inbox: Inbox, eve: User
) -> None:
    inbox.refused = {eve.email}
    now = clock.now()
    mail = outbox.send(Kind.PAIRED, eve, now)
    db.session.commit()
    waits = []
    for _ in range(12):
        delivery.send_due(now)
        waits.append((mail.next_attempt_at - now).total_seconds() / 60)
        now = mail.next_attempt_at
    assert waits[:4] == [1, 2, 4, 8] and max(waits) == 360
    inbox.refused = set()
    delivery.send_due(now)
    assert inbox.mails == [(eve.email, mail.message_id)]


def test_a_mail_that_nobody_takes_is_given_up_after_a_month_and_deleted_like_any_other(
    app: Flask, inbox: Inbox, eve: User
) -> None:
    app.config["SMTP_URL"] = "smtp://127.0.0.1:9"
    written = now = clock.now()
    mail = outbox.send(Kind.PAIRED, eve, now)
    db.session.commit()
    while mail.withdrawn_at is None and mail.attempts < 200:
        delivery.send_due(now)
        now = mail.next_attempt_at
    assert mail.withdrawn_at is not None and mail.last_error == "ConnectionRefusedError"
    assert timedelta(days=29) < mail.withdrawn_at - written < timedelta(days=32)
    assert delivery.send_due(now) == 0
    assert not db.session.scalars(too_old.mails(now + timedelta(days=80))).all()
    assert db.session.scalars(too_old.mails(now + timedelta(days=91))).all() == [mail.id]


def test_one_bad_address_does_not_hold_up_the_others(app: Flask, inbox: Inbox, eve: User) -> None:
    now = clock.now()
    for address in ("borte@privat.example", "a@b\r\nBcc: alle@nome.example", eve.email):
        mail = outbox.send(Kind.PAIRED, eve, now)
        mail.address = address
    inbox.refused = {"borte@privat.example"}
    db.session.commit()
    assert delivery.send_due(now) == 1
    assert (inbox.addresses, waiting()) == ([eve.email], 2)


@contextmanager
def while_the_server_takes_its_time(app: Flask, inbox: Inbox) -> Iterator[None]:
    """What happens inside does so while a worker has handed its first mail to the server, and waits for the answer."""

    def work() -> None:
        with app.app_context():
            delivery.send_due(clock.now())

    inbox.may_answer.clear()
    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert inbox.reached.wait(10)
        yield
    finally:
        inbox.may_answer.set()
        worker.join()
    db.session.rollback()  # and what the worker wrote is read


def test_nobody_waits_for_a_slow_mail_server(app: Flask, inbox: Inbox, eve: User) -> None:
    outbox.send(Kind.PAIRED, eve, clock.now())
    db.session.commit()
    with while_the_server_takes_its_time(app, inbox):
        started = time.monotonic()
        db.session.get_one(User, eve.id).name = "Eve Skrev Imens"
        db.session.commit()
        assert time.monotonic() - started < 5 and inbox.mails == []
    assert (waiting(), inbox.addresses) == (0, ["eve@privat.example"])


def test_what_is_taken_back_too_late_has_been_sent(app: Flask, inbox: Inbox, eve: User) -> None:
    mail = outbox.send(Kind.BOOKING_MADE, eve, clock.now(), about=eve)
    db.session.commit()
    with while_the_server_takes_its_time(app, inbox):
        outbox.withdraw(Kind.BOOKING_MADE, eve, clock.now())
        db.session.commit()
    assert inbox.addresses == ["eve@privat.example"]
    assert mail.sent_at is not None and mail.withdrawn_at is None


@pytest.mark.parametrize("first", [True, False], ids=["the one being sent", "one behind it"])
@pytest.mark.parametrize("refused", [True, False], ids=["refused", "taken"])
def test_a_mail_that_is_erased_meanwhile_does_not_hold_up_the_others(
    app: Flask, inbox: Inbox, eve: User, first: bool, refused: bool
) -> None:
    ids = []
    for _ in range(3):
        mail = outbox.send(Kind.PAIRED, eve, clock.now())
        db.session.flush()
        ids.append(mail.id)
    db.session.commit()
    inbox.refuses_next = refused
    with while_the_server_takes_its_time(app, inbox):
        db.session.execute(delete(OutboxMessage).where(OutboxMessage.id == ids[0 if first else 1]))
        db.session.commit()
    assert waiting() == (1 if refused and not first else 0)
    assert len(inbox.mails) == 3 - refused - (not first)


def send_all(port: int) -> None:
    """What a worker does, on whichever machine."""
    current_app.config["SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    while delivery.send_due(clock.now()):
        pass


@pytest.mark.promise("Hver e-post kommer én gang, også når flere sender samtidig", small=60, full=500)
def test_two_workers_at_once_send_each_mail_once(
    app: Flask, bed: Any, inbox: Inbox, eve: User, promise: Any
) -> None:
    for _ in range(promise.size):
        outbox.send(Kind.PROPOSAL_WAITING, eve, clock.now())
    port = int(app.config["SMTP_URL"].rsplit(":", 1)[1])
    race(bed.url, send_all, [port] * 4)
    times = Counter(message_id for _address, message_id in inbox.mails)
    assert len(times) == promise.size and set(times.values()) == {1}
    assert waiting() == 0
    promise.saw(f"{promise.size} brev, fire sendere, {len(inbox.mails)} kom fram")


def test_a_worker_that_dies_leaves_its_mails_to_the_next(app: Flask, inbox: Inbox, eve: User) -> None:
    now = clock.now()
    outbox.send(Kind.PAIRED, eve, now)
    db.session.commit()
    delivery._claim(now)
    assert delivery.send_due(now + timedelta(minutes=1)) == 0
    assert delivery.send_due(now + timedelta(minutes=6)) == 1


def test_a_way_in_that_no_longer_opens_is_not_sent(app: Flask, inbox: Inbox, eve: User) -> None:
    now = clock.now()
    outbox.send_to_address(Kind.SIGN_IN, eve.id, eve.email, now, path="/sign-in", nonce="n")
    db.session.commit()
    assert delivery.send_due(now + timedelta(minutes=11)) == 0
    assert (waiting(), inbox.mails) == (0, [])


SAID = {
    "Innloggingen din i Varde er endret",
    "Innloggingen din i Varde er endret, eller noen har bedt om det. Var det deg, trenger du ikke gjøre noe."
    " Var det ikke deg, åpner du lenken og trykker på knappen der.",
    "Noen har prøvd å logge inn som deg i Varde",
    "Noen har prøvd å logge inn i Varde som deg, og kom ikke inn. Var det deg, trenger du ikke gjøre noe."
    " Var det ikke deg, ringer du sekretariatet. Bytt også passordet på e-posten din, for det kan være at andre leser den.",
    "Bekreft adressen din",
    "Åpne lenken og bekreft at denne adressen er din. Den virker i en time. Ba du ikke om det, gjør du ingenting.",
    "Noe venter på deg i Varde",
    "Noe venter på deg i Varde. Logg inn for å se det.",
    "Du er invitert til Varde",
    "Du kan logge inn i portalen til Norsk Kommunedirektørforum.",
    "Logg inn i Varde",
    "Åpne lenken i nettleseren du ba om den fra. Den virker i ti minutter, én gang.",
    "Hilsen Norsk Kommunedirektørforum",
}


def composed(kind: Kind, to: User) -> EmailMessage:
    mail = outbox.send(kind, to, clock.now(), path="/mentoring/proposals/7", about=to)
    db.session.flush()
    return delivery.compose(mail, clock.now())


@pytest.mark.promise("Ingen e-post sier mer enn at noe venter", small=1, full=1)
def test_no_mail_says_more_than_that_something_waits(app: Flask, eve: User, promise: Any) -> None:
    for kind in Kind:
        mail = composed(kind, eve)
        lines = [str(mail["Subject"]), *mail.get_content().split("\n\n")]
        assert {line.strip() for line in lines} - SAID == {"http://localhost/mentoring/proposals/7"}
        assert set(mail.keys()) == {
            "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
            "Content-Transfer-Encoding", "MIME-Version",
        }  # fmt: skip
        assert eve.name not in mail.as_string() and kind.value not in mail.as_string()
    promise.saw(f"{len(Kind)} slags brev, {len(SAID)} faste setninger")


def test_all_that_waits_looks_alike(app: Flask, eve: User) -> None:
    ways_in = {
        Kind.SIGN_IN,
        Kind.INVITATION,
        Kind.SIGN_IN_CHANGED,
        Kind.SIGN_IN_TRIED,
        Kind.EMAIL_CONFIRMATION,
    }
    kinds = set(Kind) - ways_in
    seen = {(str(m["Subject"]), m.get_content()) for m in (composed(kind, eve) for kind in kinds)}
    assert len(seen) == 1


def test_without_a_mail_server_the_mail_is_a_file(app: Flask, eve: User, tmp_path: Any) -> None:
    app.config["MAIL_FOLDER"] = tmp_path / "mail"
    outbox.send_to_address(Kind.SIGN_IN, eve.id, eve.email, clock.now(), path="/sign-in", nonce="n")
    db.session.commit()
    try:
        assert delivery.send_due(clock.now()) == 1
    finally:
        app.config["MAIL_FOLDER"] = None
    (file,) = (tmp_path / "mail").glob("*.eml")
    assert outbox.one_time_token("n").encode() in file.read_bytes()
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert mail.nonce is None and mail.sent_at is not None
