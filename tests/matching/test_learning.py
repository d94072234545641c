"""Weights from answers: no worse than the experts', soon better, and never below zero."""

import numpy as np
import pytest

from matching import DEFAULT, PARTS, InputError, Part, Weights, learning
from matching.learning import Answer, learn
from tests.matching.worlds import PRIOR, WORLDS, answer, chance, world

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(("spread", "level"), WORLDS)
def test_simulated_worlds_are_learned(spread: float, level: float) -> None:
    for answers, share in ((1, 1.0), (2, 1.0), (5, 1.0), (10, 1.0), (30, 2 / 3), (100, 1 / 3)):
        losses = np.array([world(seed, spread, level, answers) for seed in range(40)]).mean(axis=0)
        assert losses[0] <= share * losses[1], answers


def test_experts_who_are_all_but_right_are_left_alone() -> None:
    """There is next to nothing to learn, so what few answers say by chance must weigh next to nothing."""
    for answers in (3, 30):
        losses = np.array([world(seed, 0.15, 0.2, answers) for seed in range(40)]).mean(axis=0)
        assert losses[0] <= 1.2 * losses[1], answers


def test_no_answers_leave_the_prior() -> None:
    learned = learn([])
    assert learned.weights == DEFAULT
    assert learned.answers == 0
    assert all(interval.low < interval.weight < interval.high for interval in learned.intervals.values())


def test_a_part_that_only_goes_with_no_never_gets_a_negative_weight() -> None:
    size = np.array([float(name == "size") for name in PARTS])
    learned = learn(
        [answer(0.5 + 0.5 * size, False) for _ in range(200)]
        + [answer(0.5 - 0.5 * size, True) for _ in range(200)]
    )
    assert learned.weights.size == 0
    assert sum(learned.weights.as_dict().values()) == pytest.approx(100, abs=0.05)


def test_satisfaction_counts_for_more_than_an_answer() -> None:
    shares = np.array([float(name == "wishes") for name in PARTS])
    once, heavy = learn([answer(shares, True)]), learn([answer(shares, True, learning.SATISFACTION)])
    assert DEFAULT.wishes < once.weights.wishes < heavy.weights.wishes


@pytest.mark.parametrize(("spread", "level"), WORLDS)
def test_the_intervals_hold_what_is_true_about_as_often_as_they_say(spread: float, level: float) -> None:
    """90 %; where the experts are off by a factor of e, which is more than the intervals allow for, a little less."""
    held = []
    for seed in range(25):
        draw = np.random.default_rng(seed)
        slopes = PRIOR * np.exp(draw.normal(0, spread, 7))
        shown = draw.beta(2, 1.5, (30, 7))
        truth = np.r_[-learning.STEEPNESS / 2 + draw.normal(0, level), slopes]
        yes = draw.random(30) < chance(truth, shown)
        found = learn([answer(*one) for one in zip(shown, yes.tolist(), strict=True)]).intervals.values()
        shares = 100 * slopes / slopes.sum()
        held += [one.low <= share <= one.high for one, share in zip(found, shares, strict=True)]
    assert np.mean(held) >= (0.8 if spread == 1 else 0.9)


def test_more_answers_make_the_intervals_narrower() -> None:
    draw = np.random.default_rng(1)
    shown = draw.random((400, 7))
    yes = draw.random(400) < chance(np.r_[-learning.STEEPNESS / 2, PRIOR], shown)
    answers = [answer(*one) for one in zip(shown, yes.tolist(), strict=True)]
    wide, narrow = (learn(some).intervals["size"] for some in (answers[:10], answers))
    assert narrow.high - narrow.low < wide.high - wide.low


def test_the_mode_is_where_the_slope_is_flat() -> None:
    draw = np.random.default_rng(2)
    answers = [answer(draw.random(7), bool(draw.random() < 0.6)) for _ in range(60)]
    posterior = learning.Posterior.of(answers, DEFAULT, 0.3, 0.5)
    mode, gradient = posterior.mode(), posterior.gradient(posterior.mode())
    assert np.abs(gradient[mode > 0]).max() < 1e-4
    step = 1e-6 * np.eye(8)
    numeric = [(posterior.cost(mode + d) - posterior.cost(mode - d)) / 2e-6 for d in step]
    assert numeric == pytest.approx(gradient.tolist(), abs=1e-4)


def test_incomplete_answers_are_named() -> None:
    with pytest.raises(InputError, match="must have"):
        learn([Answer((Part("size", 1, 2),), True)])
    with pytest.raises(InputError, match="count for more"):
        learn([answer(np.zeros(7), True, 0)], Weights())
