from flask import Blueprint

from portal.access import Role, allow

costs = Blueprint("costs", __name__)


@costs.get("/secretariat/costs")
@allow(Role.SECRETARIAT)
def overview() -> str:
    return "costs.overview"
