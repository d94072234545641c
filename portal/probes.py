"""What whoever runs the portal asks it: is it alive, can it serve, and how is it going. Numbers only, of nobody."""

import hmac
import time
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, abort, current_app, g, request, request_started
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal import keys
from portal.access import allow_anyone
from portal.extensions import db

log = structlog.get_logger("varde.probes")
probes = Blueprint("probes", __name__)


def _answer(word: str, status: int = 200) -> Response:
    response = Response(f"{word}\n", status, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


@probes.get("/healthz")
@allow_anyone
def alive() -> Response:
    """The process answers. It asks nobody else, so that a slow database does not get it restarted."""
    return _answer("ok")


@probes.get("/readyz")
@allow_anyone
def ready() -> Response:
    """The database answers and has its tables, and its people's keys can be opened: visitors can be sent here."""
    try:
        db.session.execute(text("SELECT count FROM revision WHERE id = 1"))
        unknown = keys.unknown_masters()
    except SQLAlchemyError:
        db.session.rollback()
        return _answer("not ready", 503)
    if unknown:
        log.error("people's keys are wrapped by keys that are not in DATA_KEY or DATA_KEYS_OLD", keys=unknown)
        return _answer("not ready", 503)
    return _answer("ready")


@probes.get("/metrics")
@allow_anyone
def metrics() -> Response:
    """Requests and seconds by page for Prometheus; only for whoever knows METRICS_TOKEN, and nowhere without one."""
    token = str(current_app.config["METRICS_TOKEN"])
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        abort(404)
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    registry = current_app.extensions["metrics"].registry
    response = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


class Metrics:
    """How many requests, and how long they took: by endpoint, method and status, never by address or person."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Histogram

        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "varde_request_seconds",
            "Seconds from a request to its answer",
            ("endpoint", "method", "status"),
            registry=self.registry,
        )

    def begin(self, _app: Flask) -> None:
        g.began = time.perf_counter()

    def note(self, response: Response) -> Response:
        began: Any = g.pop("began", None)
        if began is not None:
            names = (request.endpoint or "none", request.method, str(response.status_code))
            self.seconds.labels(*names).observe(time.perf_counter() - began)
        return response


def register(app: Flask) -> None:
    """Measure, where somebody is going to ask."""
    app.register_blueprint(probes)
    if not app.config["METRICS_TOKEN"]:
        return
    app.extensions["metrics"] = measured = Metrics()

    # Before anybody can refuse the request, so that what is refused is counted too.
    request_started.connect(measured.begin, app)
    app.after_request(measured.note)
