"""The secretariat's list of pairs: that they exist, since when, and when they last met."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import mentorships
from portal.mentoring.mentorship_models import EndReason, MeetingMode, Mentorship
from tests.mentoring.pairing import NOW, new_mentee, new_mentor, pair
from tests.support.client import CheckingClient
from tests.support.people import new_member

PAIRS = "/secretariat/mentorships"
LONG_AGO = NOW - timedelta(days=70)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def two(bjorn: Member, astrid: Member) -> Mentorship:
    """Bjørn and Astrid, a pair since long ago."""
    return pair(new_mentee(bjorn, LONG_AGO), new_mentor(astrid, 2, now=LONG_AGO), LONG_AGO)


def another(mentee: str, mentor: str, *roles: Role) -> Mentorship:
    return pair(
        new_mentee(new_member(mentee, "Nome", *roles), LONG_AGO),
        new_mentor(new_member(mentor, "Voss"), now=LONG_AGO),
        LONG_AGO,
    )


def test_before_the_first_pair_the_page_says_what_will_be_here(client: CheckingClient, eva: User) -> None:
    page = client.sign_in(eva).get("/secretariat/rounds")
    page = client.get(page.link("Se mentorparene som er i gang"))
    assert "Ingen mentorpar ennå" in page.main
    assert "Ingen par er stille" in client.get(f"{PAIRS}?show=silent").main


def test_a_silent_pair_is_found_from_the_first_page_and_one_that_has_met_is_not(
    client: CheckingClient, eva: User, two: Mentorship
) -> None:
    lively = another("Mette Moe", "Mons Ask")
    day = clock.today(NOW - timedelta(days=4))
    mentorships.log_held(lively, day, 60, MeetingMode.PHONE, lively.mentee.member.user, NOW)
    page = client.sign_in(eva).get("/secretariat/")
    assert "Ett mentorpar har ikke møttes på over 30 dager" in page.main
    page = client.get(page.link("Se parene"))
    assert page.texts("#found tbody th") == ["Bjørn Haugland Nome"]
    assert "ikke ennå" in page.main
    page = client.get(page.link("Vis alle"))
    assert page.texts("#found tbody td:nth-of-type(2)") == ["Stille", "I gang"]
    assert "20. november 2026" in page.texts("#found tbody tr")[1]


def test_a_pair_that_has_agreed_to_meet_is_not_silent(
    client: CheckingClient, eva: User, two: Mentorship
) -> None:
    starts = NOW + timedelta(days=3)
    mentorships.plan_meeting(two, starts, 60, MeetingMode.DIGITAL, two.mentee.member.user, NOW)
    page = client.sign_in(eva).get(PAIRS)
    assert page.texts("#found tbody td:nth-of-type(2)") == ["I gang"]


def test_a_pair_that_has_ended_is_gone_from_the_list(
    client: CheckingClient, eva: User, two: Mentorship
) -> None:
    mentorships.end(two, EndReason.DONE, two.mentee.member.user, NOW)
    assert "Ingen mentorpar ennå" in client.sign_in(eva).get(PAIRS).main


@pytest.mark.parametrize("show", ["", "?show=silent"])
def test_ones_own_pair_is_a_colleagues_to_see_to(client: CheckingClient, two: Mentorship, show: str) -> None:
    own = another("Hanne Vik", "Mons Ask", Role.SECRETARIAT)
    hannes = client.sign_in(own.mentee.member)
    page = hannes.get(PAIRS + show)
    assert "Bjørn" in page.main
    assert "Mons" not in page.main
    assert "1 par gjelder deg selv." in page.main
    assert "Mons" not in hannes.get(f"{PAIRS}/tables/csv").get_data(as_text=True)
    assert "Ett mentorpar har ikke møttes" in hannes.get("/secretariat/").main


def test_who_was_looked_up_can_see_it(client: CheckingClient, eva: User, two: Mentorship) -> None:
    client.sign_in(eva).get(PAIRS)
    client.get(f"{PAIRS}/tables/xlsx")
    page = client.sign_in(two.mentor.member).get("/personal-data/readings")
    assert "Så over hvilke mentorpar som er i gang" in page.main
    assert "Tok ut listen over mentorpar som fil" in page.main


def test_the_list_is_taken_away_as_it_is_filtered(client: CheckingClient, eva: User, two: Mentorship) -> None:
    body = client.sign_in(eva).get(f"{PAIRS}/tables/csv?show=silent").get_data(as_text=True)
    assert body.splitlines()[1] == "Bjørn Haugland;Nome;Astrid Moen;Lillehammer;2026-09-15;"


def test_the_page_needs_few_queries_however_many_pairs(
    client: CheckingClient, eva: User, two: Mentorship, queries: Any
) -> None:
    for number in range(5):
        another(f"Mentee {number}", f"Mentor {number}")
    client.sign_in(eva).get(PAIRS)
    db.session.expire_all()
    with queries() as seen:
        client.get(PAIRS)
    assert len(seen) <= 14, seen
