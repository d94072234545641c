from flask import Blueprint

from portal.access import Role, allow

mentor = Blueprint("mentor", __name__)


@mentor.get("/mentor/")
@allow(Role.MENTOR)
def desk() -> str:
    return "mentor.desk"


@mentor.get("/mentor/experience")
@allow(Role.MENTOR)
def experience() -> str:
    return "mentor.experience"
