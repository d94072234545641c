"""The values the engine takes. All frozen, all plain Python; what it gives is in findings.

Scores are whole numbers of *units*: 1 point of 100 is 1 000 units, so parts add up to their total exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

UNITS_PER_POINT = 1000
FULL_SCORE = 100 * UNITS_PER_POINT
HIGHEST_WORTH = (
    150 * UNITS_PER_POINT
)  # of a pair with every bonus there is; leaving somebody unserved costs more


class Mode(StrEnum):
    """How the two can meet."""

    DIGITAL = "digital"
    IN_PERSON = "in_person"


EITHER_MODE = frozenset(Mode)


class Rule(StrEnum):
    """Why a pair is impossible, in the order they are named when several hold: confidential ones last."""

    SAME_PERSON = "same_person"
    SAME_MUNICIPALITY = "same_municipality"
    NEIGHBOUR = "neighbour"
    DECLINED = "declined"
    ENDED = "ended"
    EXCLUDED = "excluded"
    PAUSED = "paused"
    FULL = "full"
    TIE = "tie"
    RESERVATION = "reservation"

    @property
    def is_confidential(self) -> bool:
        """To be named to nobody but the one whose it is, not even as being there."""
        return self in (Rule.TIE, Rule.RESERVATION)


class ReservationKind(StrEnum):
    """Whom a person has said no to. A tie is a declared conflict of interest with one named person."""

    PERSON = "person"
    MUNICIPALITY = "municipality"
    COUNTY = "county"
    TIE = "tie"


class Objective(StrEnum):
    """What the best assignment is. Everyone who can be served is served first, except under STABLE."""

    FLOOR = "floor"
    TOTAL = "total"
    LEXIMIN = "leximin"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Mentor:
    """One who can support others. `capacity` is the places free in this round (fixed pairs count against it)."""

    id: str
    municipality: str
    areas: Mapping[str, int] = field(default_factory=dict)  # code -> strength 1..3
    capacity: int = 1
    paused: bool = False
    years: int | None = None  # in the position, all municipalities together
    modes: frozenset[Mode] = EITHER_MODE
    text: str = ""
    retired: bool = False
    avoid_neighbours: bool = False


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a mentee would like; each is met, partly met or not. None of them excludes anyone."""

    other_county: bool = False
    same_county: bool = False
    larger: bool = False  # a mentor from a larger municipality than the mentee's own
    retired: bool = False
    in_position: bool = False  # a mentor who is not retired
    years: int | None = None  # a mentor with at least this many years in the position


@dataclass(frozen=True, slots=True)
class Mentee:
    """One who looks for a mentor."""

    id: str
    municipality: str
    areas: Mapping[str, int] = field(default_factory=dict)  # code -> weight 1..3
    years: int | None = None
    modes: frozenset[Mode] = EITHER_MODE
    wishes: Wishes = Wishes()
    text: str = ""
    paused: bool = False
    avoid_neighbours: bool = False
    ranking: tuple[str, ...] = ()  # mentor ids in the mentee's own order, the first choice first


@dataclass(frozen=True, slots=True)
class Reservation:
    """`by` (a mentor or mentee) will not be paired with `target`: a person's id or a municipality or county number."""

    by: str
    kind: ReservationKind
    target: str


@dataclass(frozen=True, slots=True)
class Link:
    """A pair handed in: forbidden (then `rule` says why) or fixed (then `rule` is not read)."""

    mentee: str
    mentor: str
    rule: Rule = Rule.EXCLUDED


@dataclass(frozen=True, slots=True)
class Weights:
    """Points of 100 for each part. Any non-negative numbers; only their proportions count."""

    challenges: float = 35
    text: float = 5
    size: float = 17
    kind: float = 8
    experience: float = 15
    practicalities: float = 10
    wishes: float = 10

    def as_dict(self) -> dict[str, float]:
        return {part.name: getattr(self, part.name) for part in fields(self)}


DEFAULT = Weights()
PARTS = tuple(part.name for part in fields(Weights))


class InputError(ValueError):
    """What was handed in cannot be used; the message is a sentence that names it, `column` what it is about, `link` which pair."""

    def __init__(self, message: str, column: str | None = None, link: Link | None = None) -> None:
        super().__init__(message)
        self.column, self.link = column, link
