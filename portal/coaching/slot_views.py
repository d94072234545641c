"""The member looks for an hour and books it, or moves a conversation to it."""

from datetime import datetime
from typing import Any

from flask import Blueprint, abort, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.coaching import participation
from portal.coaching.booking import book, move
from portal.coaching.forms import BookingForm, MoveForm
from portal.coaching.models import Booking, Mode, Payer, Slot
from portal.coaching.refusals import NoticePassed, SlotPassed, SlotTaken
from portal.coaching.slot_page import SlotPage
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import after_write, flash, render

coaching = Blueprint("coaching", __name__)


def _show(page: SlotPage, status: int = 200, **context: Any) -> Response:
    return render("coaching/slots.html", block="week", status=status, page=page, **context)


@coaching.get("/coaching/slots")
@allow(Role.MEMBER)
def slots() -> Response:
    """A week of free hours."""
    return _show(SlotPage.open(current_user, clock.now(), request.args))


@coaching.get("/coaching/slots/<int:slot_id>")
@allow(Role.MEMBER)
def slot(slot_id: int) -> Response:
    """The same week with the confirmation opened at the hour."""
    chosen = load(Slot.visible_to(current_user), slot_id)
    page = SlotPage.open(current_user, clock.now(), request.args, chosen)
    if page.own_booking is not None:
        return after_write(url_for("coaching.booking", booking_id=page.own_booking.id))
    return _show(page, form=BookingForm.for_hour(chosen, page.agreed, page.payer, page.wish.mode))


@coaching.post("/coaching/slots/<int:slot_id>/booking")
@allow(Role.MEMBER)
@mail_by_person
def book_slot(slot_id: int) -> Response:
    """Book it. An hour that is gone is answered with the nearest ones, and what was chosen is kept."""
    now = clock.now()
    chosen = load(Slot.visible_to(current_user), slot_id)
    stand = participation.read(current_user, clock.today(now))
    enrolment, form = stand.enrolment, BookingForm.for_hour(chosen, stand.agreed, None, None)
    taken = False
    if enrolment is None:
        abort(404)
    if "look" in request.form:  # from an hour that was gone: what was chosen there travels in the form
        return _show(_page_for(form, now, chosen), form=form)
    if form.validate_on_submit():
        mode, payer = Mode(form.mode.data), Payer(form.payer.data or "")
        try:
            form.hear(current_user, now)
            booking = book(chosen, enrolment, mode, current_user, now, payer, form.theme.data or None)
            db.session.commit()
            flash(_("Samtalen er bestilt. Du og veilederen har fått beskjed."))
            return after_write(url_for("coaching.booking", booking_id=booking.id))
        except DomainError as refusal:
            db.session.rollback()
            taken = isinstance(refusal, SlotTaken | SlotPassed)
            form.refuse_at("payer", refusal)
    return _show(_page_for(form, now, chosen, gone=taken), status=422, form=form)


def _page_for(form: BookingForm, now: datetime, chosen: Slot, gone: bool = False) -> SlotPage:
    asked = next((p for p in Payer if p.value == form.payer.data), None)
    return SlotPage.open(current_user, now, request.args, chosen, payer=asked, gone=gone)


@coaching.get("/coaching/bookings/<int:booking_id>/move")
@allow(Role.MEMBER)
def move_to(booking_id: int) -> Response:
    """The same week, to move the conversation; `slot` in the URL is the hour chosen."""
    now = clock.now()
    moving = load(Booking.of_member(current_user), booking_id)
    if not moving.is_ahead(now) or now > moving.notice_until:
        flash(str(NoticePassed()))
        return after_write(url_for("coaching.booking", booking_id=moving.id))
    slot_id = request.args.get("slot", type=int)
    chosen = load(Slot.visible_to(current_user), slot_id) if slot_id is not None else None
    page = SlotPage.open(current_user, now, request.args, chosen, moving=moving)
    return _show(page, form=MoveForm(data={"slot": slot_id}))


@coaching.post("/coaching/bookings/<int:booking_id>/move")
@allow(Role.MEMBER)
@mail_by_person
def move_booking(booking_id: int) -> Response:
    """Move it: the old hour is free again and the new one taken, both or neither."""
    now = clock.now()
    moving = load(Booking.of_member(current_user), booking_id)
    form = MoveForm()
    chosen, taken = None, False
    if form.validate_on_submit() and form.slot.data is not None:
        chosen = load(Slot.visible_to(current_user), form.slot.data)
        try:
            moved = move(moving, chosen, current_user, now)
            db.session.commit()
            flash(_("Samtalen er flyttet. Du og veilederen har fått beskjed."))
            return after_write(url_for("coaching.booking", booking_id=moved.id))
        except DomainError as refusal:
            db.session.rollback()
            taken = isinstance(refusal, SlotTaken | SlotPassed)
            form.refuse("slot", refusal)
    page = SlotPage.open(current_user, now, request.args, chosen, moving=moving, gone=taken)
    return _show(page, status=422, form=form)
