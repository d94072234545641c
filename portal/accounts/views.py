import secrets
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, allow_anyone, allow_signed_in, load, local_path
from portal.accounts.current import current_user
from portal.accounts.forms import SignInForm
from portal.accounts.models import LoginLink, Session, User
from portal.accounts.sign_in import ask_for_link, begin_session, end_one, end_session
from portal.extensions import db, limiter
from portal.language import gettext as _
from portal.rendering import after_write, flash, main_page, render

accounts = Blueprint("accounts", __name__)


def first_page(user: User) -> str:
    """Where a person comes to after signing in."""
    return next((main_page(role) for role in Role if role in user.roles), url_for("accounts.devices"))


def _browser() -> str:
    """What ties a mailed link to the browser that asked for it."""
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(24)
    return str(session["browser"])


@accounts.get("/sign-in")
@allow_anyone
def sign_in() -> Response | BaseResponse:
    if current_user.is_authenticated:
        return redirect(first_page(current_user), 303)
    form = SignInForm(next=local_path(request.args.get("next")))
    return render("accounts/sign_in.html", form=form)


@accounts.post("/sign-in")
@allow_anyone
@limiter.limit("10/minute;60/hour")
def ask() -> Response | BaseResponse:
    form = SignInForm()
    if not form.validate_on_submit():
        return render("accounts/sign_in.html", status=422, form=form)
    ask_for_link(str(form.email.data), _browser(), clock.now())
    session["next"] = local_path(form.next.data)
    db.session.commit()
    return after_write(url_for("accounts.link_sent"))


@accounts.get("/sign-in/sent")
@allow_anyone
def link_sent() -> Response:
    return render("accounts/link_sent.html", mail_folder=_mail_folder())


def _mail_folder() -> str | None:
    """Where there is no mail server yet: the folder that the mails lie in, as somebody at the machine knows it."""
    folder = None if current_app.config["SMTP_URL"] else current_app.config["MAIL_FOLDER"]
    if folder is None:
        return None
    root = Path(current_app.instance_path).parent
    return f"{folder.relative_to(root) if folder.is_relative_to(root) else folder}/"


@accounts.get("/sign-in/<string(length=43):token>")
@allow_anyone
def open_link(token: str) -> Response:
    # Mail scanners follow links but press no buttons, so looking does not spend the link.
    return render("accounts/open_link.html", token=token)


@accounts.post("/sign-in/<string(length=43):token>")
@allow_anyone
@limiter.limit("20/minute")
def use_link(token: str) -> Response | BaseResponse:
    now = clock.now()
    user = LoginLink.use(token, _browser(), now)
    if user is None:
        db.session.rollback()
        form = SignInForm(formdata=None, next=local_path(session.get("next")))
        return render("accounts/link_refused.html", status=422, form=form)
    target = local_path(session.get("next")) or first_page(user)
    begin_session(user, "link", device_name(), now)
    db.session.commit()
    return after_write(target)


@accounts.post("/sign-out")
@allow_anyone
def sign_out() -> BaseResponse:
    end_session(clock.now())
    db.session.commit()
    flash(_("Du er logget ut."))
    return after_write(url_for("home.landing"))


@accounts.get("/devices")
@allow_signed_in
def devices() -> Response:
    now = clock.now()
    current = Session.open_with(session["sid"], now)
    sessions = db.session.scalars(Session.visible_to(current_user).where(Session.is_living(now))).all()
    return render("accounts/devices.html", sessions=sessions, current=current)


@accounts.post("/devices/<int:session_id>/end")
@allow_signed_in
def end_device(session_id: int) -> BaseResponse:
    end_one(load(Session.visible_to(current_user), session_id), current_user, clock.now())
    db.session.commit()
    flash(_("Enheten er logget ut."))
    return after_write(url_for("accounts.devices"))


@accounts.post("/devices/others/end")
@allow_signed_in
def end_other_devices() -> BaseResponse:
    now = clock.now()
    current = Session.open_with(session["sid"], now)
    for other in db.session.scalars(Session.visible_to(current_user)):
        if current is None or other.id != current.id:
            end_one(other, current_user, now)
    db.session.commit()
    flash(_("Du er logget ut av alle de andre enhetene."))
    return after_write(url_for("accounts.devices"))


@accounts.post("/hat")
@allow_signed_in
def change_hat() -> BaseResponse:
    role = request.form.get("role", "")
    if role not in current_user.roles:
        abort(404)
    session["hat"] = role
    return after_write(main_page(Role(role)))


def device_name() -> str:
    """The browser and system, in words a person recognises."""
    agent = request.user_agent.string
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in agent), _("Ukjent nettleser"))
    system = next((name for mark, name in systems if mark in agent), "")
    return f"{browser}, {system}" if system else browser
