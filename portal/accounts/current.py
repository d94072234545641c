"""Who is here, typed. Views behind @allow can rely on `current_user` being a user whose second factor is proved."""

import secrets
from typing import cast

import flask_login
from flask import abort, g, session

from portal import clock
from portal.accounts.models import User
from portal.accounts.sessions import Session

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


def browser() -> str:
    """What ties a mailed link or a challenge to the browser that asked for it."""
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(24)
    return str(session["browser"])
