"""One's own sign-in: factors, codes, devices and address; and saying that a change was not one's own."""

from flask import Blueprint, Response, abort, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import allow_anyone, allow_signed_in, load
from portal.accounts import codes
from portal.accounts.addresses import EmailChange, LinkVoid, ask_to_change
from portal.accounts.codes import FreshCodes
from portal.accounts.current import current_user, lock_whoever_is_here, session_here
from portal.accounts.factors import LastFactor, Passkey, Totp, require_another
from portal.accounts.forms import NewAddressForm
from portal.accounts.limits import mail_by_person, mail_to_written_address, way_in
from portal.accounts.notices import tell, was_not_me
from portal.accounts.recent import recently_authenticated
from portal.accounts.sessions import CAREFUL, Session
from portal.accounts.sign_in import end_one
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import after_write, flash, render

security = Blueprint("security", __name__)
FACTOR_REMOVED = audit.declare("second factor removed", "kind")
CODES_RENEWED = audit.declare("recovery codes renewed")


@security.get("/security")
@allow_signed_in
def overview() -> Response:
    return render(
        "accounts/security.html",
        passkeys=db.session.scalars(Passkey.visible_to(current_user)).all(),
        app=db.session.scalar(Totp.in_use(current_user)),
        codes_left=codes.count_left(current_user),
    )


@security.post("/security/passkeys/<int:passkey_id>/removal")
@allow_signed_in
@recently_authenticated
@mail_by_person
def remove_passkey(passkey_id: int) -> BaseResponse:
    return _remove(load(Passkey.visible_to(current_user), passkey_id), "passkey")


@security.post("/security/app/removal")
@allow_signed_in
@recently_authenticated
@mail_by_person
def remove_app() -> BaseResponse:
    app = db.session.scalar(Totp.in_use(current_user))
    if app is None:
        abort(404)
    return _remove(app, "app")


def _remove(factor: Passkey | Totp, kind: str) -> BaseResponse:
    now = clock.now()
    lock_whoever_is_here()  # so that of two factors removed at once one stays
    try:
        require_another(current_user, than=factor)
    except LastFactor as no:
        db.session.rollback()
        flash(str(no))
        return after_write(url_for("security.overview"))
    db.session.delete(factor)
    audit.record(FACTOR_REMOVED, by=current_user, on=current_user, at=now, kind=kind)
    tell(current_user, now)
    db.session.commit()
    flash(_("Fjernet. Vi har sendt deg en e-post om at innloggingen er endret."))
    return after_write(url_for("security.overview"))


@security.post("/security/recovery-codes")
@allow_signed_in
@recently_authenticated
@mail_by_person
def renew_codes() -> Response:
    now = clock.now()
    db.session.rollback()  # nobody waits for the hashes
    fresh = FreshCodes.make()
    user = (
        lock_whoever_is_here()
    )  # so that of two sets made at once the one shown last is the one that counts
    shown = codes.give_recovery_codes(user, fresh, now)
    audit.record(CODES_RENEWED, by=current_user, on=current_user, at=now)
    tell(current_user, now)
    db.session.commit()
    return render("accounts/recovery_codes.html", codes=shown, target=url_for("security.overview"))


@security.get("/security/email")
@allow_signed_in
@recently_authenticated
def address() -> Response:
    return render("accounts/address.html", form=NewAddressForm(formdata=None))


@security.post("/security/email")
@allow_signed_in
@recently_authenticated
@mail_to_written_address
def change_address() -> Response | BaseResponse:
    form = NewAddressForm()
    if not form.validate_on_submit():
        return render("accounts/address.html", status=422, form=form)
    ask_to_change(lock_whoever_is_here(), str(form.email.data), clock.now())
    db.session.commit()
    flash(_("Se i innboksen til den nye adressen. Lenken der må åpnes innen en time."))
    return after_write(url_for("security.overview"))


@security.get("/email/<string(length=43):token>")
@allow_signed_in
@recently_authenticated
def open_confirmation(token: str) -> Response:
    return render("accounts/confirm_address.html", token=token)


@security.post("/email/<string(length=43):token>")
@allow_signed_in
@recently_authenticated
@way_in
def confirm_address(token: str) -> Response | BaseResponse:
    user, now = lock_whoever_is_here(), clock.now()
    try:
        change = EmailChange.confirm(token, user, now)
    except LinkVoid as no:
        db.session.rollback()
        return render("accounts/confirm_address.html", status=422, token=token, refused=str(no))
    tell(user, now, change)
    db.session.commit()
    flash(_("Adressen er byttet. Den gamle har fått beskjed."))
    return after_write(url_for("security.overview"))


@security.get("/not-me/<string(length=43):token>")
@allow_anyone
def open_not_me(token: str) -> Response:
    return render("accounts/not_me.html", token=token)


@security.post("/not-me/<string(length=43):token>")
@allow_anyone
@way_in
def not_me(token: str) -> Response:
    done = was_not_me(token, clock.now())
    db.session.commit()
    return render("accounts/not_me_done.html", status=200 if done else 422, done=done)


@security.get("/devices")
@allow_signed_in
def devices() -> Response:
    now, here = clock.now(), session_here()
    rows = db.session.scalars(Session.visible_to(current_user).where(Session.proved_at.is_not(None)))
    living = [session for session in rows if session.is_living(now)]
    is_careful = bool(CAREFUL & current_user.roles)
    return render("accounts/devices.html", sessions=living, current=here, is_careful=is_careful)


@security.post("/devices/<int:session_id>/end")
@allow_signed_in
def end_device(session_id: int) -> BaseResponse:
    end_one(load(Session.visible_to(current_user), session_id), current_user, clock.now())
    db.session.commit()
    flash(_("Enheten er logget ut."))
    return after_write(url_for("security.devices"))


@security.post("/devices/others/end")
@allow_signed_in
def end_other_devices() -> BaseResponse:
    now, here = clock.now(), session_here()
    for other in db.session.scalars(Session.visible_to(current_user).where(Session.id != here.id)):
        end_one(other, current_user, now)
    db.session.commit()
    flash(_("Du er logget ut av alle de andre enhetene."))
    return after_write(url_for("security.devices"))
