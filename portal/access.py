"""Who may do what: roles, a mark on every view, and refusal where there is no mark."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import flask_login
from flask import Flask, abort, current_app, g, redirect, request, session, url_for
from sqlalchemy import Select
from werkzeug.wrappers import Response

from portal.extensions import db
from portal.language import gettext as _

View = TypeVar("View", bound=Callable[..., Any])
T = TypeVar("T")
LONGEST = (
    2000  # of a path to come back to: it may wait in the cookie, and browsers drop a cookie of more than 4 kB
)


class Role(StrEnum):
    """The hats a person can wear. The order is the order in which a person's first page is chosen."""

    SECRETARIAT = "secretariat"
    STEERING = "steering"
    COACH = "coach"
    MENTOR = "mentor"
    MEMBER = "member"

    @property
    def label(self) -> str:
        labels = {
            Role.SECRETARIAT: _("Sekretariatet"),
            Role.STEERING: _("Styringsgruppen"),
            Role.COACH: _("Veileder"),
            Role.MENTOR: _("Mentor"),
            Role.MEMBER: _("Medlem"),
        }
        return str(labels[self])

    @property
    def is_staff(self) -> bool:
        """Whether the role works with the schemes as a whole: it wears the dark header."""
        return self in (Role.SECRETARIAT, Role.STEERING)


class Person(Protocol):
    """What the guard needs to know of whoever asks; the user itself is a subject above this one."""

    is_authenticated: bool
    roles: frozenset[Role]


current_user = cast(Person, flask_login.current_user)
ANYONE = "anyone"
SIGNED_IN = "signed in"
HALFWAY = "halfway in"


def _mark(view: View, allowed: object) -> View:
    view.__allowed__ = allowed  # type: ignore[attr-defined]  # a mark on the function is the register itself
    return view


def allow(*roles: Role) -> Callable[[View], View]:
    """Let people with one of these roles in."""
    return lambda view: _mark(view, frozenset(roles))


def allow_anyone(view: View) -> View:
    """Open to the public."""
    return _mark(view, ANYONE)


def allow_signed_in(view: View) -> View:
    """Open to every signed-in person: pages about oneself."""
    return _mark(view, SIGNED_IN)


def allow_halfway(view: View) -> View:
    """Open to signed-in people, and to whoever has yet to prove the second factor. Only for pages where that is done."""
    return _mark(view, HALFWAY)


def allowed(view: Callable[..., Any]) -> object:
    """What the view is marked with, or None."""
    return getattr(view, "__allowed__", None)


def load(rows: Select[tuple[T]], row_id: int) -> T:
    """The row with this id among those the person may see; anything else is a page that does not exist."""
    entity = rows.column_descriptions[0]["entity"]
    row = db.session.scalar(rows.where(entity.id == row_id)) if row_id < 2**31 else None
    if row is None:
        abort(404)
    return row


def local_path(target: str | None) -> str | None:
    """`target` when it is a path within the portal, else None: nobody is sent to a stranger's site."""
    if (
        not target
        or len(target) > LONGEST
        or not target.startswith("/")
        or target.startswith(("//", "/\\"))
        or "\\" in target
    ):
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target.isprintable() else None


def came_from() -> str | None:
    """The page of the portal that the request was sent from, if the browser tells."""
    page = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    return local_path(f"{page.path}?{page.query}" if page.query else page.path)


def _afterwards() -> str | None:
    """Where to go once signed in. A download would leave the person on the page that they signed in on."""
    here = local_path(request.full_path.rstrip("?"))
    is_file = getattr(current_app.view_functions[str(request.endpoint)], "__gives_file__", False)
    return (came_from() or here) if is_file else here


def _guard() -> Response | None:
    """Refuse what is not allowed, before the view runs."""
    g.hat = None
    if request.endpoint is None or request.endpoint == "static":
        return None
    rule = allowed(current_app.view_functions[request.endpoint])
    if rule is None:
        abort(403)
    if current_user.is_authenticated:
        g.hat = _hat(rule)
    if rule == ANYONE:
        return None
    if not current_user.is_authenticated:
        return None if rule == HALFWAY and g.get("halfway") else _to_sign_in()
    if isinstance(rule, frozenset) and not rule & current_user.roles:
        abort(403)
    return None


def _hat(rule: object) -> Role | None:
    """The role the person acts in here: the one last worn where several would do."""
    roles: frozenset[Role] = current_user.roles
    fitting = [r for r in Role if r in roles and (not isinstance(rule, frozenset) or r in rule)]
    worn = session.get("hat")
    hat = next((r for r in fitting if r == worn), fitting[0] if fitting else None)
    if isinstance(rule, frozenset) and hat is not None and hat != worn:
        session["hat"] = hat.value
    return hat


def _to_sign_in() -> Response:
    target = url_for("accounts.sign_in", next=_afterwards() if request.method == "GET" else None)
    if g.get("halfway"):
        target = url_for("second_factor.code")
    response = redirect(target, 303)
    if request.headers.get("HX-Request"):
        response = Response(status=200)
        response.headers["HX-Redirect"] = target
    was_in = not g.get("halfway") and session.pop("sid", None) is not None
    return forget(response) if was_in else response


def forget(response: Response) -> Response:
    """Let the browser throw away what it has kept of the portal, the pages that its back button would show among it."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def register(app: Flask) -> None:
    app.before_request(_guard)
