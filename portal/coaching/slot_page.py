"""What the page with free hours shows, gathered in a bounded number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from flask import url_for
from sqlalchemy import Select, select

from portal import clock
from portal.accounts.models import User
from portal.coaching import free_hours, participation
from portal.coaching.booking import price
from portal.coaching.clip_card import ClipCard
from portal.coaching.forms import WishForm
from portal.coaching.free_hours import Week, Wish
from portal.coaching.models import Booking, Coach, Enrolment, Payer, Programme, Slot
from portal.coaching.refusals import NoPrice
from portal.extensions import db
from portal.language import gettext as _

Hours = Select[tuple[Slot]]


@dataclass
class SlotPage:
    """A week of free hours, with the hour chosen and the conversation that is being moved, if any."""

    user: User
    now: datetime
    wish_form: WishForm
    programme: Programme | None = None
    enrolment: Enrolment | None = None
    card: ClipCard = field(default_factory=ClipCard)
    agreed: bool = False  # whether a theme may be kept without asking first
    moving: Booking | None = None
    payer: Payer | None = None
    week: Week | None = None
    last_day: date = date.min
    days: list[tuple[date, list[Slot]]] = field(default_factory=list)
    coaches: list[Coach] = field(default_factory=list)
    next_free_week: Week | None = None
    chosen: Slot | None = None
    gone: bool = False
    nearest: Sequence[Slot] = ()
    own_booking: Booking | None = None
    cost: Decimal | None = None
    notice_until: datetime | None = None

    @classmethod
    def open(
        cls,
        user: User,
        now: datetime,
        args: Any,
        chosen: Slot | None = None,
        *,
        payer: Payer | None = None,
        moving: Booking | None = None,
        gone: bool = False,
    ) -> "SlotPage":
        """The page for the person and the URL's arguments. `gone` when booking has just shown that it is."""
        coaches = db.session.scalars(Coach.active()).all()
        page = cls(user, now, WishForm.read(args, coaches), chosen=chosen, moving=moving, gone=gone)
        stand = participation.read(user, clock.today(now))
        page.programme, page.enrolment, page.card = stand.programme, stand.enrolment, stand.card
        page.agreed = stand.agreed
        if stand.programme is not None and stand.enrolment is not None and stand.has_seat:
            wanted = next((p for p in Payer if p.value == args.get("payer")), None)
            page._fill(stand.programme, stand.enrolment, payer or wanted, args.get("week"))
        return page

    @property
    def wish(self) -> Wish:
        return self.wish_form.wish

    @property
    def has_seat(self) -> bool:
        return self.enrolment is not None and self.enrolment.has_seat

    @property
    def payer_place(self) -> str:
        """Whom a municipality's invoice goes to."""
        if self.enrolment is None:
            return ""
        place = self.enrolment.member.municipality
        return place.display_name if place.is_county else _("%(name)s kommune", name=place.display_name)

    @property
    def action(self) -> str:
        """The page's own address, to which the wish is added."""
        if self.moving is not None:
            return url_for("coaching.move_to", booking_id=self.moving.id)
        return url_for("coaching.slots")

    def url(self, slot: Slot | None = None, week: Week | None = None, **more: str) -> str:
        """The page with this hour chosen, or this week shown, and the wish as it is."""
        kept: dict[str, Any] = {**self.wish_form.kept, **more}
        if week is not None:
            kept["week"] = week.code
        if self.moving is not None:
            slot_id = slot.id if slot is not None else None
            return url_for("coaching.move_to", booking_id=self.moving.id, slot=slot_id, **kept)
        if self.payer is not None and self.payer is not Payer.KDF:
            kept.setdefault("payer", self.payer.value)
        if slot is None:
            return url_for("coaching.slots", **kept)
        return url_for("coaching.slot", slot_id=slot.id, **kept)

    @property
    def previous_week(self) -> Week | None:
        """The week before, unless it is past."""
        if self.week is None or self.week.monday <= clock.today(self.now):
            return None
        return self.week.shifted(-1)

    @property
    def following_week(self) -> Week | None:
        """The week after, unless the programme is over by then."""
        following = self.week.shifted(1) if self.week is not None else None
        return following if following is not None and following.monday <= self.last_day else None

    def _fill(
        self, programme: Programme, enrolment: Enrolment, wanted: Payer | None, week_code: str | None
    ) -> None:
        self.payer = self._payer(wanted)
        self.last_day = programme.clips_valid_until if self.payer is Payer.KDF else programme.last_day
        today = clock.today(self.now)
        hours = free_hours.offered(self.user, self.now, self.last_day, self.wish)
        self.week = self._week(hours, week_code, today)
        found = free_hours.in_week(hours, self.week, self.wish)
        if self.chosen is not None:
            found = self._choose(self.chosen, programme, enrolment, hours, found)
        self.days = self.week.days(found, today)
        self.coaches = list(dict.fromkeys(slot.coach for slot in found))
        if not found:
            after = clock.from_oslo(self.week.shifted(1).monday, time())
            self.next_free_week = free_hours.first_week(hours, after)

    def _payer(self, wanted: Payer | None) -> Payer | None:
        """KDF while there are clips, unless the member would rather; without clips the member must choose."""
        if self.moving is not None:
            return self.moving.payer
        if self.card.left:
            return wanted or Payer.KDF
        return wanted if wanted is not Payer.KDF else None

    def _week(self, hours: Hours, code: str | None, today: date) -> Week:
        if self.chosen is not None:
            return Week.of(clock.today(self.chosen.starts_at))
        asked = Week.parse(code, today, self.last_day)
        return asked or free_hours.first_week(hours, self.now) or Week.of(today)

    def _choose(
        self, chosen: Slot, programme: Programme, enrolment: Enrolment, hours: Hours, found: list[Slot]
    ) -> list[Slot]:
        """What choosing the hour means, or that it is gone; an hour that is free though no wish shows too."""
        if not self.gone and (chosen in found or self._is_free(chosen)):
            self.notice_until = programme.notice_before(chosen.starts_at)
            self.cost = self._cost(chosen, enrolment)
            return sorted({*found, chosen}, key=lambda s: (s.starts_at, s.coach.user.sort_key))
        live = select(Booking).where(Booking.slot_id == chosen.id, Booking.cancelled_at.is_(None))
        booking = db.session.scalar(live)
        if booking is not None and booking.enrolment_id == enrolment.id:
            self.own_booking = booking
        self.gone, self.nearest = True, free_hours.nearest(hours, chosen.starts_at)
        return [slot for slot in found if slot is not chosen]

    def _is_free(self, slot: Slot) -> bool:
        anything = free_hours.offered(self.user, self.now, self.last_day)
        return db.session.scalar(anything.where(Slot.id == slot.id)) is not None

    def _cost(self, slot: Slot, enrolment: Enrolment) -> Decimal | None:
        try:
            return self.moving.price if self.moving is not None else price(slot, enrolment)
        except NoPrice:
            return None
