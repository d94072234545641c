"""The secretariat's list of members, and each of them: who and where, never what they struggle with."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock, export
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.accounts.recent import export_after_proof, recently_authenticated
from portal.errors import DomainError
from portal.extensions import db
from portal.forms import stripped
from portal.language import gettext as _
from portal.language import ngettext
from portal.members import invitations
from portal.members.directory import Search, cells, headings
from portal.members.forms import FilterForm, MemberPositionForm, NewMemberForm
from portal.members.import_views import imports
from portal.members.models import Member, Membership, Municipality, MunicipalityKind
from portal.members.places import Places
from portal.members.positions import NoSuchDay, add_member, change_membership, change_position
from portal.paging import page_of
from portal.rendering import after_write, flash, number, render

members = Blueprint("members", __name__)
members.register_blueprint(imports)
PER_PAGE = 50
FILTERS = ("q", "county", "size", "membership", "invited", "sort")


@members.get("/secretariat/members")
@allow(Role.SECRETARIAT)
def index() -> Response:
    search = _search()
    pages = page_of(search.members(), PER_PAGE)
    audit.has_read([member.user_id for member in pages.items], current_user, "members")
    return render(
        "members/index.html",
        block="found",
        form=_filter_form(),
        search=search,
        pages=pages,
        count=_count(pages.total or 0),
        not_invited=invitations.count_not_invited(current_user),
        sort_urls={order: _list_url(sort=order) for order in ("name", "municipality", "population", "since")},
        export_urls={kind: _list_url(kind) for kind in ("csv", "xlsx")},
    )


@members.get("/secretariat/members.csv")
@allow(Role.SECRETARIAT)
@export_after_proof
def csv_file() -> Response:
    return _file("csv")


@members.get("/secretariat/members.xlsx")
@allow(Role.SECRETARIAT)
@export_after_proof
def xlsx_file() -> Response:
    return _file("xlsx")


def _file(kind: str) -> Response:
    found = [
        member for member in db.session.scalars(_search().members()) if member.user_id != current_user.id
    ]
    audit.has_taken_out("members", kind, [member.user_id for member in found], current_user)
    return export.table("medlemmer", kind, headings(), map(cells, found))


@members.get("/secretariat/members/new")
@allow(Role.SECRETARIAT)
@recently_authenticated
def create() -> Response:
    return _new_member_page(_blank())


@members.post("/secretariat/members/new")
@allow(Role.SECRETARIAT)
@recently_authenticated
def add() -> Response | BaseResponse:
    form = _blank()
    if not form.validate():
        return _new_member_page(form, 422)
    try:
        member = add_member(
            str(form.email.data),
            str(form.name.data),
            _place(form.municipality.data),
            str(form.title.data),
            form.since.data,
            Membership(form.membership.data),
            current_user,
            clock.now(),
        )
    except DomainError as no:
        db.session.rollback()
        form.refuse("since" if isinstance(no, NoSuchDay) else "email", no)
        return _new_member_page(form, 422)
    db.session.commit()
    flash(_("%(name)s er lagt til. Invitasjonen er ikke sendt ennå.", name=member.name))
    return after_write(url_for("members.show", member_id=member.id))


@members.get("/secretariat/members/<int:member_id>")
@allow(Role.SECRETARIAT)
def show(member_id: int) -> Response:
    rows = Member.handled_by(current_user).options(selectinload(Member.tenures))
    member = load(rows, member_id)
    audit.has_read([member.user_id], current_user, "member-page")
    return render("members/show.html", member=member, today=clock.today(clock.now()))


@members.get("/secretariat/members/<int:member_id>/position")
@allow(Role.SECRETARIAT)
def position(member_id: int) -> Response:
    member = load(Member.handled_by(current_user), member_id)
    form = MemberPositionForm(
        municipality=member.municipality_number,
        title=member.title,
        since=member.in_position_since,
        membership=member.membership.value,
    )
    return _position_page(member, form)


def _position_page(member: Member, form: MemberPositionForm, status: int = 200) -> Response:
    audit.has_read([member.user_id], current_user, "member-page")
    form.choose_from(Places.all().grouped())
    return render("members/position.html", status=status, member=member, form=form)


@members.post("/secretariat/members/<int:member_id>/position")
@allow(Role.SECRETARIAT)
def update_position(member_id: int) -> Response | BaseResponse:
    member = load(Member.handled_by(current_user), member_id)
    form, now = MemberPositionForm(), clock.now()
    form.choose_from(Places.all().grouped())
    if not form.validate():
        return _position_page(member, form, 422)
    try:
        place = _place(form.municipality.data)
        moved = change_position(member, place, str(form.title.data), form.since.data, current_user, now)
        joined = change_membership(member, Membership(form.membership.data), current_user, now)
    except NoSuchDay as no:
        db.session.rollback()
        form.refuse("since", no)
        return _position_page(member, form, 422)
    db.session.commit()
    flash(_("Endringen er lagret.") if moved or joined else _("Ingenting var endret."))
    return after_write(url_for("members.show", member_id=member_id))


@members.post("/secretariat/members/<int:member_id>/invitation")
@allow(Role.SECRETARIAT)
@mail_by_person
def invite(member_id: int) -> BaseResponse:
    member = load(Member.handled_by(current_user), member_id)
    try:
        invitations.invite(member, current_user, clock.now())
    except DomainError as no:
        db.session.rollback()
        flash(str(no))
    else:
        db.session.commit()
        flash(_("%(name)s får en invitasjon på e-post om litt.", name=member.name))
    return after_write(url_for("members.show", member_id=member_id))


@members.get("/secretariat/members/invitations")
@allow(Role.SECRETARIAT)
def invite_everyone() -> Response:
    count = invitations.count_not_invited(current_user)
    return render("members/invitations.html", count=count, address=current_user.email)


@members.post("/secretariat/members/invitations")
@allow(Role.SECRETARIAT)
@mail_by_person
def send_invitations() -> BaseResponse:
    count = invitations.invite_all(current_user, clock.now())
    db.session.commit()
    if count:
        flash(ngettext("Én invitasjon er på vei.", "%(num)s invitasjoner er på vei.", count))
    else:
        flash(_("Alle er invitert fra før."))
    return after_write(url_for("members.index"))


def _search() -> Search:
    return Search(**{name: stripped(request.args[name]) for name in FILTERS if request.args.get(name)})


def _filter_form() -> FilterForm:
    form = FilterForm(formdata=MultiDict(request.args))
    counties = select(Municipality.county_number, Municipality.name).where(
        Municipality.kind == MunicipalityKind.COUNTY
    )
    form.choose_from([(n, name) for n, name in db.session.execute(counties.order_by(Municipality.sort_key))])
    return form


def _list_url(kind: str = "", **changes: str) -> str:
    """The list as it is filtered now, with these changes; always from its first page."""
    kept: dict[str, Any] = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    return url_for(f"members.{kind}_file" if kind else "members.index", **(kept | changes))


def _count(total: int) -> str:
    return str(ngettext("Ett medlem", "%(count)s medlemmer", total, count=number(total)))


def _blank() -> NewMemberForm:
    form = NewMemberForm()
    form.choose_from(Places.all().grouped())
    return form


def _place(chosen: str) -> Municipality:
    return db.session.get_one(Municipality, chosen)


def _new_member_page(form: NewMemberForm, status: int = 200) -> Response:
    return render("members/new.html", status=status, form=form)
