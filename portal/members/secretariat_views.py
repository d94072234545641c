from flask import Blueprint

from portal.access import Role, allow

members = Blueprint("members", __name__)


@members.get("/secretariat/members")
@allow(Role.SECRETARIAT)
def index() -> str:
    return "members.index"
