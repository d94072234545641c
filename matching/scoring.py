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

What depends on the two municipalities alone is one table (size, kind, practicalities, wishes about the place), what
depends on years another; challenges and text are one inner product. A score is the product plus two looked-up values.
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
GAP_YEARS, FULL_YEARS = 8, 12  # a gap, and a length of service, that count in full


class RowPlace(NamedTuple):
    """All about a mentee that the place table depends on."""

    municipality: str
    modes: frozenset[Mode]
    wishes: Wishes
    avoid_neighbours: bool


class ColumnPlace(NamedTuple):
    municipality: str
    modes: frozenset[Mode]
    avoid_neighbours: bool


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
        self._lay_out_places(mentees, mentors)
        self._lay_out_years(mentees, mentors)

    def _lay_out_places(self, mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> None:
        rows, self.row_place = features.classes(
            [RowPlace(p.municipality, p.modes, _place_wishes(p.wishes), p.avoid_neighbours) for p in mentees]
        )
        columns, self.column_place = features.classes(
            [ColumnPlace(p.municipality, p.modes, p.avoid_neighbours) for p in mentors]
        )
        self.place = _place_parts(rows, columns, self.limits)
        self.place_rule = place_rules(rows, columns)

    def _lay_out_years(self, mentees: Sequence[Mentee], mentors: Sequence[Mentor]) -> None:
        rows, self.row_years = features.classes([(p.years, p.wishes) for p in mentees])
        columns, self.column_years = features.classes([(p.years, p.retired) for p in mentors])
        self.years = _years_parts(rows, columns, self.limits)

    def matrix(self) -> Units:
        """(n, m) total units, before any rule is applied."""
        left, right = self.operands()
        total = (left @ right.T).astype(np.int64)
        total += _sum(self.place)[np.ix_(self.row_place, self.column_place)]
        total += _sum(self.years)[np.ix_(self.row_years, self.column_years)]
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
        for name, table in self.place.items():
            found[:, PARTS.index(name)] += table[self.row_place[rows], self.column_place[columns]]
        for name, table in self.years.items():
            found[:, PARTS.index(name)] += table[self.row_years[rows], self.column_years[columns]]
        return found


def _place_wishes(wishes: Wishes) -> Wishes:
    """Wishes with what the place table needs: which are about the place, and how many there are in all."""
    return wishes if any(getattr(wishes, name) for name in wishing.PLACE_WISHES) else Wishes()


def _place_parts(
    rows: Sequence[RowPlace], columns: Sequence[ColumnPlace], limits: Mapping[str, int]
) -> dict[str, Units]:
    known = municipalities()
    left, at_row = features.classes([row.municipality for row in rows])
    right, at_column = features.classes([column.municipality for column in columns])
    here, there = [known[number] for number in left], [known[number] for number in right]
    at = np.ix_(at_row, at_column)
    distance = places.kilometres(here, there)[at]
    practical = _practicalities(rows, columns, distance, places.language(here, there)[at])
    return {
        "size": _units(places.size(here, there)[at], limits["size"]),
        "kind": _units(places.kind(here, there)[at], limits["kind"]),
        "practicalities": _units(practical, limits["practicalities"]),
        "wishes": _wishes_about_place(rows, columns, limits["wishes"]),
    }


def _practicalities(
    rows: Sequence[RowPlace], columns: Sequence[ColumnPlace], kilometres: places.Table, language: places.Table
) -> places.Table:
    """0.4 for a form both can use, 0.4 for little travel (digital takes 0.6 of it), 0.2 for the written form."""
    digital = _both_can(Mode.DIGITAL, rows, columns)
    in_person = _both_can(Mode.IN_PERSON, rows, columns)
    near = np.where(np.isnan(kilometres), 0.5, np.exp(-np.nan_to_num(kilometres) / 200)) * in_person
    travel = digital * 0.6 + near * np.where(digital, 0.4, 1.0)
    return np.asarray(0.4 * (digital | in_person) + 0.4 * travel + 0.2 * language)


def _both_can(mode: Mode, rows: Sequence[RowPlace], columns: Sequence[ColumnPlace]) -> NDArray[np.bool_]:
    return np.logical_and.outer(
        [mode in row.modes for row in rows], [mode in column.modes for column in columns]
    )


def _wishes_about_place(rows: Sequence[RowPlace], columns: Sequence[ColumnPlace], limit: int) -> Units:
    """Units from the wishes about the place."""
    known = municipalities()
    county = np.array([known[column.municipality].county_number for column in columns])
    population = np.array([known[column.municipality].population for column in columns])
    units = np.zeros((len(rows), len(columns)), np.int64)
    for at, row in enumerate(rows):
        for name, share in wishing.shares(row.wishes, limit).items():
            if name in wishing.PLACE_WISHES:
                units[at] += share * wishing.place_met(name, known[row.municipality], county, population)
    return units


def _years_parts(
    rows: Sequence[tuple[int | None, Wishes]],
    columns: Sequence[tuple[int | None, bool]],
    limits: Mapping[str, int],
) -> dict[str, Units]:
    share = np.array([[experience(years, theirs) for theirs, _ in columns] for years, _ in rows])
    share = share.reshape(len(rows), len(columns))
    wishes = np.zeros((len(rows), len(columns)), np.int64)
    for at, (_, wished) in enumerate(rows):
        shares = wishing.shares(wished, limits["wishes"])
        for to, (years, retired) in enumerate(columns):
            wishes[at, to] = 0 if shares else limits["wishes"]  # no wish is unmet where none is stated
            for name in shares.keys() & wishing.TENURE_WISHES:
                wishes[at, to] += int(shares[name] * wishing.tenure_met(name, wished.years, years, retired))
    return {"experience": _units(share, limits["experience"]), "wishes": wishes}


def experience(mentee: int | None, mentor: int | None) -> float:
    """Half for how much longer the mentor has served, half for how long in all; unknown counts as half."""
    if mentor is None:
        return 0.5
    gap = 0.5 if mentee is None else min(max(mentor - mentee, 0) / GAP_YEARS, 1)
    return 0.5 * gap + 0.5 * min(mentor / FULL_YEARS, 1)


def _sum(tables: Mapping[str, Units]) -> Units:
    """All parts of a table in one."""
    return np.asarray(sum(tables.values()))


def _units(share: places.Table, limit: int) -> Units:
    return np.rint(share * limit).astype(np.int64)
