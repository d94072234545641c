"""The values the engine takes and gives. All frozen, all plain Python: no array leaves this module's types.

Scores are whole numbers of *units*: 1 point of 100 is 1 000 units, so parts add up to their total exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matching.rounds import Round

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


@dataclass(frozen=True, slots=True)
class Part:
    """One named part of a pair's score: `units` of at most `of`."""

    name: str
    units: int
    of: int


Value: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason or a difference as data. `code` says which sentence, `values` what goes into it."""

    code: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Pair:
    """A legal pair with its score in units, the parts that add up to it, and why.

    `bonus` is what the mentee's own ranking adds when the engine chooses. It stands beside the score, not in it: the score
    is the same before and after the mentee has ranked.
    """

    mentee: str
    mentor: str
    score: int
    parts: tuple[Part, ...]
    reasons: tuple[Reason, ...] = ()  # strongest first, at most three
    difference: Reason | None = None
    fixed: bool = False
    rank: int | None = None  # where the mentee put this mentor, 1 first
    bonus: int = 0


@dataclass(frozen=True, slots=True)
class Blocking:
    """How many mentors a rule that may be told takes away from one mentee."""

    rule: Rule
    mentors: int


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A mentee without a mentor. `legal` mentors exist but have no place left; with 0 the rules leave nobody."""

    mentee: str
    legal: int
    blocking: tuple[Blocking, ...]
    waiting: int | None = None  # place on the waiting list, 1 first; None when the rules leave nobody
    best: Pair | None = None  # the best legal pair, were there one more place
    untold: int = (
        0  # mentors taken away by what is not to be told: declined, ended, ties and reservations together
    )
    reason: Reason | None = None  # see matching.waiting


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What would have made a pair happen, as data for a sentence; no confidential rule is ever in it, but for its owner.

    | code | meaning | values |
    |---|---|---|
    | chosen | it did happen | |
    | place | it would with one more place at the mentor | mentor, units (or None: no score would do) |
    | points | it would if it scored so much more | mentor, units |
    | coverage | no score would do: somebody else would be without a mentor | mentor |
    | worst | no score would do: somebody else would be below the worst pair there is | mentor |
    | fixed | the mentee is fixed to somebody else | mentor (the other one) |
    | rule | this open rule stands in the way | mentor, rule |
    | lifted | it would if this rule did not hold for this pair | mentor, rule |
    | not_possible | it cannot be, and why is not to be told: declined, ended, a tie or a reservation | mentor |
    """

    code: str
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Move:
    """What a change does to one mentee; None is no mentor. `change` is in units."""

    mentee: str
    before: str | None
    after: str | None
    change: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another mentor for a mentee, and what the round becomes if that pair is fixed (solved again, exactly)."""

    pair: Pair
    change: int  # of the round's total, in units
    coverage_change: int
    worst_change: int
    moves: tuple[Move, ...]  # the others it moves, not the mentee's own


@dataclass(frozen=True, slots=True)
class Outcome:
    """A solved round. The same whatever the order of what was handed in."""

    pairs: tuple[Pair, ...]  # by mentee id
    proposals: Mapping[str, tuple[Pair, ...]]  # mentee id -> the assigned mentor first, then alternatives
    unmatched: tuple[Unmatched, ...]
    demand: Mapping[str, int]  # mentor id -> mentees whose best legal mentor this is
    weights: Weights
    objective: Objective
    seeking: int  # mentees in the round (not paused)
    places: int  # places among mentors who are not paused
    even_load: bool
    round: Round = field(repr=False, compare=False)

    @property
    def total(self) -> int:
        """Units over all pairs."""
        return sum(pair.score for pair in self.pairs)

    @property
    def worst(self) -> int | None:
        """Units of the weakest pair; None when there is none."""
        return min((pair.score for pair in self.pairs), default=None)

    @property
    def coverage(self) -> int:
        """How many mentees have a mentor."""
        return len(self.pairs)


class InputError(ValueError):
    """What was handed in cannot be used; the message is a sentence that names it."""


def points(units: int) -> int:
    """Whole points, half up."""
    return (2 * units + UNITS_PER_POINT) // (2 * UNITS_PER_POINT)


def whole_points(pair: Pair) -> dict[str, tuple[int, int]]:
    """Part name to (points, at most), in whole points that add up to `points(pair.score)` and 100.

    Largest remainder; ties in the parts' own order.
    """
    shown = _rounded([part.units for part in pair.parts], points(pair.score))
    limits = _rounded([part.of for part in pair.parts], points(sum(part.of for part in pair.parts)))
    return {part.name: (value, limit) for part, value, limit in zip(pair.parts, shown, limits, strict=True)}


def _rounded(units: list[int], total: int) -> list[int]:
    whole = [value // UNITS_PER_POINT for value in units]
    by_remainder = sorted(range(len(units)), key=lambda k: (-(units[k] % UNITS_PER_POINT), k))
    for k in by_remainder[: total - sum(whole)]:
        whole[k] += 1
    return whole


def as_data(pair: Pair) -> dict[str, object]:
    """The pair as JSON-ready data, parts and reasons included."""
    return asdict(pair)
