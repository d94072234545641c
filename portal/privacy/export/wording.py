"""A stored value as machines and as people read it."""

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from portal.language import gettext as _
from portal.rendering import clock_time, long_date, money, number


def plain(value: Any) -> Any:
    """Something that JSON has: moments in UTC, days and amounts as text."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def in_words(value: Any) -> str:
    """As it would stand on a page."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("ja") if value else _("nei"))
    if isinstance(value, Enum):
        return str(getattr(value, "label", value.value))
    if isinstance(value, Decimal):
        return money(value)
    if isinstance(value, int):
        return number(value)
    return _when(value) or _several(value) or str(value)


def _when(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{long_date(value)} kl. {clock_time(value)}"
    if isinstance(value, date):
        return long_date(value)
    return clock_time(value) if isinstance(value, time) else ""


def _several(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {in_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(in_words(inner) for inner in value)
    return ""
