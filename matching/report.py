"""A round told in figures: how good it is, who is in demand, whom to recruit next, and what has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching import loads
from matching.assignment import UNSERVED, unserved_value
from matching.findings import Move, Outcome
from matching.municipalities import municipalities
from matching.profiles import UNITS_PER_POINT, Mentee, Mentor
from matching.rounds import Round
from matching.scoring import FULL_YEARS

Units = NDArray[np.int64]
TRIED = 24  # recruits solved for exactly at most
LARGER = 1.25  # the size of municipality that scores highest


@dataclass(frozen=True, slots=True)
class Demand:
    """`first` is for how many mentees this is the best legal mentor; `price` what one more place there is worth, in units."""

    mentor: str
    first: int
    places: int
    price: int


@dataclass(frozen=True, slots=True)
class Recruit:
    """A mentor who is not there yet, with one place, and what the round would be with them; units."""

    municipality: str
    areas: Mapping[str, int]
    years: int
    coverage_change: int
    change: int


@dataclass(frozen=True, slots=True)
class Report:
    """All scores in units. `distribution` counts pairs per ten points: 0-9, 10-19, .. 90-100."""

    coverage: int
    seeking: int
    places: int
    waiting: int  # mentees on the waiting list
    ruled_out: int  # mentees whom the rules leave nobody
    total: int
    worst: int | None
    mean: float | None
    distribution: tuple[int, ...]
    demand: tuple[Demand, ...]
    recruits: tuple[Recruit, ...]
    moves: tuple[Move, ...]  # since the earlier run
    change: int | None
    coverage_change: int | None

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


def report(
    outcome: Outcome, earlier: Outcome | Mapping[str, tuple[str, int]] | None = None, recruits: int = 3
) -> Report:
    """The figures of a round; against an earlier run of it where there is one.

    An earlier run can be given as its pairs alone: mentee id to mentor id and units.
    """
    before = _pairs(earlier) if isinstance(earlier, Outcome) else earlier
    scores = [pair.score for pair in outcome.pairs]
    tens = Counter(min(score // (10 * UNITS_PER_POINT), 9) for score in scores)
    return Report(
        coverage=outcome.coverage,
        seeking=outcome.seeking,
        places=outcome.places,
        waiting=sum(left.waiting is not None for left in outcome.unmatched),
        ruled_out=sum(left.waiting is None for left in outcome.unmatched),
        total=outcome.total,
        worst=outcome.worst,
        mean=outcome.total / len(scores) if scores else None,
        distribution=tuple(tens[ten] for ten in range(10)),
        demand=_demand(outcome),
        recruits=whom_to_recruit(outcome, recruits),
        moves=_moves(before, _pairs(outcome)) if before is not None else (),
        change=outcome.total - sum(units for _, units in before.values()) if before is not None else None,
        coverage_change=outcome.coverage - len(before) if before is not None else None,
    )


def _pairs(outcome: Outcome) -> dict[str, tuple[str, int]]:
    return {pair.mentee: (pair.mentor, pair.score) for pair in outcome.pairs}


def _demand(outcome: Outcome) -> tuple[Demand, ...]:
    """The most wanted first."""
    round_ = outcome.round
    found = [
        Demand(mentor.id, outcome.demand[mentor.id], mentor.capacity, int(price))
        for mentor, price in zip(round_.mentors, prices(round_), strict=True)
    ]
    return tuple(sorted(found, key=lambda one: (-one.first, -one.price, one.mentor)))


def prices(round_: Round) -> Units:
    """(m,) what one more place with each mentor is worth at the prices of the round.

    A mentor whose places are all fixed took no part when the prices were found: what one more place gives there is the most
    that anybody would gain by it, beyond what they have now.
    """
    price = round_.price.copy()
    closed = np.flatnonzero((round_.left == 0) & (round_.capacity > 0))
    worth, waits = round_.worth[:, closed], round_.assigned == UNSERVED
    # To be served at all comes before the floor.
    counts = round_.legal[:, closed] & ((worth >= (round_.floor or 0)) | waits[:, None])
    gain = np.where(counts, worth - _had(round_)[:, None], 0)
    gain[list(round_.fixed)] = 0  # who is fixed stays
    load = loads.cost(round_.capacity[closed]) if round_.even_load else 0
    price[closed] = np.maximum(gain.max(axis=0, initial=0) - load, 0)
    return price


def _had(round_: Round) -> Units:
    """(n,) what each mentee has now: the worth of their pair beyond its price, or what being without counts as."""
    had = np.full(len(round_.mentees), unserved_value(len(round_.mentees)))
    rows = np.flatnonzero(round_.assigned != UNSERVED)
    had[rows] = round_.worth[rows, round_.assigned[rows]] - round_.price[round_.assigned[rows]]
    return had


def whom_to_recruit(outcome: Outcome, number: int) -> tuple[Recruit, ...]:
    """The profiles that would lift the round the most, one place each, solved for exactly.

    Tried are mentors made for one mentee each: who have been through what that mentee faces, from the municipality of another
    county that is closest to a quarter larger. The mentees' reservations are not known to hold for them. Duality bounds what
    each can give; they are solved for in that order until no bound is above what has been found.
    """
    round_ = outcome.round
    made = [_made_for(mentee) for row, mentee in enumerate(round_.mentees) if row not in round_.fixed]
    if not made or not number:
        return ()
    scores = round_.scores_against(made)
    bounds = _bounds(outcome, scores)
    found: list[Recruit] = []
    for at in sorted(range(len(made)), key=lambda at: (-bounds[at], at))[:TRIED]:
        if len(found) >= number and (0, bounds[at]) <= (
            found[number - 1].coverage_change,
            found[number - 1].change,
        ):
            break
        coverage, total = round_.with_one_more(scores[:, at])
        mentor, change = made[at], total - outcome.total
        found.append(
            Recruit(mentor.municipality, mentor.areas, mentor.years or 0, coverage - outcome.coverage, change)
        )
        found.sort(key=lambda one: (-one.coverage_change, -one.change))
    return tuple(found[:number])


def _made_for(mentee: Mentee) -> Mentor:
    known = municipalities()
    own = known[mentee.municipality]
    elsewhere = [place for place in known.values() if place.kind == own.kind and place.county != own.county]
    place = min(elsewhere, key=lambda one: (abs(one.population - LARGER * own.population), one.number))
    areas = dict.fromkeys(mentee.areas, 3)
    return Mentor(
        f"recruit for {mentee.id}", place.number, areas, capacity=1, years=FULL_YEARS + (mentee.years or 0)
    )


def _bounds(outcome: Outcome, scores: Units) -> list[int]:
    """At most what each recruit adds: the best of score minus what the mentee has now, beyond its price."""
    gain = np.where(scores >= 0, scores - _had(outcome.round)[:, None], -(10**12))
    return [int(value) for value in gain.max(axis=0)]


def _moves(before: Mapping[str, tuple[str, int]], after: Mapping[str, tuple[str, int]]) -> tuple[Move, ...]:
    """What has become of each mentee since, the largest gain first."""
    moves = []
    for mentee in sorted(before.keys() | after.keys()):
        (old, had), (new, has) = before.get(mentee, (None, 0)), after.get(mentee, (None, 0))
        if old != new:
            moves.append(Move(mentee, old, new, has - had))
    return tuple(sorted(moves, key=lambda move: (-move.change, move.mentee)))
