from flask import Blueprint

from portal.access import Role, allow

coaching = Blueprint("coaching", __name__)


@coaching.get("/coaching/")
@allow(Role.MEMBER)
def sessions() -> str:
    return "coaching.sessions"
