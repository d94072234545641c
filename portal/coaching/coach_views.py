from flask import Blueprint

from portal.access import Role, allow

coach = Blueprint("coach", __name__)


@coach.get("/coach/")
@allow(Role.COACH)
def week() -> str:
    return "coach.week"


@coach.get("/coach/sessions")
@allow(Role.COACH)
def sessions() -> str:
    return "coach.sessions"


@coach.get("/coach/availability")
@allow(Role.COACH)
def availability() -> str:
    return "coach.availability"
