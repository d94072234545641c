"""What the steering group sees: frozen reports, and nothing that is counted now."""

from collections.abc import Sequence

from flask import Blueprint, Response, abort

from portal.access import Role, allow
from portal.costs import burn_up
from portal.extensions import db
from portal.rendering import render
from portal.revision import kept
from portal.steering import freezing  # noqa: F401  # the worker's job comes with the pages
from portal.steering.models import Report
from portal.steering.report import Reading

steering = Blueprint("steering", __name__)


@steering.get("/steering/")
@allow(Role.STEERING)
@kept
def report() -> Response:
    reports = _reports()
    return _page(reports, len(reports) - 1) if reports else render("steering/none.html")


@steering.get("/steering/reports/<int:report_id>")
@allow(Role.STEERING)
def past(report_id: int) -> Response:
    reports = _reports()
    place = next((n for n, report in enumerate(reports) if report.id == report_id), None)
    return _page(reports, place) if place is not None else abort(404)


def _reports() -> Sequence[Report]:
    return db.session.scalars(Report.in_order()).all()


def _page(reports: Sequence[Report], place: int) -> Response:
    readings = [Reading(report, reports[:n]) for n, report in enumerate(reports)]
    course = readings[place].course
    return render(
        "steering/report.html",
        reading=readings[place],
        is_latest=place == len(reports) - 1,
        others=[reading for n, reading in reversed(list(enumerate(readings))) if n != place],
        wide=burn_up.draw(course, 680, 300) if course else None,
        narrow=burn_up.draw(course, 340, 270, every=3) if course else None,
    )
