"""Coming in by a mailed link, and staying in by a server-side session."""

import secrets
from datetime import datetime

from flask import Flask, Request, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import delete, or_, update

from portal import audit, clock, jobs
from portal.accounts.models import LINK_LIFETIME, SEEN_EVERY, SESSION_IDLE, LoginLink, Session, User, digest
from portal.extensions import db, login_manager
from portal.notifications import Kind, outbox

SIGNED_IN = audit.declare("signed in", "way")
SIGNED_OUT = audit.declare("signed out")


def ask_for_link(email: str, browser: str, now: datetime) -> None:
    """Mail a way in to the person with this address; an address nobody has gets nothing, and nobody is told."""
    user = db.session.scalar(User.by_email(email))
    if user is None or not user.is_active:
        return
    nonce = secrets.token_urlsafe(32)
    link = LoginLink(
        user_id=user.id,
        token_hash=digest(outbox.one_time_token(nonce)),
        browser_hash=digest(browser),
        created_at=now,
        expires_at=now + LINK_LIFETIME,
    )
    db.session.add(link)
    outbox.send(Kind.SIGN_IN, user, now, path="/sign-in", nonce=nonce)


def begin_session(user: User, way: str, device: str, now: datetime) -> None:
    """Sign the person in in this browser. What an earlier visitor left in the cookie is gone."""
    started, token = Session.start(user, now, device)
    db.session.flush()
    session.clear()
    session["sid"] = token
    generate_csrf()  # of this session from its start, so that its first page need not write the cookie again
    session.permanent = True
    audit.record(SIGNED_IN, by=user, on=started, at=now, way=way)


def end_session(now: datetime) -> None:
    """Sign out of this browser."""
    current = Session.open_with(session.get("sid", ""), now)
    if current is not None:
        end_one(current, current.user, now)
    session.clear()


def end_one(ended: Session, by: User, now: datetime) -> None:
    """Sign out of a browser, this one or another. What is ended stays ended."""
    if ended.ended_at is None:
        ended.end(now)
        audit.record(SIGNED_OUT, by=by, on=ended, at=now)


def _load_user(request: Request) -> User | None:
    token = session.get("sid")
    if not token:
        return None
    now = clock.now()
    current = Session.open_with(token, now)
    if current is None:
        return None
    if now - current.seen_at > SEEN_EVERY:
        # Written after the page, in a transaction of its own, so that reading pages stay readers.
        request.environ["varde.seen"] = current.id
    return current.user


def register(app: Flask) -> None:
    login_manager.request_loader(_load_user)

    @app.teardown_request
    def mark_seen(error: BaseException | None) -> None:
        from flask import request

        session_id = request.environ.pop("varde.seen", None)
        if session_id is None or error is not None:
            return
        db.session.remove()
        with db.engine.begin() as connection:
            connection.execute(update(Session).where(Session.id == session_id).values(seen_at=clock.now()))


@jobs.register("forget old ways in")
def forget_old(now: datetime) -> int:
    """Delete links and sessions that no longer open anything."""
    links = db.session.execute(delete(LoginLink).where(LoginLink.expires_at < now))
    old = or_(Session.expires_at < now, Session.ended_at < now, Session.seen_at < now - SESSION_IDLE)
    sessions = db.session.execute(delete(Session).where(old))
    return int(links.rowcount + sessions.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has a count
