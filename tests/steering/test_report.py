"""The steering group's page: totals without a person behind a small number."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event

from portal.accounts.models import User
from portal.coaching.models import Coach, Programme
from portal.extensions import db
from portal.members.models import Member
from portal.steering.report import read
from tests.coaching.programmes import NOW, at, booked, new_programme, participant
from tests.support.people import new_member

PLACES = ("Nome", "Steinkjer", "Lillehammer", "Utsira")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def programme(app: Any) -> Programme:
    return new_programme()


def used_by(
    programme: Programme, coach: Coach, held: int, ahead: int, place: str = "Nome", hour: int = 8
) -> None:
    """Participants: the first `held` have had a conversation, the next `ahead` have booked one."""
    for n in range(held + ahead):
        enrolment = participant(new_member(f"{place} Deltaker {n}", place), programme)
        if n < held:
            day = at(date(2026, 9, 1), hour) + timedelta(days=n)
            booking = booked(enrolment, coach, day)
            booking.confirm_held(coach.user, booking.slot.ends_at)
        else:
            booked(enrolment, coach, at(date(2026, 12, 1), hour) + timedelta(days=n))


def test_only_the_steering_group_comes_in(
    client: Any, programme: Programme, bjorn: Member, eva: User
) -> None:
    client.sign_in(bjorn).get("/steering/", status=403)
    client.sign_in(eva).get("/steering/", status=403)


def test_without_a_programme_there_is_no_report(client: Any, fredrik: User) -> None:
    client.sign_in(fredrik).get("/steering/", status=404)


def test_before_anything_has_happened(client: Any, programme: Programme, fredrik: User) -> None:
    page = client.sign_in(fredrik).get("/steering/")
    assert page.heading == "Rapport, 4. kvartal 2026"
    assert "Pengene rekker til 54 deltakere med to samtaler, ikke 60" in page.main


def test_totals_are_shown_and_nobody_is_named(
    client: Any, programme: Programme, cecilie: Coach, fredrik: User
) -> None:
    used_by(programme, cecilie, 7, 6)
    page = client.sign_in(fredrik).get("/steering/")
    assert "13 av 60" in page.main
    assert "Samtaler brukt 7 6 til er bestilt" in page.main
    assert "29 900 kr" in page.main
    assert "Deltaker 1" not in page.main
    assert page.all("svg.chart__drawing")


def test_what_rests_on_few_is_hidden_and_cannot_be_computed(
    client: Any, programme: Programme, cecilie: Coach, fredrik: User
) -> None:
    used_by(programme, cecilie, 7, 3)
    found = read(programme, NOW)
    assert (found.sessions.used, found.sessions.booked, found.sessions.bound) == (None, None, 10)
    assert found.by_size.part.value is None
    assert found.course is None
    page = client.sign_in(fredrik).get("/steering/")
    assert "delingen er skjult" in page.main
    assert "16 100 kr" not in page.main
    assert not page.all("svg.chart__drawing")


def test_with_few_in_all_even_the_money_is_hidden(
    client: Any, programme: Programme, cecilie: Coach, fredrik: User
) -> None:
    used_by(programme, cecilie, 2, 1)
    page = client.sign_in(fredrik).get("/steering/")
    assert "6 900" not in page.main
    assert "For tidlig" in page.main or "for tidlig" in page.main


def test_small_municipalities_are_not_given_away(programme: Programme, cecilie: Coach) -> None:
    used_by(programme, cecilie, 8, 8, "Nome")
    used_by(programme, cecilie, 6, 7, "Lillehammer", hour=12)
    for n in range(2):
        participant(new_member(f"Utsira {n}", "Utsira"), programme)
    found = read(programme, NOW)
    hidden = [whole.value is None for _label, whole, _part in found.sizes]
    assert hidden.count(True) >= 2
    assert found.seated.value == 31


def test_the_page_takes_few_queries(client: Any, programme: Programme, cecilie: Coach, fredrik: User) -> None:
    used_by(programme, cecilie, 12, 8)
    client.sign_in(fredrik).get("/steering/")
    db.session.remove()
    seen: list[str] = []
    listener = lambda _c, _u, statement, *_: seen.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    client.get("/steering/")
    event.remove(db.engine, "before_cursor_execute", listener)
    assert len([s for s in seen if s.lstrip().upper().startswith("SELECT")]) <= 12
