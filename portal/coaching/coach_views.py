from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from sqlalchemy import ColumnElement, func, select
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock, consents
from portal.access import Role, allow, load, local_path
from portal.accounts.current import current_user
from portal.coaching import availability as hours
from portal.coaching import week as weeks
from portal.coaching.coach_forms import OfferForm
from portal.coaching.models import Availability, Booking, Coach, Slot
from portal.consents import Purpose
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.language import ngettext
from portal.paging import page_of
from portal.rendering import FILTERS, after_write, flash, render
from portal.revision import kept

coach = Blueprint("coach", __name__)
PER_PAGE = 20
SINGLE_HOURS_SHOWN = 40
SHOWN = {
    "ahead": _l("Kommende"),
    "waiting": _l("Å bekrefte"),
    "done": _l("Ferdige"),
    "cancelled": _l("Avlyst"),
}


def _me() -> Coach:
    """The signed-in coach; a coach whom the secretariat has not described yet has no pages."""
    me = db.session.scalar(select(Coach).where(Coach.user_id == current_user.id))
    return me if me is not None else abort(404)


@coach.get("/coach/")
@allow(Role.COACH)
@kept
def week() -> Response:
    now = clock.now()
    monday = weeks.monday_of(request.args.get("week"), now)
    if monday is None:
        abort(404)
    me = _me()
    shown = weeks.read(me, monday, now)
    this_week = shown if shown.holds_day(clock.today(now)) else weeks.read(me, weeks.this_monday(now), now)
    today = [h for h in this_week.on(clock.today(now)) if h.booking is not None]
    waiting = list(db.session.scalars(weeks.unconfirmed(me, now).limit(2)))
    met = [*(h.booking for h in (*shown.hours, *today) if h.booking is not None), *waiting]
    audit.has_read({booking.member.user_id for booking in met}, current_user, "coaching")
    return render(
        "coach/week.html",
        week=shown,
        columns=_columns(shown, clock.today(now)),
        is_opening=shown.monday == weeks.opening_monday(now),
        is_weekend=weeks.opening_monday(now) != weeks.this_monday(now),
        now=now,
        today=today,
        waiting=waiting,
        patterns=weeks.patterns(me, now),
        in_words=hours.in_words,
    )


def _columns(week: weeks.Week, today: date) -> list[dict[str, Any]]:
    """The heads of the grid's columns."""
    name = FILTERS["short_weekday"]
    return [
        {"label": name(day).rstrip("."), "number": f"{day.day}.", "today": day == today} for day in week.days
    ]


def _wanted(show: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    live = Booking.cancelled_at.is_(None)
    confirmed = Booking.held_at.is_not(None) | Booking.no_show_at.is_not(None)
    return {
        "ahead": (live, Slot.ends_at > now, ~confirmed),
        "waiting": (live, Slot.ends_at <= now, ~confirmed),
        "done": (confirmed,),
        "cancelled": (Booking.cancelled_at.is_not(None), Booking.moved_to_id.is_(None)),
    }[show]


@coach.get("/coach/sessions")
@allow(Role.COACH)
def sessions() -> Response:
    now, me = clock.now(), _me()
    show = request.args.get("show", "ahead")
    if show not in SHOWN:
        show = "ahead"
    order = Slot.starts_at.asc() if show in ("ahead", "waiting") else Slot.starts_at.desc()
    rows = Booking.of_coach(current_user).where(*_wanted(show, now)).order_by(order, Booking.id)
    found = page_of(rows, PER_PAGE)
    audit.has_read({booking.member.user_id for booking in found.items}, current_user, "coaching")
    today = clock.today(now)
    return render(
        "coach/sessions.html",
        agreed=consents.among((b.member.user_id for b in found.items), Purpose.OWN_WORDS),
        me=me,
        show=show,
        pages=found,
        views=_views(me, show, now),
        correctable={b.id for b in found.items if b.is_confirmed and _confirmed_on(b) == today},
        now=now,
    )


def _confirmed_on(booking: Booking) -> date | None:
    at = booking.held_at or booking.no_show_at
    return clock.today(at) if at is not None else None


def _views(me: Coach, show: str, now: datetime) -> list[dict[str, Any]]:
    counts = _counts(me, now)
    return [
        {
            "label": f"{word} {counts[key]}",
            "url": url_for("coach.sessions", show=key),
            "current": key == show,
        }
        for key, word in SHOWN.items()
    ]


def _counts(me: Coach, now: datetime) -> dict[str, int]:
    wanted = {show: _wanted(show, now) for show in SHOWN}
    columns = [func.count().filter(*conditions) for conditions in wanted.values()]
    found = db.session.execute(
        select(*columns).select_from(Booking).join(Booking.slot).where(Slot.coach_id == me.id)
    )
    return dict(zip(wanted, found.one(), strict=True))


@coach.post("/coach/bookings/<int:booking_id>/outcome")
@allow(Role.COACH)
def confirm(booking_id: int) -> BaseResponse:
    booking, now = load(Booking.of_coach(current_user), booking_id), clock.now()
    outcome = request.form.get("outcome")
    if outcome not in ("held", "no_show"):
        abort(422)
    try:
        (booking.confirm_held if outcome == "held" else booking.confirm_no_show)(current_user, now)
        said = _("er bekreftet som gjennomført") if outcome == "held" else _("er ført som ikke møtt")
        flash(
            _("Samtalen med %(name)s %(said)s. Du kan rette det i dag.", name=booking.member.name, said=said)
        )
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        flash(str(error))
    return after_write(local_path(request.form.get("back")) or url_for("coach.week"))


@coach.get("/coach/availability")
@allow(Role.COACH)
def availability() -> Response:
    return _availability_page(OfferForm())


@coach.post("/coach/availability")
@allow(Role.COACH)
def offer() -> Response | BaseResponse:
    form, now = OfferForm(), clock.now()
    if form.validate():
        try:
            made = hours.offer(_me(), form.offer, now)
            db.session.commit()
            flash(
                ngettext(
                    "%(num)s time er klar til bestilling.",
                    "%(num)s timer er klare til bestilling.",
                    len(made),
                )
            )
            return after_write(url_for("coach.availability"))
        except DomainError as error:
            db.session.rollback()
            form.refuse("starts", error)
    return _availability_page(form, 422)


@coach.post("/coach/availability/preview")
@allow(Role.COACH)
def preview() -> Response:
    form, now, count = OfferForm(), clock.now(), 0
    if form.validate():
        try:
            form.offer.check(now)
            count = len(form.offer.hours(now))
        except DomainError as error:
            form.refuse("starts", error)
    words = form.offer.words if not form.errors else None
    return _availability_page(form, block="preview", preview_words=words, preview_count=count)


def _availability_page(
    form: OfferForm, status: int = 200, block: str | None = None, **context: Any
) -> Response:
    me, now = _me(), clock.now()
    return render(
        "coach/availability.html",
        block=block,
        status=status,
        form=form,
        me=me,
        patterns=weeks.patterns(me, now),
        left=_hours_left(me, now),
        single=list(db.session.scalars(_single(me, now))),
        in_words=hours.in_words,
        **context,
    )


def _single(me: Coach, now: datetime) -> Any:
    """Free hours of one day each, soonest first."""
    free = (Slot.coach_id == me.id, Slot.withdrawn_at.is_(None), Slot.starts_at > now)
    booked = select(Booking.slot_id).where(Booking.cancelled_at.is_(None))
    rows = select(Slot).where(*free, Slot.availability_id.is_(None), Slot.id.not_in(booked))
    return rows.order_by(Slot.starts_at).limit(SINGLE_HOURS_SHOWN)


def _hours_left(me: Coach, now: datetime) -> dict[int, tuple[int, int]]:
    """For each pattern: hours ahead that are free, and that are booked."""
    live = select(Booking.slot_id).where(Booking.cancelled_at.is_(None))
    booked = Slot.id.in_(live)
    found = (
        select(Slot.availability_id, func.count().filter(~booked), func.count().filter(booked))
        .where(Slot.coach_id == me.id, Slot.withdrawn_at.is_(None), Slot.starts_at > now)
        .where(Slot.availability_id.is_not(None))
        .group_by(Slot.availability_id)
    )
    return {pattern: (free, taken) for pattern, free, taken in db.session.execute(found) if pattern}


@coach.post("/coach/availability/<int:availability_id>/withdrawal")
@allow(Role.COACH)
def withdraw_pattern(availability_id: int) -> BaseResponse:
    pattern = load(Availability.visible_to(current_user), availability_id)
    gone, kept = hours.take_back_rest(pattern, current_user, clock.now())
    db.session.commit()
    said = ngettext("%(num)s ledig time er tatt tilbake.", "%(num)s ledige timer er tatt tilbake.", gone)
    stays = ngettext("%(num)s bestilt time står.", "%(num)s bestilte timer står.", kept) if kept else ""
    flash(f"{said} {stays}".strip())
    return after_write(url_for("coach.availability"))


@coach.post("/coach/slots/<int:slot_id>/withdrawal")
@allow(Role.COACH)
def withdraw_slot(slot_id: int) -> BaseResponse:
    slot = load(Slot.of_coach(current_user), slot_id)
    try:
        hours.take_back(slot, current_user, clock.now())
        flash(_("Timen er tatt tilbake."))
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        flash(str(error))
    return after_write(url_for("coach.availability"))
