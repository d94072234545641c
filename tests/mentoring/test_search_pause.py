"""A mentee can put the search on hold, and nobody is told."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask

from portal import clock
from portal.accounts.models import User
from portal.mentoring import profiles
from portal.mentoring.pool import pool as drawn
from portal.mentoring.round_release import release_round
from portal.mentoring.rounds import start_round
from tests.mentoring.rounds import at, new_pool, pairs
from tests.support.client import CheckingClient
from tests.support.people import new_member


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    return new_pool()


def test_a_mentee_pauses_the_search_and_takes_it_up_again(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    page = client.sign_in(mentee.member).get("/mentoring/")
    assert "Ta pause i søket" in page.main
    page = client.submit("/search-pauses")
    assert "Søket ditt har pause." in page.main
    first_page = client.get("/home").main
    assert "Søket etter en mentor har pause." in first_page
    assert "Vi leter" not in first_page
    client.get("/mentoring/")
    made = start_round("Høstrunden", eva, clock.now())
    assert mentee.id not in pairs(made)
    page = client.submit("/search-resumptions")
    assert "Vi leter etter en mentor til deg." in page.main
    assert [m.paused for m in drawn(clock.now()).mentees if m.id == str(mentee.member_id)] == [False]


def test_a_pause_leaves_what_was_proposed_and_is_said_to_nobody(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    made = start_round("Høstrunden", eva, clock.now())
    release_round(made, clock.today(clock.now()) + timedelta(days=14), eva, clock.now())
    profiles.pause_search(mentee, mentee.member.user, clock.now())
    page = client.sign_in(mentee.member).get("/mentoring/")
    assert "forslag venter på svaret ditt" in page.main
    assert "Søket har pause" in page.main
    client.get("/mentoring/proposals")
    assert "ause" not in client.sign_in(eva).get(at(made)).main


def test_who_seeks_nobody_has_no_search_to_pause(client: CheckingClient, app: Flask) -> None:
    daniel = new_member("Daniel Ås", "Steinkjer")
    client.sign_in(daniel).post("/mentoring/search-pauses", status=404)
