from flask import Blueprint

from portal.access import Role, allow

enrolments = Blueprint("enrolments", __name__)


@enrolments.get("/secretariat/enrolments")
@allow(Role.SECRETARIAT)
def index() -> str:
    return "enrolments.index"
