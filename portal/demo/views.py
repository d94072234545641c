from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import allow_anyone
from portal.accounts.models import User
from portal.accounts.sign_in import begin_session
from portal.accounts.views import device_name, first_page
from portal.demo.gallery import example
from portal.demo.personas import BY_CODE, PERSONAS, Persona
from portal.extensions import db
from portal.rendering import after_write, render

demo = Blueprint("demo", __name__, url_prefix="/demo")


@demo.app_context_processor
def personas() -> dict[str, tuple[Persona, ...]]:
    """Let the public page offer the personas, without knowing that there is a demonstration."""
    return {"personas": PERSONAS}


@demo.post("/sign-in")
@allow_anyone
def sign_in() -> BaseResponse:
    persona = BY_CODE.get(request.form.get("persona", ""))
    user = db.session.scalar(User.by_email(persona.email)) if persona else None
    if user is None:
        abort(404)
    target = first_page(user)
    now = clock.now()
    begin_session(user, "demo", device_name(), now, proved_at=now)
    db.session.commit()
    return after_write(target)


@demo.get("/components")
@allow_anyone
def components() -> Response:
    return render("public/components.html", form=example())
