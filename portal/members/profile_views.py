"""The member's own profile: what is filled in, what is missing, and who sees it."""

from flask import Blueprint, Response, url_for
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.extensions import db
from portal.language import gettext as _
from portal.members.forms import PositionForm
from portal.members.models import Member, Municipality
from portal.members.places import Places
from portal.members.positions import NoSuchDay, change_position
from portal.members.profile_parts import State, parts_of, tells
from portal.rendering import after_write, flash, long_date, render

profile = Blueprint("profile", __name__)


@tells("position")
def position_state(member: Member) -> State:
    place = f"{member.title}, {member.municipality.display_name}"
    if member.in_position_since is None:
        return State(False, _("%(place)s. Vi mangler når du begynte.", place=place))
    return State(True, _("%(place)s, siden %(day)s.", place=place, day=long_date(member.in_position_since)))


@profile.get("/profile")
@allow(Role.MEMBER)
def overview() -> Response:
    member = _own_member()
    parts = parts_of(member) if member else []
    missing = next((part for part in parts if part.is_missing), None)
    return render("profile/overview.html", member=member, parts=parts, missing=missing)


@profile.get("/profile/position")
@allow(Role.MEMBER)
def position() -> Response | BaseResponse:
    member = _own_member()
    if member is None:
        return after_write(url_for("profile.overview"))
    form = PositionForm(
        municipality=member.municipality_number, title=member.title, since=member.in_position_since
    )
    form.choose_from(Places.all().grouped())
    return render("profile/position.html", form=form, member=member)


@profile.post("/profile/position")
@allow(Role.MEMBER)
def update_position() -> Response | BaseResponse:
    member = _own_member()
    if member is None:
        return after_write(url_for("profile.overview"))
    form = PositionForm()
    form.choose_from(Places.all().grouped())
    if not form.validate():
        return render("profile/position.html", status=422, form=form, member=member)
    place = db.session.get_one(Municipality, form.municipality.data)
    try:
        changed = change_position(
            member, place, str(form.title.data), form.since.data, current_user, clock.now()
        )
    except NoSuchDay as no:
        db.session.rollback()
        form.refuse("since", no)
        return render("profile/position.html", status=422, form=form, member=_own_member())
    db.session.commit()
    flash(_("Stillingen din er lagret.") if changed else _("Ingenting var endret."))
    return after_write(url_for("profile.overview"))


def _own_member() -> Member | None:
    """The signed-in person's own row; None for whoever has the hat and is not in the list yet."""
    rows = Member.visible_to(current_user).where(Member.user_id == current_user.id)
    return db.session.scalar(rows.options(selectinload(Member.tenures)))
