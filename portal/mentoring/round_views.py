from flask import Blueprint

from portal.access import Role, allow

rounds = Blueprint("rounds", __name__)


@rounds.get("/secretariat/rounds")
@allow(Role.SECRETARIAT)
def index() -> str:
    return "rounds.index"
