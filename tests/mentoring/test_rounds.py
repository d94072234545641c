"""The draft of a round: what the secretariat sees, decides and takes back."""

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
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve
from portal.mentoring.round_decisions import Aim, Decisions
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_refusals import TooLargeForAim
from portal.mentoring.round_release import close_round, release_round
from portal.mentoring.rounds import start_round
from tests.mentoring.pairing import new_mentee, new_mentor, new_round
from tests.mentoring.rounds import WEIGHTS
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user
from tests.support.racing import race

SECRET = "Ordføreren snakker ikke til meg lenger"
MENTEES = ("Nome", "Lierne", "Sirdal", "Åfjord")
MENTORS = (("Hitra", 1), ("Nordreisa", 2), ("Ringebu", 1))


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    """Four who seek, and three mentors with four places."""
    mentees = [new_mentee(new_member(f"Mentee {place}", place)) for place in MENTEES]
    mentors = [new_mentor(new_member(f"Mentor {place}", place), number) for place, number in MENTORS]
    for mentee in mentees:
        mentee.text = SECRET
    return SimpleNamespace(mentees=mentees, mentors=mentors)


@pytest.fixture
def made(pool: SimpleNamespace, eva: User) -> MatchRound:
    """A draft."""
    return start_round("Høstrunden", eva, clock.now())


def pairs(round_: MatchRound) -> dict[int, int]:
    """Mentee to mentor as the draft has it now."""
    rows = select(Proposal.mentee_id, Proposal.mentor_id).where(
        Proposal.round_id == round_.id, Proposal.rank == 1
    )
    return dict(db.session.execute(rows).tuples().all())


def proposed(round_: MatchRound) -> set[tuple[int, int]]:
    rows = select(Proposal.mentee_id, Proposal.mentor_id).where(Proposal.round_id == round_.id)
    return set(db.session.execute(rows).tuples())


def other_mentor(round_: MatchRound, mentee: MenteeProfile, pool: SimpleNamespace) -> Any:
    return next(m for m in pool.mentors if m.id != pairs(round_)[mentee.id])


def at(round_: MatchRound, rest: str = "") -> str:
    return f"/secretariat/rounds/{round_.id}{rest}"


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
    assert block.one("#board")
    assert "Mentee Sirdal" in block.texts("h2[data-focus]")[0]


@pytest.mark.parametrize("mentee", ["0", "-1", "999999999999", "x"])
def test_a_mentee_who_is_not_there_gives_the_one_who_needs_it_most(
    client: CheckingClient, eva: User, made: MatchRound, mentee: str
) -> None:
    assert client.sign_in(eva).get(at(made, f"?mentee={mentee}")).heading == "Høstrunden"


def test_a_swap_shows_its_cost_first_and_then_holds(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    page = client.sign_in(eva).get(at(made, f"?mentee={mentee.id}"))
    assert "Hva et bytte koster" in page.main
    swap = next(f for f in page.forms if f.action.endswith("/swaps"))
    wanted = int(swap.fields["mentor"][0])
    page = client.submit(swap)
    assert pairs(made)[mentee.id] == wanted
    assert "og paret er låst" in page.main
    client.submit("/runs")
    assert pairs(made)[mentee.id] == wanted


def test_a_swap_is_taken_back_with_one_press(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    before, mentee = proposed(made), pool.mentees[0]
    client.sign_in(eva).get(at(made))
    wanted = other_mentor(made, mentee, pool)
    client.post(at(made, "/swaps"), {"mentee": mentee.id, "mentor": wanted.id})
    client.get(at(made))
    client.submit("/undoings")
    assert proposed(made) == before
    assert "Angre" not in client.get(at(made)).main


def test_what_a_colleague_decided_meanwhile_is_not_taken_back_unseen(
    client: CheckingClient,
    new_client: Callable[[], CheckingClient],
    eva: User,
    made: MatchRound,
    pool: SimpleNamespace,
) -> None:
    locked, excluded = ({"mentee": m.id, "mentor": pairs(made)[m.id]} for m in pool.mentees[:2])
    client.sign_in(eva).post(at(made, "/locks"), locked)
    seen = client.get(at(made)).form("/undoings")
    kari = new_client().sign_in(new_user("Kari Kollega", Role.SECRETARIAT))
    kari.post(at(made, "/exclusions"), {**excluded, "ground": "conflict"})
    page = client.submit(seen, status=422)
    assert "endret etter at du åpnet siden" in page.main
    assert (excluded["mentee"], excluded["mentor"]) not in proposed(made)
    client.get(at(made))
    client.submit("/undoings")  # now that it says what is undone
    assert (excluded["mentee"], excluded["mentor"]) in proposed(made)


def test_a_decision_with_the_number_of_one_that_was_taken_back_is_another(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    first, second = ({"mentee": m.id, "mentor": pairs(made)[m.id]} for m in pool.mentees[:2])
    client.sign_in(eva).post(at(made, "/locks"), first)
    seen = client.get(at(made)).form("/undoings")
    client.submit("/undoings")
    client.post(at(made, "/locks"), second)
    client.submit(seen, status=422)
    client.submit(seen, status=422)
    assert Decisions.of(made).locks == {second["mentee"]: second["mentor"]}


def test_the_swap_answers_htmx_with_the_round_itself(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    data = {"mentee": mentee.id, "mentor": other_mentor(made, mentee, pool).id}
    client.sign_in(eva).get(at(made))
    block = client.htmx.post(at(made, "/swaps"), data, status=200)
    assert block.one("#round")
    assert "Siden kjøring 1" in block.words


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"mentee": "1"},
        {"mentee": "x", "mentor": "y"},
        {"mentee": "1000000000000", "mentor": "1000000000000"},
        {"mentee": "4711", "mentor": "4712"},
        {"mentee": "<script>", "mentor": "\x00"},
    ],
)
@pytest.mark.parametrize("action", ["/swaps", "/locks"])
def test_a_pair_that_does_not_exist_is_refused_and_nothing_moves(
    client: CheckingClient, eva: User, made: MatchRound, data: dict[str, str], action: str
) -> None:
    before = proposed(made)
    client.sign_in(eva).post(at(made, action), data, status=422)
    assert proposed(made) == before


def test_an_excluded_pair_is_not_proposed_and_only_the_secretariat_knows_the_ground(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    mentor_id = pairs(made)[mentee.id]
    client.sign_in(eva).get(at(made, f"?mentee={mentee.id}"))
    page = client.submit("/exclusions", ground="conflict")
    assert (mentee.id, mentor_id) not in proposed(made)
    assert "ble utelukket" in page.main
    client.submit("/undoings")
    assert (mentee.id, mentor_id) in proposed(made)


def test_an_exclusion_without_a_ground_says_so_at_the_field(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee, before = pool.mentees[0], proposed(made)
    data = {"mentee": mentee.id, "mentor": pairs(made)[mentee.id]}
    page = client.sign_in(eva).post(at(made, "/exclusions"), data, status=422)
    assert "Velg en grunn" in page.main
    assert proposed(made) == before
    client.post(at(made, "/exclusions"), {**data, "ground": "hearsay"}, status=422)


def test_a_locked_pair_stays_when_the_round_is_run_again(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[1]
    mentor_id = pairs(made)[mentee.id]
    client.sign_in(eva).get(at(made, f"?mentee={mentee.id}"))
    page = client.submit("/locks")
    assert "Lås opp" in page.main
    client.post(
        at(made, "/weights"),
        dict.fromkeys(("challenges", "size", "experience", "practicalities"), 0) | {"wishes": 100},
    )
    assert pairs(made)[mentee.id] == mentor_id
    client.get(at(made, f"?mentee={mentee.id}"))
    page = client.submit("/unlockings")
    assert "Lås paret" in page.main


def test_a_lock_gives_way_when_the_pair_becomes_impossible(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    mentor_id = pairs(made)[mentee.id]
    client.sign_in(eva).post(at(made, "/locks"), {"mentee": mentee.id, "mentor": mentor_id})
    mentor = db.session.get_one(MentorProfile, mentor_id)
    _reserve(mentee, mentor)
    client.post(at(made, "/runs"))
    assert (mentee.id, mentor_id) not in proposed(made)


def _reserve(mentee: MenteeProfile, mentor: MentorProfile) -> None:
    reserve(mentee.member, ReservationKind.PERSON, str(mentor.member_id), clock.now())


def test_a_reserved_pair_is_never_proposed_and_the_page_does_not_say_why(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    for mentor in pool.mentors:
        _reserve(pool.mentees[0], mentor)
    made = start_round("Høstrunden", eva, clock.now())
    assert pool.mentees[0].id not in {mentee for mentee, _mentor in proposed(made)}
    page = client.sign_in(eva).get(at(made, f"?mentee={pool.mentees[0].id}"))
    assert "Uten forslag" in page.main
    assert "eserva" not in page.main
    heat_map = client.get(at(made, "?view=heatmap"))
    assert "kan ikke kobles" not in heat_map.main
    assert "eserva" not in heat_map.main


def test_a_declined_pair_is_never_proposed_again(eva: User, made: MatchRound) -> None:
    now = clock.now()
    release_round(made, clock.today(now).replace(year=now.year + 1, month=1, day=31), eva, now)
    rows = list(db.session.scalars(select(Proposal).where(Proposal.round_id == made.id)))
    declined = {(row.mentee_id, row.mentor_id) for row in rows if row.rank == 1}
    for row in rows:
        if row.rank == 1:
            row.mentee_declined_at = now
    close_round(made, eva, now)
    again = start_round("Vårrunden", eva, now)
    assert proposed(again)
    assert not declined & proposed(again)


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


def test_a_draft_can_be_thrown_away(client: CheckingClient, eva: User, made: MatchRound) -> None:
    address = at(made)
    client.sign_in(eva).get(address)
    page = client.submit("/removal")
    assert "Utkastet er forkastet" in page.words
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0
    client.get(address, status=404)


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
