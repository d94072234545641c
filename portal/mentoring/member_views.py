from flask import Blueprint

from portal.access import Role, allow

mentoring = Blueprint("mentoring", __name__)


@mentoring.get("/mentoring/")
@allow(Role.MEMBER)
def overview() -> str:
    return "mentoring.overview"
