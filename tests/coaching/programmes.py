"""A programme with coaches, hours and participants, made through the product's own functions."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.coaching import booking as bookings
from portal.coaching.enrolment import apply, give_seat
from portal.coaching.models import (
    Booking,
    Coach,
    Enrolment,
    Mode,
    Payer,
    Programme,
    Rate,
    RateKind,
    Slot,
    SlotMode,
)
from portal.extensions import db
from portal.members.models import Member
from tests.support.people import agree, new_user

NOW = clock.from_oslo(date(2026, 11, 24), time(10, 30))


def new_programme(seats: int = 60, budget: int = 250_000, rate: int = 2300) -> Programme:
    """The pilot: a year from August 2026."""
    programme = Programme(
        name="Veiledningstjenesten",
        starts_on=date(2026, 8, 1),
        ends_on=date(2027, 7, 31),
        clips_valid_until=date(2027, 7, 31),
        clips=2,
        budget=Decimal(budget),
        seats=[],
        rates=[
            Rate(kind=RateKind.MEMBER, amount=Decimal(rate), valid_from=date(2026, 8, 1)),
            Rate(kind=RateKind.NON_MEMBER, amount=Decimal(2900), valid_from=date(2026, 8, 1)),
        ],
    )
    programme.add_seats(seats)
    db.session.add(programme)
    db.session.flush()
    return programme


def new_coach(user: User, place: str = "Bergen") -> Coach:
    coach = Coach(
        user=user, headline="Erfaren veileder", place=place, meeting_link="https://møte.example/rom"
    )
    db.session.add(coach)
    db.session.flush()
    return coach


def participant(member: Member, programme: Programme, at: datetime = NOW - timedelta(days=60)) -> Enrolment:
    return give_seat(apply(member, programme, at), None, at)


def new_slot(coach: Coach, starts_at: datetime, mode: SlotMode = SlotMode.EITHER) -> Slot:
    slot = Slot.at(coach, starts_at, starts_at + timedelta(hours=1), mode)
    db.session.add(slot)
    db.session.flush()
    return slot


def booked(
    enrolment: Enrolment,
    coach: Coach,
    starts_at: datetime,
    payer: Payer = Payer.KDF,
    mode: Mode = Mode.DIGITAL,
    theme: str | None = None,
) -> Booking:
    """A conversation, booked two days before it is to be."""
    slot = new_slot(coach, starts_at)
    before = starts_at - timedelta(days=2)
    if theme:
        agree(enrolment.member, before)
    return bookings.book(slot, enrolment, mode, enrolment.member.user, before, payer, theme)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.from_oslo(day, time(hour, minute))


__all__ = ["NOW", "Role", "at", "booked", "new_coach", "new_programme", "new_slot", "new_user", "participant"]
