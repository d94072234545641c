from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    exists,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship, undefer

from portal.access import Role
from portal.accounts.models import User
from portal.coaching.refusals import NoPrice
from portal.extensions import Base, PrimaryKey, db, enum_type
from portal.members.models import Member

CELL = timedelta(minutes=15)


class RateKind(StrEnum):
    MEMBER = "member"
    NON_MEMBER = "non_member"
    COACH_FEE = "coach_fee"


class SlotMode(StrEnum):
    """How a coach offers the time."""

    DIGITAL = "digital"
    IN_PERSON = "in_person"
    EITHER = "either"

    @property
    def label(self) -> str:
        labels = {
            SlotMode.DIGITAL: _("Digitalt"),
            SlotMode.IN_PERSON: _("Fysisk"),
            SlotMode.EITHER: _("Digitalt eller fysisk"),
        }
        return str(labels[self])


class Mode(StrEnum):
    """How a conversation is held."""

    DIGITAL = "digital"
    IN_PERSON = "in_person"

    @property
    def label(self) -> str:
        return str(_("Digitalt") if self is Mode.DIGITAL else _("Fysisk"))


class Payer(StrEnum):
    KDF = "kdf"
    MUNICIPALITY = "municipality"
    PERSONAL = "personal"

    @property
    def label(self) -> str:
        labels = {Payer.KDF: _("KDF"), Payer.MUNICIPALITY: _("Kommunen"), Payer.PERSONAL: _("Deg selv")}
        return str(labels[self])


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
    bookings: Mapped[list["Booking"]] = relationship(back_populates="enrolment", order_by="Booking.id")

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Enrolment"]]:
        """The secretariat sees all enrolments, a member the own ones."""
        rows = select(cls).join(cls.member).options(contains_eager(cls.member))
        return rows if Role.SECRETARIAT in user.roles else rows.where(Member.user_id == user.id)

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

    def seat(self, number: int, by: User | None, now: datetime) -> None:
        """Give the participant the seat, and the clips that come with it."""
        self.seat_number, self.seated_at, self.withdrawn_at = number, now, None
        self.seated_by_id = by.id if by is not None else None
        held = {clip.number for clip in self.clips}
        self.clips.extend(Clip(number=n) for n in range(1, self.programme.clips + 1) if n not in held)


class Coach(Base):
    """Someone who holds conversations."""

    __tablename__ = "coach"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), unique=True)
    headline: Mapped[str] = mapped_column(String(200), default="")
    bio: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    meeting_link: Mapped[str] = mapped_column(String(500), default="")
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    @classmethod
    def active(cls) -> Select[tuple["Coach"]]:
        rows = select(cls).join(cls.user).options(contains_eager(cls.user))
        return rows.where(User.deactivated_at.is_(None)).order_by(User.sort_key)

    @property
    def name(self) -> str:
        return self.user.name


class Availability(Base):
    """A coach's weekly pattern: `weekday` 0 is Monday, times are Norwegian clock times."""

    __tablename__ = "availability"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("starts < ends", name="order"),
        CheckConstraint("until_date IS NULL OR until_date >= from_date", name="period"),
    )

    id: Mapped[PrimaryKey]
    coach_id: Mapped[int] = mapped_column(ForeignKey("coach.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]
    from_date: Mapped[date]
    until_date: Mapped[date | None]
    mode: Mapped[SlotMode] = mapped_column(enum_type(SlotMode, "mode"))
    place: Mapped[str] = mapped_column(String(200), default="")
    coach: Mapped[Coach] = relationship()

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Availability"]]:
        """A coach sees the own patterns."""
        return select(cls).join(cls.coach).where(Coach.user_id == user.id)


class SlotCell(Base):
    """A quarter of an hour of a coach's time. One row each: that is what makes overlapping slots impossible."""

    __tablename__ = "slot_cell"

    coach_id: Mapped[int] = mapped_column(ForeignKey("coach.id", ondelete="CASCADE"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id", ondelete="CASCADE"), index=True)


class Slot(Base):
    """An hour that a coach offers."""

    __tablename__ = "slot"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="order"),
        Index("ix_slot_week", "starts_at", "coach_id"),
    )

    id: Mapped[PrimaryKey]
    coach_id: Mapped[int] = mapped_column(ForeignKey("coach.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    mode: Mapped[SlotMode] = mapped_column(enum_type(SlotMode, "mode"))
    place: Mapped[str] = mapped_column(String(200), default="")
    availability_id: Mapped[int | None] = mapped_column(ForeignKey("availability.id", ondelete="SET NULL"))
    withdrawn_at: Mapped[datetime | None]
    coach: Mapped[Coach] = relationship()
    cells: Mapped[list[SlotCell]] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    bookings: Mapped[list["Booking"]] = relationship(back_populates="slot")

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Slot"]]:
        """Staff and members see every coach's hours; a coach who is nothing else only the own ones."""
        rows = select(cls).join(cls.coach).join(Coach.user)
        rows = rows.options(contains_eager(cls.coach).contains_eager(Coach.user))
        all_hours = user.roles & {Role.SECRETARIAT, Role.MEMBER}
        return rows if all_hours else rows.where(Coach.user_id == user.id)

    @classmethod
    def of_coach(cls, user: User) -> Select[tuple["Slot"]]:
        """The coach's own hours that are not taken back."""
        return select(cls).join(cls.coach).where(Coach.user_id == user.id, cls.withdrawn_at.is_(None))

    @classmethod
    def free(cls, now: datetime) -> Select[tuple["Slot"]]:
        """Hours ahead that nobody has, with their coaches, soonest first."""
        live = exists().where(Booking.slot_id == cls.id, Booking.cancelled_at.is_(None))
        rows = select(cls).join(cls.coach).join(Coach.user)
        rows = rows.options(contains_eager(cls.coach).contains_eager(Coach.user))
        open_ = (cls.withdrawn_at.is_(None), cls.starts_at > now, User.deactivated_at.is_(None), ~live)
        return rows.where(*open_).order_by(cls.starts_at, User.sort_key)

    @classmethod
    def at(
        cls,
        coach: Coach,
        starts_at: datetime,
        ends_at: datetime,
        mode: SlotMode,
        place: str = "",
        availability: Availability | None = None,
    ) -> "Slot":
        """An hour with its cells. Not added to the session: an overlap is refused by `pk_slot_cell` at flush."""
        slot = cls(
            coach=coach,
            starts_at=starts_at,
            ends_at=ends_at,
            mode=mode,
            place=place,
            availability_id=availability.id if availability is not None else None,
        )
        count = -((starts_at - ends_at) // CELL)
        slot.cells = [SlotCell(coach_id=coach.id, starts_at=starts_at + n * CELL) for n in range(count)]
        return slot

    @property
    def minutes(self) -> int:
        return int((self.ends_at - self.starts_at).total_seconds()) // 60

    def offers(self, mode: Mode) -> bool:
        return self.mode is SlotMode.EITHER or self.mode.value == mode.value

    def place_for(self, mode: Mode) -> str:
        return (self.place or self.coach.place) if mode is Mode.IN_PERSON else ""

    def lock(self) -> None:
        """Hold the row until the transaction ends and read it afresh, so that it is not withdrawn meanwhile."""
        _lock(self)

    def withdraw(self, now: datetime) -> None:
        """Take the hour back; its time is free for another. Whoever has it must be dealt with first."""
        self.withdrawn_at = self.withdrawn_at or now
        self.cells = []


class BookingState(StrEnum):
    BOOKED = "booked"
    UNCONFIRMED = "unconfirmed"
    HELD = "held"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    MOVED = "moved"

    @property
    def label(self) -> str:
        labels = {
            BookingState.BOOKED: _("Bestilt"),
            BookingState.UNCONFIRMED: _("Venter på bekreftelse"),
            BookingState.HELD: _("Gjennomført"),
            BookingState.NO_SHOW: _("Møtte ikke"),
            BookingState.CANCELLED: _("Avlyst"),
            BookingState.MOVED: _("Flyttet"),
        }
        return str(labels[self])


class Booking(Base):
    """A conversation that a participant has, or had, with a coach. Its price and payer never change."""

    __tablename__ = "booking"
    __table_args__ = (
        Index(
            "uq_booking_slot_live",
            "slot_id",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        Index(
            "uq_booking_clip_live",
            "enrolment_id",
            "clip_number",
            unique=True,
            sqlite_where=text("clip_number IS NOT NULL AND clip_returned_at IS NULL"),
            postgresql_where=text("clip_number IS NOT NULL AND clip_returned_at IS NULL"),
        ),
        ForeignKeyConstraint(
            ["enrolment_id", "clip_number"], ["clip.enrolment_id", "clip.number"], name="fk_booking_clip"
        ),
        CheckConstraint("(payer = 'kdf') = (clip_number IS NOT NULL)", name="clip_means_kdf"),
        CheckConstraint("clip_returned_at IS NULL OR clip_number IS NOT NULL", name="clip_returned"),
        CheckConstraint(
            "(CASE WHEN cancelled_at IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN held_at IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN no_show_at IS NULL THEN 0 ELSE 1 END) <= 1",
            name="one_ending",
        ),
        CheckConstraint("price >= 0", name="price"),
    )

    id: Mapped[PrimaryKey]
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), index=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id", ondelete="CASCADE"), index=True)
    mode: Mapped[Mode] = mapped_column(enum_type(Mode, "mode"))
    clip_number: Mapped[int | None]
    clip_returned_at: Mapped[datetime | None]
    payer: Mapped[Payer] = mapped_column(enum_type(Payer, "payer"))
    price: Mapped[Decimal]
    # Not loaded unless asked for: only the member and that coach have selects that ask for it.
    theme: Mapped[str | None] = mapped_column(Text, deferred=True)
    booked_at: Mapped[datetime]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    held_at: Mapped[datetime | None]
    no_show_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    moved_to_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id", ondelete="SET NULL"))
    slot: Mapped[Slot] = relationship(back_populates="bookings")
    enrolment: Mapped[Enrolment] = relationship(back_populates="bookings")

    @classmethod
    def of_member(cls, user: User) -> Select[tuple["Booking"]]:
        """The member's own conversations, with coach and programme, theme included."""
        return cls._with_slot_and_enrolment().where(Member.user_id == user.id).options(undefer(cls.theme))

    @classmethod
    def of_coach(cls, user: User) -> Select[tuple["Booking"]]:
        """The coach's own conversations, with the member, theme included."""
        return cls._with_slot_and_enrolment().where(Coach.user_id == user.id).options(undefer(cls.theme))

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Booking"]]:
        """The secretariat sees that a conversation is, never its theme; others see their own."""
        mine = or_(Member.user_id == user.id, Coach.user_id == user.id)
        return cls._with_slot_and_enrolment().where(true() if Role.SECRETARIAT in user.roles else mine)

    @classmethod
    def _with_slot_and_enrolment(cls) -> Select[tuple["Booking"]]:
        slot = contains_eager(cls.slot).contains_eager(Slot.coach).joinedload(Coach.user, innerjoin=True)
        enrolment = contains_eager(cls.enrolment)
        rows = select(cls).join(cls.slot).join(Slot.coach).join(cls.enrolment).join(Enrolment.member)
        return rows.options(
            slot,
            enrolment.contains_eager(Enrolment.member),
            enrolment.joinedload(Enrolment.programme, innerjoin=True),
        )

    @property
    def coach(self) -> Coach:
        return self.slot.coach

    @property
    def member(self) -> Member:
        return self.enrolment.member

    @property
    def starts_at(self) -> datetime:
        return self.slot.starts_at

    @property
    def notice_until(self) -> datetime:
        return self.enrolment.programme.notice_before(self.slot.starts_at)

    @property
    def place(self) -> str:
        return self.slot.place_for(self.mode)

    @property
    def is_live(self) -> bool:
        return self.cancelled_at is None

    @property
    def is_confirmed(self) -> bool:
        return self.held_at is not None or self.no_show_at is not None

    @property
    def takes_clip(self) -> bool:
        """Whether the clip is with this booking: booked, used or lost."""
        return self.clip_number is not None and self.clip_returned_at is None

    def state(self, now: datetime) -> BookingState:
        if self.moved_to_id is not None:
            return BookingState.MOVED
        if self.cancelled_at is not None:
            return BookingState.CANCELLED
        if self.held_at is not None:
            return BookingState.HELD
        if self.no_show_at is not None:
            return BookingState.NO_SHOW
        return BookingState.UNCONFIRMED if self.slot.ends_at <= now else BookingState.BOOKED

    def is_ahead(self, now: datetime) -> bool:
        return self.is_live and not self.is_confirmed and self.slot.starts_at > now

    def theme_for(self, user: User) -> str | None:
        """The theme, for the member and that coach; nothing for anyone else."""
        return self.theme if user.id in (self.member.user_id, self.coach.user_id) else None


def _lock(row: Any) -> None:
    db.session.flush()
    columns = [c.key for c in row.__mapper__.column_attrs]
    db.session.refresh(row, attribute_names=columns, with_for_update={"key_share": True})
