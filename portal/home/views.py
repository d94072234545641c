from flask import Blueprint, Response, current_app, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, allow, allow_anyone
from portal.accounts.current import current_user
from portal.accounts.views import first_page
from portal.coaching import participation
from portal.costs import burn_up
from portal.home.next_step import next_meeting, next_step
from portal.home.overview import read as read_overview
from portal.language import gettext as _
from portal.mentoring import status
from portal.privacy.terms import BACKUP_DAYS, CHANGED_ON, TERMS
from portal.rendering import render
from portal.revision import kept

home = Blueprint("home", __name__)


@home.get("/")
@allow_anyone
def landing() -> Response | BaseResponse:
    # In the demonstration the public page is where one changes from one person to another.
    if current_user.is_authenticated and not current_app.config["DEMO"]:
        return redirect(first_page(current_user), 303)
    return render("public/landing.html")


@home.get("/privacy")
@allow_anyone
def privacy() -> Response:
    return render("public/privacy.html", terms=TERMS, changed_on=CHANGED_ON, backup_days=BACKUP_DAYS)


@home.get("/accessibility")
@allow_anyone
def accessibility() -> Response:
    return render("public/accessibility.html")


@home.get("/home")
@allow(Role.MEMBER)
@kept
def member() -> Response:
    now = clock.now()
    coaching = participation.read(current_user, clock.today(now))
    mentoring = status.read(current_user)
    booked = [t.booking for t in coaching.card.tickets if t.booking and t.booking.is_ahead(now)]
    return render(
        "home/member.html",
        greeting=greeting(current_user.first_name, clock.oslo(now).hour),
        now=now,
        step=next_step(coaching, mentoring, now),
        stand=coaching,
        bookings=sorted(booked, key=lambda b: b.starts_at),
        mentoring=mentoring,
        meeting=next_meeting(mentoring, now),
    )


def greeting(name: str, hour: int) -> str:
    if hour < 5 or hour >= 18:
        return str(_("God kveld, %(name)s.", name=name))
    return str(_("God morgen, %(name)s.", name=name) if hour < 10 else _("God dag, %(name)s.", name=name))


@home.get("/secretariat/")
@allow(Role.SECRETARIAT)
@kept
def secretariat() -> Response:
    now = clock.now()
    overview = read_overview(current_user, now)
    course = overview.coaching.course if overview.coaching is not None else None
    return render(
        "home/secretariat.html",
        overview=overview,
        now=now,
        wide=burn_up.draw(course, 568, 300) if course is not None else None,
        narrow=burn_up.draw(course, 340, 270, every=3) if course is not None else None,
    )


@home.get("/favicon.ico")
@allow_anyone
def favicon() -> BaseResponse:
    return redirect(url_for("static", filename="img/favicon.svg"), 301)
