"""Norway's municipalities and counties as reference data. Sources, dates and licences: matching/data/README.md."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

DATA = Path(__file__).parent / "data"
SIZE_BOUNDS = (600, 2_000, 10_000, 20_000, 30_000, 45_000, 75_000)  # SSB's population bounds, for words


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality or a county. Numbers are text ('0301'); None means not known, never zero."""

    number: str
    name: str
    display_name: str  # unique: "Herøy (Nordland)"
    kind: str  # "municipality" or "county"
    county_number: str
    county: str
    population: int  # 1 January 2026
    kostra_group: int | None  # 1-17
    centrality_class: int | None  # 1 is the most central, 6 the least
    centrality_index: int | None  # 0-1000
    language_form: str | None  # bokmål, nynorsk or nøytral: the formal decision
    latitude: float | None
    longitude: float | None
    neighbours: tuple[str, ...]  # municipality numbers, borders on land only
    young_share: float | None  # per cent aged 0-17
    old_share: float | None  # per cent aged 80 and over
    growth: float  # per cent, 2024-2026


@cache
def municipalities() -> Mapping[str, Municipality]:
    """All 357 municipalities and 15 counties by number, counties last. Read once."""
    places = {place.number: place for place in _municipalities()}
    counties = {place.number: place for place in _counties(places)}
    return MappingProxyType(places | counties)


def size_band(population: int) -> int:
    """Which of SSB's size groups, 0 (under 600) to 7 (75 000 and over)."""
    return sum(population >= bound for bound in SIZE_BOUNDS)


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _municipalities() -> Iterator[Municipality]:
    for row in _rows("kommuner.csv"):
        yield Municipality(
            number=row["kommunenummer"],
            name=row["navn"],
            display_name=row["visningsnavn"],
            kind="municipality",
            county_number=row["fylkesnummer"],
            county=row["fylke"],
            population=int(row["befolkning_2026"]),
            kostra_group=_whole(row["kostragruppe"]),
            centrality_class=_whole(row["sentralitet_klasse"]),
            centrality_index=_whole(row["sentralitet_indeks"]),
            language_form=row["malform"] or None,
            latitude=_number(row["lat"]),
            longitude=_number(row["lon"]),
            neighbours=tuple(filter(None, row["naboer_land"].split("|"))),
            young_share=_number(row["andel_0_17_pst_2026"]),
            old_share=_number(row["andel_80_pluss_pst_2026"]),
            growth=_growth(row),
        )


def _counties(places: Mapping[str, Municipality]) -> Iterator[Municipality]:
    """A county sits where its largest municipality does; its ages are its people's."""
    for row in _rows("fylker.csv"):
        inside = [place for place in places.values() if place.county_number == row["fylkesnummer"]]
        largest = max(inside, key=lambda place: place.population)
        yield Municipality(
            number=row["fylkesnummer"],
            name=row["navn"],
            display_name=f"{row['navn']} fylkeskommune" if row["navn"] != "Oslo" else "Oslo (fylke)",
            kind="county",
            county_number=row["fylkesnummer"],
            county=row["navn"],
            population=int(row["befolkning_2026"]),
            kostra_group=None,
            centrality_class=None,
            centrality_index=None,
            language_form=row["malform"] or None,
            latitude=largest.latitude,
            longitude=largest.longitude,
            neighbours=(),
            young_share=_share(inside, "young_share"),
            old_share=_share(inside, "old_share"),
            growth=_growth(row),
        )


def _share(inside: list[Municipality], column: str) -> float:
    people = sum(place.population for place in inside)
    return round(sum((getattr(place, column) or 0) * place.population for place in inside) / people, 1)


def _growth(row: Mapping[str, str]) -> float:
    return round(100 * (int(row["befolkning_2026"]) / int(row["befolkning_2024"]) - 1), 2)


def _whole(cell: str) -> int | None:
    return int(cell) if cell else None


def _number(cell: str) -> float | None:
    return float(cell) if cell else None
