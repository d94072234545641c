"""Sending what waits in the outbox: claim, send, mark; try again later what failed."""

import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog
from flask import current_app
from flask_babel import force_locale
from sqlalchemy import select

from portal import jobs
from portal.extensions import db
from portal.language import gettext as _
from portal.notifications.models import Kind, OutboxMessage
from portal.notifications.outbox import is_gone, one_time_token

log = structlog.get_logger("varde.mail")
BATCH = 50
CLAIM = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
# A month of them: some addresses are gone for good, and a mail that waits for ever is kept for ever.
MOST_ATTEMPTS = 130
# A link that no longer opens anything only bewilders.
_NEVER_SENT: dict[Kind, Callable[[str], bool]] = {}
USEFUL_FOR = {Kind.SIGN_IN: timedelta(minutes=10), Kind.EMAIL_CONFIRMATION: timedelta(hours=1)}


def never_sent(kind: Kind) -> Callable[[Callable[[str], bool]], Callable[[str], bool]]:
    """Mark what says of which rows a mail of this kind is only written down as sent, so that the outbox tells nothing."""

    def mark(says: Callable[[str], bool]) -> Callable[[str], bool]:
        _NEVER_SENT[kind] = says
        return says

    return mark


class Transport(Protocol):
    def send(self, mail: EmailMessage) -> None: ...


class Folder:
    """Mails as .eml files, for development."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def send(self, mail: EmailMessage) -> None:
        written = parsedate_to_datetime(str(mail["Date"])).strftime("%Y%m%d-%H%M%S")
        name = str(mail["Message-ID"]).strip("<>").split("@")[0]
        (self.path / f"{written}-{name[:12]}.eml").write_bytes(mail.as_bytes())


class Smtp:
    def __init__(self, server: smtplib.SMTP) -> None:
        self.server = server

    def send(self, mail: EmailMessage) -> None:
        self.server.send_message(mail)


@contextmanager
def transport() -> Iterator[Transport]:
    """The way out: SMTP_URL (smtp://user:password@host:port, smtps:// or smtp+tls://), else a folder."""
    url = urlsplit(current_app.config["SMTP_URL"])
    if not url.scheme:
        yield Folder(Path(current_app.config["MAIL_FOLDER"] or Path(current_app.instance_path) / "mail"))
        return
    server: smtplib.SMTP
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, url.port or 465, timeout=20, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=20)
    with server:
        if url.scheme == "smtp+tls":
            server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        yield Smtp(server)


def _texts(kind: Kind) -> tuple[str, str]:
    if kind is Kind.SIGN_IN:
        return _("Logg inn i Varde"), _(
            "Åpne lenken i nettleseren du ba om den fra. Den virker i ti minutter, én gang."
        )
    if kind is Kind.SIGN_IN_CHANGED:
        return _("Innloggingen din i Varde er endret"), _(
            "Innloggingen din i Varde er endret, eller noen har bedt om det. Var det deg, trenger du ikke gjøre noe."
            " Var det ikke deg, åpner du lenken og trykker på knappen der."
        )
    if kind is Kind.SIGN_IN_TRIED:
        return _("Noen har prøvd å logge inn som deg i Varde"), _(
            "Noen har prøvd å logge inn i Varde som deg, og kom ikke inn. Var det deg, trenger du ikke gjøre noe."
            " Var det ikke deg, ringer du sekretariatet. Bytt også passordet på e-posten din, for det kan være at andre leser den."
        )
    if kind is Kind.EMAIL_CONFIRMATION:
        return _("Bekreft adressen din"), _(
            "Åpne lenken og bekreft at denne adressen er din. Den virker i en time. Ba du ikke om det, gjør du ingenting."
        )
    if kind is Kind.INVITATION:
        return _("Du er invitert til Varde"), _("Du kan logge inn i portalen til Norsk Kommunedirektørforum.")
    return _("Noe venter på deg i Varde"), _("Noe venter på deg i Varde. Logg inn for å se det.")


def compose(message: OutboxMessage, now: datetime) -> EmailMessage:
    """The mail itself, dated `now`. It says that something waits, never what."""
    with force_locale(current_app.config["BABEL_DEFAULT_LOCALE"]):
        subject, text = _texts(message.kind)
        farewell = _("Hilsen Norsk Kommunedirektørforum")
    link = f"{current_app.config['BASE_URL']}{message.path}"
    if message.nonce:
        link = f"{link}/{one_time_token(message.nonce)}"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = current_app.config["MAIL_FROM"], message.address, subject
    mail["Date"], mail["Message-ID"] = format_datetime(now), message.message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(f"{text}\n\n{link}\n\n{farewell}\n")
    return mail


def _claim(now: datetime) -> list[int]:
    """Take the mails that are due, so that no other worker sends them meanwhile."""
    due = (
        select(OutboxMessage)
        .where(
            OutboxMessage.sent_at.is_(None),
            OutboxMessage.withdrawn_at.is_(None),
            OutboxMessage.next_attempt_at <= now,
            OutboxMessage.claimed_until.is_(None) | (OutboxMessage.claimed_until < now),
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for message in db.session.scalars(due):
        message.claimed_until = now + CLAIM
        claimed.append(message.id)
    db.session.commit()
    return claimed


@jobs.register("send mail")
def send_due(now: datetime) -> int:
    """Send what is due. Each mail is marked in a transaction of its own, so a crash repeats one mail at most."""
    waiting = _claim(now)
    if not waiting:
        return 0
    sent = 0
    try:
        started = time.monotonic()
        with transport() as way:
            # A slow server: what is left is claimed anew, before another worker thinks we are gone.
            while waiting and time.monotonic() - started < CLAIM.total_seconds() / 2:
                sent += _send(way, waiting[0], now)
                waiting.pop(0)
    except (OSError, smtplib.SMTPException) as error:
        for message_id in waiting:
            _failed(message_id, error, now)
    return sent


def _send(way: Transport, message_id: int, now: datetime) -> int:
    try:
        mail, goes_out = _written(message_id, now)
        db.session.commit()  # nobody waits for the database while the mail server takes its time
        if mail is None:
            return 0
        if goes_out:
            way.send(mail)
    except smtplib.SMTPServerDisconnected:
        raise
    except Exception as error:  # whatever is wrong with one mail must not hold up those behind it
        db.session.rollback()
        _failed(message_id, error, now)
        return 0
    message = _held(message_id)
    if message is not None:
        # It is on its way, so whoever took it back meanwhile came too late.
        message.sent_at, message.withdrawn_at, message.nonce = now, None, None
    db.session.commit()
    return 1


def _written(message_id: int, now: datetime) -> tuple[EmailMessage | None, bool]:
    """The mail as it is now, and whether it goes out; None when it was taken back, deleted, or is of no use any more.

    Somebody who has been shut out since it was written is told of that, and of nothing else.
    """
    message = db.session.get(OutboxMessage, message_id)
    if message is None or message.withdrawn_at is not None:
        return None, False
    useful = USEFUL_FOR.get(message.kind)
    is_late = useful is not None and message.created_at + useful < now
    if is_late or (message.kind is not Kind.SIGN_IN_CHANGED and is_gone(message.user_id)):
        message.withdrawn_at = now
        return None, False
    only_written_down = _NEVER_SENT.get(message.kind, _never)
    return compose(message, now), not only_written_down(message.about or "")


def _never(_about: str) -> bool:
    return False


def _held(message_id: int) -> OutboxMessage | None:
    """The row, held until the transaction ends; None when it was deleted meanwhile."""
    return db.session.get(OutboxMessage, message_id, with_for_update=True)


def _failed(message_id: int, error: Exception, now: datetime) -> None:
    message = _held(message_id)
    if message is not None:
        message.attempts += 1
        # The kind of failure only: a server's answer can repeat the address or the text.
        message.last_error = type(error).__name__
        message.next_attempt_at = now + min(
            timedelta(minutes=1) * 2 ** min(message.attempts - 1, 10), LONGEST_WAIT
        )
        message.claimed_until = None
        if message.attempts >= MOST_ATTEMPTS and message.withdrawn_at is None:
            message.withdrawn_at = now
            log.warning("mail given up", mail=message_id, error=message.last_error)
    db.session.commit()
