"""The time, read once at the edge and handed on as an argument. Stored as aware UTC, shown in Oslo time."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")


def now() -> datetime:
    """The present moment, aware UTC."""
    return datetime.now(UTC)


def oslo(moment: datetime) -> datetime:
    """The same moment on a Norwegian clock."""
    return moment.astimezone(OSLO)


def today(moment: datetime) -> date:
    """The Norwegian calendar day of a moment."""
    return oslo(moment).date()


def from_oslo(day: date, at: time) -> datetime:
    """The moment when a Norwegian clock shows `at` on `day`, aware UTC."""
    return datetime.combine(day, at, OSLO).astimezone(UTC)
