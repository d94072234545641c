"""The five rows that people read of a score, and the engine's parts behind each."""

from collections.abc import Mapping
from dataclasses import dataclass

import matching
from portal.language import gettext as _
from portal.rendering import number

ROWS: dict[str, tuple[str, ...]] = {
    "challenges": ("challenges", "text"),
    "size": ("size", "kind"),
    "experience": ("experience",),
    "practicalities": ("practicalities",),
    "wishes": ("wishes",),
}


def row_labels() -> dict[str, tuple[str, str]]:
    """The name of each row, in full and for a narrow column."""
    return {
        "challenges": (_("Utfordringsprofil"), _("Profil")),
        "size": (_("Kommunestørrelse"), _("Størr.")),
        "experience": (_("Erfaring"), _("Erf.")),
        "practicalities": (_("Form og reise"), _("Reise")),
        "wishes": (_("Egne ønsker"), _("Ønsker")),
    }


def signed(points: int) -> str:
    """+3, −3 or ±0"""
    return f"+{number(points)}" if points > 0 else number(points) if points else "±0"


@dataclass(frozen=True)
class Bar:
    """One part of a score: points of a maximum, and what today's pair has when it is another's."""

    name: str
    label: str
    short: str
    points: int
    of: int
    words: str = ""
    tick: int | None = None

    @property
    def scale(self) -> int:
        """What the bar is measured by: its maximum, also where the weight is nothing."""
        return max(self.of, 1)


def bars_of(
    pair: matching.Pair, beside: matching.Pair | None = None, words: Mapping[str, str] | None = None
) -> list[Bar]:
    own = matching.whole_points(pair)
    other = matching.whole_points(beside) if beside else None
    bars = []
    for name, parts in ROWS.items():
        label, short = row_labels()[name]
        tick = sum(other[part][0] for part in parts) if other else None
        points, most = (sum(own[part][i] for part in parts) for i in (0, 1))
        bars.append(Bar(name, label, short, points, most, (words or {}).get(name, ""), tick))
    return bars
