"""Coming in as people do: by the mailed link, and with a second factor."""

import json
from datetime import datetime
from typing import Any

import pyotp
from sqlalchemy import select

from portal import clock, keys
from portal.accounts import codes
from portal.accounts.factors import Totp
from portal.accounts.models import User
from portal.extensions import db
from portal.notifications import Kind, OutboxMessage
from portal.notifications.outbox import one_time_token
from tests.support.authenticator import Authenticator


def mailed_link(kind: Kind | None = None) -> str:
    """The address in the mail last written, of this kind or of any that has a token."""
    rows = select(OutboxMessage).where(OutboxMessage.nonce.is_not(None), OutboxMessage.withdrawn_at.is_(None))
    if kind is not None:
        rows = rows.where(OutboxMessage.kind == kind)
    mail = db.session.scalars(rows.order_by(OutboxMessage.id.desc())).first()
    assert mail is not None and mail.nonce is not None
    return f"{mail.path}/{one_time_token(mail.nonce)}"


def mails(kind: Kind) -> list[str]:
    """Whom mails of this kind go to."""
    rows = select(OutboxMessage.address).where(
        OutboxMessage.kind == kind, OutboxMessage.withdrawn_at.is_(None)
    )
    return list(db.session.scalars(rows.order_by(OutboxMessage.id)))


def with_app(user: User, now: datetime | None = None) -> Totp:
    """Give the person an authenticator app that is in use."""
    now = now or clock.now()
    sealed = keys.seal(user.id, codes.SEALED_AS, pyotp.random_base32())
    totp = Totp(user_id=user.id, sealed_secret=sealed, last_step=0, created_at=now, confirmed_at=now)
    db.session.add(totp)
    db.session.flush()
    return totp


def with_recovery_codes(user: User) -> list[str]:
    """Give the person ten codes for a bad day."""
    return codes.give_recovery_codes(user, codes.FreshCodes.make(), clock.now())


def code_of(totp: Totp, steps: int = 0) -> str:
    """What the app shows, now or some half minutes away."""
    here = int(clock.now().timestamp()) // codes.STEP
    return pyotp.TOTP(codes.secret_of(totp)).generate_otp(here + steps)


def open_link(client: Any, email: str) -> Any:
    """Ask for a link and open it: halfway in."""
    client.get("/sign-in")
    client.submit("sign-in", email=email)
    return client.follow(client.post(mailed_link(Kind.SIGN_IN), status=303))


def question(client: Any, url: str) -> Any:
    """What the portal asks the passkey."""
    return json.loads(client.post(url, status=200).data)


def add_passkey(client: Any, device: Authenticator) -> Any:
    """Make a passkey, as the script on the page does."""
    client.get("/sign-in/factor")
    return client.post("/sign-in/passkey", device.make(question(client, "/sign-in/passkey/offer")))


def answer_with_passkey(client: Any, device: Authenticator, status: int = 303, **changes: Any) -> Any:
    """Sign in with a passkey from the sign-in page."""
    asked = question(client, "/sign-in/passkey/challenge")
    return client.post("/sign-in/passkey/answer", device.answer(asked, **changes), status=status)
