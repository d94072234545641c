"""A round too large for a request: ordered, watched, made once by whoever is there to make it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, select, update

import matching
from matching import report
from portal import audit, clock, jobs
from portal.accounts.models import User
from portal.extensions import db
from portal.mentoring import rounds
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve
from portal.mentoring.round_models import MatchRun, RunOrder, Stage
from portal.mentoring.round_refusals import IsRunning
from portal.mentoring.round_runs import solve
from portal.mentoring.round_worker import HOLD, MOST_ATTEMPTS, run_ordered
from portal.mentoring.text_vectors import fit_due
from portal.privacy import erasure
from tests.mentoring.rounds import at, new_pool, other_mentor, pairs
from tests.support.client import CheckingClient
from tests.support.racing import race

TEXTS = ("Ordføreren og kommunestyret strides", "Skolen må flyttes", "Kommunestyret strides om skolen")
SOLVE = "portal.mentoring.round_worker.solve"  # where the worker is caught in the middle of its work


@pytest.fixture
def pool(app: Flask) -> Iterator[SimpleNamespace]:
    """A pool that is too large for a request, as this installation sees it."""
    most = app.config["ROUND_IN_REQUEST"]
    app.config["ROUND_IN_REQUEST"] = 6
    yield new_pool()
    app.config["ROUND_IN_REQUEST"] = most


@pytest.fixture
def ordered(pool: SimpleNamespace, eva: User) -> MatchRound:
    """A round that waits for its first run."""
    made = rounds.start_round("Høstrunden", eva, clock.now())
    db.session.commit()
    return made


@pytest.fixture
def made(ordered: MatchRound) -> MatchRound:
    """A draft that a worker has run."""
    assert run_ordered(clock.now()) == 1
    return ordered


def runs(round_: MatchRound) -> int:
    return db.session.scalar(select(func.count()).where(MatchRun.round_id == round_.id)) or 0


def order_of(round_: MatchRound) -> RunOrder | None:
    db.session.expire_all()
    return db.session.get(RunOrder, round_.id)


def test_a_large_round_is_left_to_the_worker_and_the_page_says_how_far_it_has_come(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    client.sign_in(eva).get("/secretariat/rounds")
    page = client.submit("/secretariat/rounds", name="Høstrunden")
    assert "Runden kjøres" in page.main
    assert "Venter på tur" in page.main
    assert page.one("progress").get("max") == "21"
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0
    assert jobs.run_due(clock.now())["run rounds"] == 1
    page = client.get(page.request.path)
    assert "4 av 4" in page.main
    assert "Utkast, kjøring 1" in page.main


def test_the_page_looks_again_by_itself_and_leaves_the_wait_when_it_is_over(
    client: CheckingClient, eva: User, ordered: MatchRound
) -> None:
    page = client.sign_in(eva).get(at(ordered))
    wait = page.one("#running")
    assert wait.get("hx-get") == at(ordered)
    assert "Last siden på nytt" in page.main  # for those without script
    headers = {"HX-Target": "running"}
    again = client.htmx.get(at(ordered), headers=headers)
    assert again.one("#running") is not None
    assert not again.is_whole
    run_ordered(clock.now())
    answer = client.htmx.get(at(ordered), status=204, headers=headers)
    assert answer.headers["HX-Redirect"] == at(ordered)


def test_how_far_it_has_come_is_seen_while_the_engine_works(
    app: Flask, client: CheckingClient, eva: User, ordered: MatchRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def watched(*given: object) -> object:
        told.append(client.sign_in(eva).get(at(ordered)).main)
        return solve(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(SOLVE, watched)
    run_ordered(clock.now())
    assert "Finner de beste parene, 7 av 21" in told[0]


def _saves_meanwhile(url: str) -> None:
    """What anybody's request does: it writes at once, or fails."""
    options: Any = {"timeout": 0} if url.startswith("sqlite") else {"options": "-c lock_timeout=100"}
    elsewhere = create_engine(url, connect_args=options)
    with elsewhere.begin() as connection:
        connection.execute(update(RunOrder).values(attempts=RunOrder.attempts))
    elsewhere.dispose()


def test_everybody_else_can_save_while_the_engine_works(
    app: Flask, client: CheckingClient, eva: User, pool: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person, words in zip((*pool.mentees, *pool.mentors), TEXTS, strict=False):
        person.text = words
    fit_due(clock.now())
    made = rounds.start_round("Høstrunden", eva, clock.now())
    db.session.commit()
    run_ordered(clock.now())
    mentee = pool.mentees[0]
    wanted = other_mentor(made, mentee, pool)
    client.sign_in(eva).post(at(made, "/swaps"), {"mentee": mentee.id, "mentor": wanted.id})
    worked: list[str] = []

    def meanwhile(name: str, engine: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **options: Any) -> Any:
            assert name == "report" or options["texts"]
            _saves_meanwhile(app.config["SQLALCHEMY_DATABASE_URI"])
            worked.append(name)
            return engine(*given, **options)

        return watched

    monkeypatch.setattr(matching, "scores", meanwhile("scores", matching.scores))
    monkeypatch.setattr(matching, "propose", meanwhile("propose", matching.propose))
    monkeypatch.setattr(report, "report", meanwhile("report", report.report))
    run_ordered(clock.now())
    # What is offered, the best, the best with the lock, and what is told of it.
    assert worked == ["scores", "propose", "propose", "report"]
    assert pairs(made)[mentee.id] == wanted.id


def test_a_decision_in_a_large_round_is_ordered_and_then_stands(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    wanted = other_mentor(made, mentee, pool)
    page = client.sign_in(eva).post(at(made, "/swaps"), {"mentee": mentee.id, "mentor": wanted.id})
    assert "Runden kjøres" in client.follow(page).main
    assert pairs(made)[mentee.id] != wanted.id
    run_ordered(clock.now())
    assert pairs(made)[mentee.id] == wanted.id
    page = client.get(at(made, f"?mentee={mentee.id}"))
    assert "og paret er låst" in page.main
    client.submit("/undoings", follow=False)
    run_ordered(clock.now())
    assert pairs(made)[mentee.id] != wanted.id
    assert runs(made) == 1


def test_the_costs_of_a_swap_in_a_large_round_are_reckoned_when_asked_for(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    page = client.sign_in(eva).get(at(made, f"?mentee={pool.mentees[0].id}"))
    assert "Hva et bytte koster" not in page.main
    page = client.get(at(made, f"?mentee={pool.mentees[0].id}&costs=1"))
    assert "Hva et bytte koster" in page.main


def test_nothing_is_decided_released_or_ordered_twice_while_a_round_is_running(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    client.sign_in(eva).post(at(made, "/runs"))
    for action in ("/runs", "/undoings"):
        page = client.post(at(made, action), status=422)
        assert "Vent til den er ferdig" in page.main
    pair = {"mentee": pool.mentees[0].id, "mentor": pool.mentors[0].id}
    client.post(at(made, "/locks"), pair, status=422)
    day = clock.today(clock.now()) + timedelta(days=14)
    page = client.post(at(made, "/releases"), {"answer_by": f"{day:%d.%m.%Y}"}, status=422)
    assert "Vent til den er ferdig" in page.main
    run_ordered(clock.now())
    assert runs(made) == 2
    rounds.rerun(made, eva, clock.now())
    with pytest.raises(IsRunning):
        rounds.rerun(made, eva, clock.now())


def test_a_worker_that_dies_loses_the_round_and_the_next_one_begins_anew(
    eva: User, ordered: MatchRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()

    def dies(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SOLVE, dies)
        with pytest.raises(KeyboardInterrupt):
            run_ordered(now)
    db.session.rollback()
    held = order_of(ordered)
    assert held is not None
    assert held.stage is Stage.SOLVING
    assert run_ordered(now + timedelta(minutes=1)) == 0  # it may still be alive
    assert run_ordered(now + HOLD + timedelta(minutes=1)) == 1
    assert order_of(ordered) is None
    assert runs(ordered) == 1


def test_a_worker_that_comes_back_from_the_dead_writes_nothing(
    ordered: MatchRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    later = now + HOLD + timedelta(minutes=1)

    def slow(*given: object) -> object:
        monkeypatch.setattr(SOLVE, solve)
        assert run_ordered(later) == 1  # another has taken it up and is done
        return solve(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(SOLVE, slow)
    assert run_ordered(now) == 0
    assert runs(ordered) == 1
    assert audit.verify() == []


def _work(_number: int) -> None:
    run_ordered(clock.now())


def test_many_workers_at_once_run_a_round_once(app: Flask, ordered: MatchRound) -> None:
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    race(url, _work, range(4))
    assert order_of(ordered) is None
    assert runs(ordered) == 1
    assert len(pairs(ordered)) == 4


def test_a_round_that_fails_again_and_again_is_given_up_and_said_so(
    client: CheckingClient, eva: User, made: MatchRound, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pairs(made)
    rounds.rerun(made, eva, clock.now())
    db.session.commit()

    def fails(*_given: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(SOLVE, fails)
        run_ordered(clock.now())
    waiting = order_of(made)
    assert waiting is not None
    assert waiting.attempts == MOST_ATTEMPTS
    page = client.sign_in(eva).get(at(made))
    assert "ble ikke ferdig" in page.main
    assert pairs(made) == before
    client.post(at(made, "/runs"))
    assert run_ordered(clock.now()) == 1
    assert "ble ikke ferdig" not in client.get(at(made)).main


def test_a_swap_that_cannot_be_is_given_up_at_once_and_the_round_stands(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    before, mentee = pairs(made), pool.mentees[0]
    mentor = other_mentor(made, mentee, pool)
    reserve(mentee.member, ReservationKind.PERSON, str(mentor.member_id), clock.now())
    client.sign_in(eva).post(at(made, "/swaps"), {"mentee": mentee.id, "mentor": mentor.id})
    run_ordered(clock.now())
    page = client.get(at(made))
    assert "ble ikke ferdig" in page.main
    assert "eserv" not in page.main
    assert pairs(made) == before


def test_a_large_round_is_looked_over_and_let_out_without_being_solved(
    client: CheckingClient,
    eva: User,
    made: MatchRound,
    pool: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused = pool.mentees[0]
    paused.paused_at = clock.now()

    def solves(*_given: object, **_options: object) -> None:
        raise AssertionError("somebody waits while a round is solved")

    monkeypatch.setattr(matching, "propose", solves)
    page = client.sign_in(eva).get(at(made, "/release"))
    assert page.texts(".release-list dt") == ["3", "0", "9", "0"]
    client.submit("/releases")
    assert paused.id not in pairs(made)
    assert len(pairs(made)) == 3


def test_a_draft_that_is_thrown_away_takes_its_order_with_it(
    client: CheckingClient, eva: User, ordered: MatchRound
) -> None:
    client.sign_in(eva).post(at(ordered, "/removal"))
    assert run_ordered(clock.now()) == 0
    assert db.session.scalar(select(func.count()).select_from(RunOrder)) == 0


@pytest.mark.parametrize(("whose", "left"), [("fredrik", 1), ("mentee", 0)])
def test_only_those_whom_a_worker_may_have_been_given_take_its_round_with_them(
    eva: User, fredrik: User, ordered: MatchRound, pool: SimpleNamespace, whose: str, left: int
) -> None:
    leaving = fredrik if whose == "fredrik" else pool.mentees[0].member.user
    erasure.erase(leaving, None, clock.now())
    assert db.session.scalar(select(func.count()).select_from(MatchRound)) == left


def test_a_run_that_failed_holds_nobody(eva: User, ordered: MatchRound, pool: SimpleNamespace) -> None:
    db.session.execute(update(RunOrder).values(failed_at=clock.now()))
    erasure.erase(pool.mentees[0].member.user, None, clock.now())
    assert db.session.scalar(select(func.count()).select_from(MatchRound)) == 1


def test_the_report_of_a_large_round_is_made_by_the_worker(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    (run,) = db.session.scalars(select(MatchRun).where(MatchRun.round_id == made.id))
    assert run.result["report"]["coverage"] == 4
    assert "Hvordan poengene fordeler seg" in client.sign_in(eva).get(at(made, "/report")).main
