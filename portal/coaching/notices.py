"""The mails about a conversation. They say that something waits, never what."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from portal.accounts.models import User
from portal.notifications import Kind, outbox

if TYPE_CHECKING:
    from portal.coaching.models import Booking

REMIND_BEFORE = timedelta(hours=24)


def tell(kind: Kind, booking: "Booking", now: datetime) -> None:
    """Tell member and coach that a conversation was made, moved or cancelled."""
    for user, path in _both(booking):
        outbox.send(kind, user, now, path=path, about=booking)


def remind(booking: "Booking", now: datetime) -> None:
    """Remind both a day before; of a conversation sooner than that the booking itself is reminder enough."""
    due = booking.slot.starts_at - REMIND_BEFORE
    if due > now:
        for user, path in _both(booking):
            outbox.send(Kind.BOOKING_REMINDER, user, now, path=path, about=booking, not_before=due)


def forget_reminders(booking: "Booking", now: datetime) -> None:
    outbox.withdraw(Kind.BOOKING_REMINDER, booking, now)


def _both(booking: "Booking") -> Iterator[tuple[User, str]]:
    yield booking.member.user, f"/coaching/bookings/{booking.id}"
    yield booking.coach.user, "/coach/"
