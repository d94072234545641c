"""The engine's reasons in words, and how little a headline gives away."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

import matching
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import coarse, wording
from portal.mentoring.cards import areas_by_code
from tests.mentoring.pairing import new_mentor

TODAY = date(2026, 11, 24)
SPRITE = (Path(__file__).parents[2] / "portal/static/vendor/icons.svg").read_text()


@pytest.mark.promise("Overskriften på et forslag kunne vært om minst fem kommuner")
def test_a_population_in_a_headline_fits_five_municipalities_at_least(app: Flask, promise: object) -> None:
    places = [m for m in matching.municipalities().values() if m.kind == "municipality"]
    shared = Counter(coarse.people(m.population) for m in places)
    assert min(shared.values()) >= 5, shared
    promise.saw(f"{len(places)} kommuner, færrest bak én overskrift: {min(shared.values())}")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("place", "since", "retired", "said"),
    [
        (
            "Nome",
            date(2015, 1, 1),
            False,
            "Erfaren kommunedirektør i en kommune med 7 000 innbyggere",
        ),
        ("Nome", date(2025, 1, 1), False, "Kommunedirektør i en kommune med 7 000 innbyggere"),
        ("Nome", date(2003, 1, 1), True, "Tidligere kommunedirektør, over 20 år som øverste leder"),
        (
            "Bergen",
            date(2015, 1, 1),
            False,
            "Erfaren kommunedirektør i en kommune med over 50 000 innbyggere",
        ),
    ],
)
def test_the_headline_names_nobody(app: Flask, place: str, since: date, retired: bool, said: str) -> None:
    from tests.support.people import new_member

    mentor = new_mentor(new_member("Gunn Lie", place, since=since))
    mentor.retired = retired
    assert wording.headline(mentor, TODAY).replace("\u00a0", " ") == said


REASONS = [
    ("area", {"area": "mayor", "strength": 3, "weight": 3}),
    ("area", {"area": "no-such", "strength": 1, "weight": 1}),
    ("size", {"mentee": 6600, "mentor": 7100}),
    ("kind", {"kostra_group": 1, "centrality_class": 4}),
    ("experience", {"years": 11}),
    ("retired", {}),
    ("digital", {}),
    ("near", {"kilometres": 87}),
    ("language", {"form": "nynorsk"}),
    ("text", {}),
    *[
        ("wish", {"wish": w})
        for w in ("other_county", "same_county", "larger", "retired", "in_position", "years")
    ],
]
DIFFERENCES = [
    ("missing_area", {"area": "mayor", "weight": 3}),
    ("size", {"mentee": 9800, "mentor": 31_245}),
    ("centrality", {"mentee": 2, "mentor": 5}),
    ("experience", {"mentee": 2, "mentor": 11}),
    ("distance", {"kilometres": 1234}),
    ("language", {"mentee": "bokmål", "mentor": "nynorsk"}),
    ("mode", {}),
    ("retired", {}),
    *[
        ("wish", {"wish": w})
        for w in ("other_county", "same_county", "larger", "retired", "in_position", "years")
    ],
]


def test_every_reason_has_its_own_sentence_and_an_icon(app: Flask) -> None:
    data = [{"code": code, "values": values} for code, values in REASONS]
    said = wording.reasons_for_mentee(data, areas_by_code())
    assert len({text for _icon, text in said}) == len(said)
    assert all(f'id="{icon}"' in SPRITE for icon, _text in said)


def test_every_difference_has_its_own_sentence(app: Flask) -> None:
    said = [
        wording.difference_for_mentee({"code": code, "values": values}, areas_by_code())
        for code, values in DIFFERENCES
    ]
    assert all(text and text.endswith(".") for text in said)
    assert len(set(said)) >= len(said) - 1, "having left the role reads the same as a wish and as a fact"
    assert wording.difference_for_mentee(None, {}) is None


def test_nothing_exact_about_the_mentor_reaches_the_mentee(app: Flask) -> None:
    data = [{"code": code, "values": values} for code, values in DIFFERENCES]
    said = " ".join(wording.difference_for_mentee(d, areas_by_code()) or "" for d in data)
    for exact in ("31 245", "31245", "1234", "1 234"):
        assert exact not in said.replace("\u00a0", " ")
    assert "30 000 innbyggere, du 9 800." in said.replace("\u00a0", " ")


def test_a_long_time_is_told_roughly(app: Flask, astrid: Member) -> None:
    db.session.flush()
    assert [coarse.time_in_role(n).replace("\u00a0", " ") for n in (0, 1, 11, 14, 22)] == [
        "under ett år",
        "ett år",
        "elleve år",
        "14 år",
        "over 20 år",
    ]
