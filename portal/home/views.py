from flask import Blueprint, Response, current_app, redirect
from werkzeug.wrappers import Response as BaseResponse

from portal.access import Role, allow, allow_anyone
from portal.accounts.current import current_user
from portal.accounts.views import first_page
from portal.rendering import render

home = Blueprint("home", __name__)


@home.get("/")
@allow_anyone
def landing() -> Response | BaseResponse:
    if current_user.is_authenticated and not current_app.config["DEMO"]:
        return redirect(first_page(current_user), 303)
    return render("public/landing.html")


@home.get("/privacy")
@allow_anyone
def privacy() -> Response:
    return render("public/privacy.html")


@home.get("/accessibility")
@allow_anyone
def accessibility() -> Response:
    return render("public/accessibility.html")


@home.get("/home")
@allow(Role.MEMBER)
def member() -> str:
    return "home.member"


@home.get("/secretariat/")
@allow(Role.SECRETARIAT)
def secretariat() -> str:
    return "home.secretariat"
