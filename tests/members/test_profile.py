"""The member's own profile."""

from datetime import date
from typing import Any

import pytest

from portal.extensions import db
from portal.members.models import Member
from tests.support.people import new_member


def test_the_profile_says_what_is_missing_and_leads_there(client: Any) -> None:
    oda = new_member("Oda By", "Nome", since=None)
    client.sign_in(oda)
    page = client.get("/profile")
    assert "Vi mangler når du begynte." in page.words and "Mangler" in page.words
    assert page.link("Fyll ut") == "/profile/position"
    client.get("/profile/position")
    page = client.submit("position", since="01.08.2021")
    assert "Stillingen din er lagret." in page.words
    assert "siden 1. august 2021" in page.words


def test_the_profile_says_who_sees_what(client: Any, bjorn: Member) -> None:
    page = client.sign_in(bjorn).get("/profile")
    assert "Hvem ser hva" in page.words and "Nei, aldri" in page.words
    assert "private adresse" in page.words or "privat adresse" in page.words


def test_a_new_municipality_closes_the_position_before_it(client: Any, bjorn: Member) -> None:
    client.sign_in(bjorn)
    page = client.get("/profile/position")
    assert len(page.all("#municipality option")) == 373
    assert page.texts("#municipality option[selected]") == ["Nome"]
    client.submit("position", municipality="3403", since="2026-10-01")
    db.session.expire_all()
    assert [(t.municipality.name, t.ended_on) for t in bjorn.tenures] == [
        ("Nome", date(2026, 10, 1)), ("Hamar", None)
    ]  # fmt: skip
    assert "Tidligere stillinger" in client.get("/profile/position").words


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("municipality", "", "Velg kommunen."),
        ("title", "", "Skriv tittelen."),
        ("title", "x" * 100_000, "høyst 120 tegn"),
        ("title", "<script>" + "x" * 200, "høyst 120 tegn"),
        ("since", "snart", "Skriv datoen slik"),
        ("since", "1.1.2199", "Datoen er ikke kommet ennå."),
        ("since", "\0", ""),
    ],
)
def test_bad_input_is_answered_at_the_field(
    client: Any, bjorn: Member, field: str, value: str, said: str
) -> None:
    client.sign_in(bjorn)
    client.get("/profile/position")
    page = client.submit("position", status=422, **{field: value})
    assert said in page.texts(f"#{field}-error")[0]
    db.session.expire_all()
    assert (bjorn.municipality.name, bjorn.title) == ("Nome", "Kommunedirektør")


def test_others_have_no_profile(client: Any, eva: Any, cecilie: Any) -> None:
    for person in (eva, cecilie):
        client.sign_in(person).get("/profile", status=403)


def test_the_profile_tells_how_far_the_mentor_scheme_part_is(client: Any, bjorn: Member) -> None:
    page = client.sign_in(bjorn).get("/profile")
    assert page.link("Fyll ut") == "/profile/challenges"
    assert "Velg det du kjenner deg igjen i." in page.words
