"""A programme, its seats, and who takes part."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Select,
    String,
    UniqueConstraint,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship

from portal.access import Role
from portal.accounts.models import User
from portal.coaching.refusals import NoPrice
from portal.database import lock
from portal.extensions import Base, PrimaryKey, enum_type
from portal.members.models import Member

if TYPE_CHECKING:
    from portal.coaching.models import Booking


class RateKind(StrEnum):
    MEMBER = "member"
    NON_MEMBER = "non_member"
    COACH_FEE = "coach_fee"


class Rate(Base):
    """A price per conversation, or a coach's fee for one, from a day on."""

    __tablename__ = "rate"
    __table_args__ = (
        UniqueConstraint("programme_id", "kind", "valid_from", name="uq_rate_day"),
        CheckConstraint("amount >= 0", name="not_negative"),
    )

    id: Mapped[PrimaryKey]
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id", ondelete="CASCADE"))
    kind: Mapped[RateKind] = mapped_column(enum_type(RateKind, "kind"))
    amount: Mapped[Decimal]
    valid_from: Mapped[date]


class Seat(Base):
    """A place in a programme. There are as many seats as rows, so there can never be one participant too many."""

    __tablename__ = "seat"
    __table_args__ = (CheckConstraint("number >= 1", name="from_one"),)

    programme_id: Mapped[int] = mapped_column(
        ForeignKey("programme.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Programme(Base):
    """A coaching offer with a period, seats, clips per participant and a budget."""

    __tablename__ = "programme"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on AND clips_valid_until >= starts_on", name="period"),
        CheckConstraint("clips >= 0 AND minutes > 0 AND budget >= 0 AND notice_hours >= 0", name="sane"),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(120))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    clips_valid_until: Mapped[date]
    clips: Mapped[int] = mapped_column(default=2)
    minutes: Mapped[int] = mapped_column(default=60)
    budget: Mapped[Decimal]
    notice_hours: Mapped[int] = mapped_column(default=24)
    late_forfeits: Mapped[bool] = mapped_column(default=True)
    no_show_forfeits: Mapped[bool] = mapped_column(default=True)
    seats: Mapped[list[Seat]] = relationship(order_by=Seat.number, cascade="all, delete-orphan")
    rates: Mapped[list[Rate]] = relationship(order_by=Rate.valid_from, cascade="all, delete-orphan")

    @classmethod
    def current(cls, today: date) -> Select[tuple["Programme"]]:
        """The programme that runs, else the next to begin."""
        lasting = or_(cls.ends_on >= today, cls.clips_valid_until >= today)
        return select(cls).where(lasting).order_by(cls.starts_on, cls.id).limit(1)

    def add_seats(self, count: int) -> None:
        """Make seats until there are `count`. Seats are never taken away here: someone may sit in them."""
        taken = max((s.number for s in self.seats), default=0)
        self.seats.extend(Seat(number=n) for n in range(taken + 1, count + 1))

    def rate_for(self, kind: RateKind, day: date) -> Decimal:
        """The price that holds on `day`."""
        valid = [r for r in self.rates if r.kind is kind and r.valid_from <= day]
        if not valid:
            raise NoPrice
        return max(valid, key=lambda r: r.valid_from).amount

    def covers(self, day: date, with_clip: bool) -> bool:
        """Whether a conversation on `day` belongs to the programme; a clip has a last day of its own."""
        return self.starts_on <= day <= (self.clips_valid_until if with_clip else self.last_day)

    @property
    def last_day(self) -> date:
        return max(self.ends_on, self.clips_valid_until)

    def notice_before(self, starts_at: datetime) -> datetime:
        """The last moment to move or cancel without losing the clip."""
        return starts_at - timedelta(hours=self.notice_hours)


class Clip(Base):
    """One of a participant's prepaid conversations: the row exists so that a booking can take it, once."""

    __tablename__ = "clip"
    __table_args__ = (CheckConstraint("number >= 1", name="from_one"),)

    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolment.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Enrolment(Base):
    """A member in a programme: with a seat, in the queue, or withdrawn."""

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("programme_id", "member_id", name="uq_enrolment_member"),
        UniqueConstraint("programme_id", "seat_number", name="uq_enrolment_seat"),
        ForeignKeyConstraint(
            ["programme_id", "seat_number"], ["seat.programme_id", "seat.number"], name="fk_enrolment_seat"
        ),
        CheckConstraint("seat_number IS NULL OR seated_at IS NOT NULL", name="seated"),
        CheckConstraint("withdrawn_at IS NULL OR seat_number IS NULL", name="withdrawn_frees_seat"),
    )

    id: Mapped[PrimaryKey]
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id", ondelete="CASCADE"), index=True)
    applied_at: Mapped[datetime]
    seat_number: Mapped[int | None]
    seated_at: Mapped[datetime | None]
    seated_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    withdrawn_at: Mapped[datetime | None]
    programme: Mapped[Programme] = relationship()
    member: Mapped[Member] = relationship()
    clips: Mapped[list[Clip]] = relationship(order_by=Clip.number, cascade="all, delete-orphan")
    bookings: Mapped[list["Booking"]] = relationship(viewonly=True, order_by="Booking.id")

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Enrolment"]]:
        """The secretariat sees all enrolments, a member the own ones."""
        rows = select(cls).join(cls.member).options(contains_eager(cls.member))
        return rows if Role.SECRETARIAT in user.roles else rows.where(Member.user_id == user.id)

    @classmethod
    def handled_by(cls, user: User) -> Select[tuple["Enrolment"]]:
        """What the secretariat gives and takes: everybody's but the own, which a colleague sees to."""
        return cls.visible_to(user).where(Member.user_id != user.id)

    @classmethod
    def of(cls, user: User, programme: Programme) -> Select[tuple["Enrolment"]]:
        """The person's own enrolment in the programme."""
        mine = select(cls).join(cls.member).options(contains_eager(cls.member), joinedload(cls.programme))
        return mine.where(Member.user_id == user.id, cls.programme_id == programme.id)

    @property
    def has_seat(self) -> bool:
        return self.seat_number is not None

    @property
    def is_waiting(self) -> bool:
        return self.seat_number is None and self.withdrawn_at is None

    def lock(self) -> None:
        """Hold the row until the transaction ends: one booking at a time per participant."""
        lock(self)

    def seat(self, number: int, by: User | None, now: datetime) -> None:
        """Give the participant the seat, and the clips that come with it."""
        self.seat_number, self.seated_at, self.withdrawn_at = number, now, None
        self.seated_by_id = by.id if by is not None else None
        held = {clip.number for clip in self.clips}
        self.clips.extend(Clip(number=n) for n in range(1, self.programme.clips + 1) if n not in held)
