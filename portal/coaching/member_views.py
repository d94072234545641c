"""The member's own conversations: what comes, what was, and what became of each clip."""

from flask import Response as FlaskResponse
from flask import abort, current_app, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from portal import clock, consents
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.coaching import participation
from portal.coaching.calendar_entry import calendar_entry
from portal.coaching.enrolment import AlreadyApplied, apply
from portal.coaching.forms import CancellationForm
from portal.coaching.models import Booking, Programme, Slot
from portal.coaching.slot_views import coaching
from portal.consents import Purpose
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.paging import page_of
from portal.rendering import after_write, flash, render

MOST_AHEAD = 50
PER_PAGE = 20


@coaching.get("/coaching/")
@allow(Role.MEMBER)
def sessions() -> Response:
    """My clip card, my conversations, or the way in."""
    now = clock.now()
    stand = participation.read(current_user, clock.today(now))
    mine = Booking.of_member(current_user).where(Booking.moved_to_id.is_(None))
    is_ahead = (
        Booking.cancelled_at.is_(None)
        & Booking.held_at.is_(None)
        & Booking.no_show_at.is_(None)
        & (Slot.ends_at > now)
    )
    ahead = db.session.scalars(mine.where(is_ahead).order_by(Slot.starts_at).limit(MOST_AHEAD)).all()
    past = mine.where(~is_ahead).order_by(Slot.starts_at.desc(), Booking.id.desc())
    history = page_of(past, PER_PAGE)
    waiting = stand.enrolment if stand.is_waiting else None
    place = participation.place_in_queue(waiting) if waiting is not None else None
    return render("coaching/sessions.html", stand=stand, ahead=ahead, history=history, place=place, now=now)


@coaching.post("/coaching/enrolment")
@allow(Role.MEMBER)
def apply_for_seat() -> Response:
    """Ask for a seat. Asking twice changes nothing."""
    now = clock.now()
    member = db.session.scalar(select(Member).where(Member.user_id == current_user.id))
    programme = db.session.scalar(Programme.current(clock.today(now)))
    if member is None or programme is None:
        abort(404)
    try:
        apply(member, programme, now)
        db.session.commit()
        flash(_("Søknaden er sendt. Du får beskjed når du har fått plass."))
    except AlreadyApplied as refusal:
        db.session.rollback()
        flash(str(refusal))
    return after_write(url_for("coaching.sessions"))


@coaching.get("/coaching/bookings/<int:booking_id>")
@allow(Role.MEMBER)
def booking(booking_id: int) -> Response:
    """One conversation: when, with whom, where, and what can be done with it."""
    mine = load(Booking.of_member(current_user), booking_id)
    agreed = consents.holds(current_user.id, Purpose.OWN_WORDS)
    return render("coaching/booking.html", booking=mine, agreed=agreed, now=clock.now())


@coaching.get("/coaching/bookings/<int:booking_id>/calendar.ics")
@allow(Role.MEMBER)
def calendar_file(booking_id: int) -> Response:
    """The appointment for the member's own calendar. It says neither what it is nor with whom."""
    mine = load(Booking.of_member(current_user).where(Booking.cancelled_at.is_(None)), booking_id)
    headers = {"Content-Disposition": "attachment; filename=avtale.ics"}
    content = calendar_entry(mine, current_app.config["BASE_URL"])
    return FlaskResponse(content, mimetype="text/calendar", headers=headers)


@coaching.get("/coaching/bookings/<int:booking_id>/cancellation")
@allow(Role.MEMBER)
def cancellation(booking_id: int) -> Response:
    """What cancelling now would mean for the clip."""
    now = clock.now()
    mine = load(Booking.of_member(current_user), booking_id)
    if not mine.is_ahead(now):
        return after_write(url_for("coaching.booking", booking_id=mine.id))
    lost = mine.forfeits_clip(current_user, now)
    form = CancellationForm(data={"lost": _as_text(lost)})
    return render("coaching/cancellation.html", booking=mine, lost=lost, form=form, grew_old=False)


@coaching.post("/coaching/bookings/<int:booking_id>/cancellation")
@allow(Role.MEMBER)
@mail_by_person
def cancel(booking_id: int) -> Response:
    """Cancel; but ask again when the deadline has passed since the page said that the clip comes back."""
    now = clock.now()
    mine = load(Booking.of_member(current_user), booking_id)
    lost = mine.is_ahead(now) and mine.forfeits_clip(current_user, now)
    if lost and request.form.get("lost") != _as_text(lost):
        form = CancellationForm(formdata=None, data={"lost": _as_text(lost)})
        return render(
            "coaching/cancellation.html", status=422, booking=mine, lost=lost, form=form, grew_old=True
        )
    try:
        mine.cancel(current_user, now)
        db.session.commit()
        flash(_("Samtalen er avlyst. Veilederen har fått beskjed."))
    except DomainError as refusal:
        db.session.rollback()
        flash(str(refusal))
    return after_write(url_for("coaching.sessions"))


@coaching.post("/coaching/bookings/<int:booking_id>/theme/deletion")
@allow(Role.MEMBER)
def forget_theme(booking_id: int) -> Response:
    """Empty what the conversation was to be about; the hour stays."""
    mine = load(Booking.of_member(current_user), booking_id)
    mine.forget_theme(current_user, clock.now())
    db.session.commit()
    flash(_("Temaet er fjernet. Samtalen står som før."))
    return after_write(url_for("coaching.booking", booking_id=mine.id))


def _as_text(lost: bool) -> str:
    return "yes" if lost else "no"
