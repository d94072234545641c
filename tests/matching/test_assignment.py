"""The assignment against every possible one, for all rounds small enough to try them all."""

import tracemalloc
from itertools import product
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import blocks, large
from matching.assignment import UNSERVED, assign, leximin_costs, served_at_most
from matching.kernel import Kernel
from matching.profiles import DEFAULT, InputError, Objective
from matching.scoring import Scoring
from tests.matching.people import round_of
from tests.matching.shapes import shape

pytestmark = pytest.mark.pure

Instance: TypeAlias = tuple[list[list[int]], list[list[bool]], list[int]]


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    rows = draw(st.integers(0, 6))
    columns = draw(st.integers(0, 4 if rows < 6 else 3))
    top = draw(st.sampled_from([0, 1, 3, 100_000]))
    matrix = st.lists(st.integers(0, top), min_size=columns, max_size=columns)
    mask = st.lists(st.sampled_from([True, True, False]), min_size=columns, max_size=columns)
    return (
        draw(st.lists(matrix, min_size=rows, max_size=rows)),
        draw(st.lists(mask, min_size=rows, max_size=rows)),
        draw(st.lists(st.integers(0, 3), min_size=columns, max_size=columns)),
    )


def arrays(instance: Instance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    scores, legal, capacity = instance
    shape = (len(scores), len(capacity))
    return (
        np.array(scores, dtype=np.int64).reshape(shape),
        np.array(legal, dtype=bool).reshape(shape),
        np.array(capacity, dtype=np.intp),
    )


def chosen(instance: Instance, objective: Objective) -> list[int]:
    """The scores of the pairs, worst first, after checking that the assignment is a legal one."""
    scores, legal, capacity = arrays(instance)
    column = assign(scores, legal & (capacity > 0), capacity, objective).column
    served = np.flatnonzero(column != UNSERVED)
    assert legal[served, column[served]].all()
    assert (np.bincount(column[served], minlength=len(capacity)) <= capacity).all()
    return sorted(scores[served, column[served]].tolist())


def every_assignment(instance: Instance) -> list[list[int]]:
    scores, legal, capacity = instance
    found = []
    for columns in product(range(-1, len(capacity)), repeat=len(scores)):
        pairs = [(row, column) for row, column in enumerate(columns) if column >= 0]
        if all(legal[i][j] for i, j in pairs) and all(
            columns.count(j) <= capacity[j] for j in range(len(capacity))
        ):
            found.append(sorted(scores[i][j] for i, j in pairs))
    return found


@given(instances())
@settings(deadline=None, max_examples=80)
def test_total_is_the_best_total_of_all_that_serve_the_most(instance: Instance) -> None:
    best = max((len(scores), sum(scores)) for scores in every_assignment(instance))
    found = chosen(instance, Objective.TOTAL)
    assert (len(found), sum(found)) == best


@given(instances())
@settings(deadline=None, max_examples=80)
def test_floor_is_the_best_worst_pair_and_then_the_best_total(instance: Instance) -> None:
    def worth(scores: list[int]) -> tuple[int, int, int]:
        return len(scores), min(scores, default=0), sum(scores)

    assert worth(chosen(instance, Objective.FLOOR)) == max(map(worth, every_assignment(instance)))


@given(instances())
@settings(deadline=None, max_examples=80)
def test_leximin_lifts_the_worst_then_the_second_worst_and_so_on(instance: Instance) -> None:
    best = max(every_assignment(instance), key=lambda scores: (len(scores), scores))
    assert chosen(instance, Objective.LEXIMIN) == best


def test_leximin_has_room_for_a_round_in_which_hardly_two_score_alike() -> None:
    """300 mentees and 17 913 scores: a digit of n + 1 for each would take eight times the memory."""
    draw = np.random.default_rng(1)
    scores = draw.integers(30_000, 95_000, (300, 70))
    scores[0], legal = 0, np.ones(scores.shape, bool)
    legal[0, 1:] = False
    tracemalloc.start()
    costs = leximin_costs(scores, legal)
    assert len(set(costs[legal].tolist())) == len(np.unique(scores))
    assert tracemalloc.get_traced_memory()[0] < 2**25
    tracemalloc.stop()


def test_leximin_says_how_many_it_takes() -> None:
    scores, capacity = np.arange(301 * 151).reshape(301, 151), np.ones(151, np.intp)
    for rows, columns, most in ((301, 150, 300), (300, 151, 298)):
        few = scores[:rows, :columns]
        with pytest.raises(InputError, match=f"at most {most} mentees with {columns} to choose from"):
            leximin_costs(few, np.ones(few.shape, bool))
    one = scores[:300, :150] * 0
    assert (assign(one, one == 0, capacity[:150], Objective.LEXIMIN).column != UNSERVED).sum() == 150


@given(instances())
@settings(deadline=None, max_examples=80)
def test_stable_leaves_no_two_who_would_rather_have_each_other(instance: Instance) -> None:
    scores, legal, capacity = arrays(instance)
    column = assign(scores, legal & (capacity > 0), capacity, Objective.STABLE).column
    for row, to in np.argwhere(legal & (capacity > 0)):
        own = scores[row, column[row]] if column[row] != UNSERVED else -1
        held = scores[column == to, to]
        blocking = scores[row, to] > own and (len(held) < capacity[to] or held.min() < scores[row, to])
        assert not blocking


@given(instances(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_more_places_never_serve_fewer_nor_worse(instance: Instance, draw: object) -> None:
    scores, legal, capacity = instance
    more = (scores, legal, [places + 1 for places in capacity])
    before, after = chosen(instance, Objective.TOTAL), chosen(more, Objective.TOTAL)
    assert (len(after), sum(after)) >= (len(before), sum(before))


@given(instances())
@settings(deadline=None, max_examples=60)
def test_prices_prove_the_optimum(instance: Instance) -> None:
    """No mentee would be better off elsewhere at these prices, and a place that is left is free."""
    scores, legal, capacity = arrays(instance)
    legal = legal & (capacity > 0)
    found = assign(scores, legal, capacity, Objective.TOTAL)
    worth = np.where(legal, scores - found.price, -(10**12))
    for row, own in enumerate(found.column):
        assert own == UNSERVED or worth[row, own] == worth[row].max()
    held = np.bincount(found.column[found.column != UNSERVED], minlength=len(capacity))
    assert (found.price[held < capacity] == 0).all()
    assert (found.price >= 0).all()


@given(instances())
@settings(deadline=None, max_examples=60)
def test_the_solver_for_large_rounds_agrees_on_every_small_one(instance: Instance) -> None:
    scores, legal, capacity = arrays(instance)
    if not scores.size:
        return
    known = np.where(legal & (capacity > 0), scores, -1).astype(np.int32)
    found = large.best_total(lambda start, stop: known[start:stop], len(known), capacity)
    served = np.flatnonzero(found.column != UNSERVED)
    best = max((len(scores), sum(scores)) for scores in every_assignment(instance))
    assert (len(served), int(known[served, found.column[served]].sum())) == best


@given(instances())
@settings(deadline=None, max_examples=60)
def test_one_more_mentor_never_serves_fewer_nor_worse(instance: Instance) -> None:
    scores, legal, capacity = instance
    more = ([[*row, 7] for row in scores], [[*row, True] for row in legal], [*capacity, 1])
    before, after = chosen(instance, Objective.TOTAL), chosen(more, Objective.TOTAL)
    assert (len(after), sum(after)) >= (len(before), sum(before))


@pytest.mark.parametrize("seed", range(45))
def test_both_solvers_agree_with_scipy_on_rounds_of_every_shape(seed: int) -> None:
    units, legal, capacity = shape(seed, most=110)
    known = np.where(legal, units, -1).astype(np.int32)
    expected = best_by_scipy(known, capacity)
    assert value(known, solved_as_large(known, capacity).column) == expected
    assert value(known, assign(units, legal, capacity, Objective.TOTAL).column) == expected


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_people_and_the_number_of_cores_change_nothing_in_a_large_round(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    units, legal, capacity = shape(3 * seed + 2)
    known = np.where(legal, units, -1).astype(np.int32)
    monkeypatch.setattr(blocks, "CELLS", 1000)  # many blocks
    found = solved_as_large(known, capacity)
    monkeypatch.setattr(blocks, "cores", lambda: 1)
    alone = solved_as_large(known, capacity)
    assert (alone.column == found.column).all()
    assert (alone.price == found.price).all()
    draw = np.random.default_rng(seed)
    rows, columns = draw.permutation(known.shape[0]), draw.permutation(known.shape[1])
    shuffled = np.ascontiguousarray(known[rows][:, columns])
    assert value(shuffled, solved_as_large(shuffled, capacity[columns]).column) == value(known, found.column)


def test_a_large_round_is_solved_from_its_profiles_without_the_whole_matrix() -> None:
    mentors, mentees = round_of(5, 700, 400, most=3)
    kernel = Kernel(Scoring(mentees, mentors, DEFAULT, {}))
    capacity = np.array([0 if mentor.paused else mentor.capacity for mentor in mentors], dtype=np.intp)
    column = large.best_total(kernel.block, len(mentees), capacity).column
    known = np.where((capacity > 0) & (kernel.scores() >= 0), kernel.scores(), -1).astype(np.int32)
    assert value(known, column) == best_by_scipy(known, capacity)


def test_a_mentee_with_one_possible_mentor_does_not_make_that_place_dearer_than_being_unserved() -> None:
    known = np.zeros((5, 3), np.int32)
    known[4, 1:] = -1
    assert value(known, solved_as_large(known, np.array([1, 1, 3])).column) == (5, 0)


def test_a_round_of_nothing_but_ties_is_solved_without_a_price_war() -> None:
    known = np.full((600, 500), 70_000, np.int32)
    assert value(known, solved_as_large(known, np.ones(500, np.intp)).column) == (500, 500 * 70_000)


def test_after_an_offer_that_most_would_keep_only_a_few_pairs_are_looked_at() -> None:
    """Everyone's own pair is far ahead of the next: lists by distance alone would not let the last few in."""
    draw = np.random.default_rng(3)
    known = draw.integers(0, 20_000, (400, 400)).astype(np.int32)
    own = draw.permutation(400)
    known[np.arange(400), own] += 50_000
    known[:8, own[:8]] = -1
    assert value(known, solved_as_large(known, np.ones(400, np.intp)).column) == best_by_scipy(
        known, np.ones(400, np.intp)
    )


def solved_as_large(known: np.ndarray, capacity: np.ndarray) -> large.Proven:
    return large.best_total(lambda start, stop: known[start:stop], len(known), capacity)


def best_by_scipy(known: np.ndarray, capacity: np.ndarray) -> tuple[int, int]:
    optimize = pytest.importorskip("scipy.optimize")
    bonus = np.where(known >= 0, known + 10**9, 0).astype(np.int64)
    bonus = bonus[:, np.repeat(np.arange(len(capacity)), capacity)]
    return divmod(int(bonus[optimize.linear_sum_assignment(bonus, maximize=True)].sum()), 10**9)


def value(scores: np.ndarray, column: np.ndarray) -> tuple[int, int]:
    served = np.flatnonzero(column != UNSERVED)
    assert (scores[served, column[served]] >= 0).all()
    return len(served), int(scores[served, column[served]].sum())


@pytest.mark.parametrize("seed", range(20))
def test_larger_rounds_agree_with_scipy(seed: int) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    draw = np.random.default_rng(seed)
    rows, columns = draw.integers(1, 60, 2)
    scores = draw.integers(0, [2, 50, 100_000][seed % 3], (rows, columns))
    capacity = draw.integers(0, 4, columns)
    legal = (draw.random((rows, columns)) < draw.choice([0.1, 0.5, 0.95])) & (capacity > 0)
    copies = np.repeat(np.arange(columns), capacity)
    bonus = np.where(legal, scores + 10**9, 0)[:, copies]
    i, j = optimize.linear_sum_assignment(bonus, maximize=True)
    expected = int(bonus[i, j].sum())
    column = assign(scores, legal, capacity, Objective.TOTAL).column
    served = np.flatnonzero(column != UNSERVED)
    assert int(scores[served, column[served]].sum()) + 10**9 * len(served) == expected
    assert served_at_most(legal, capacity) == len(served)
