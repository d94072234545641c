"""Views that need proof, not older than half an hour, of who sits at the machine."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import local_path
from portal.accounts.current import current_session
from portal.accounts.factors import has_something_to_prove
from portal.extensions import htmx
from portal.rendering import render

View = TypeVar("View", bound=Callable[..., Any])
UNSENT = ("csrf_token", "code", "answer", "handle", "next")  # nothing that somebody has composed


def recently_authenticated(view: View) -> View:
    """Ask for the second factor first, unless it was given within the half hour. Goes under @allow.

    A page is come back to afterwards. What was posted is not sent again: the person gets to see it, to copy it.
    """

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        here = current_session()
        if here is not None and here.is_recent(clock.now()):
            return view(*args, **kwargs)
        return ask_again()

    checked.__recently_authenticated__ = True  # type: ignore[attr-defined]  # for whoever lists the routes
    return cast(View, checked)


def first_factor_or_recently(view: View) -> View:
    """For setting up a factor: halfway only by whoever has nothing to prove, afterwards only by whoever has just done it."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        here = current_session()
        if here is None or here.is_recent(clock.now()):
            return view(*args, **kwargs)
        if here.is_complete:
            return ask_again()
        if has_something_to_prove(here):
            return redirect(url_for("second_factor.code"), 303)
        return view(*args, **kwargs)

    return cast(View, checked)


def is_too_late() -> bool:
    """Whether there has come something to prove since the page was let in. To be asked while the person's row is locked: of two
    browsers that are halfway at the same moment one sets up the first, and the other must prove it."""
    here = current_session()
    return here is not None and not here.is_complete and has_something_to_prove(here)


def ask_again() -> Response | BaseResponse:
    """The page that asks for the second factor, and leads back to where the person was."""
    if request.method == "GET":
        back, typed = local_path(request.full_path.rstrip("?")), ""
    else:
        came_from = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
        path = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
        back, typed = local_path(path), _typed()
    target = url_for("second_factor.confirm", next=back)
    if htmx:
        response = Response(status=200)
        response.headers["HX-Redirect"] = target
        return response
    if request.method == "GET":
        return redirect(target, 303)
    # Not 303: what was typed is shown here, and is nowhere else.
    return render("accounts/not_sent.html", status=403, typed=typed, target=target)


def _typed() -> str:
    written = [value for name, value in request.form.items(multi=True) if name not in UNSENT]
    return "\n\n".join(value for value in written if value.strip() and len(value) > 1)[:20_000]
