"""What the steering group sees: totals, and no person behind a number."""

from flask import Blueprint, Response

from portal import clock
from portal.access import Role, allow
from portal.coaching.current import current_programme
from portal.costs import burn_up
from portal.rendering import render
from portal.revision import kept
from portal.steering import report as reports

steering = Blueprint("steering", __name__)


@steering.get("/steering/")
@allow(Role.STEERING)
@kept
def report() -> Response:
    now = clock.now()
    found = reports.read(current_programme(now), now)
    today = clock.today(now)
    return render(
        "steering/report.html",
        report=found,
        now=now,
        quarter=(today.month + 2) // 3,
        year=today.year,
        wide=burn_up.draw(found.course, 680, 300) if found.course else None,
        narrow=burn_up.draw(found.course, 340, 270, every=3) if found.course else None,
    )
