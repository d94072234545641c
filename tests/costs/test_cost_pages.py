"""The money pages."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.coaching.models import Coach, Payer, Programme, Rate, RateKind
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_programme, participant

ROUTES = (
    "/secretariat/costs",
    "/secretariat/costs/rates",
    "/secretariat/costs.csv",
    "/secretariat/costs.xlsx",
)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def programme(app: Any) -> Programme:
    return new_programme()


@pytest.fixture
def history(programme: Programme, bjorn: Member, daniel: Member, cecilie: Coach) -> Programme:
    me, other = participant(bjorn, programme), participant(daniel, programme)
    held = booked(me, cecilie, at(date(2026, 8, 20), 9))
    held.confirm_held(cecilie.user, held.slot.ends_at)
    booked(other, cecilie, at(date(2026, 11, 20), 9))
    booked(other, cecilie, NOW + timedelta(days=7))
    booked(other, cecilie, NOW + timedelta(days=9), Payer.PERSONAL)
    return programme


@pytest.mark.parametrize("url", ROUTES)
def test_only_the_secretariat_comes_in(client: Any, bjorn: Member, fredrik: User, url: str) -> None:
    client.sign_in(bjorn).get(url, status=403)
    client.sign_in(fredrik).get(url, status=403)


@pytest.mark.parametrize("url", ROUTES)
def test_a_programme_without_conversations(client: Any, eva: User, programme: Programme, url: str) -> None:
    client.sign_in(eva).get(url)


def test_the_rows_sum_to_the_frame(client: Any, eva: User, history: Programme) -> None:
    page = client.sign_in(eva).get("/secretariat/costs")
    figures = [t.removesuffix(" kr").replace(" ", "") for t in page.texts(".frame tbody td.number")]
    assert sum(int(f) for f in figures) == 250_000
    assert page.texts(".frame tfoot td.number") == ["250 000 kr"]
    assert "105 samtaler" in page.main
    assert "Utenom rammen: 1 samtale betalt av andre, 2 300 kr" in page.main
    assert "1 samtale venter på bekreftelse" in page.main


def test_every_figure_leads_to_as_many_lines(client: Any, eva: User, history: Programme) -> None:
    page = client.sign_in(eva).get("/secretariat/costs")
    links = [a.get("href") for a in page.all(".frame tbody a")]
    assert len(links) == 3
    for link in links:
        assert client.get(link).texts("#found [role=status]") == ["1 samtale"]


def test_with_vat_the_frame_holds_less(client: Any, eva: User, programme: Programme) -> None:
    client.sign_in(eva)
    assert "86 samtaler og 43 deltakere" in client.get("/secretariat/costs").main
    page = client.get("/secretariat/costs?vat=1")
    assert "Uten avgift er det 108 samtaler og 54 deltakere" in page.main


def test_a_burst_frame_is_said(client: Any, eva: User, history: Programme) -> None:
    history.budget = Decimal(5000)
    assert "Over rammen 1 900 kr" in client.sign_in(eva).get("/secretariat/costs").main


def test_a_new_price_changes_nothing_that_is_booked(client: Any, eva: User, history: Programme) -> None:
    client.sign_in(eva).get("/secretariat/costs/rates")
    page = client.submit("/costs/rates", kind="member", amount="2 400,50", valid_from="24.11.2026")
    assert "Prisen er lagret" in page.words
    assert "2 400,50 kr" in page.main
    assert "2 300 kr" in client.get("/secretariat/costs").main
    assert db.session.scalar(select(func.count()).select_from(Rate).where(Rate.kind == RateKind.MEMBER)) == 2
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "rate added")).one()
    assert event.details == {"kind": "member", "amount": "2400.50", "valid_from": "2026-11-24"}


RATE = {"kind": "member", "amount": "2400", "valid_from": "1.1.2027"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": ""}, "Skriv et beløp"),
        ({"amount": "mye"}, "Skriv et tall"),
        ({"amount": "0"}, "mer enn 0 kroner"),
        ({"amount": "-5"}, "mer enn 0 kroner"),
        ({"amount": "1,234"}, "høyst to desimaler"),
        ({"amount": "1e9"}, "mer enn 0 kroner"),
        ({"amount": "9" * 5000}, "mer enn 0 kroner"),
        ({"amount": "1e999999"}, "mer enn 0 kroner"),
        ({"amount": "1e-999999"}, "mer enn 0 kroner"),
        ({"valid_from": "23.11.2026"}, "kan ikke endres bakover"),
        ({"valid_from": ""}, "Skriv dagen"),
        ({"valid_from": "\0"}, "Skriv datoen slik"),
        ({"kind": "<script>"}, ""),
    ],
)
def test_a_price_that_cannot_be_is_refused_at_its_field(
    client: Any, eva: User, programme: Programme, change: dict[str, str], message: str
) -> None:
    page = client.sign_in(eva).post("/secretariat/costs/rates", {**RATE, **change}, status=422)
    assert message in page.main
    typed = {**RATE, **change}["amount"]
    assert page.one("input[name=amount]").get("value", "") == typed
    assert db.session.scalar(select(func.count()).select_from(Rate)) == 2


def test_a_double_click_adds_one_price(client: Any, eva: User, programme: Programme) -> None:
    client.sign_in(eva).post("/secretariat/costs/rates", RATE)
    page = client.post("/secretariat/costs/rates", RATE, status=422)
    assert "finnes allerede en pris" in page.main


def test_the_frame_is_changed_with_a_trace(client: Any, eva: User, programme: Programme) -> None:
    client.sign_in(eva).get("/secretariat/costs/rates")
    page = client.submit("/costs/budget", budget="300 000")
    assert "300 000 kr" in page.main
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "budget changed")).one()
    assert event.details == {"was": "250000.00", "became": "300000"}
    page = client.post("/secretariat/costs/budget", {"budget": "x" * 100_000}, status=422)
    assert "Skriv et tall" in page.main
