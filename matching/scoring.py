"""The score of a pair: seven named parts, each a share 0..1 of its limit, held as whole units that add up exactly.

| part | 1 means | unit compared | source |
|---|---|---|---|
| challenges | every area the mentee needs, the mentor has been deeply through | strength 1-3 by weight 1-3 | own answers |
| text | the two texts speak of the same things; unlike or missing is half | cosine | own words |
| size | the mentor's municipality is a quarter larger | log population | SSB 07459 |
| kind | same costs, income, centrality, growth and ages | see places.kind | SSB, KOSTRA |
| experience | 8 years more than the mentee, and 12 in all | years | own answers |
| practicalities | can meet digitally or live close, same written form | form, km, language | own answers, GeoNames |
| wishes | every stated wish is met | wishes | own answers |

What depends on where and how the two can meet is one layer of tables (size, kind, practicalities), wishes about the place another,
and what depends on years a third; challenges and text are one inner product. A score is the product plus three looked-up values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from matching import features, places
from matching import wishes as wishing
from matching.exclusions import place_rules
from matching.features import Floats, Indices
from matching.municipalities import municipalities
from matching.profiles import PARTS, Mentee, Mentor, Mode, Weights, Wishes

Units = NDArray[np.int64]
Modes = frozenset[Mode]
GAP_YEARS, FULL_YEARS = 8, 12  # a gap, and a length of service, that count in full


class Place(NamedTuple):
    """All about a person that the rules about two municipalities depend on."""

    municipality: str
    avoid_neighbours: bool


class Layer(NamedTuple):
    """Parts that depend only on the class of the mentee (R kinds) and of the mentor (C kinds)."""

    parts: dict[str, Units]  # by name, each (R, C)
    row: Indices  # (n,) the class of each mentee
    column: Indices  # (m,)

    def units(self) -> Units:
        """(R, C) all parts in one."""
        return np.asarray(sum(self.parts.values()))


class Scoring:
    """The scores of n mentees (rows) against m mentors (columns), both in canonical order."""

    def __init__(
        self,
        mentees: Sequence[Mentee],
        mentors: Sequence[Mentor],
        weights: Weights,
        texts: Mapping[str, Sequence[float]],
    ) -> None:
        self.limits = features.limits(weights, with_text=bool(texts))
        self.challenges = features.areas(mentees, mentors, self.limits["challenges"])
        self.text = features.texts(mentees, mentors, texts, self.limits["text"])
        self.meeting = _meeting(mentees, mentors, self.limits)
        self.wished_places = _wished_places(mentees, mentors, self.limits["wishes"])
        self.years = _years(mentees, mentors, self.limits)
        rows, self.row_place = features.classes([Place(p.municipality, p.avoid_neighbours) for p in mentees])
        columns, self.column_place = features.classes(
            [Place(p.municipality, p.avoid_neighbours) for p in mentors]
        )
        self.place_rule = place_rules(rows, columns)

    @property
    def layers(self) -> tuple[Layer, Layer, Layer]:
        return self.meeting, self.wished_places, self.years

    def matrix(self) -> Units:
        """(n, m) total units, before any rule is applied."""
        left, right = self.operands()
        total = (left @ right.T).astype(np.int64)
        for layer in self.layers:
            total += layer.units()[np.ix_(layer.row, layer.column)]
        return total

    def operands(self) -> tuple[Floats, Floats]:
        """The two factors of the one matrix product: (n, k) and (m, k)."""
        return (
            np.concatenate([self.challenges[0], self.text[0]], axis=1),
            np.concatenate([self.challenges[1], self.text[1]], axis=1),
        )

    def parts(self, rows: Indices, columns: Indices) -> Units:
        """(len, 7) units of each part for the pairs (rows[k], columns[k]); a row of it sums to the score."""
        found = np.zeros((len(rows), len(PARTS)), np.int64)
        for name, (left, right) in (("challenges", self.challenges), ("text", self.text)):
            found[:, PARTS.index(name)] = np.einsum("ij,ij->i", left[rows], right[columns])
        for layer in self.layers:
            for name, table in layer.parts.items():
                found[:, PARTS.index(name)] += table[layer.row[rows], layer.column[columns]]
        return found


def _meeting(mentees: Sequence[Mentee], mentors: Sequence[Mentor], limits: Mapping[str, int]) -> Layer:
    """By municipality and the forms in which a person can meet."""
    rows, row = features.classes([(p.municipality, p.modes) for p in mentees])
    columns, column = features.classes([(p.municipality, p.modes) for p in mentors])
    known = municipalities()
    left, at_row = features.classes([number for number, _ in rows])
    right, at_column = features.classes([number for number, _ in columns])
    here, there = [known[number] for number in left], [known[number] for number in right]
    at = np.ix_(at_row, at_column)
    practical = _practicalities(
        [modes for _, modes in rows],
        [modes for _, modes in columns],
        places.kilometres(here, there)[at],
        places.language(here, there)[at],
    )
    parts = {
        "size": _units(places.size(here, there), limits["size"])[at],
        "kind": _units(places.kind(here, there), limits["kind"])[at],
        "practicalities": _units(practical, limits["practicalities"]),
    }
    return Layer(parts, row, column)


def _practicalities(
    rows: Sequence[Modes], columns: Sequence[Modes], kilometres: places.Table, language: places.Table
) -> places.Table:
    """0.4 for a form both can use, 0.4 for little travel (digital takes 0.6 of it), 0.2 for the written form."""
    digital = _both_can(Mode.DIGITAL, rows, columns)
    in_person = _both_can(Mode.IN_PERSON, rows, columns)
    near = np.where(np.isnan(kilometres), 0.5, np.exp(-np.nan_to_num(kilometres) / 200)) * in_person
    travel = digital * 0.6 + near * np.where(digital, 0.4, 1.0)
    return np.asarray(0.4 * (digital | in_person) + 0.4 * travel + 0.2 * language)


def _both_can(mode: Mode, rows: Sequence[Modes], columns: Sequence[Modes]) -> NDArray[np.bool_]:
    return np.logical_and.outer([mode in modes for modes in rows], [mode in modes for modes in columns])


def _wished_places(mentees: Sequence[Mentee], mentors: Sequence[Mentor], limit: int) -> Layer:
    """By the mentee's municipality and wishes, where any is about the place, and the mentor's municipality."""
    known = municipalities()
    rows, row = features.classes(
        [(p.municipality, p.wishes) if _of_place(p.wishes) else None for p in mentees]
    )
    columns, column = features.classes([p.municipality for p in mentors])
    county = np.array([known[number].county_number for number in columns])
    population = np.array([known[number].population for number in columns])
    units = np.zeros((len(rows), len(columns)), np.int64)
    for at, wisher in enumerate(rows):
        if wisher is None:
            continue
        own, wishes = known[wisher[0]], wisher[1]
        for name, share in wishing.shares(wishes, limit).items():
            if name in wishing.PLACE_WISHES:
                units[at] += share * wishing.place_met(name, own, county, population)
    return Layer({"wishes": units}, row, column)


def _of_place(wishes: Wishes) -> bool:
    return any(getattr(wishes, name) for name in wishing.PLACE_WISHES)


def _years(mentees: Sequence[Mentee], mentors: Sequence[Mentor], limits: Mapping[str, int]) -> Layer:
    """By years (and wishes) of the mentee, years and whether retired of the mentor."""
    rows, row = features.classes([(p.years, p.wishes) for p in mentees])
    columns, column = features.classes([(p.years, p.retired) for p in mentors])
    share = np.array([[experience(years, theirs) for theirs, _ in columns] for years, _ in rows])
    share = share.reshape(len(rows), len(columns))
    wishes = np.zeros((len(rows), len(columns)), np.int64)
    for at, (_, wished) in enumerate(rows):
        shares = wishing.shares(wished, limits["wishes"])
        for to, (years, retired) in enumerate(columns):
            wishes[at, to] = 0 if shares else limits["wishes"]  # no wish is unmet where none is stated
            for name in shares.keys() & wishing.TENURE_WISHES:
                wishes[at, to] += int(shares[name] * wishing.tenure_met(name, wished.years, years, retired))
    return Layer({"experience": _units(share, limits["experience"]), "wishes": wishes}, row, column)


def experience(mentee: int | None, mentor: int | None) -> float:
    """Half for how much longer the mentor has served, half for how long in all; unknown counts as half."""
    if mentor is None:
        return 0.5
    gap = 0.5 if mentee is None else min(max(mentor - mentee, 0) / GAP_YEARS, 1)
    return 0.5 * gap + 0.5 * min(mentor / FULL_YEARS, 1)


def _units(share: places.Table, limit: int) -> Units:
    return np.rint(share * limit).astype(np.int64)
