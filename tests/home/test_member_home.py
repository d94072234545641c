"""The member's first page: one next action, the clip card, what is coming, the mentor."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from portal.home.views import greeting
from portal.members.models import Member
from tests.coaching.programmes import NOW, booked, new_programme, participant
from tests.mentoring.pairing import new_mentee, new_mentor, propose
from tests.support.client import CheckingClient


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def test_a_newcomer_is_asked_to_tell_what_they_stand_in(client: CheckingClient, daniel: Member) -> None:
    new_programme()
    client.sign_in(daniel)
    page = client.get("/home")
    assert page.heading == "God dag, Daniel."
    assert "Fortell kort hva du står i" in page.main
    assert page.link("Begynn her")


def test_a_participant_sees_both_clips_and_who_pays(client: CheckingClient, bjorn: Member) -> None:
    participant(bjorn, new_programme())
    client.sign_in(bjorn)
    page = client.get("/home")
    assert "Du har 2 samtaler igjen å bestille." in page.main
    assert page.main.count("Betales av") == 2
    assert "Velg tid for en samtale" in page.main


def test_a_booked_conversation_shows_with_the_exact_deadline(
    client: CheckingClient, bjorn: Member, cecilie: object
) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=9))  # type: ignore[arg-type]  # a coach
    client.sign_in(bjorn)
    page = client.get("/home")
    assert "Samtale med Cecilie Strand" in page.main
    assert "onsdag 2. desember kl. 10.30" in page.main
    assert page.link("Flytt") and page.link("Avlys")


def test_proposals_come_before_everything_else(
    client: CheckingClient, bjorn: Member, astrid: Member, daniel: Member
) -> None:
    participant(bjorn, new_programme())
    propose(new_mentee(bjorn), new_mentor(astrid), new_mentor(daniel))
    client.sign_in(bjorn)
    page = client.get("/home")
    assert "Vi fant to som har stått i noe lignende" in page.main
    assert "Astrid" not in page.main
    assert "Lillehammer" not in page.main


def test_somebody_who_is_no_member_is_kept_out(client: CheckingClient, eva: object) -> None:
    client.sign_in(eva)
    client.get("/home", status=403)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("hour", "words"), [(4, "God kveld"), (5, "God morgen"), (10, "God dag"), (18, "God kveld")]
)
def test_the_greeting_follows_the_clock(app: object, hour: int, words: str) -> None:
    assert greeting("Kari", hour) == f"{words}, Kari."
