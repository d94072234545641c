"""What must not matter, does not; and what can only help, never hurts. In every option, on small rounds with many ties."""

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from matching import Objective, Outcome, Weights
from tests.matching.everything import key, rounds

pytestmark = pytest.mark.pure

OBJECTIVES = [objective for objective in Objective if objective is not Objective.STABLE]


def value(outcome: Outcome) -> Any:
    return key(outcome, tuple(outcome.round.assigned.tolist()))


@pytest.mark.parametrize("objective", list(Objective))
@pytest.mark.parametrize("even", [False, True])
@given(given_=rounds(), seed=st.integers())
@settings(deadline=None, max_examples=20)
def test_the_order_of_the_rows_and_the_scale_of_the_weights_change_nothing(
    objective: Objective, even: bool, given_: dict[str, Any], seed: int
) -> None:
    if even and objective is Objective.STABLE:
        return
    options: dict[str, Any] = {"objective": objective, "even_load": even}
    first = matching.propose(**given_, **options)
    draw = random.Random(seed)
    shuffled: dict[str, Any] = {name: draw.sample(people, len(people)) for name, people in given_.items()}
    assert matching.propose(**shuffled, **options) == first
    scaled = Weights(**{name: 7 * points for name, points in matching.DEFAULT.as_dict().items()})
    assert matching.propose(**given_, **options, weights=scaled).pairs == first.pairs


@pytest.mark.parametrize("objective", OBJECTIVES)
@given(given_=rounds())
@settings(deadline=None, max_examples=30)
def test_one_more_mentor_or_place_never_hurts(objective: Objective, given_: dict[str, Any]) -> None:
    mentors = given_.pop("mentors")
    if not mentors:
        return
    before = matching.propose(mentors[:-1], **given_, objective=objective)
    after = matching.propose(mentors, **given_, objective=objective)
    roomy = [dataclasses.replace(mentor, capacity=mentor.capacity + 1) for mentor in mentors]
    more = matching.propose(roomy, **given_, objective=objective)
    assert value(before) <= value(after) <= value(more)


@given(given_=rounds())
@settings(deadline=None, max_examples=30)
def test_the_same_round_again_is_the_same_to_the_bit(given_: dict[str, Any]) -> None:
    assert matching.propose(**given_) == matching.propose(**given_)


@given(given_=rounds())
@settings(deadline=None, max_examples=30)
def test_every_pair_can_be_explained_to_the_unit(given_: dict[str, Any]) -> None:
    outcome = matching.propose(**given_)
    for (mentee, mentor), units in matching.matrix(outcome).items():
        pair = matching.pair(outcome, mentee, mentor)
        assert isinstance(pair, matching.Pair)
        assert pair.score == units == sum(part.units for part in pair.parts)
        assert sum(part.of for part in pair.parts) == matching.FULL_SCORE
        assert len(pair.reasons) <= 3
