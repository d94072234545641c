"""A conversation as an entry for a calendar that others may read."""

from datetime import timedelta

from portal.coaching.models import Booking
from portal.language import gettext as _


def calendar_entry(booking: Booking, base_url: str) -> bytes:
    """An .ics file that tells when, never what, where or with whom."""
    from icalendar import Alarm, Calendar, Event  # a tenth of the start-up time, for a page that few open

    event = Event()
    event.add("uid", f"booking-{booking.id}@varde")
    event.add("summary", _("Avtale i Varde"))
    event.add("dtstamp", booking.booked_at)
    event.add("dtstart", booking.slot.starts_at)
    event.add("dtend", booking.slot.ends_at)
    event.add("class", "PRIVATE")
    event.add("url", base_url)
    reminder = Alarm()
    reminder.add("action", "DISPLAY")
    reminder.add("description", _("Avtale i Varde"))
    reminder.add("trigger", -timedelta(minutes=15))
    event.add_component(reminder)
    calendar = Calendar()
    calendar.add("prodid", "-//KDF//Varde//NO")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
