"""The secretariat's view of the coaching pilot: who has a seat, who waits, and what became of the conversations."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock, export
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.accounts.recent import export_after_proof
from portal.coaching import participants, session_list
from portal.coaching.budget import Budget
from portal.coaching.current import current_programme
from portal.coaching.enrolment import give_seat, queue, withdraw
from portal.coaching.models import Booking, Coach, Enrolment, Payer, Programme
from portal.coaching.secretariat_forms import ParticipantFilter, SessionFilter
from portal.coaching.tally import Outcome, months, standing, tally
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.language import ngettext
from portal.members.models import Member
from portal.paging import page_of
from portal.rendering import FILTERS, after_write, flash, render

enrolments = Blueprint("enrolments", __name__)
PER_PAGE = 25
QUEUE_SHOWN = 100


@enrolments.get("/secretariat/enrolments")
@allow(Role.SECRETARIAT)
def index() -> Response:
    now = clock.now()
    programme = current_programme(now)
    people, budget = standing(programme), Budget.today(programme, tally(programme, now), now)
    show, words = _wanted()
    pages = page_of(participants.find(programme, show, words), PER_PAGE)
    waiting = _queue(programme)
    audit.has_read({e.member.user_id for e in (*pages.items, *waiting)}, current_user, "participants")
    return render(
        "enrolments/index.html",
        block="found",
        programme=programme,
        people=people,
        budget=budget,
        new_seats=budget.new_seats(people.free_clips),
        waiting=waiting,
        offered=_others(waiting)[: min(people.free_seats, budget.new_seats(people.free_clips))],
        waited=(clock.today(now) - clock.today(waiting[0].applied_at)).days if waiting else 0,
        form=_filter(show, words),
        pages=pages,
        clips=participants.clips(pages.items, programme),
        file_urls={
            kind: url_for(f"enrolments.{kind}_file", show=show, q=words or None) for kind in export.KINDS
        },
    )


def _others(found: list[Enrolment]) -> list[Enrolment]:
    """Without the own one: a colleague sees to that."""
    return [enrolment for enrolment in found if enrolment.member.user_id != current_user.id]


def _wanted() -> tuple[str, str]:
    show = request.args.get("show", "seated")
    words = "".join(c for c in request.args.get("q", "")[:100] if c.isprintable()).strip()
    return (show if show in participants.SHOWN else "seated"), words


def _filter(show: str, words: str) -> ParticipantFilter:
    form = ParticipantFilter(data={"show": show, "q": words})
    form.show.choices = list(participants.SHOWN.items())
    return form


def _queue(programme: Programme) -> list[Enrolment]:
    member = joinedload(Enrolment.member)
    rows = queue(programme).options(member.joinedload(Member.user), member.joinedload(Member.municipality))
    return list(db.session.scalars(rows.limit(QUEUE_SHOWN)))


@enrolments.get("/secretariat/enrolments.xlsx")
@allow(Role.SECRETARIAT)
@export_after_proof
def xlsx_file() -> Response:
    return _participants("xlsx")


@enrolments.get("/secretariat/enrolments.csv")
@allow(Role.SECRETARIAT)
@export_after_proof
def csv_file() -> Response:
    return _participants("csv")


_HEADS = (
    _l("Navn"), _l("Kommune"), _l("E-post"), _l("Søkte"), _l("Plass"), _l("Fikk plass"), _l("Trakk seg"),
    _l("Klipp brukt"), _l("Klipp tapt"), _l("Klipp bestilt"), _l("Klipp ledig"),
)  # fmt: skip


def _participants(kind: str) -> Response:
    programme = current_programme(clock.now())
    found = _others(list(db.session.scalars(participants.find(programme, *_wanted()))))
    audit.has_taken_out("participants", kind, [each.member.user_id for each in found], current_user)
    return export.table("deltakere", kind, _HEADS, _participant_rows(programme, found))


def _participant_rows(programme: Programme, found: list[Enrolment]) -> Iterator[list[export.Cell]]:
    clips = participants.clips(found, programme)
    for each in found:
        card, member = clips[each.id], each.member
        yield [
            member.name, member.municipality.display_name, member.user.email, each.applied_at, each.seat_number,
            each.seated_at, each.withdrawn_at, card.used, card.lost, card.booked, card.free,
        ]  # fmt: skip


@enrolments.post("/secretariat/enrolments/<int:enrolment_id>/seat")
@allow(Role.SECRETARIAT)
@mail_by_person
def seat(enrolment_id: int) -> BaseResponse:
    return _give_seats([load(Enrolment.handled_by(current_user), enrolment_id)])


@enrolments.post("/secretariat/enrolments/seats")
@allow(Role.SECRETARIAT)
@mail_by_person
def seats() -> BaseResponse:
    """Seats for those whom the person saw on the page, so that pressing twice gives them to nobody else."""
    asked = [i for i in request.form.getlist("enrolment")[:QUEUE_SHOWN] if i.isascii() and i.isdigit()]
    ids = [int(i) for i in asked if len(i) < 11]
    rows = Enrolment.handled_by(current_user).where(Enrolment.id.in_([i for i in ids if i < 2**31]))
    return _give_seats(list(db.session.scalars(rows.order_by(Enrolment.applied_at, Enrolment.id))))


def _give_seats(chosen: list[Enrolment]) -> BaseResponse:
    now = clock.now()
    try:
        for enrolment in chosen:
            give_seat(enrolment, current_user, now)
        said = (
            _("%(name)s har fått plass.", name=chosen[0].member.name)
            if len(chosen) == 1
            else ngettext("%(num)s har fått plass.", "%(num)s har fått plass.", len(chosen))
        )
        db.session.commit()
        flash(
            _("%(said)s De får en e-post om at noe venter i portalen.", said=said)
            if chosen
            else _("Ingen ble valgt.")
        )
    except DomainError as error:
        db.session.rollback()
        flash(str(error))
    return after_write(url_for("enrolments.index"))


@enrolments.post("/secretariat/enrolments/<int:enrolment_id>/withdrawal")
@allow(Role.SECRETARIAT)
@mail_by_person
def withdrawal(enrolment_id: int) -> BaseResponse:
    enrolment = load(Enrolment.handled_by(current_user), enrolment_id)
    try:
        name = enrolment.member.name
        withdraw(enrolment, current_user, clock.now())
        db.session.commit()
        flash(_("%(name)s er trukket. Plassen kan gis til en annen.", name=name))
    except DomainError as error:
        db.session.rollback()
        flash(str(error))
    return after_write(url_for("enrolments.index"))


@enrolments.get("/secretariat/sessions")
@allow(Role.SECRETARIAT)
def sessions() -> Response:
    now = clock.now()
    programme = current_programme(now)
    counts = tally(programme, now, by_coach=True)
    search = session_list.Search.read(request.args, programme)
    by_month, by_coach = session_list.by("month", counts), session_list.by("coach", counts)
    pages = page_of(search.rows(programme, now), PER_PAGE)
    audit.has_read(db.session.scalars(select(Coach.user_id)), current_user, "sessions")
    return render(
        "enrolments/sessions.html",
        block="found",
        programme=programme,
        by_month=by_month,
        by_coach=sorted(by_coach, key=lambda line: str(line.label)),
        total=session_list.summed(by_month),
        Outcome=Outcome,
        table_heads={"month": _heads(_("Måned")), "coach": _heads(_("Veileder"))},
        payer_words=payer_words,
        form=_session_filter(programme),
        pages=pages,
        now=now,
        file_urls={kind: _sessions_url(kind) for kind in export.KINDS},
    )


def _heads(first: str) -> list[Any]:
    return [first, *({"label": word, "number": True} for word in [*(o.label for o in Outcome), _("I alt")])]


def _sessions_url(kind: str) -> str:
    kept: dict[str, Any] = {
        name: request.args[name] for name in ("month", "outcome", "coach", "payer") if request.args.get(name)
    }
    return url_for(f"enrolments.sessions_{kind}", **kept)


def _session_filter(programme: Programme) -> SessionFilter:
    anything = ("", _("Alle"))
    groups = [("incurred", _("Påløpt")), ("committed", _("Bestilt eller å bekrefte"))]
    form = SessionFilter(request.args)
    form.month.choices = [
        anything,
        *((f"{m:%Y-%m}", f"{FILTERS['month'](m)} {m.year}") for m in months(programme)),
    ]
    form.outcome.choices = [anything, *groups, *((o.value, o.label) for o in Outcome)]
    form.coach.choices = [anything, *((str(c.id), c.name) for c in db.session.scalars(Coach.active()))]
    form.payer.choices = [anything, *((p.value, payer_words(p)) for p in Payer)]
    return form


def payer_words(payer: Payer) -> str:
    """Who pays, as the secretariat says it."""
    words = {Payer.KDF: _("KDF"), Payer.MUNICIPALITY: _("Kommunen"), Payer.PERSONAL: _("Deltakeren selv")}
    return str(words[payer])


@enrolments.get("/secretariat/sessions.xlsx")
@allow(Role.SECRETARIAT)
@export_after_proof
def sessions_xlsx() -> Response:
    return _session_list("xlsx")


@enrolments.get("/secretariat/sessions.csv")
@allow(Role.SECRETARIAT)
@export_after_proof
def sessions_csv() -> Response:
    return _session_list("csv")


_SESSION_HEADS = (_l("Tid"), _l("Veileder"), _l("Form"), _l("Status"), _l("Betales av"), _l("Pris"))


def _session_list(kind: str) -> Response:
    now = clock.now()
    programme = current_programme(now)
    search = session_list.Search.read(request.args, programme)
    found = list(db.session.scalars(search.rows(programme, now)))
    audit.has_taken_out("sessions", kind, {b.coach.user_id for b in found}, current_user)
    return export.table("samtaler", kind, _SESSION_HEADS, _session_rows(found, now))


def _session_rows(found: list[Booking], now: datetime) -> Iterator[list[export.Cell]]:
    for b in found:
        yield [
            b.starts_at,
            b.coach.name,
            b.mode.label,
            Outcome.of(b, now).label,
            payer_words(b.payer),
            b.price,
        ]
