"""To the organisation's own sign-in, and back."""

from flask import Blueprint, abort, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import allow_anyone, local_path
from portal.accounts.limits import way_in
from portal.accounts.organisation import Asked, NotLetIn, address_to_ask, arrive, is_on
from portal.accounts.sign_in import begin_session
from portal.accounts.views import device_name, first_page, second_step
from portal.audit.reads import WRITES
from portal.extensions import db
from portal.rendering import flash

organisation = Blueprint("organisation", __name__)


@organisation.get("/sign-in/organisation")
@allow_anyone
@way_in
def leave() -> BaseResponse:
    if not is_on():
        abort(404)
    asked = Asked.anew()
    session["asked"] = [asked.state, asked.nonce, asked.verifier]
    session["next"] = local_path(request.args.get("next"))
    try:
        return redirect(address_to_ask(asked, _return_to()), 303)
    except NotLetIn as no:
        return _refused(no)


@organisation.get("/sign-in/organisation/return")
@allow_anyone
@way_in
def come_back() -> BaseResponse:
    kept = session.pop("asked", None)  # one answer to one question
    if not is_on() or not isinstance(kept, list) or len(kept) != 3:
        abort(404)
    now = clock.now()
    # This GET writes, from what is there once the provider has answered: what was read before is let go.
    db.session.rollback()
    request.environ[WRITES] = True
    try:
        state, code = request.args.get("state", ""), request.args.get("code", "")
        arrival = arrive(Asked(*map(str, kept)), state, code, _return_to(), now)
    except NotLetIn as no:
        db.session.rollback()
        return _refused(no)
    user, target = arrival.user, local_path(session.get("next"))
    here = begin_session(user, "organisation", device_name(), now, proved=arrival.is_proved)
    here.vouched_at = now
    db.session.commit()
    if arrival.is_proved:
        return redirect(target or first_page(user), 303)
    session["next"] = target
    return redirect(second_step(here), 303)


def _return_to() -> str:
    return f"{current_app.config['BASE_URL']}{url_for('organisation.come_back')}"


def _refused(no: NotLetIn) -> BaseResponse:
    flash(str(no))
    return redirect(url_for("accounts.sign_in"), 303)
