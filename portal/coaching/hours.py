"""Coaches and the hours they offer."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from portal.access import Role
from portal.accounts.models import User
from portal.database import lock
from portal.extensions import Base, PrimaryKey, enum_type
from portal.language import gettext as _

if TYPE_CHECKING:
    from portal.coaching.models import Booking

CELL = timedelta(minutes=15)


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
    bookings: Mapped[list["Booking"]] = relationship(viewonly=True)

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
        rows = select(cls).join(cls.coach).join(Coach.user)
        rows = rows.options(contains_eager(cls.coach).contains_eager(Coach.user))
        open_ = (
            cls.withdrawn_at.is_(None),
            cls.starts_at > now,
            User.deactivated_at.is_(None),
            ~cls.bookings.any(cancelled_at=None),
        )
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
        lock(self)

    def withdraw(self, now: datetime) -> None:
        """Take the hour back; its time is free for another. Whoever has it must be dealt with first."""
        self.withdrawn_at = self.withdrawn_at or now
        self.cells = []
