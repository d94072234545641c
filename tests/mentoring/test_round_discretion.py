"""A pair that somebody has said no to looks like one that is further down, wherever one looks and whatever one tries."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

import matching
from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.mentoring import profiles
from portal.mentoring.profile_models import MenteeProfile, MentorProfile, Modes
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.reservation_models import ReservationKind, Tie
from portal.mentoring.reservations import reserve
from portal.mentoring.round_board import Board
from portal.mentoring.round_decisions import Aim
from portal.mentoring.rounds import aim_at, rerun, start_round
from tests.mentoring.pairing import areas, new_mentee, new_mentor
from tests.mentoring.rounds import at
from tests.support.client import CheckingClient
from tests.support.people import new_member

FITTING = ("Hitra", "Ringebu", "Nordreisa")
OTHERS = ("Skien", "Molde", "Kragerø", "Oppdal", "Alta")


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    """One who seeks, mentors who fit, others who do less, and one with nothing in common, far larger and far away."""
    mentee = new_mentee(new_member("Mentee Nome", "Nome"))
    fitting = [new_mentor(new_member(f"Mentor {place}", place)) for place in FITTING]
    others = [new_mentor(new_member(f"Mentor {place}", place, since=None)) for place in OTHERS]
    strange = new_mentor(new_member("Mentor Oslo", "Oslo", since=None))
    for one in (*others, strange):
        profiles.tell_experience(one, areas("merger"), "", Modes.IN_PERSON, False, clock.now())
    profiles.seek(
        mentee.member,
        areas("mayor", "economy", "management-team"),
        "",
        {"retired": True, "same_county": True},
        Modes.DIGITAL,
        mentee.member.user,
        clock.now(),
    )
    db.session.flush()
    return SimpleNamespace(mentee=mentee, fitting=fitting, strange=strange, all=[*fitting, *others, strange])


def no(mentee: MenteeProfile, mentor: MentorProfile, tie: Tie | None = None) -> None:
    reserve(mentee.member, ReservationKind.PERSON, str(mentor.member_id), clock.now(), tie)


def _markup(page: Any, mentor: str) -> tuple[str, str]:
    heads = page.texts(".heat thead th a")
    found = page.all(".heat tbody tr:first-child td")[heads.index(mentor)]
    return found.get("class"), "".join(found.itertext()).strip()


def _shown(page: Any) -> int:
    cells = page.texts(".heat tbody tr:first-child td[class^=heat--]")
    return sum(text.strip() != "ikke aktuelt" for text in cells)


@pytest.mark.parametrize("tie", [None, *Tie], ids=lambda tie: tie.value if tie else "no")
def test_in_the_heat_map_a_reserved_cell_is_one_that_is_further_down(
    client: CheckingClient, eva: User, pool: SimpleNamespace, tie: Tie | None
) -> None:
    made = start_round("Høstrunden", eva, clock.now())
    chosen = Board(made).entries[0].mentor
    reserved = next(m for m in pool.fitting if chosen and m.id != chosen.id)
    before = client.sign_in(eva).get(at(made, "?view=heatmap"))
    no(pool.mentee, reserved, tie)
    rerun(made, eva, clock.now())
    page = client.get(at(made, "?view=heatmap"))
    assert _markup(page, reserved.member.name) == _markup(page, "Mentor Oslo") == ("heat--0", "ikke aktuelt")
    assert _shown(page) == _shown(before)  # nobody can count what is missing


@pytest.mark.parametrize("mentors", [2, 3, 4, 5, 6])
def test_in_a_small_round_too_nobody_can_count_what_is_missing(
    client: CheckingClient, eva: User, pool: SimpleNamespace, mentors: int
) -> None:
    """Were everybody shown where there are few, the one empty place would be the one that somebody has said no to."""
    for one in pool.all[mentors:]:
        profiles.pause(one, one.member.user, clock.now())
    made = start_round("Høstrunden", eva, clock.now())
    chosen = Board(made).entries[0].mentor
    before = client.sign_in(eva).get(at(made, "?view=heatmap"))
    no(pool.mentee, next(m for m in pool.all[:mentors] if chosen and m.id != chosen.id))
    rerun(made, eva, clock.now())
    assert _shown(client.get(at(made, "?view=heatmap"))) == _shown(before)


def test_a_forged_swap_is_refused_in_the_same_words_whether_it_is_ruled_out_or_poor(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    made = start_round("Høstrunden", eva, clock.now())
    chosen = Board(made).entries[0].mentor
    reserved = next(m for m in pool.fitting if chosen and m.id != chosen.id)
    no(pool.mentee, reserved)
    client.sign_in(eva)

    def answer(mentor: MentorProfile) -> str:
        page = client.post(at(made, "/swaps"), {"mentee": pool.mentee.id, "mentor": mentor.id}, status=422)
        return page.texts("#round .alert")[0]

    assert answer(reserved) == answer(pool.strange)


def test_neither_is_offered_and_how_many_are_possible_is_not_told(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    made = start_round("Høstrunden", eva, clock.now())
    page = client.sign_in(eva).get(at(made, f"?mentee={pool.mentee.id}"))
    before = len(page.texts(".round-choice"))
    assert "mulige" not in page.main
    assert "Mentor Oslo" not in page.main
    chosen = Board(made).entries[0].mentor
    no(pool.mentee, next(m for m in pool.fitting if chosen and m.id != chosen.id))
    rerun(made, eva, clock.now())
    page = client.get(at(made, f"?mentee={pool.mentee.id}"))
    assert len(page.texts(".round-choice")) == before
    assert "mulige" not in page.main


def test_what_is_shown_does_not_follow_the_weights(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    """By one set of weights after another everybody would come into sight but the one who has said no."""
    made = start_round("Høstrunden", eva, clock.now())
    before = set(Board(made).reach)
    by_size = dict.fromkeys(matching.DEFAULT.as_dict(), 0.0) | {"size": 100.0}
    aim_at(made, Aim(matching.Weights(**by_size)), eva, clock.now())
    chosen = {(pair.mentee, pair.mentor) for pair in Board(made).outcome.pairs}
    assert set(Board(made).reach) - chosen <= before


def test_who_is_left_with_nobody_by_rules_reads_as_one_who_fits_nobody(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    """Two mentees alike: one has ruled everybody out, the other's mentors have paused. The page says the same."""
    for mentor in pool.all:
        no(pool.mentee, mentor)
    made = start_round("Høstrunden", eva, clock.now())
    ruled_out = client.sign_in(eva).get(at(made, f"?mentee={pool.mentee.id}")).texts(".note")
    for mentor in pool.all:
        profiles.pause(mentor, mentor.member.user, clock.now())
    rerun(made, eva, clock.now())
    paused = client.get(at(made, f"?mentee={pool.mentee.id}")).texts(".note")
    assert ruled_out == paused
    assert "En ny mentor kan løse det" in ruled_out[0]


def test_no_page_or_file_of_a_round_says_that_anybody_has_said_no(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    no(pool.mentee, pool.fitting[0], Tie.FAMILY)
    made = start_round("Høstrunden", eva, clock.now())
    client.sign_in(eva)
    rests = (
        "",
        f"?mentee={pool.mentee.id}",
        "?view=heatmap",
        "/report",
        "/report/data",
        "/tables/csv",
        "/release",
    )
    for rest in (*rests, "/report/tables/csv", "/weights"):
        page = client.get(at(made, rest)).get_data(as_text=True).casefold()
        for word in ("reserv", "familie", "kan ikke kobles"):
            assert word not in page, (rest, word)


def test_what_the_secretariat_has_excluded_itself_is_named_and_can_be_let_in_again(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    made: MatchRound = start_round("Høstrunden", eva, clock.now())
    chosen = Board(made).entries[0].mentor
    assert chosen
    client.sign_in(eva).get(at(made, f"?mentee={pool.mentee.id}"))
    page = client.submit("/exclusions", ground="acquainted")
    assert "De kjenner hverandre fra før" in page.main
    page = client.get(at(made, "?view=heatmap"))
    assert _markup(page, chosen.name)[0] == "heat--none"
    client.get(at(made, f"?mentee={pool.mentee.id}"))
    client.submit("/admissions")
    assert Board(db.session.scalars(select(MatchRound)).one()).entries[0].mentor == chosen
