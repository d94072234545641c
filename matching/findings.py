"""The values the engine gives. All frozen, all plain Python: no array is in them but in the round itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from matching.profiles import UNITS_PER_POINT, Objective, Rule, Weights

if TYPE_CHECKING:
    from matching.rounds import Round


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
    """A mentee without a mentor. `legal` mentors would do but have no place left; with 0 the rules leave nobody."""

    mentee: str
    legal: int
    blocking: tuple[Blocking, ...]
    waiting: int | None = None  # place on the waiting list, 1 first; None when the rules leave nobody
    best: Pair | None = None  # the best pair, were there one more place
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
    | places | one more goes to somebody ahead; with so many more the mentee would have a mentor | mentor, places |
    | points | it would if it scored so much more | mentor, units |
    | coverage | no score would do: somebody else would be without a mentor | mentor |
    | worst | no score would do: somebody else would be below the worst pair there is | mentor |
    | fixed | the mentee is fixed to somebody else | mentor (the other one; None to others than the mentee) |
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
