"""To the organisation's own sign-in, and back."""

from datetime import datetime

from flask import Blueprint, abort, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import LONGEST, allow_anyone, allow_signed_in, local_path
from portal.accounts.current import current_session, current_user, lock_whoever_is_here, session_here
from portal.accounts.limits import way_in
from portal.accounts.organisation import Arrival, Asked, NotLetIn, address_to_ask, arrive, is_on
from portal.accounts.recent import give_after
from portal.accounts.sign_in import begin_session, note_refused, prove
from portal.accounts.views import device_name, first_page, second_step
from portal.audit.reads import WRITES
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import flash

organisation = Blueprint("organisation", __name__)


@organisation.get("/sign-in/organisation")
@allow_anyone
@way_in
def leave() -> BaseResponse:
    session["next"] = local_path(request.args.get("next"))
    return _ask()


@organisation.get("/confirmation/organisation")
@allow_signed_in
@way_in
def leave_to_confirm() -> BaseResponse:
    return _ask(again=[_brief(request.args.get(name)) for name in ("next", "file")])


def _ask(again: list[str | None] | None = None) -> BaseResponse:
    if not is_on():
        abort(404)
    asked = Asked.anew()
    session["asked"] = [asked.state, asked.nonce, asked.verifier]
    session["again"] = again
    try:
        return redirect(address_to_ask(asked, _return_to(), anew=again is not None), 303)
    except NotLetIn:
        return _way_back(again)


def _brief(target: str | None) -> str | None:
    """A path to come back to; two of them and the question must fit in the cookie."""
    path = local_path(target)
    return path if path is not None and len(path) <= LONGEST / 2 else None


@organisation.get("/sign-in/organisation/return")
@allow_anyone
@way_in
def come_back() -> BaseResponse:
    kept, again = session.pop("asked", None), session.pop("again", None)  # one answer to one question
    if not is_on() or not isinstance(kept, list) or len(kept) != 3:
        abort(404)
    now = clock.now()
    # This GET writes, from what is there once the provider has answered: what was read before is let go.
    db.session.rollback()
    request.environ[WRITES] = True
    try:
        state, code = request.args.get("state", ""), request.args.get("code", "")
        arrival = arrive(Asked(*map(str, kept)), state, code, _return_to(), now)
    except NotLetIn:
        db.session.rollback()
        return _refused(again, now)
    if again is not None and current_user.is_authenticated:
        return _confirmed(arrival, again, now)
    user, target = arrival.user, local_path(session.get("next"))
    here = begin_session(user, "organisation", device_name(), now, proved_at=arrival.proved_at)
    here.vouched_at = now
    db.session.commit()
    if here.is_complete:
        return redirect(target or first_page(user), 303)
    session["next"] = target
    return redirect(second_step(here), 303)


def _confirmed(arrival: Arrival, again: list[str | None], now: datetime) -> BaseResponse:
    """Whoever is here has been to the organisation to prove it: they and nobody else, and just now."""
    here, (target, file) = session_here(), again
    if arrival.user.id != here.user_id or not arrival.is_fresh(now):
        db.session.rollback()
        return _refused(again, now)
    lock_whoever_is_here()
    prove(here, "organisation", now, arrival.proved_at)
    here.vouched_at = now
    db.session.commit()
    give_after(file)
    return redirect(target or first_page(here.user), 303)


def _refused(again: list[str | None] | None, now: datetime) -> BaseResponse:
    note_refused("organisation", now, current_session() if again is not None else None)
    db.session.commit()
    return _way_back(again)


def _way_back(again: list[str | None] | None) -> BaseResponse:
    """To where the person left from, and can choose another way."""
    if again is None or not current_user.is_authenticated:
        flash(str(NotLetIn()))
        return redirect(url_for("accounts.sign_in"), 303)
    flash(
        _(
            "Vi fikk ikke vite at du nettopp har logget inn der. Prøv en gang til, eller bekreft på en annen måte."
        )
    )
    return redirect(url_for("second_factor.confirm", next=again[0], file=again[1]), 303)


def _return_to() -> str:
    return f"{current_app.config['BASE_URL']}{url_for('organisation.come_back')}"
