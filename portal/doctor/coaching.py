"""The coaching rules, read from the rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from portal.coaching.models import (
    CELL,
    Booking,
    Clip,
    Enrolment,
    Payer,
    Programme,
    RateKind,
    Seat,
    Slot,
    SlotCell,
)
from portal.doctor.rules import rule
from portal.extensions import db


@rule("A seat number is used once per programme")
def _seats(_now: datetime) -> Select[Any]:
    taken = Enrolment.seat_number.is_not(None)
    place = (Enrolment.programme_id, Enrolment.seat_number)
    return select(*place).where(taken).group_by(*place).having(func.count() > 1)


@rule("Nobody sits in a seat that the programme does not have")
def _seat_exists(_now: datetime) -> Select[Any]:
    same = and_(Seat.programme_id == Enrolment.programme_id, Seat.number == Enrolment.seat_number)
    without = select(Enrolment.id).outerjoin(Seat, same)
    return without.where(Enrolment.seat_number.is_not(None), Seat.number.is_(None))


@rule("A clip is used once per participant")
def _clip_once(_now: datetime) -> Select[Any]:
    holds = and_(Booking.clip_number.is_not(None), Booking.clip_returned_at.is_(None))
    clip = (Booking.enrolment_id, Booking.clip_number)
    return select(*clip).where(holds).group_by(*clip).having(func.count() > 1)


@rule("No participant has more clips than the programme gives")
def _clip_count(_now: datetime) -> Select[Any]:
    rows = select(Clip.enrolment_id, Clip.number).join(Enrolment, Enrolment.id == Clip.enrolment_id)
    return rows.join(Programme).where(Clip.number > Programme.clips)


@rule("Whoever has booked has, or had, a seat")
def _booked_with_seat(_now: datetime) -> Select[Any]:
    return select(Booking.id).join(Enrolment).where(Enrolment.seated_at.is_(None))


@rule("A slot has one live booking at most")
def _slot_once(_now: datetime) -> Select[Any]:
    live = select(Booking.slot_id).where(Booking.cancelled_at.is_(None))
    return live.group_by(Booking.slot_id).having(func.count() > 1)


@rule("A coach's slots never overlap")
def _overlap(_now: datetime) -> Select[Any]:
    other = aliased(Slot)
    both_open = and_(Slot.withdrawn_at.is_(None), other.withdrawn_at.is_(None))
    crossing = and_(Slot.starts_at < other.ends_at, other.starts_at < Slot.ends_at)
    same_coach = and_(Slot.coach_id == other.coach_id, Slot.id < other.id)
    return select(Slot.id, other.id).join(other, same_coach).where(both_open, crossing)


@rule("Every open slot holds each quarter of its hour")
def _cells(_now: datetime) -> Iterable[Any]:
    counts = select(SlotCell.slot_id, func.count().label("held")).group_by(SlotCell.slot_id).subquery()
    rows = select(Slot.id, Slot.starts_at, Slot.ends_at, counts.c.held)
    rows = rows.outerjoin(counts, counts.c.slot_id == Slot.id).where(Slot.withdrawn_at.is_(None))
    return [i for i, start, end, held in db.session.execute(rows) if (held or 0) != -((start - end) // CELL)]


@rule("A conversation has one ending at most: held, missed or cancelled")
def _one_ending(_now: datetime) -> Select[Any]:
    ends = (Booking.cancelled_at, Booking.held_at, Booking.no_show_at)
    pairs = [(ends[0], ends[1]), (ends[0], ends[2]), (ends[1], ends[2])]
    return select(Booking.id).where(or_(*(and_(a.is_not(None), b.is_not(None)) for a, b in pairs)))


@rule("KDF pays what a clip pays, and nothing else")
def _payer(_now: datetime) -> Select[Any]:
    by_kdf, by_clip = Booking.payer == Payer.KDF, Booking.clip_number.is_not(None)
    return select(Booking.id).where(or_(and_(by_kdf, ~by_clip), and_(~by_kdf, by_clip)))


@rule("A clip comes back only with a cancellation")
def _given_back(_now: datetime) -> Select[Any]:
    return select(Booking.id).where(Booking.clip_returned_at.is_not(None), Booking.cancelled_at.is_(None))


@rule("Cancelled in time gives the clip back; cancelled late, as the programme says")
def _notice(_now: datetime) -> Iterable[Any]:
    rows = select(Booking).where(Booking.cancelled_at.is_not(None), Booking.clip_number.is_not(None))
    loaded = rows.options(
        joinedload(Booking.slot), joinedload(Booking.enrolment).joinedload(Enrolment.programme)
    )
    return [b.id for b in db.session.scalars(loaded) if not _clip_follows_notice(b)]


def _clip_follows_notice(booking: Booking) -> bool:
    in_time = booking.cancelled_at is not None and booking.cancelled_at <= booking.notice_until
    by_coach = booking.cancelled_by_id == booking.slot.coach.user_id
    returned = booking.clip_returned_at is not None
    return returned or not (in_time or by_coach or not booking.enrolment.programme.late_forfeits)


@rule("A conversation keeps the price that held when it was booked")
def _price(_now: datetime) -> Iterable[Any]:
    programme = joinedload(Booking.enrolment).joinedload(Enrolment.programme).selectinload(Programme.rates)
    bookings = db.session.scalars(select(Booking).options(programme, joinedload(Booking.slot)))
    return [
        b.id
        for b in bookings
        if b.price not in {r.amount for r in b.enrolment.programme.rates if r.kind is not RateKind.COACH_FEE}
    ]


@rule("A conversation that was cancelled does not say what it was to be about")
def _no_theme(_now: datetime) -> Select[Any]:
    return select(Booking.id).where(Booking.cancelled_at.is_not(None), Booking.theme.is_not(None))
