"""What can go wrong, said so that a person knows what happened, that nothing is lost, and what to do."""

from typing import Any

import structlog
from flask import Flask, Response, current_app, make_response, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portal.extensions import db
from portal.language import gettext as _

log = structlog.get_logger("varde.errors")


class DomainError(Exception):
    """A rule says no. The text is a sentence for the person who asked."""

    def __init__(self, message: Any = "") -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)


def _texts(code: int) -> tuple[str, str]:
    if code == 403:
        return _("Denne siden er ikke for deg"), _("Du er logget inn, men rollen din gir ikke tilgang hit.")
    if code in (404, 405, 410):
        return _("Vi finner ikke siden"), _("Lenken kan være gammel, eller siden er ikke din å se.")
    if code == 413:
        return _("Det ble for stort"), _(
            "Filen eller teksten er større enn vi kan ta imot. Ingenting er lagret."
        )
    if code == 429:
        return _("Vent litt"), _("Det kom mange forsøk på kort tid. Prøv igjen om noen minutter.")
    if code < 500:
        return _("Det gikk ikke"), _("Forespørselen kunne ikke leses. Ingenting er lagret.")
    return _("Noe gikk galt hos oss"), _("Ingenting er lagret halvveis. Prøv igjen om litt.")


def _page(code: int, title: str, text: str) -> Response:
    from portal.rendering import render

    db.session.rollback()
    return make_response(render("errors/error.html", code=code, error_title=title, error_text=text), code)


def _page_of_failure(code: int) -> Response:
    """Where the page cannot be made either, as without a database, its words alone."""
    title, text = _texts(code)
    try:
        return _page(code, title, text)
    except Exception as error:
        _log_failure(error)
        return Response(f"{title}. {text}\n", code, mimetype="text/plain")


def _log_failure(error: BaseException | None) -> None:
    log.error("failed", method=request.method, route=_route(), exc_info=error)


def _log_refusal(code: int, because: str | None = None) -> None:
    """Who was refused where: the rule of the address, never the address, which can name a row, a token or a search."""
    told = {
        "method": request.method,
        "route": _route(),
        "user": _person(),
        "status": code,
        "because": because,
    }
    log.warning("refused", **{name: value for name, value in told.items() if value is not None})


def _is_kept_from(code: int) -> bool:
    """Whether somebody who is signed in asked for a row that is not there for them: somebody else's, it may be."""
    return code == 404 and request.url_rule is not None and _person() is not None


def _person() -> int | None:
    user: Any = current_user
    return user.id if user.is_authenticated else None


def _route() -> str | None:
    return request.url_rule.rule if request.url_rule is not None else None


def register(app: Flask) -> None:
    """Give every refusal and failure a page in the person's language."""

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        title = _("Skjemaet var blitt for gammelt")
        page = _page(400, title, _("Gå tilbake, last siden på nytt og prøv igjen. Ingenting er lagret."))
        _log_refusal(400, "form token")
        return page

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Any:
        code = error.code or 500
        if code < 400:
            return error
        if code >= 500:
            return _page_of_failure(code)
        page = _page(code, *_texts(code))
        if code in (403, 429) or _is_kept_from(code):
            _log_refusal(code)
        return page

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        _log_failure(error)
        if current_app.testing:
            raise error
        return _page_of_failure(500)

    def log_exception(exc_info: Any) -> None:
        """What fails once the page is made, where Flask would log the address."""
        _log_failure(exc_info[1])

    app.log_exception = log_exception  # type: ignore[method-assign]  # Flask's own way of changing it
