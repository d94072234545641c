"""A mentee's wishes: which are stated, what each is worth, and when a mentor meets it. None of them excludes."""

from __future__ import annotations

from typing import Any

from matching.features import apportion
from matching.municipalities import Municipality, municipalities
from matching.profiles import Mentee, Mentor, Wishes

PLACE_WISHES = ("other_county", "same_county", "larger")
TENURE_WISHES = ("retired", "in_position", "years")


def stated(wishes: Wishes) -> list[str]:
    return [name for name in PLACE_WISHES + TENURE_WISHES if getattr(wishes, name) not in (False, None)]


def shares(wishes: Wishes, limit: int) -> dict[str, int]:
    """The limit in units, split evenly on the wishes stated."""
    names = stated(wishes)
    return dict(zip(names, apportion([1] * len(names), limit), strict=True)) if names else {}


def place_met(wish: str, own: Municipality, county: Any, population: Any) -> Any:
    """Whether a place (or an array of places) meets a wish of somebody from `own`."""
    if wish == "other_county":
        return county != own.county_number
    if wish == "same_county":
        return county == own.county_number
    return population > own.population


def tenure_met(wish: str, wanted: int | None, years: int | None, retired: bool) -> float:
    """0..1: fewer years than wished for count in proportion, unknown years for half."""
    if wish == "years":
        if not wanted:
            return 1.0
        return 0.5 if years is None else min(years / wanted, 1)
    return float(retired is (wish == "retired"))


def met(wish: str, mentee: Mentee, mentor: Mentor) -> float:
    """0..1 for one wish of one mentee."""
    if wish in TENURE_WISHES:
        return tenure_met(wish, mentee.wishes.years, mentor.years, mentor.retired)
    here, there = municipalities()[mentee.municipality], municipalities()[mentor.municipality]
    return float(place_met(wish, here, there.county_number, there.population))
