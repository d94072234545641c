"""Pages and blocks of pages, where to go after a write, and how dates, money and numbers read."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from babel.dates import format_date
from flask import (
    Flask,
    Response,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from jinja2_fragments.flask import render_block
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, current_user
from portal.extensions import htmx
from portal.language import lazy_gettext as _l

NBSP = "\u00a0"
LOCALE = "nb"


@dataclass(frozen=True)
class Place:
    """An entry of the header."""

    label: str
    url: str
    current: bool = False


NAVIGATION: dict[Role, tuple[tuple[Any, str], ...]] = {
    Role.MEMBER: (
        (_l("Min side"), "home.member"),
        (_l("Samtaler"), "coaching.sessions"),
        (_l("Mentor"), "mentoring.overview"),
        (_l("Profil"), "profile.overview"),
    ),
    Role.MENTOR: (
        (_l("Mentees"), "mentor.desk"),
        (_l("Det du har stått i"), "mentor.experience"),
    ),
    Role.COACH: (
        (_l("Uken"), "coach.week"),
        (_l("Samtaler"), "coach.sessions"),
        (_l("Ledig tid"), "coach.availability"),
    ),
    Role.SECRETARIAT: (
        (_l("Oversikt"), "home.secretariat"),
        (_l("Medlemmer"), "members.index"),
        (_l("Deltakere"), "enrolments.index"),
        (_l("Kobling"), "rounds.index"),
        (_l("Økonomi"), "costs.overview"),
    ),
    Role.STEERING: ((_l("Rapport"), "steering.report"),),
}


def main_page(role: Role) -> str:
    """The address a person with this role comes to first."""
    return url_for(NAVIGATION[role][0][1])


def render(template: str, block: str | None = None, status: int = 200, **context: Any) -> Response:
    """The page, or for an htmx request that is content with it, only the block. The view names the block."""
    if block and htmx and not htmx.boosted and not htmx.history_restore_request:
        body = render_block(template, block, **context)
    else:
        body = render_template(template, **context)
    response = make_response(body, status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def after_write(url: str) -> BaseResponse:
    """Leave for `url` once something is written, so that reloading does not write it again."""
    if htmx:
        response = Response(status=204)
        response.headers["HX-Redirect"] = url
        return response
    return redirect(url, 303)


def _asset(filename: str) -> str:
    """The address of a static file, new whenever its content is, so that browsers may keep it for ever."""
    return f"{current_app.static_url_path}/{filename}?v={_fingerprint(filename)}"


@cache
def _fingerprint(filename: str) -> str:
    path = Path(current_app.static_folder or "") / filename
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def _places(hat: Role | None) -> list[Place]:
    if hat is None:
        return []
    own = (request.endpoint or "").split(".")[0]
    return [
        Place(str(label), url_for(endpoint), _is_current(endpoint, own))
        for label, endpoint in NAVIGATION[hat]
    ]


def _is_current(endpoint: str, blueprint: str) -> bool:
    if endpoint == request.endpoint:
        return True
    # A page below a place belongs to the place that carries its blueprint's first page.
    places = [e for e in NAVIGATION[g.hat] if e[1].split(".")[0] == blueprint]
    named = any(e[1] == request.endpoint for e in places)
    return not named and bool(places) and places[0][1] == endpoint


def _page_context() -> dict[str, Any]:
    hat: Role | None = g.get("hat")
    others = [r for r in Role if hat and r in current_user.roles and r != hat] if hat else []
    return {
        "hat": hat,
        "navigation": _places(hat),
        "other_hats": [Place(r.label, main_page(r)) for r in others],
        "demo": current_app.config["DEMO"],
    }


def _day(value: date | datetime) -> date:
    return clock.today(value) if isinstance(value, datetime) else value


@lru_cache(4096)
def _written(day: date, pattern: str) -> str:
    return format_date(day, pattern, locale=LOCALE)


def long_date(value: date | datetime) -> str:
    """24. november 2026"""
    return _written(_day(value), f"d.{NBSP}MMMM y")


def short_date(value: date | datetime) -> str:
    """24. nov."""
    return _written(_day(value), f"d.{NBSP}MMM")


def weekday_date(value: date | datetime) -> str:
    """tirsdag 24. november"""
    return _written(_day(value), f"EEEE d.{NBSP}MMMM")


def clock_time(value: datetime | time) -> str:
    """09.00, on a Norwegian clock"""
    at = clock.oslo(value).time() if isinstance(value, datetime) else value
    return f"{at.hour:02}.{at.minute:02}"


def moment(value: datetime) -> str:
    """tirsdag 24. november kl. 09.00"""
    return f"{weekday_date(value)} kl.{NBSP}{clock_time(value)}"


def number(value: int | float | Decimal) -> str:
    """12 000"""
    return f"{value:,.0f}".replace(",", NBSP).replace("-", "−")


def decimal(value: float | Decimal, places: int = 1) -> str:
    """12,5"""
    return f"{value:,.{places}f}".replace(",", NBSP).replace(".", ",").replace("-", "−")


def money(value: Decimal | int) -> str:
    """2 300 kr; øre only where there are any"""
    whole = value == int(value)
    return f"{number(value) if whole else decimal(value, 2)}{NBSP}kr"


def initials(name: str) -> str:
    """KV, of first and last name"""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper()


_WORDS = (
    *(_l("ingen"), _l("én"), _l("to"), _l("tre"), _l("fire"), _l("fem"), _l("seks")),
    *(_l("sju"), _l("åtte"), _l("ni"), _l("ti"), _l("elleve"), _l("tolv")),
)


def spelled(value: int) -> str:
    """tre; in figures from thirteen on"""
    return str(_WORDS[value]) if 0 <= value < len(_WORDS) else number(value)


FILTERS: dict[str, Callable[..., str]] = {
    "date": long_date,
    "short_date": short_date,
    "weekday_date": weekday_date,
    "clock": clock_time,
    "datetime": moment,
    "number": number,
    "decimal": decimal,
    "money": money,
    "initials": initials,
    "spelled": spelled,
    "month": lambda value: _written(_day(value), "LLLL"),
    "weekday": lambda value: _written(_day(value), "EEEE"),
    "short_month": lambda value: _written(_day(value), "LLL"),
    "short_weekday": lambda value: _written(_day(value), "EEE"),
}


def register(app: Flask) -> None:
    """Filters, the header's context, and every macro of templates/components as a global."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["asset"] = _asset
    app.context_processor(_page_context)
    folder = Path(str(app.jinja_loader.searchpath[0]) if app.jinja_loader else "") / "components"  # type: ignore[attr-defined]
    with app.test_request_context():
        for path in sorted(folder.glob("*.html")):
            module = app.jinja_env.get_template(f"components/{path.name}").module
            names = [n for n in dir(module) if not n.startswith("_")]
            app.jinja_env.globals.update({n: getattr(module, n) for n in names})


__all__ = ["FILTERS", "Place", "after_write", "flash", "main_page", "register", "render"]
