from flask import Blueprint

from portal.access import Role, allow

steering = Blueprint("steering", __name__)


@steering.get("/steering/")
@allow(Role.STEERING)
def report() -> str:
    return "steering.report"
