"""Proving the second factor: on the way in, and once more before what must not be done by a borrowed machine."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import allow_anyone, allow_halfway, allow_signed_in, local_path
from portal.accounts import codes, organisation, passkeys
from portal.accounts.current import browser, current_user, session_here
from portal.accounts.factors import Passkey, Totp, has_factor, has_something_to_prove
from portal.accounts.forms import CodeForm, SignInForm
from portal.accounts.limits import way_in
from portal.accounts.notices import tell
from portal.accounts.passkeys import PasskeyCopied, PasskeyRefused, Purpose
from portal.accounts.recent import give_after, give_file
from portal.accounts.sessions import Session
from portal.accounts.sign_in import begin_session, note_copied, note_refused, prove, take_a_try, was_wrong
from portal.accounts.views import device_name, first_page, way_on
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import after_write, flash, render

second_factor = Blueprint("second_factor", __name__)
second_factor.after_app_request(give_file)


@second_factor.get("/sign-in/code")
@allow_halfway
def code() -> Response | BaseResponse:
    here = session_here()
    if here.is_complete:
        return redirect(first_page(here.user), 303)
    if not has_something_to_prove(here):
        return redirect(url_for("factors.choose"), 303)
    return _code_page(CodeForm(formdata=None), here)


@second_factor.post("/sign-in/code")
@allow_halfway
@way_in
def give_code() -> Response | BaseResponse:
    here, form = session_here(), CodeForm()
    if here.is_complete:
        return after_write(first_page(here.user))
    if not form.validate_on_submit():
        return _code_page(form, here, 422)
    way = _try_code(here, str(form.code.data))
    if here.ended_at is not None:
        return _out()
    if way is None:
        form.refuse("code", _wrong(str(form.code.data)))
        return _code_page(form, here, 422)
    target = way_on(here.user)
    db.session.commit()
    return after_write(target)


@second_factor.get("/confirmation")
@allow_signed_in
def confirm() -> Response:
    form = CodeForm(formdata=None, **_ways_on(request.args))
    return _confirmation_page(form)


@second_factor.post("/confirmation")
@allow_signed_in
@way_in
def confirm_with_code() -> Response | BaseResponse:
    here, form = session_here(), CodeForm()
    if not form.validate_on_submit():
        return _confirmation_page(form, 422)
    way = _try_code(here, str(form.code.data))
    if here.ended_at is not None:
        return _out()
    if way is None:
        form.refuse("code", _wrong(str(form.code.data)))
        return _confirmation_page(form, 422)
    db.session.commit()
    return _back()


@second_factor.post("/confirmation/passkey/challenge")
@allow_signed_in
@way_in
def ask_to_confirm() -> Response:
    question = passkeys.ask(Purpose.CONFIRM, str(session["sid"]), clock.now(), current_user)
    db.session.commit()
    return Response(question, mimetype="application/json")


@second_factor.post("/confirmation/passkey")
@allow_signed_in
@way_in
def confirm_with_passkey() -> Response | BaseResponse:
    now, form = clock.now(), CodeForm(formdata=None, **_ways_on(request.form))
    try:
        user = passkeys.answered(Purpose.CONFIRM, _answer(), str(session["sid"]), now)
        if user.id != current_user.id:
            raise PasskeyRefused
    except PasskeyRefused as no:
        _not_by_passkey(no, now, session_here())
        form.refuse("code", no)
        return _confirmation_page(form, 422)
    prove(session_here(), "passkey", now)
    db.session.commit()
    return _back()


@second_factor.post("/sign-in/passkey/challenge")
@allow_anyone
@way_in
def ask_for_passkey() -> Response:
    question = passkeys.ask(Purpose.SIGN_IN, browser(), clock.now())
    db.session.commit()
    return Response(question, mimetype="application/json")


@second_factor.post("/sign-in/passkey/answer")
@allow_anyone
@way_in
def sign_in_with_passkey() -> Response | BaseResponse:
    now, target = clock.now(), local_path(request.form.get("next")) or local_path(session.get("next"))
    try:
        user = passkeys.answered(Purpose.SIGN_IN, _answer(), browser(), now)
    except PasskeyRefused as no:
        _not_by_passkey(no, now)
        form = SignInForm(formdata=None, next=target)
        form.refuse("email", no)
        return render("accounts/sign_in.html", status=422, form=form, refused=str(no))
    begin_session(user, "passkey", device_name(), now, proved_at=now)
    db.session.commit()
    return after_write(target or first_page(user))


def _not_by_passkey(no: PasskeyRefused, now: datetime, here: Session | None = None) -> None:
    """Leave a trace of it. The challenge is spent, whatever was answered."""
    note_refused("passkey", now, here)
    if isinstance(no, PasskeyCopied):
        note_copied(no.passkey, now)
    db.session.commit()


def _answer() -> str:
    return request.form.get("answer", "")


def _try_code(here: Session, written: str) -> str | None:
    """How the code was right, or None. What was tried is committed: a wrong one counts."""
    now, user = clock.now(), here.user
    looks_right = codes.is_app_code(written) or codes.is_recovery_code(written)
    if not looks_right:
        return None
    tried, way = take_a_try(here), None
    app = db.session.scalar(Totp.in_use(user))
    if tried and codes.is_app_code(written):
        way = "app" if app is not None and codes.use_app_code(app, written, now) else None
    elif tried:
        salt = codes.salt_of(user)
        db.session.commit()  # the try counts, and nobody waits for the hash
        right = codes.use_recovery_code(user, codes.hashed(written, salt), now)
        way = "recovery_code" if right else None
    if way is not None:
        prove(here, way, now)
        if way == "recovery_code":
            tell(user, now)
    else:
        was_wrong(here, now)
        db.session.commit()
    return way


def _wrong(written: str) -> str:
    if codes.is_app_code(written) or codes.is_recovery_code(written):
        return _("Koden er feil, eller brukt før. Vent til appen viser en ny, og prøv den.")
    return _("En kode fra appen har seks sifre. En gjenopprettingskode har tolv tegn.")


def _out() -> BaseResponse:
    session.clear()
    flash(_("Det ble for mange feil koder. Begynn på nytt med e-postadressen din."))
    return after_write(url_for("accounts.sign_in"))


def _ways(here: Session) -> dict[str, Any]:
    return {
        "has_app": db.session.scalar(Totp.in_use(here.user)) is not None,
        "has_passkey": db.session.scalar(Passkey.visible_to(here.user).limit(1)) is not None,
    }


def _ways_on(values: Mapping[str, str]) -> dict[str, str | None]:
    """The page that is come back to, and the file that is given there, if one was asked for."""
    return {name: local_path(values.get(name)) for name in ("next", "file")}


def _back() -> BaseResponse:
    ways = _ways_on(request.form)
    give_after(ways["file"])
    return after_write(ways["next"] or first_page(current_user))


def _code_page(form: CodeForm, here: Session, status: int = 200) -> Response:
    return render(
        "accounts/code.html",
        status=status,
        form=form,
        has_factor=has_factor(here.user),
        organisation=None if here.vouched_at else organisation.way_of(here.user),
        way_there=url_for("organisation.leave", next=local_path(session.get("next"))),
        **_ways(here),
    )


def _confirmation_page(form: CodeForm, status: int = 200) -> Response:
    target, file = local_path(form.next.data), local_path(form.file.data)
    return render(
        "accounts/confirmation.html",
        status=status,
        form=form,
        organisation=organisation.way_of(current_user),
        way_there=url_for("organisation.leave_to_confirm", next=target, file=file),
        **_ways(session_here()),
    )
