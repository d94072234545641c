"""The secretariat erases somebody who has asked for it by mail or telephone: the same wait, the same way back."""

from flask import Blueprint, Response, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.accounts.recent import recently_authenticated
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.privacy import erasure
from portal.privacy.forms import ErasureOnRequestForm
from portal.privacy.models import WAIT, Erasure
from portal.privacy.terms import BACKUP_DAYS
from portal.rendering import after_write, flash, long_date, render

on_request = Blueprint("requests", __name__)


def _member(member_id: int) -> Member:
    """Anybody who has not been erased; oneself is seen to by a colleague, or on one's own page."""
    done = select(Erasure.user_id).where(Erasure.done_at.is_not(None))
    return load(Member.handled_by(current_user).where(Member.user_id.not_in(done)), member_id)


@on_request.get("/secretariat/members/<int:member_id>/erasure")
@allow(Role.SECRETARIAT)
@recently_authenticated
def erase_member(member_id: int) -> Response:
    return _page(_member(member_id), ErasureOnRequestForm())


def _page(
    member: Member, form: ErasureOnRequestForm, status: int = 200, refusal: DomainError | None = None
) -> Response:
    audit.has_read([member.user_id], current_user, "member-page")
    return render(
        "privacy/erasure_on_request.html",
        status=status,
        member=member,
        form=form,
        refusal=refusal,
        wish=db.session.scalar(Erasure.waiting_for(member.user_id)),
        day=clock.now() + WAIT,
        days=WAIT.days,
        backup_days=BACKUP_DAYS,
    )


@on_request.post("/secretariat/members/<int:member_id>/erasure")
@allow(Role.SECRETARIAT)
@recently_authenticated
@mail_by_person
def ask_for_member(member_id: int) -> Response | BaseResponse:
    member, form = _member(member_id), ErasureOnRequestForm()
    if not form.validate():
        return _page(member, form, 422)
    try:
        wish = erasure.ask(member.user, current_user, clock.now())
    except DomainError as no:
        db.session.rollback()
        return _page(_member(member_id), form, 422, no)
    db.session.commit()
    words = (
        _(
            "%(name)s slettes når kontoen er åpnet igjen, tidligst %(day)s.",
            name=member.name,
            day=long_date(wish.due_at),
        )
        if member.user.locked_at
        else _("%(name)s slettes %(day)s.", name=member.name, day=long_date(wish.due_at))
    )
    flash(words)
    return after_write(url_for("privacy.requests.erase_member", member_id=member_id))


@on_request.post("/secretariat/members/<int:member_id>/erasure/withdrawal")
@allow(Role.SECRETARIAT)
def undo_for_member(member_id: int) -> Response | BaseResponse:
    member = _member(member_id)
    try:
        erasure.undo(member.user, current_user, clock.now())
    except DomainError as no:
        db.session.rollback()
        return _page(_member(member_id), ErasureOnRequestForm(), 422, no)
    db.session.commit()
    flash(_("Slettingen er avbestilt. Alt er som før."))
    return after_write(url_for("privacy.requests.erase_member", member_id=member_id))
