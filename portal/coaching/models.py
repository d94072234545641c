"""Conversations; and all of coaching's tables by one name."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship, undefer

from portal import audit, clock, consents
from portal.access import Role
from portal.accounts.models import User
from portal.coaching import notices
from portal.coaching.hours import CELL, Availability, Coach, Mode, Slot, SlotCell, SlotMode
from portal.coaching.programme import Clip, Enrolment, Programme, Rate, RateKind, Seat
from portal.coaching.refusals import BookingClosed, ClipTakenAgain, NotYetBegun, TooLateToCorrect
from portal.consents import Purpose
from portal.database import lock, refused
from portal.extensions import Base, PrimaryKey, db, enum_type
from portal.keys import sealed_text
from portal.language import gettext as _
from portal.members.models import Member
from portal.notifications import Kind

__all__ = [
    "CELL",
    "Availability", "Booking", "BookingState", "Clip", "Coach", "Enrolment", "Mode", "Payer", "Programme", "Rate",
    "RateKind", "Seat", "Slot", "SlotCell", "SlotMode",
]  # fmt: skip

CANCELLED = audit.declare("booking cancelled", "clip_lost")
HELD = audit.declare("conversation held")
NO_SHOW = audit.declare("conversation missed")
THEME_FORGOTTEN = audit.declare("theme of a conversation emptied")


class Payer(StrEnum):
    KDF = "kdf"
    MUNICIPALITY = "municipality"
    PERSONAL = "personal"

    @property
    def label(self) -> str:
        labels = {Payer.KDF: _("KDF"), Payer.MUNICIPALITY: _("Kommunen"), Payer.PERSONAL: _("Deg selv")}
        return str(labels[self])


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
    theme = sealed_text(owner="enrolment.member.user_id", row=("slot_id", "enrolment_id"), deferred=True)
    booked_at: Mapped[datetime]
    booked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    cancelled_at: Mapped[datetime | None]
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    held_at: Mapped[datetime | None]
    no_show_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    moved_to_id: Mapped[int | None] = mapped_column(ForeignKey("booking.id", ondelete="SET NULL"))
    slot: Mapped[Slot] = relationship()
    enrolment: Mapped[Enrolment] = relationship()

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

    def forfeits_clip(self, by: User, now: datetime) -> bool:
        """Whether cancelling now costs the clip: when the member does it too late. Others never cost a member one."""
        late = self.enrolment.programme.late_forfeits and now > self.notice_until
        return self.takes_clip and late and by.id == self.member.user_id

    def cancel(self, by: User, now: datetime) -> None:
        """Give up the hour; the clip comes back unless it is forfeited. Cancelling twice changes nothing."""
        lock(self)
        if self.cancelled_at is not None:
            return
        if not self.is_ahead(now):
            raise BookingClosed
        lost = self.forfeits_clip(by, now)
        self.cancelled_at, self.cancelled_by_id = now, by.id
        self.theme = ""  # nobody is to prepare for it any more
        if self.takes_clip and not lost:
            self.clip_returned_at = now
        db.session.flush()
        audit.record(CANCELLED, by=by, on=self, at=now, clip_lost=lost)
        notices.forget_reminders(self, now)
        notices.tell(Kind.BOOKING_CANCELLED, self, now)

    def confirm_held(self, by: User, now: datetime) -> None:
        """Note that the conversation took place. A no-show noted by mistake is corrected the same day."""
        lock(self)
        if self.held_at is None:
            self._require_confirmable(self.no_show_at, by, now)
            self.held_at, self.no_show_at, self.confirmed_by_id = now, None, by.id
            self._settle_clip(returned_at=None)
            audit.record(HELD, by=by, on=self, at=now)

    def confirm_no_show(self, by: User, now: datetime) -> None:
        """Note that the member did not come; the clip is lost where the programme says so."""
        lock(self)
        if self.no_show_at is None:
            self._require_confirmable(self.held_at, by, now)
            self.held_at, self.no_show_at, self.confirmed_by_id = None, now, by.id
            forfeits = self.enrolment.programme.no_show_forfeits or self.clip_number is None
            self._settle_clip(returned_at=None if forfeits else now)
            audit.record(NO_SHOW, by=by, on=self, at=now)

    def theme_for(self, user: User) -> str | None:
        """The theme, for the member and, while the member lets us, that coach; nothing for anyone else."""
        if user.id == self.member.user_id:
            return self.theme
        is_read = user.id == self.coach.user_id and consents.holds(self.member.user_id, Purpose.OWN_WORDS)
        return self.theme if is_read else None

    def forget_theme(self, by: User, now: datetime) -> None:
        """Empty what it was to be about. Doing it twice changes nothing."""
        if self.theme:
            self.theme = ""
            audit.record(THEME_FORGOTTEN, by=by, on=self, at=now)

    def _require_confirmable(self, otherwise_at: datetime | None, by: User, now: datetime) -> None:
        if self.cancelled_at is not None:
            raise BookingClosed
        if self.slot.starts_at > now:
            raise NotYetBegun
        same_day = otherwise_at is None or clock.today(otherwise_at) == clock.today(now)
        if not same_day and Role.SECRETARIAT not in by.roles:
            raise TooLateToCorrect

    def _settle_clip(self, returned_at: datetime | None) -> None:
        with refused({"uq_booking_clip_live": ClipTakenAgain}):
            self.clip_returned_at = returned_at
            db.session.flush()
