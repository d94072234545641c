"""What can go wrong, said so that a person knows what happened, that nothing is lost, and what to do."""

from typing import Any

from flask import Flask, Response, current_app, make_response, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from portal.extensions import db
from portal.language import gettext as _


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


def register(app: Flask) -> None:
    """Give every refusal and failure a page in the person's language."""

    @app.errorhandler(CSRFError)
    def stale_form(_error: CSRFError) -> Response:
        title = _("Skjemaet var blitt for gammelt")
        return _page(400, title, _("Gå tilbake, last siden på nytt og prøv igjen. Ingenting er lagret."))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Any:
        code = error.code or 500
        if code < 400:
            return error
        return _page(code, *_texts(code))

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        # The path only: a query string or a form can carry what nobody else may read.
        current_app.logger.error("failed: %s %s", request.method, request.path, exc_info=error)
        if current_app.testing:
            raise error
        return _page(500, *_texts(500))
