"""What two municipalities have in common, as tables over the municipalities that occur in a round.

Every value is 0..1 and compares a mentee's municipality (row) with a mentor's (column). Unknown counts as half.
Sources: SSB (population, KOSTRA, centrality, ages), Språkrådet, GeoNames. That size and kind matter to a good pair
is KDF's experience; no study has measured it (docs/matching.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.municipalities import Municipality

Table = NDArray[np.float64]

PEAK = np.log(1.25)  # the best mentor comes from a municipality a quarter larger
SPREAD_BELOW, SPREAD_ABOVE = 0.6, 0.9  # in log population: a smaller municipality counts for less, sooner

CHANGING = 1.0  # per cent in two years: more than that is growth or decline

# SSB's KOSTRA groups as (fixed costs, free income), each 0 low, 1 medium, 2 high; NaN where a group mixes all.
_MIXED = float("nan")
KOSTRA = {
    1: (0, 0), 2: (0, 1), 3: (0, 2), 4: (2, 0), 5: (2, 1), 6: (2, 2), 7: (0, 0), 8: (0, 1.5), 9: (0, 0.5),
    10: (0, 0), 11: (0, 0), 12: (0, 0.5), 13: (0, _MIXED), 14: (1, 0.5), 15: (1, 2), 16: (1, _MIXED), 17: (1, 2),
}  # fmt: skip


def size(rows: Sequence[Municipality], columns: Sequence[Municipality]) -> Table:
    """An asymmetric bell on log population, 1 where the mentor's municipality is a quarter larger."""
    logs = _pairs(rows, columns, lambda place: np.log(place.population))
    gap = logs[1] - logs[0] - PEAK
    return np.asarray(np.exp(-0.5 * (gap / np.where(gap < 0, SPREAD_BELOW, SPREAD_ABOVE)) ** 2))


def kind(rows: Sequence[Municipality], columns: Sequence[Municipality]) -> Table:
    """Likeness in fixed costs (2), free income (2), centrality (3), growth (1), young and old (1 each), of 10."""
    return (
        2 * _likeness(rows, columns, lambda place: _kostra(place)[0], 2)
        + 2 * _likeness(rows, columns, lambda place: _kostra(place)[1], 2)
        + 3 * _likeness(rows, columns, lambda place: _known(place.centrality_index), 400)
        + 1 * _likeness(rows, columns, lambda place: place.growth, 4)
        + 1 * _likeness(rows, columns, lambda place: _known(place.young_share), 8)
        + 1 * _likeness(rows, columns, lambda place: _known(place.old_share), 6)
    ) / 10


def alike(here: Municipality, there: Municipality) -> str:
    """What to say first of two municipalities of a kind: kostra, centrality, decline, growth, or all (nothing by itself)."""
    if here.kostra_group is not None and here.kostra_group == there.kostra_group:
        return "kostra"
    if here.centrality_class is not None and here.centrality_class == there.centrality_class:
        return "centrality"
    if max(here.growth, there.growth) < -CHANGING:
        return "decline"
    return "growth" if min(here.growth, there.growth) > CHANGING else "all"


def kilometres(rows: Sequence[Municipality], columns: Sequence[Municipality]) -> Table:
    """Great-circle distance between the seats (haversine, radius 6 371 km); NaN where a seat is unknown."""
    latitude = _pairs(rows, columns, lambda place: np.radians(_known(place.latitude)))
    longitude = _pairs(rows, columns, lambda place: np.radians(_known(place.longitude)))
    half = (
        np.sin((latitude[1] - latitude[0]) / 2) ** 2
        + np.cos(latitude[0]) * np.cos(latitude[1]) * np.sin((longitude[1] - longitude[0]) / 2) ** 2
    )
    return np.asarray(2 * 6371 * np.arcsin(np.sqrt(np.minimum(half, 1))))


def distance(here: Municipality, there: Municipality) -> float | None:
    """The same for one pair."""
    if None in (here.latitude, here.longitude, there.latitude, there.longitude):
        return None
    south, west, north, east = (
        radians(degrees or 0) for degrees in (here.latitude, here.longitude, there.latitude, there.longitude)
    )
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * 6371 * asin(min(sqrt(half), 1))


def language(rows: Sequence[Municipality], columns: Sequence[Municipality]) -> Table:
    """1 where the written forms agree or one side is neutral, 0 for bokmål against nynorsk."""
    found = np.array([[same_language(row, column) for column in columns] for row in rows])
    return found.reshape(len(rows), len(columns))


def same_language(row: Municipality, column: Municipality) -> float:
    """The same for one pair; half where a form is not known."""
    forms = {row.language_form, column.language_form}
    if None in forms:
        return 0.5
    return float("nøytral" in forms or len(forms) == 1)


def _likeness(
    rows: Sequence[Municipality], columns: Sequence[Municipality], value: Any, reach: float
) -> Table:
    """1 for equal values, falling straight to 0 at `reach` apart."""
    left, right = _pairs(rows, columns, value)
    likeness = np.maximum(0, 1 - np.abs(right - left) / reach)
    return np.where(np.isnan(likeness), 0.5, likeness)


def _pairs(rows: Sequence[Municipality], columns: Sequence[Municipality], value: Any) -> tuple[Table, Table]:
    left = np.array([value(place) for place in rows], dtype=float).reshape(-1, 1)
    right = np.array([value(place) for place in columns], dtype=float).reshape(1, -1)
    return left, right


def _kostra(place: Municipality) -> tuple[float, float]:
    return KOSTRA.get(place.kostra_group or 0, (_MIXED, _MIXED))


def _known(value: float | None) -> float:
    return float("nan") if value is None else value
