"""Who is here, typed. Views behind @allow can rely on `current_user` being a user whose second factor is proved."""

import secrets
from typing import cast

import flask_login
from flask import abort, g, session, url_for
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.database import lock
from portal.extensions import db
from portal.rendering import after_write

current_user = cast(User, flask_login.current_user)


def current_session() -> Session | None:
    """The living session of this browser, complete or halfway; read once for a request."""
    if "session_row" not in g:
        token = session.get("sid")
        g.session_row = Session.open_with(str(token), clock.now()) if token else None
    return cast(Session | None, g.session_row)


def session_here() -> Session:
    """The same, where there must be one."""
    here = current_session()
    if here is None:
        abort(401)
    return here


def lock_whoever_is_here() -> User:
    """Hold the person's row until the transaction ends. Whoever has been put out while waiting for it goes no further."""
    here = session_here()
    lock(here.user)
    afresh = select(Session).where(Session.id == here.id).execution_options(populate_existing=True)
    if db.session.scalar(afresh) is None or not here.is_living(clock.now()):
        abort(after_write(url_for("accounts.sign_in")))
    return here.user


def browser() -> str:
    """What ties a mailed link or a challenge to the browser that asked for it."""
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(24)
    return str(session["browser"])
