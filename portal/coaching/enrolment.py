"""Getting into the programme: the queue, the seats, and leaving again."""

from datetime import datetime

from sqlalchemy import Select, select

from portal import audit
from portal.accounts.models import User
from portal.coaching.models import Booking, Enrolment, Programme, Seat
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member
from portal.notifications import Kind, outbox

APPLIED = audit.declare("seat applied for", "programme")
SEATED = audit.declare("seat given", "seat")
WITHDRAWN = audit.declare("enrolment withdrawn", "had_seat")


class SeatsFull(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Alle plassene er tatt. Køen står som den var, og ingen har mistet plassen sin."))


class AlreadyApplied(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Søknaden er allerede registrert. Ingenting er endret."))


class HasLeft(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Deltakeren har trukket seg og må søke på nytt før plassen kan gis."))


class ClipsInUse(DomainError):
    """A seat with money behind it cannot be handed on."""

    def __init__(self) -> None:
        super().__init__(
            _l(
                "Plassen kan ikke frigis: deltakeren har brukt eller bestilt en samtale. Avlys bestillingen først."
            )
        )


def apply(member: Member, programme: Programme, now: datetime) -> Enrolment:
    """Put the member at the end of the queue; whoever had withdrawn starts from the end again."""
    earlier = select(Enrolment).where(
        Enrolment.programme_id == programme.id, Enrolment.member_id == member.id
    )
    enrolment = db.session.scalar(earlier.with_for_update())
    if enrolment is not None and enrolment.withdrawn_at is None:
        raise AlreadyApplied
    with refused({"uq_enrolment_member": AlreadyApplied}):
        if enrolment is None:
            enrolment = Enrolment(programme=programme, member=member)
            db.session.add(enrolment)
        enrolment.applied_at, enrolment.withdrawn_at = now, None
        db.session.flush()
    audit.record(APPLIED, by=member.user, on=enrolment, at=now, programme=programme.id)
    return enrolment


def queue(programme: Programme) -> Select[tuple[Enrolment]]:
    """Those who wait for a seat, the longest waiting first."""
    waiting = (Enrolment.seat_number.is_(None), Enrolment.withdrawn_at.is_(None))
    mine = select(Enrolment).where(Enrolment.programme_id == programme.id, *waiting)
    return mine.order_by(Enrolment.applied_at, Enrolment.id)


def give_seat(enrolment: Enrolment, by: User | None, now: datetime) -> Enrolment:
    """Give the lowest free seat. Raises SeatsFull; whoever has a seat already keeps it."""
    enrolment.lock()
    if enrolment.has_seat:
        return enrolment
    if enrolment.withdrawn_at is not None:
        raise HasLeft
    _sit_down(enrolment, by, now)
    audit.record(SEATED, by=by, on=enrolment, at=now, seat=enrolment.seat_number)
    outbox.send(Kind.SEAT_GIVEN, enrolment.member.user, now, path="/coaching/", about=enrolment)
    return enrolment


def _sit_down(enrolment: Enrolment, by: User | None, now: datetime) -> None:
    while (number := db.session.scalar(_lowest_free(enrolment.programme_id))) is not None:
        try:
            with refused({"uq_enrolment_seat": SeatsFull}):
                enrolment.seat(number, by, now)
                db.session.flush()
            return
        except SeatsFull:  # somebody sat down there meanwhile: the next one, while there is one
            db.session.refresh(enrolment)
    raise SeatsFull


def _lowest_free(programme_id: int) -> Select[tuple[int]]:
    taken = select(Enrolment.seat_number).where(
        Enrolment.programme_id == programme_id, Enrolment.seat_number.is_not(None)
    )
    seats = select(Seat.number).where(Seat.programme_id == programme_id, Seat.number.not_in(taken))
    return seats.order_by(Seat.number).limit(1)


def withdraw(enrolment: Enrolment, by: User | None, now: datetime) -> None:
    """Leave the queue or the programme. The seat is free again, unless a clip of it is used or booked."""
    enrolment.lock()
    if enrolment.withdrawn_at is not None:
        return
    engaged = select(Booking.id).where(
        Booking.enrolment_id == enrolment.id,
        Booking.cancelled_at.is_(None)
        | (Booking.clip_number.is_not(None) & Booking.clip_returned_at.is_(None)),
    )
    if db.session.scalar(engaged.limit(1)) is not None:
        raise ClipsInUse
    had_seat = enrolment.has_seat
    enrolment.seat_number, enrolment.withdrawn_at = None, now
    audit.record(WITHDRAWN, by=by, on=enrolment, at=now, had_seat=had_seat)
