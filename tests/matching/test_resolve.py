"""After a decline or a lost mentor: the same optimum as solving everything again."""

import numpy as np
import pytest

from matching.assignment import UNSERVED, assign
from matching.profiles import Objective
from matching.resolve import Standing

pytestmark = pytest.mark.pure


def instance(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    rows, columns = draw.integers(1, [8, 40][seed % 2], 2)
    scores = draw.integers(0, [3, 100, 100_001][seed % 3], (rows, columns))
    scores[draw.random((rows, columns)) < draw.choice([0, 0.3, 0.7])] = -1
    return draw, scores.astype(np.int64), draw.integers(0, 4, columns).astype(np.intp)


def solved(scores: np.ndarray, capacity: np.ndarray, stay: int = 0) -> Standing:
    found = assign(scores, (scores >= 0) & (capacity > 0), capacity, Objective.TOTAL)
    return Standing(lambda row, column: scores[row, column], capacity, found.column, found.price, stay)


def worth(scores: np.ndarray, column: np.ndarray, capacity: np.ndarray) -> tuple[int, int]:
    served = np.flatnonzero(column != UNSERVED)
    assert (scores[served, column[served]] >= 0).all()
    assert (np.bincount(column[served], minlength=len(capacity)) <= capacity).all()
    return len(served), int(scores[served, column[served]].sum())


def left(standing: Standing, scores: np.ndarray) -> np.ndarray:
    """The scores, below 0 where a pair has declined."""
    scores = scores.copy()
    for cell in standing.off:
        scores[cell] = -1
    return scores


def expected(scores: np.ndarray, capacity: np.ndarray) -> tuple[int, int]:
    found = assign(scores, (scores >= 0) & (capacity > 0), capacity, Objective.TOTAL)
    return worth(scores, found.column, capacity)


@pytest.mark.parametrize("seed", range(40))
def test_a_run_of_changes_stays_optimal(seed: int) -> None:
    draw, scores, capacity = instance(seed)
    standing = solved(scores, capacity)
    for _ in range(12):
        served = np.flatnonzero(standing.column != UNSERVED)
        if draw.integers(0, 6) < 5 and len(served):
            row = int(draw.choice(served))
            standing.decline(row, int(standing.column[row]))
        elif (standing.capacity > 0).any():
            standing.lose(int(draw.choice(np.flatnonzero(standing.capacity > 0))))
        now = left(standing, scores)
        assert worth(now, standing.column, standing.capacity) == expected(now, standing.capacity)


@pytest.mark.parametrize("seed", range(20))
def test_with_a_stay_bonus_it_is_the_optimum_of_score_and_bonus(seed: int) -> None:
    draw, scores, capacity = instance(seed)
    standing = solved(scores, capacity, stay := 2_000)
    before = standing.column.copy()
    served = np.flatnonzero(before != UNSERVED)
    if not len(served):
        return
    row = int(draw.choice(served))
    standing.decline(row, int(before[row]))
    bonus = left(standing, scores)
    keeping = [(at, to) for at, to in enumerate(before.tolist()) if to != UNSERVED and at != row]
    for cell in keeping:
        bonus[cell] += stay
    found = assign(bonus, (bonus >= 0) & (capacity > 0), capacity, Objective.TOTAL)
    assert worth(bonus, standing.column, capacity) == worth(bonus, found.column, capacity)
