"""Coming in: by a mailed link and then a second factor, or by both at once; and staying in by a session at the server."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, g, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select, update

from portal import audit, clock
from portal.accounts.current import current_session, current_user
from portal.accounts.factors import Passkey
from portal.accounts.models import LINK_LIFETIME, LoginLink, User, digest, fold_email
from portal.accounts.sessions import LONGEST_IDLE, MOST_WRONG_CODES, Session, idle_limit
from portal.extensions import db, login_manager
from portal.notifications import Kind, OutboxMessage, outbox

LINK_USED = audit.declare("link used")
SIGNED_IN = audit.declare("signed in", "way")
SIGNED_OUT = audit.declare("signed out")
CONFIRMED = audit.declare("confirmed who it is", "way")
REFUSED = audit.declare("sign-in refused", "way")
TOO_MANY_WRONG = audit.declare("too many wrong codes")
COPIED = audit.declare("passkey may be copied")
TOLD_AGAIN_AFTER = timedelta(days=1)


def ask_for_link(email: str, browser: str, now: datetime) -> None:
    """Mail a way in to the person with this address.

    For an address that nobody has the same rows are written, to nobody: neither the answer nor the time it takes tells.
    """
    user = db.session.scalar(User.by_email(email))
    known = user is not None and user.is_active
    nonce = secrets.token_urlsafe(32)
    link = LoginLink(
        user_id=user.id if user is not None and known else None,
        token_hash=digest(outbox.one_time_token(nonce)),
        browser_hash=digest(browser),
        created_at=now,
        expires_at=now + LINK_LIFETIME,
    )
    db.session.add(link)
    outbox.send_to_address(
        Kind.SIGN_IN, link.user_id, fold_email(email), now, path="/sign-in", nonce=nonce, void=not known
    )


def begin_session(user: User, way: str, device: str, now: datetime, *, proved_at: datetime | None) -> Session:
    """Let the person in, in this browser: all the way when both factors have been proved, else to where the second is.

    What an earlier visitor left in the cookie is gone.
    """
    earlier = current_session()
    if earlier is not None:
        earlier.end(now)
    started, token = Session.start(user, now, device, proved_at=proved_at)
    db.session.flush()
    session.clear()
    session["sid"], session.permanent = token, True
    generate_csrf()  # of this session from its start, so that its first page need not write the cookie again
    g.session_row = started
    if proved_at is not None:
        audit.record(SIGNED_IN, by=user, on=started, at=now, way=way)
    else:
        audit.record(LINK_USED, by=user, on=started, at=now)
    return started


def prove(here: Session, way: str, now: datetime, proved_at: datetime | None = None) -> None:
    """The second factor is proved, for the first time or once more: this browser gets a new token."""
    event = CONFIRMED if here.is_complete else SIGNED_IN
    session["sid"] = here.prove(now, proved_at)
    audit.record(event, by=here.user, on=here, at=now, way=way)


def take_a_try(here: Session) -> bool:
    """Count a try at a code before it is looked at, so that many at once are no more than a few. False: there are none left."""
    left = (Session.id == here.id) & Session.ended_at.is_(None) & (Session.wrong_codes < MOST_WRONG_CODES)
    counted = update(Session).where(left).values(wrong_codes=Session.wrong_codes + 1)
    tried = db.session.scalar(counted.returning(Session.wrong_codes)) is not None
    db.session.refresh(here, attribute_names=["wrong_codes", "ended_at"])
    return tried


def note_refused(way: str, now: datetime, here: Session | None = None) -> None:
    """A way in was tried and did not open. Outside nobody knows whose it would have been; `here` is who is in already,
    and did not prove it. What was tried is not kept."""
    if here is None:
        audit.record(REFUSED, by=None, on=f"sign_in:{way}", at=now, way=way)
    else:
        audit.record(REFUSED, by=here.user, on=here, at=now, way=way)


def note_copied(passkey: Passkey, now: datetime) -> None:
    """A key answered as its copy would. Whose it is, is known: the person hears of it."""
    audit.record(COPIED, by=None, on=passkey, at=now)
    _tell_it_was_tried(db.session.get_one(User, passkey.user_id), now)


def was_wrong(here: Session, now: datetime) -> bool:
    """After the last wrong code the browser is out, and the person hears of it. Returns whether it still is in."""
    note_refused("code", now, here)
    if here.wrong_codes < MOST_WRONG_CODES:
        return True
    audit.record(TOO_MANY_WRONG, by=here.user, on=here, at=now)
    _tell_it_was_tried(here.user, now)
    here.end(now)
    return False


def _tell_it_was_tried(user: User, now: datetime) -> None:
    """At most once a day. The mail opens and locks nothing: whoever tried may be reading the mailbox too."""
    latest = (OutboxMessage.user_id == user.id) & (OutboxMessage.created_at > now - TOLD_AGAIN_AFTER)
    tried = select(OutboxMessage.id).where(latest, OutboxMessage.kind == Kind.SIGN_IN_TRIED)
    if db.session.scalar(tried.limit(1)) is None:
        outbox.send(Kind.SIGN_IN_TRIED, user, now, path="/security")


def end_session(now: datetime) -> None:
    """Sign out of this browser."""
    here = current_session()
    if here is not None:
        end_one(here, here.user, now)
    session.clear()


def end_one(ended: Session, by: User, now: datetime) -> None:
    """Sign out of a browser, this one or another. What is ended stays ended."""
    if ended.ended_at is None:
        ended.end(now)
        audit.record(SIGNED_OUT, by=by, on=ended, at=now)


def _load_user(request: Request) -> User | None:
    here = current_session()
    if here is None:
        return None
    if not here.is_complete:
        g.halfway = True  # nobody yet, as far as every other page is concerned
        return None
    if here.is_due_to_be_seen(clock.now()):
        # Written after the page, in a transaction of its own, so that reading pages stay readers.
        request.environ["varde.seen"] = here.id
    return here.user


def register(app: Flask) -> None:
    login_manager.request_loader(_load_user)

    @app.context_processor
    def idle() -> dict[str, Any]:
        """After how many seconds a page that nobody touches is left; None for those who are not hurried out."""
        here = current_user
        short = here.is_authenticated and idle_limit(here.roles) < LONGEST_IDLE
        return {"idle": int(idle_limit(here.roles).total_seconds()) if short else None}

    @app.teardown_request
    def mark_seen(error: BaseException | None) -> None:
        from flask import request

        session_id = request.environ.pop("varde.seen", None)
        if session_id is None or error is not None:
            return
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(update(Session).where(Session.id == session_id).values(seen_at=clock.now()))
