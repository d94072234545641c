"""The round in figures."""

import dataclasses
import json
from collections import Counter

import numpy as np
import pytest

import matching
from matching import Link, Mentee, Mentor
from matching.loads import load_cost
from matching.report import report
from tests.matching.people import GAUSDAL, LIERNE, OSLO, round_of

pytestmark = pytest.mark.pure


def test_the_figures_add_up() -> None:
    mentors, mentees = round_of(1, 30, 20)
    outcome = matching.propose(mentors, mentees)
    told = report(outcome)
    assert sum(told.distribution) == told.coverage == len(outcome.pairs)
    assert told.mean == pytest.approx(told.total / told.coverage)
    assert [one.first for one in told.demand] == sorted((one.first for one in told.demand), reverse=True)
    assert json.loads(json.dumps(told.as_data()))["coverage"] == told.coverage


def test_what_changed_since_the_last_run_adds_up_to_the_change() -> None:
    mentors, mentees = round_of(2, 25, 20)
    earlier = matching.propose(mentors, mentees)
    pair = earlier.pairs[0]
    told = report(matching.propose(mentors, mentees, forbidden=[Link(pair.mentee, pair.mentor)]), earlier)
    assert sum(move.change for move in told.moves) == told.change
    assert pair.mentee in {move.mentee for move in told.moves}


def test_the_recruit_is_the_one_who_serves_whoever_is_left() -> None:
    mentees = [
        Mentee("dina", LIERNE, areas={"mayor": 3}, years=1),
        Mentee("egil", OSLO, areas={"crisis": 3}, years=1),
    ]
    outcome = matching.propose([Mentor("astrid", GAUSDAL, areas={"mayor": 3}, years=15)], mentees)
    best = report(outcome).recruits[0]
    assert best.coverage_change == 1
    assert best.areas == {"crisis": 3}


@pytest.mark.parametrize("seed", range(3))
def test_a_recruit_never_takes_anything_away(seed: int) -> None:
    outcome = matching.propose(*round_of(seed, 20, 20), objective="total")
    assert all((one.coverage_change, one.change) >= (0, 0) for one in report(outcome).recruits)


@pytest.mark.parametrize("even", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_one_more_place_where_all_are_fixed_is_worth_what_the_round_solved_again_gives(
    seed: int, even: bool
) -> None:
    mentors, mentees = round_of(seed, 20, 22, most=3)
    free = matching.propose(mentors, mentees, objective="total", even_load=even)
    held = Counter(pair.mentor for pair in free.pairs)
    full = [mentor for mentor in mentors if mentor.capacity == held[mentor.id] > 0]
    told = []
    for mentor in full:
        fixed = [Link(pair.mentee, pair.mentor) for pair in free.pairs if pair.mentor == mentor.id]
        outcome = matching.propose(mentors, mentees, fixed=fixed, objective="total", even_load=even)
        more = [dataclasses.replace(one, capacity=one.capacity + (one is mentor)) for one in mentors]
        again = matching.propose(more, mentees, fixed=fixed, objective="total", even_load=even)
        (price,) = (one.price for one in report(outcome).demand if one.mentor == mentor.id)
        told.append(price)
        if again.coverage > outcome.coverage:
            assert price > matching.FULL_SCORE
        else:
            assert price == worth(again) - worth(outcome)
    assert any(told)


def worth(outcome: matching.Outcome) -> int:
    """What the best total is of."""
    loads = Counter(pair.mentor for pair in outcome.pairs)
    return outcome.total - outcome.even_load * load_cost(np.array(list(loads.values())))


def test_an_empty_round_has_a_report() -> None:
    told = report(matching.propose([], []))
    assert (told.coverage, told.mean, told.recruits) == (0, None, ())
