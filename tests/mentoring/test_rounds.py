"""The draft of a round: what the secretariat starts and sees."""

import csv
from collections.abc import Callable
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, current_app
from openpyxl import load_workbook
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

import matching
from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_decisions import Aim
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_refusals import TooLargeForAim
from portal.mentoring.rounds import start_round
from tests.mentoring.pairing import new_round
from tests.mentoring.rounds import (
    SECRET,
    WEIGHTS,
    at,
    new_pool,
    proposed,
)
from tests.support.client import CheckingClient
from tests.support.people import new_user
from tests.support.racing import race


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    return new_pool()


@pytest.fixture
def made(pool: SimpleNamespace, eva: User) -> MatchRound:
    """A draft."""
    return start_round("Høstrunden", eva, clock.now())


def test_the_secretariat_starts_a_round_and_comes_to_its_draft(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    page = client.sign_in(eva).get("/secretariat/rounds")
    assert "Ingen runder ennå" in page.main
    page = client.submit("/secretariat/rounds", name="Høstrunden")
    assert page.heading == "Høstrunden"
    assert "4 av 4" in page.main
    assert "Utkast, kjøring 1" in page.main
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 12  # three each


def test_with_nobody_to_pair_the_page_says_what_to_do(client: CheckingClient, eva: User) -> None:
    page = client.sign_in(eva).get("/secretariat/rounds")
    assert "Ingen å koble akkurat nå" in page.main
    answer = client.post("/secretariat/rounds", {"name": "Tom"}, status=422)
    assert "Ingen søker mentor akkurat nå" in answer.main
    assert db.session.scalar(select(MatchRound)) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 100_000])
def test_a_round_needs_a_name_of_sane_length(
    client: CheckingClient, eva: User, pool: SimpleNamespace, name: str
) -> None:
    client.sign_in(eva).post("/secretariat/rounds", {"name": name}, status=422)
    assert db.session.scalar(select(MatchRound)) is None


def test_a_name_with_strange_signs_is_only_a_name(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    client.sign_in(eva).post("/secretariat/rounds", {"name": "<script>alert(1)</script>\x00"})
    page = client.get("/secretariat/rounds")
    assert "<script>alert(1)</script>" in page.main


def test_there_is_one_draft_at_a_time(client: CheckingClient, eva: User, made: MatchRound) -> None:
    page = client.sign_in(eva).post("/secretariat/rounds", {"name": "En til"}, status=422)
    assert "alt en runde som utkast" in page.main
    assert db.session.scalar(select(func.count()).select_from(MatchRound)) == 1


def _start(secretary_id: int) -> None:
    """Start a round that is left to a worker, and so holds no pair yet."""
    current_app.config["ROUND_IN_REQUEST"] = 0
    start_round("Høstrunden", db.session.get_one(User, secretary_id), clock.now())
    db.session.commit()


def test_of_those_who_start_a_round_in_the_same_moment_one_does(
    app: Flask, eva: User, pool: SimpleNamespace
) -> None:
    seen = race(app.config["SQLALCHEMY_DATABASE_URI"], _start, [eva.id] * 6)
    assert seen == {"done": 1, "DraftExists": 5}
    assert db.session.scalar(select(func.count()).select_from(MatchRound)) == 1


def test_the_database_holds_one_draft_and_any_number_that_are_out(app: Flask) -> None:
    new_round()
    new_round()
    new_round(released=False)
    with pytest.raises(IntegrityError, match="uq_match_round_draft"):
        new_round(released=False)


def test_the_page_shows_the_parts_that_add_up_to_the_score(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    page = client.sign_in(eva).get(at(made, f"?mentee={pool.mentees[0].id}"))
    points = [int(text.split()[0]) for text in page.texts(".score-parts dd:nth-of-type(2)")]
    assert sum(points) == int(page.texts(".pair-head__score b")[0])
    assert page.texts(".score-parts dt") == [
        "Utfordringsprofil",
        "Kommunestørrelse",
        "Erfaring",
        "Form og reise",
        "Egne ønsker",
    ]
    assert "2 av 3" in page.main  # challenges in words


def test_choosing_a_mentee_swaps_the_board_and_takes_focus_to_the_pair(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    block = client.sign_in(eva).htmx.get(at(made, f"?mentee={pool.mentees[2].id}"))
    assert not block.is_whole
    assert block.one("#board") is not None
    assert "Mentee Sirdal" in block.texts("h2[data-focus]")[0]


@pytest.mark.parametrize("mentee", ["0", "-1", "999999999999", "x"])
def test_a_mentee_who_is_not_there_gives_the_one_who_needs_it_most(
    client: CheckingClient, eva: User, made: MatchRound, mentee: str
) -> None:
    assert client.sign_in(eva).get(at(made, f"?mentee={mentee}")).heading == "Høstrunden"


def test_weights_are_shown_with_their_effect_before_they_are_used(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    before = proposed(made)
    weights = {"challenges": 0, "size": 100, "experience": 0, "practicalities": 0, "wishes": 0}
    page = client.sign_in(eva).get(at(made, "/weights"), query_string=weights)
    assert "Får en annen mentor" in page.main
    assert proposed(made) == before
    client.post(at(made, "/weights"), weights)
    assert db.session.get_one(MatchRound, made.id).weights["challenges"] == 0
    assert "Innstillingene ble endret" in client.get(at(made)).main


@pytest.mark.parametrize("wrong", ["", "-1", "101", "mye", "9" * 5000])
def test_a_weight_that_is_no_number_is_refused_at_its_field(
    client: CheckingClient, eva: User, made: MatchRound, wrong: str
) -> None:
    weights = {"challenges": wrong, "size": 20, "experience": 20, "practicalities": 20, "wishes": 20}
    client.sign_in(eva).get(at(made, "/weights"), 422, query_string=weights)
    page = client.post(at(made, "/weights"), weights, status=422)
    assert page.one("#challenges").get("aria-invalid") == "true"
    assert page.one("#challenges").get("value") == wrong


def test_all_weights_at_zero_are_refused(client: CheckingClient, eva: User, made: MatchRound) -> None:
    nothing = dict.fromkeys(("challenges", "size", "experience", "practicalities", "wishes"), 0)
    page = client.sign_in(eva).post(at(made, "/weights"), nothing, status=422)
    assert "Minst én vekt" in page.main
    client.get(at(made, "/weights"), query_string=nothing)


def test_an_end_that_takes_too_much_for_so_many_is_told_at_its_field_and_nothing_is_solved(
    client: CheckingClient, eva: User, made: MatchRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_given: object) -> None:
        raise TooLargeForAim(3)

    def solves(*_given: object, **_options: object) -> None:
        raise AssertionError("what is too large is solved")

    monkeypatch.setattr(Aim, "require_possible", too_large)
    wanted = {**WEIGHTS, "objective": "leximin"}
    client.sign_in(eva)
    with monkeypatch.context() as patch:
        patch.setattr(matching, "propose", solves)
        looked = client.get(at(made, "/weights"), 422, query_string=wanted)
        used = client.post(at(made, "/weights"), wanted, status=422)
    for page in (looked, used):
        assert page.texts("#objective-error") == [str(TooLargeForAim(3))]


def test_the_heat_map_is_a_table_with_a_figure_in_every_cell(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    page = client.sign_in(eva).get(at(made, f"?view=heatmap&mentee={pool.mentees[0].id}"))
    assert len(page.all(".heat tbody tr")) == 4
    assert len(page.all(".heat--chosen a")) == 4
    cells = page.texts(".heat tbody td[class^=heat--]")
    assert len(cells) == 12
    assert all(cells)


def test_nobody_reads_what_the_mentees_have_written(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    client.sign_in(eva)
    for rest in ("", f"?mentee={pool.mentees[0].id}", "?view=heatmap", "/weights", "/release", "/tables/csv"):
        assert SECRET not in client.get(at(made, rest)).get_data(as_text=True)
    stored = db.session.scalars(select(MatchRun.inputs)).one()
    assert SECRET not in str(stored)
    assert not [word for word in ("wishes", "other_county", "blocked") if word in str(stored)]


def test_the_round_is_taken_away_as_text_and_never_as_a_formula(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    pool.mentees[0].member.user.rename("=1+1 Mentee")
    made = start_round("Høstrunden", eva, clock.now())
    text = client.sign_in(eva).get(at(made, "/tables/csv")).data.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text), delimiter=";"))
    assert len(rows) == 13
    assert rows[0][:4] == ["Mentee", "Kommune", "Valg", "Mentor"]
    assert "'=1+1 Mentee" in {row[0] for row in rows}
    sheet = load_workbook(BytesIO(client.get(at(made, "/tables/xlsx")).data)).active
    assert sheet is not None
    names = [cell for row in sheet.iter_rows() for cell in row if str(cell.value) == "=1+1 Mentee"]
    assert names
    assert {cell.data_type for cell in names} == {"s"}


PATHS = ("", "/weights", "/release", "/tables/csv")


ACTIONS = ("runs", "swaps", "locks", "unlockings", "exclusions", "undoings", "removal", "weights", "releases")


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MENTOR, Role.COACH, Role.STEERING])
def test_a_round_is_the_secretariats_alone(client: CheckingClient, made: MatchRound, role: Role) -> None:
    client.sign_in(new_user("Kari Prøve", role))
    client.get("/secretariat/rounds", status=403)
    for rest in PATHS:
        client.get(at(made, rest), status=403)
    for action in ACTIONS:
        client.post(at(made, f"/{action}"), status=403)


def test_a_round_that_does_not_exist_is_no_page(client: CheckingClient, eva: User) -> None:
    client.sign_in(eva)
    for number in (4711, 10**12):
        client.get(f"/secretariat/rounds/{number}", status=404)
        client.post(f"/secretariat/rounds/{number}/runs", status=404)


def test_no_page_of_a_round_asks_the_database_more_than_twelve_times(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace, queries: Callable[[], Any]
) -> None:
    client.sign_in(eva).get(at(made))
    chosen, page = f"?mentee={pool.mentees[0].id}", at(made)
    for rest in ("", chosen, "?view=heatmap", "/weights", "/release", "/tables/csv"):
        with queries() as seen:
            client.get(page + rest)
        assert len(seen) <= 12, rest
    with queries() as seen:
        client.get("/secretariat/rounds")
    assert len(seen) <= 12
