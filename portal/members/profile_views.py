from flask import Blueprint

from portal.access import Role, allow

profile = Blueprint("profile", __name__)


@profile.get("/profile")
@allow(Role.MEMBER)
def overview() -> str:
    return "profile.overview"
