"""What a round aims at: weights, the end, evened load, the mentees' own order, and what their answers have taught."""

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select

import matching
from matching import Objective
from portal import clock, consents
from portal.access import Role
from portal.accounts.models import User
from portal.consents import Purpose
from portal.extensions import db
from portal.mentoring import profiles, proposal_answers
from portal.mentoring.pool import pool as drawn
from portal.mentoring.profile_models import MenteeProfile, Modes
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_aim import effect_of
from portal.mentoring.round_board import Board
from portal.mentoring.round_decisions import Aim, Decisions
from portal.mentoring.round_learning import FEWEST
from portal.mentoring.round_refusals import TooLargeForAim
from portal.mentoring.round_release import close_round, release_round
from portal.mentoring.rounds import start_round
from tests.mentoring.pairing import areas, new_mentee, new_mentor
from tests.mentoring.rounds import MENTORS, WEIGHTS, at, new_pool, pairs
from tests.support.client import CheckingClient
from tests.support.people import new_member


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    return new_pool()


@pytest.fixture
def made(pool: SimpleNamespace, eva: User) -> MatchRound:
    return start_round("Høstrunden", eva, clock.now())


def out(round_: MatchRound, eva: User) -> MatchRound:
    release_round(round_, clock.today(clock.now()) + timedelta(days=14), eva, clock.now())
    db.session.flush()
    return round_


def of(round_: MatchRound, mentee: MenteeProfile) -> list[Proposal]:
    rows = select(Proposal).where(Proposal.round_id == round_.id, Proposal.mentee_id == mentee.id)
    return list(db.session.scalars(rows.order_by(Proposal.rank)))


@pytest.mark.parametrize("objective", ["total", "leximin", "stable", "floor"])
def test_the_secretariat_chooses_what_the_best_round_is(
    client: CheckingClient, eva: User, made: MatchRound, objective: str
) -> None:
    client.sign_in(eva).get(at(made, "/weights"))
    client.submit("/weights", objective=objective)
    aim = Decisions.of(made).aim
    assert aim.objective == objective
    page = client.get(at(made, "/weights"))
    assert page.one(f"input[value={objective}]").get("checked") is not None


def test_an_end_that_does_not_exist_is_refused(client: CheckingClient, eva: User, made: MatchRound) -> None:
    page = client.sign_in(eva).post(at(made, "/weights"), {**WEIGHTS, "objective": "fairness"}, status=422)
    assert "Velg hva runden skal ta hensyn til" in page.main


def test_a_round_with_options_that_exclude_each_other_is_told_at_the_field(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    before = pairs(made)
    client.sign_in(eva).get(at(made, "/weights"))
    page = client.submit("/weights", status=422, objective="stable", even_load="y")
    assert "Velg det ene eller det andre" in page.main
    query = {**WEIGHTS, "objective": "stable", "even_load": "y"}
    client.get(at(made, "/weights"), 422, query_string=query)
    assert pairs(made) == before


def test_the_more_mentors_the_fewer_mentees_can_have_the_weakest_pairs_taken_one_by_one() -> None:
    aim, even = Aim(objective=Objective.LEXIMIN), Aim(objective=Objective.LEXIMIN, even_load=True)
    aim.require_possible(300, 150, 400)
    for tried, mentees, mentors, most in ((aim, 301, 150, 300), (aim, 299, 151, 298), (even, 200, 150, 112)):
        with pytest.raises(TooLargeForAim, match=f"inntil {most} mentees"):
            tried.require_possible(mentees, mentors, 400)


def test_looking_at_the_effect_changes_nothing_and_puts_no_token_in_the_address(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    before = pairs(made)
    client.sign_in(eva).get(at(made, "/weights"))
    answer = client.post(
        at(made, "/weights"), {**WEIGHTS, "size": 0, "objective": "total", "preview": "1"}, 303
    )
    assert "size=0" in answer.headers["Location"] and "token" not in answer.headers["Location"]
    assert "I snitt per par" in client.follow(answer).main
    assert pairs(made) == before


def test_whoever_would_get_the_one_who_looks_is_not_said_to_lose_a_mentor(app: Flask, eva: User) -> None:
    """Whoever is a mentor too is kept out of rows about herself; that is no loss for the other."""
    new_mentee(new_member("Mentee Nome", "Nome"))
    own = new_member("Kari Kommunedirektør", "Hitra", Role.SECRETARIAT)
    alike = new_mentor(own)
    profiles.tell_experience(alike, areas("merger"), "", Modes.EITHER, False, clock.now())
    new_mentor(new_member("Mentor Oslo", "Oslo"))
    made = start_round("Høstrunden", eva, clock.now())
    assert Board(made).entries[0].mentor.name == "Mentor Oslo"  # type: ignore[union-attr]  # there is one
    prior = matching.DEFAULT.as_dict()
    by_size = Aim(matching.Weights(**dict.fromkeys(prior, 0.0) | {"size": 100.0}))
    seen = effect_of(Board(made), by_size)
    assert seen is not None and [then for _mentee, _now, then in seen.moved] == [own.user.name]
    own_view = effect_of(Board(made, viewer=own.user), by_size)
    assert own_view is not None and own_view.moved == [] and own_view.served == 1


def test_the_load_is_evened_when_it_is_asked_for(client: CheckingClient, eva: User, app: Flask) -> None:
    for place in ("Nome", "Drangedal", "Kragerø", "Fyresdal"):
        new_mentee(new_member(f"Mentee {place}", place))
    for name in ("Astrid", "Torgeir"):  # who are alike
        new_mentor(new_member(f"{name} Mentor", "Sel"), 4)
    made = start_round("Høstrunden", eva, clock.now())
    loads = sorted(Counter(pairs(made).values()).values())
    client.sign_in(eva).get(at(made, "/weights"))
    client.submit("/weights", even_load="y")
    assert sorted(Counter(pairs(made).values()).values()) == [2, 2] != loads


def test_a_yes_that_came_to_nothing_counts_in_the_next_round_and_a_no_does_not(
    eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    first, second, third = of(out(made, eva), mentee)
    now = clock.now()
    proposal_answers.accept(second, mentee.member.user, now)
    proposal_answers.accept(third, mentee.member.user, now)
    proposal_answers.decline(first, mentee.member.user, now)
    close_round(made, eva, now)
    db.session.flush()
    seeking = {m.id: m.ranking for m in drawn(now).mentees}
    known = {p.mentor_id: str(p.mentor.member_id) for p in (first, second, third)}
    assert seeking[str(mentee.member_id)] == (known[second.mentor_id], known[third.mentor_id])
    again = start_round("Vårrunden", eva, now)
    assert pairs(again)[mentee.id] == second.mentor_id


def test_a_mentor_who_said_no_is_no_longer_wished_for(
    eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee, now = pool.mentees[0], clock.now()
    first, *_others = of(out(made, eva), mentee)
    proposal_answers.accept(first, mentee.member.user, now)
    proposal_answers.decline(first, first.mentor.member.user, now)
    close_round(made, eva, now)
    assert {m.id: m.ranking for m in drawn(now).mentees}[str(mentee.member_id)] == ()


# What the answers have taught


def _answered(eva: User, count: int, learning: bool = True) -> MatchRound:
    """A released round in which this many have said no to their first and yes to their second."""
    made = out(start_round("Høstrunden", eva, clock.now()), eva)
    answering = list(dict.fromkeys(p.mentee_id for p in made.proposals))[:count]
    for mentee_id in answering:
        mentee = db.session.get_one(MenteeProfile, mentee_id)
        if learning:
            consents.give(mentee.member.user, Purpose.LEARN_FROM_ANSWERS, 1, clock.now())
        first, second, *_rest = of(made, mentee)
        proposal_answers.decline(first, mentee.member.user, clock.now())
        proposal_answers.accept(second, mentee.member.user, clock.now())
    close_round(made, eva, clock.now())
    return start_round("Vårrunden", eva, clock.now())


@pytest.fixture
def larger(app: Flask) -> None:
    for place in ("Nome", "Lierne", "Sirdal", "Åfjord", "Træna", "Oppdal"):
        new_mentee(new_member(f"Mentee {place}", place))
    for place, number in MENTORS:
        new_mentor(new_member(f"Mentor {place}", place), number + 1)


@pytest.mark.usefixtures("larger")
def test_fewer_than_five_people_teach_nothing(client: CheckingClient, eva: User) -> None:
    made = _answered(eva, FEWEST - 1)
    page = client.sign_in(eva).get(at(made, "/weights"))
    assert "Når minst fem mentees har svart" in page.main


@pytest.mark.usefixtures("larger")
def test_nothing_is_learned_from_those_who_have_not_let_us(client: CheckingClient, eva: User) -> None:
    made = _answered(eva, FEWEST, learning=False)
    page = client.sign_in(eva).get(at(made, "/weights"))
    assert "lar koblingen lære av det" in page.main


@pytest.mark.usefixtures("larger")
def test_what_the_answers_point_to_is_proposed_with_how_sure_it_is_and_nothing_is_applied(
    client: CheckingClient, eva: User
) -> None:
    made = _answered(eva, FEWEST)
    before, weights = pairs(made), made.weights
    page = client.sign_in(eva).get(at(made, "/weights"))
    assert "10 svar fra 5 mentees" in page.main
    learned = [
        int(text) for text in page.texts("[aria-labelledby=lessons] td[data-label='Svarene peker mot']")
    ]
    assert sum(learned) == 100
    for span, value in zip(
        page.texts("[aria-labelledby=lessons] td[data-label='Spenn']"), learned, strict=True
    ):
        low, high = map(int, span.split("–"))
        assert low <= value <= high
    link = page.one("[aria-labelledby=lessons] a.ds-button").get("href")
    assert link
    page = client.get(link)
    assert "Får en annen mentor" in page.main
    assert [int(page.one(f"#{name}").get("value") or 0) for name in WEIGHTS] == learned
    assert pairs(made) == before
    assert db.session.get_one(MatchRound, made.id).weights == weights
    client.submit("/weights")
    assert db.session.get_one(MatchRound, made.id).weights != weights
