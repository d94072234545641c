"""Choosing and setting up a second factor: the first on the way in, further ones later."""

from io import BytesIO

import segno
from flask import Blueprint, Response, abort, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import allow_halfway
from portal.accounts import codes, passkeys
from portal.accounts.codes import FreshCodes
from portal.accounts.current import lock_whoever_is_here, session_here
from portal.accounts.factors import Totp
from portal.accounts.forms import CodeForm
from portal.accounts.limits import way_in
from portal.accounts.models import User
from portal.accounts.notices import tell
from portal.accounts.passkeys import PasskeyRefused
from portal.accounts.recent import first_factor_or_recently, is_too_late
from portal.accounts.sign_in import prove
from portal.accounts.views import device_name, way_on
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import after_write, flash, render

factors = Blueprint("factors", __name__)
FACTOR_ADDED = audit.declare("second factor added", "kind")
FACTOR_REFUSED = audit.declare("second factor refused", "kind")


@factors.get("/sign-in/factor")
@allow_halfway
@first_factor_or_recently
def choose() -> Response:
    return _choose_page()


@factors.post("/sign-in/app")
@allow_halfway
@first_factor_or_recently
def begin_app() -> BaseResponse:
    lock_whoever_is_here()  # a double click sets up one
    codes.set_up_app(session_here(), clock.now())
    db.session.commit()
    return after_write(url_for("factors.app"))


@factors.get("/sign-in/app")
@allow_halfway
@first_factor_or_recently
def app() -> Response | BaseResponse:
    totp = db.session.scalar(Totp.being_set_up(session_here()))
    if totp is None:
        return redirect(url_for("factors.choose"), 303)
    return _app_page(CodeForm(formdata=None), totp)


@factors.get("/sign-in/app/code.svg")
@allow_halfway
@first_factor_or_recently
def picture() -> Response:
    here = session_here()
    totp = db.session.scalar(Totp.being_set_up(here))
    if totp is None:
        abort(404)
    drawn = BytesIO()
    segno.make(codes.address_of(totp, here.user), error="m").save(
        drawn, kind="svg", scale=5, border=4, light="#fff", dark="#000", svgclass=None, lineclass=None
    )
    return Response(drawn.getvalue(), mimetype="image/svg+xml")


@factors.post("/sign-in/app/code")
@allow_halfway
@first_factor_or_recently
@way_in
def confirm_app() -> Response | BaseResponse:
    fresh = _codes_for_the_first()
    user, now, form = lock_whoever_is_here(), clock.now(), CodeForm()
    if is_too_late():
        return after_write(url_for("second_factor.code"))
    totp = db.session.scalar(Totp.being_set_up(session_here()))
    if totp is None:
        return after_write(url_for("factors.choose"))
    if not form.validate_on_submit():
        return _app_page(form, totp, 422)
    if not codes.use_app_code(totp, str(form.code.data), now):
        form.refuse(
            "code", _("Koden stemmer ikke. Se at klokken på telefonen går riktig, og prøv den neste koden.")
        )
        return _app_page(form, totp, 422)
    earlier = db.session.scalar(Totp.in_use(user))
    if earlier is not None:  # a new phone: the old one's app shows codes in vain
        db.session.delete(earlier)
        db.session.flush()
    totp.confirm(now)
    return _added(user, "app", fresh)


@factors.post("/sign-in/passkey/offer")
@allow_halfway
@first_factor_or_recently
@way_in
def offer_passkey() -> Response:
    options = passkeys.offer(session_here().user, str(session["sid"]), clock.now())
    db.session.commit()
    return Response(options, mimetype="application/json")


@factors.post("/sign-in/passkey")
@allow_halfway
@first_factor_or_recently
@way_in
def make_passkey() -> Response | BaseResponse:
    fresh = _codes_for_the_first()
    user, now = lock_whoever_is_here(), clock.now()
    if is_too_late():
        return after_write(url_for("second_factor.code"))
    answer, handle = request.form.get("answer", ""), request.form.get("handle", "")
    try:
        passkeys.keep(user, answer, handle, str(session["sid"]), device_name(), now)
    except PasskeyRefused as no:
        audit.record(FACTOR_REFUSED, by=user, on=session_here(), at=now, kind="passkey")
        db.session.commit()  # the challenge is spent, whatever was answered
        return _choose_page(str(no), 422)
    return _added(user, "passkey", fresh)


def _codes_for_the_first() -> FreshCodes | None:
    """The ten that come with the first factor, hashed before anything is held."""
    if session_here().is_complete:
        return None
    db.session.rollback()  # nobody waits for the hashes
    return FreshCodes.make()


def _added(user: User, kind: str, fresh: FreshCodes | None) -> Response | BaseResponse:
    """A factor is there: the first one lets the person all the way in, with ten codes for a bad day."""
    here, now = session_here(), clock.now()
    audit.record(FACTOR_ADDED, by=user, on=user, at=now, kind=kind)
    tell(user, now)
    is_first = not here.is_complete
    prove(here, kind, now)
    if fresh is None or not is_first:
        db.session.commit()
        flash(_("Lagt til. Vi har sendt deg en e-post om at innloggingen er endret."))
        return after_write(url_for("security.overview"))
    shown = codes.give_recovery_codes(user, fresh, now)
    target = way_on(user)
    db.session.commit()
    return render("accounts/recovery_codes.html", codes=shown, target=target)


def _choose_page(refused: str | None = None, status: int = 200) -> Response:
    here = session_here()
    return render(
        "accounts/choose_factor.html", status=status, is_first=not here.is_complete, refused=refused
    )


def _app_page(form: CodeForm, totp: Totp, status: int = 200) -> Response:
    secret = codes.secret_of(totp)
    parts = [secret[i : i + 4] for i in range(0, len(secret), 4)]
    return render("accounts/app.html", status=status, form=form, secret=" ".join(parts), totp=totp)
