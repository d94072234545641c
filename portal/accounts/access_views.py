"""Who has which access, given and taken by the secretariat; and letting somebody in who has lost their way in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import Select, select
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import Role, allow, load, local_path
from portal.accounts import changes, grants, shutting
from portal.accounts.current import current_user
from portal.accounts.forms import GrantForm, RecoveryForm
from portal.accounts.limits import mail_by_person
from portal.accounts.models import RoleGrant, User, fold_email
from portal.accounts.notices import tell, tell_secretariat
from portal.accounts.recent import recently_authenticated
from portal.accounts.recoveries import Recovery
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import after_write, flash, render

access = Blueprint("access", __name__)


@access.get("/secretariat/access")
@allow(Role.SECRETARIAT)
def index() -> Response:
    now = clock.now()
    people = db.session.scalars(grants.people_with_roles()).all()
    recoveries = db.session.scalars(Recovery.visible_to(current_user)).all()
    shut_out = db.session.scalars(shutting.shut_out()).all()
    stopped = db.session.scalars(shutting.shut_by_themselves(current_user, now)).all()
    changed = changes.lately(current_user, now)
    staff = {p.id for p in (*people, *shut_out)} | {recovery.asked_by_id for recovery in recoveries}
    staff |= {change.by_id for change in changed if change.by_id is not None}
    staff |= {change.whom_id for change in changed if change.is_of_role}
    helped = {r.user_id for r in recoveries} | {p.id for p in stopped}
    helped |= {change.whom_id for change in changed if not change.is_of_role}
    audit.has_read(staff, current_user, "access")
    audit.has_read(helped, current_user, "way-in")
    return render(
        "accounts/access.html",
        people=people,
        given_by_hand=grants.GIVEN_BY_HAND,
        recoveries=recoveries,
        locked=stopped,
        shut_out=shut_out,
        changes=changed,
        now=now,
        **_who_vouches([p for p in people if p.is_active and Role.SECRETARIAT in p.roles], now),
    )


def _who_vouches(there: list[User], now: datetime) -> dict[str, Any]:
    """Whether there are two in the secretariat who can let somebody begin anew, and whether the one who looks can."""
    settled = [user for user in there if user.may_vouch(now)]
    return {"is_sole": len(there) < 2, "too_few": len(settled) < 2, "may_vouch": current_user.may_vouch(now)}


@access.get("/secretariat/access/new")
@allow(Role.SECRETARIAT)
@recently_authenticated
def new() -> Response:
    form = GrantForm(formdata=None)
    form.offer_roles()
    return render("accounts/grant.html", form=form)


@access.post("/secretariat/access/new")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def give() -> Response | BaseResponse:
    form = GrantForm()
    form.offer_roles()
    if not form.validate_on_submit():
        return render("accounts/grant.html", status=422, form=form)
    role = Role(form.role.data)
    try:
        user = grants.give(str(form.email.data), str(form.name.data), role, current_user, clock.now())
    except DomainError as no:
        db.session.rollback()
        form.refuse("email", no)
        return render("accounts/grant.html", status=422, form=form)
    db.session.commit()
    flash(_("%(name)s har nå rollen %(role)s.", name=user.name, role=role.label))
    return after_write(url_for("access.index"))


@access.get("/secretariat/access/<int:grant_id>/removal")
@allow(Role.SECRETARIAT)
@recently_authenticated
def look_at_removal(grant_id: int) -> Response:
    grant = load(_removable(), grant_id)
    audit.has_read([grant.user_id], current_user, "access")
    return render("accounts/take.html", grant=grant, person=db.session.get_one(User, grant.user_id))


@access.post("/secretariat/access/<int:grant_id>/removal")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def take(grant_id: int) -> BaseResponse:
    grant = load(_removable(), grant_id)
    user, role = db.session.get_one(User, grant.user_id), grant.role
    return _answered(
        lambda: grants.take(user, role, current_user, clock.now()),
        _("%(name)s har ikke lenger rollen %(role)s, og er logget ut.", name=user.name, role=role.label),
    )


def _removable() -> Select[tuple[RoleGrant]]:
    by_hand = RoleGrant.role.in_(grants.GIVEN_BY_HAND)
    return select(RoleGrant).where(by_hand, RoleGrant.user_id != current_user.id)


@access.get("/secretariat/access/people/<int:user_id>/closure")
@allow(Role.SECRETARIAT)
@recently_authenticated
def look_at_closure(user_id: int) -> Response:
    person = load(shutting.handled_by(current_user), user_id)
    audit.has_read([person.id], current_user, "access")
    return render("accounts/closure.html", person=person, back=_back())


@access.post("/secretariat/access/people/<int:user_id>/closure")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def shut(user_id: int) -> BaseResponse:
    person = load(shutting.handled_by(current_user), user_id)
    return _answered(
        lambda: shutting.shut(person, current_user, clock.now()),
        _("%(name)s er sperret, og er logget ut.", name=person.name),
    )


@access.post("/secretariat/access/people/<int:user_id>/reopening")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def let_in(user_id: int) -> BaseResponse:
    person = load(shutting.handled_by(current_user), user_id)
    done = (
        _("Sperren er opphevet. %(name)s har selv stengt kontoen, og kommer inn når to av dere har gått god for det.", name=person.name)
        if person.locked_at
        else _("%(name)s kan logge inn igjen.", name=person.name)
    )  # fmt: skip
    return _answered(lambda: shutting.let_in(person, current_user, clock.now()), done)


def _back() -> str:
    """The page that the person came from, about a member or about everybody's access."""
    return local_path(request.values.get("next")) or url_for("access.index")


@access.get("/secretariat/access/recovery")
@allow(Role.SECRETARIAT)
@recently_authenticated
def recovery() -> Response:
    return _recovery_page(RecoveryForm(formdata=None))


@access.post("/secretariat/access/recovery")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def ask_for_recovery() -> Response | BaseResponse:
    form, now = RecoveryForm(), clock.now()
    if not form.validate_on_submit():
        return _recovery_page(form, 422)
    # Also somebody who is shut out: what an intruder has added goes before the door is opened again.
    user = db.session.scalar(shutting.not_erased().where(User.email == fold_email(str(form.email.data))))
    if user is None:
        form.refuse("email", _("Vi finner ingen med denne adressen. Se etter i medlemslisten."))
        return _recovery_page(form, 422)
    try:
        Recovery.ask(user, current_user, now)
    except DomainError as no:
        db.session.rollback()
        form.refuse("email", no)
        return _recovery_page(form, 422)
    tell(user, now)
    tell_secretariat(now, about=user)
    db.session.commit()
    flash(_("Nå må en annen i sekretariatet godkjenne. De har fått e-post om at noe venter."))
    return after_write(url_for("access.index"))


@access.post("/secretariat/access/recovery/<int:recovery_id>/approval")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def approve(recovery_id: int) -> BaseResponse:
    waiting = load(Recovery.visible_to(current_user), recovery_id)
    name = waiting.user.name
    done = (
        _("%(name)s begynner på nytt, og får en invitasjon på e-post når dere åpner kontoen, som er sperret.", name=name)
        if waiting.user.deactivated_at
        else _("%(name)s får en invitasjon på e-post, og begynner på nytt.", name=name)
    )  # fmt: skip
    return _answered(lambda: waiting.approve(current_user, clock.now()), done)


@access.post("/secretariat/access/recovery/<int:recovery_id>/withdrawal")
@allow(Role.SECRETARIAT)
@recently_authenticated
def withdraw(recovery_id: int) -> BaseResponse:
    waiting = load(Recovery.visible_to(current_user), recovery_id)
    return _answered(
        lambda: waiting.withdraw(current_user, clock.now()), _("Trukket tilbake. Ingenting er endret.")
    )


def _answered(act: Callable[[], None], done: str) -> BaseResponse:
    try:
        act()
    except DomainError as no:
        db.session.rollback()
        flash(str(no))
    else:
        db.session.commit()
        flash(done)
    return after_write(_back())


def _recovery_page(form: RecoveryForm, status: int = 200) -> Response:
    return render(
        "accounts/recovery.html", status=status, form=form, **_who_vouches(grants.secretariat(), clock.now())
    )
