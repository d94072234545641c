"""The secretariat's first page: figures that lead somewhere, and what needs a hand."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from portal.access import Role
from portal.accounts.models import User
from portal.accounts.recoveries import OPEN_FOR, Recovery
from portal.coaching.enrolment import apply
from portal.coaching.models import Coach
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, booked, new_programme, participant
from tests.mentoring.pairing import new_mentee, new_mentor, propose
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def test_an_empty_house_says_what_will_be_here(client: CheckingClient, eva: User) -> None:
    client.sign_in(eva)
    page = client.get("/secretariat/")
    assert "Ingen ordning er satt opp ennå" in page.main
    assert "Ingenting venter" in page.main


def test_the_queue_comes_first_while_there_is_money_for_it(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member
) -> None:
    programme = new_programme()
    participant(bjorn, programme)
    apply(daniel, programme, NOW - timedelta(days=16))
    client.sign_in(eva)
    page = client.get("/secretariat/")
    assert "Én står i kø" in page.main
    assert page.link("Gi plass")


def test_nobody_is_offered_a_seat_that_there_is_no_money_for(
    client: CheckingClient, eva: User, bjorn: Member, daniel: Member
) -> None:
    programme = new_programme(budget=4_600)
    participant(bjorn, programme)
    apply(daniel, programme, NOW - timedelta(days=16))
    client.sign_in(eva)
    page = client.get("/secretariat/")
    assert "Det er ikke penger til flere" in page.main
    assert not page.all("main a.ds-button[href*='enrolments'][data-variant='primary']")


def test_what_is_unconfirmed_for_three_days_needs_a_hand(
    client: CheckingClient, eva: User, bjorn: Member, cecilie: Coach
) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW - timedelta(days=4))
    client.sign_in(eva)
    page = client.get("/secretariat/")
    assert "Én samtale er ikke bekreftet" in page.main
    client.get(page.link("Se samtalene"))


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ((40,), "Én har plass, men har ikke bestilt plassen er over 30 dager gammel"),
        ((40, 50), "To har plass, men har ikke bestilt alle fikk plass for over 30 dager siden"),
        ((40, 2), "To har plass, men har ikke bestilt én av dem fikk plass for over 30 dager siden"),
        ((3, 2), "To har plass, men har ikke bestilt de fikk plass i løpet av de siste 30 dagene"),
    ],
)
def test_seats_that_nobody_uses_are_told_with_how_long_they_have_been_there(
    client: CheckingClient, eva: User, days: tuple[int, ...], said: str
) -> None:
    programme = new_programme()
    for number, ago in enumerate(days):
        participant(new_member(f"Medlem Nummer{number}"), programme, NOW - timedelta(days=ago))
    assert said in client.sign_in(eva).get("/secretariat/").main


def test_proposals_without_an_answer_are_followed(
    client: CheckingClient, eva: User, bjorn: Member, astrid: Member
) -> None:
    propose(new_mentee(bjorn), new_mentor(astrid))
    client.sign_in(eva)
    assert "Én mentee har ikke svart" in client.get("/secretariat/").main


def test_who_has_lost_the_way_in_needs_a_hand(client: CheckingClient, eva: User, bjorn: Member) -> None:
    helge = new_user("Helge Hjelper", Role.SECRETARIAT)
    Recovery.ask(bjorn.user, eva, NOW)
    db.session.commit()
    page = client.sign_in(eva).get("/secretariat/")
    assert "Én trenger hjelp til å komme inn" in page.main and "en annen må godkjenne" in page.main
    page = client.sign_in(helge).get("/secretariat/")
    assert "du kan godkjenne" in page.main and bjorn.name not in page.main
    client.get(page.link("Se tilgangene"))


def test_a_stolen_account_is_not_told_that_its_owner_is_being_helped(
    client: CheckingClient, new_client: Any, eva: User
) -> None:
    helge = new_user("Helge Hjelper", Role.SECRETARIAT)
    Recovery.ask(eva, helge, NOW)
    db.session.commit()
    assert "komme inn" not in client.sign_in(eva).get("/secretariat/").main


def test_an_account_that_its_owner_has_shut_needs_a_hand(
    client: CheckingClient, eva: User, bjorn: Member
) -> None:
    bjorn.user.locked_at = NOW
    db.session.commit()
    page = client.sign_in(eva).get("/secretariat/")
    assert "Én har stengt kontoen sin" in page.main
    Recovery.ask(bjorn.user, eva, NOW - OPEN_FOR)  # and nobody answered within the week
    db.session.commit()
    page = client.get("/secretariat/")
    assert "Én har stengt kontoen sin" in page.main and "godkjenne" not in page.main


def test_a_member_does_not_see_it(client: CheckingClient, bjorn: Member) -> None:
    client.sign_in(bjorn)
    client.get("/secretariat/", status=403)
