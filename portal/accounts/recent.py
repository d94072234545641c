"""Views that need proof, not older than half an hour, of who sits at the machine."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, redirect, request, session, url_for
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import came_from, local_path
from portal.accounts.current import current_session
from portal.accounts.factors import has_something_to_prove
from portal.extensions import htmx
from portal.language import gettext as _
from portal.rendering import flash, render

View = TypeVar("View", bound=Callable[..., Any])
# Nothing that somebody has composed.
UNSENT = ("csrf_token", "code", "answer", "handle", "next", "file", "fingerprint", "leave_out")


def recently_authenticated(view: View) -> View:
    """Ask for the second factor first, unless it was given within the half hour. Goes under @allow.

    A page is come back to afterwards. What was posted is not sent again: the person gets to see it, to copy it.
    """
    return _asked_for_proof(view, ask_again)


def export_after_proof(view: View) -> View:
    """The same, for a file that others' data are taken out in. Afterwards the person is back on the page that the
    link was on, and the file is given there: a download alone would leave them on the page that asked.
    """
    checked = _asked_for_proof(view, _ask_before_export)
    checked.__gives_file__ = True  # type: ignore[attr-defined]  # for whoever leads a stranger to the sign-in page
    return checked


def _asked_for_proof(view: View, ask: Callable[[], Any]) -> View:
    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs) if is_proved_lately() else ask()

    checked.__recently_authenticated__ = True  # type: ignore[attr-defined]  # for whoever lists the routes
    return cast(View, checked)


def is_proved_lately() -> bool:
    """Whether the second factor was given within the half hour. To be asked where only some of what a view does needs it."""
    here = current_session()
    return here is not None and here.is_recent(clock.now())


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
        return _leave(url_for("second_factor.confirm", next=_here()))
    target = url_for("second_factor.confirm", next=came_from())
    if htmx:
        return _leave(target)
    # Not 303: what was typed is shown here, and is nowhere else.
    return render("accounts/not_sent.html", status=403, typed=_typed(), target=target)


def _ask_before_export() -> Response | BaseResponse:
    return _leave(url_for("second_factor.confirm", next=came_from(), file=_here()))


def _leave(target: str) -> Response | BaseResponse:
    if htmx:
        response = Response(status=200)
        response.headers["HX-Redirect"] = target
        return response
    return redirect(target, 303)


def _here() -> str | None:
    return local_path(request.full_path.rstrip("?"))


def give_after(file: str | None) -> None:
    """Have the next page give this file, and say so on it."""
    if file:
        session["file"] = file
        flash(_("Takk. Filen lastes ned nå. Kommer den ikke, så velg den en gang til."))


def give_file(response: Response) -> Response:
    """Let the page that is come back to fetch the file that was waited for: with the header it works without script."""
    is_on_the_way = 300 <= response.status_code < 400
    if request.method == "GET" and not htmx and not is_on_the_way and "file" in session:
        file = session.pop("file")
        if response.status_code == 200:
            response.headers["Refresh"] = f"0; url={iri_to_uri(file)}"
    return response


def _typed() -> str:
    written = [value for name, value in request.form.items(multi=True) if name not in UNSENT]
    return "\n\n".join(value for value in written if value.strip() and len(value) > 1)[:20_000]
