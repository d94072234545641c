"""Coming in by a mailed link, and going out again."""

from pathlib import Path

from flask import Blueprint, Response, abort, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, allow_anyone, allow_signed_in, forget, local_path
from portal.accounts import organisation
from portal.accounts.current import browser, current_user
from portal.accounts.factors import has_something_to_prove
from portal.accounts.forms import SignInForm
from portal.accounts.limits import mail_to_written_address, way_in
from portal.accounts.models import LoginLink, User
from portal.accounts.sessions import Session
from portal.accounts.sign_in import ask_for_link, begin_session, end_session, note_refused
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import after_write, flash, main_page, render

accounts = Blueprint("accounts", __name__)


def first_page(user: User) -> str:
    """Where a person comes to after signing in."""
    return next((main_page(role) for role in Role if role in user.roles), url_for("security.overview"))


def second_step(here: Session) -> str:
    """Where a person comes to who is halfway in."""
    return url_for("second_factor.code" if has_something_to_prove(here) else "factors.choose")


@accounts.get("/sign-in")
@allow_anyone
def sign_in() -> Response | BaseResponse:
    if current_user.is_authenticated:
        return redirect(first_page(current_user), 303)
    return _page(SignInForm(next=local_path(request.args.get("next"))))


@accounts.post("/sign-in")
@allow_anyone
@mail_to_written_address
def ask() -> Response | BaseResponse:
    form = SignInForm()
    if not form.validate_on_submit():
        return _page(form, 422)
    ask_for_link(str(form.email.data), browser(), clock.now())
    session["next"] = local_path(form.next.data)
    db.session.commit()
    return after_write(url_for("accounts.link_sent"))


def _page(form: SignInForm, status: int = 200) -> Response:
    name = current_app.config["OIDC_NAME"] if organisation.is_on() else None
    return render("accounts/sign_in.html", status=status, form=form, organisation=name)


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
@way_in
def use_link(token: str) -> Response | BaseResponse:
    now = clock.now()
    user = LoginLink.use(token, browser(), now)
    if user is None:
        db.session.rollback()
        note_refused("link", now)
        db.session.commit()
        form = SignInForm(formdata=None, next=local_path(session.get("next")))
        return render("accounts/link_refused.html", status=422, form=form)
    target = local_path(session.get("next"))
    here = begin_session(user, "link", device_name(), now, proved_at=None)
    session["next"] = target
    db.session.commit()
    return after_write(second_step(here))


@accounts.post("/sign-out")
@allow_anyone
def sign_out() -> BaseResponse:
    end_session(clock.now())
    db.session.commit()
    flash(_("Du er logget ut."))
    return forget(after_write(url_for("home.landing")))


@accounts.post("/hat")
@allow_signed_in
def change_hat() -> BaseResponse:
    role = request.form.get("role", "")
    if role not in current_user.roles:
        abort(404)
    session["hat"] = role
    return after_write(main_page(Role(role)))


def way_on(user: User) -> str:
    """Where the person was going before they had to sign in."""
    return local_path(session.pop("next", None)) or first_page(user)


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
    name = next((name for mark, name in browsers if mark in agent), _("Ukjent nettleser"))
    system = next((name for mark, name in systems if mark in agent), "")
    return f"{name}, {system}" if system else name
