"""The engine beside its peers: scores, assignments, declines, the pilot's cold start, and what is learned.

MATCHING_SIZE sets the mentees of the large rounds (2 000; the goals are meant for 10 000). Peers that are not installed are left out.
"""

import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

import matching
from bench.figures import Figure
from bench.matching_plain import plain_scores
from matching import Link, Mentee, Mentor, changes
from matching.assignment import UNSERVED, assign
from matching.kernel import Kernel
from matching.large import best_total
from matching.profiles import DEFAULT, Objective
from matching.scoring import Scoring
from tests.matching.people import round_of
from tests.matching.worlds import WORLDS, world

SIZE = int(os.environ.get("MATCHING_SIZE", "2000"))
RUNS = 5
PILOT = (41, 28)


def measure() -> list[Figure]:
    return [*scores(), *assignments(), *optimality(), *explanation(), *declines(), *learned(), *pilot()]


def rows() -> list[dict[str, Any]]:
    return [figure.row() for figure in measure()]


def seconds(run: Callable[[], object], runs: int = RUNS) -> float:
    """The median of so many runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def people(mentees: int, mentors: int, most: int) -> tuple[list[Mentor], list[Mentee]]:
    """A world in which everybody takes part: nobody paused, nobody full."""
    found, seeking = round_of(1, mentees, mentors, most)
    return [replace(one, paused=False, capacity=k % most + 1) for k, one in enumerate(found)], seeking


def scores() -> list[Figure]:
    mentors, mentees = people(SIZE, SIZE, 1)
    kernel = Kernel(Scoring(mentees, mentors, DEFAULT, {}))
    threads = len(os.sched_getaffinity(0))
    ours = seconds(lambda: kernel.scores(threads))
    bare = seconds(lambda: kernel.left @ kernel.right)
    plain = seconds(plain_scores(mentees, mentors), 1)
    tracemalloc.start()
    result = kernel.scores(threads)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    name = f"score {SIZE} x {SIZE}"
    return [
        Figure(f"{name}, beside the bare matrix product", ours, "s", 1.8, peer=bare, goal_is_ratio=True),
        Figure(f"{name}, beside plain numpy", ours, "s", 1 / 15, peer=plain, goal_is_ratio=True),
        Figure(
            f"{name}, peak memory", peak / 2**20, "MiB", 1.3, peer=result.nbytes / 2**20, goal_is_ratio=True
        ),
    ]


def assignments() -> list[Figure]:
    figures = []
    for columns, most, goal in ((SIZE // 2, 4, 1 / 30), (SIZE, 1, 1 / 20)):
        mentors, mentees = people(SIZE, columns, most)
        kernel = Kernel(Scoring(mentees, mentors, DEFAULT, {}))
        known = np.maximum(kernel.scores(2), -1).astype(np.int32)
        capacity = np.array([mentor.capacity for mentor in mentors], dtype=np.intp)
        name = f"exact assignment {SIZE} x {columns}, {int(capacity.sum())} places, proof included"
        ours = seconds(lambda known=known, capacity=capacity: solved(known, capacity), 3)  # type: ignore[misc]
        total, peers = solved(known, capacity), peers_of(known, capacity)
        for peer, (took, theirs) in peers.items():
            if theirs != total:
                raise AssertionError(f"{peer} has {theirs}, and we have {total}")
            figures.append(Figure(f"{name}, beside {peer}", ours, "s", goal, peer=took, goal_is_ratio=True))
    return figures


def solved(known: np.ndarray, capacity: np.ndarray) -> int:
    found = best_total(lambda start, stop: known[start:stop], len(known), capacity).column
    served = np.flatnonzero(found != UNSERVED)
    return int(known[served, found[served]].sum())


def peers_of(known: np.ndarray, capacity: np.ndarray) -> dict[str, tuple[float, int]]:
    """Seconds and total of each peer, once; columns are copied for those that know no capacities."""
    cost = np.where(known < 0, 10**9, 10**6 - known)[:, np.repeat(np.arange(len(capacity)), capacity)].astype(
        float
    )
    found: dict[str, tuple[float, int]] = {}
    start = time.perf_counter()
    at, to = linear_sum_assignment(cost)
    found["scipy"] = (time.perf_counter() - start, int((10**6 - cost[at, to]).sum()))
    try:
        from lap import lapjv  # type: ignore[import-not-found]  # compared only where it is installed
    except ImportError:
        return found
    start = time.perf_counter()
    _, to, _ = lapjv(cost, extend_cost=True)
    found["lapx"] = (time.perf_counter() - start, int((10**6 - cost[np.arange(len(cost)), to]).sum()))
    return found


def optimality() -> list[Figure]:
    """Random rounds of every shape, both solvers against scipy's."""
    wrong = 0
    for seed in range(1000):
        draw = np.random.default_rng(seed)
        size = draw.integers(1, 40, 2)
        units = draw.integers(0, [1, 30, 100_001][seed % 3], size)
        capacity = draw.integers(0, 4, size[1]).astype(np.intp)
        legal = (draw.random(size) < draw.choice([0.05, 0.5, 1.0])) & (capacity > 0)
        bonus = np.where(legal, units + 10**9, 0)[:, np.repeat(np.arange(size[1]), capacity)]
        best = int(bonus[linear_sum_assignment(bonus, maximize=True)].sum())
        known = np.where(legal, units, -1).astype(np.int32)
        small = assign(units, legal, capacity, Objective.TOTAL).column
        large = best_total(lambda start, stop, known=known: known[start:stop], len(known), capacity).column  # type: ignore[misc]
        for column in (small, large):
            served = np.flatnonzero(column != UNSERVED)
            wrong += int((units[served, column[served]] + 10**9).sum()) != best
    return [Figure("assignments off scipy's optimum, of 2 x 1 000", wrong, "rounds", 0)]


def explanation() -> list[Figure]:
    mentors, mentees = people(400, 300, 2)
    scoring = Scoring(mentees, mentors, DEFAULT, {})
    total = scoring.matrix()
    at = np.indices(total.shape).reshape(2, -1)
    wrong = int((scoring.parts(*at).sum(axis=1) != total.ravel()).sum())
    return [Figure("pairs whose parts do not add up, of 120 000", wrong, "pairs", 0)]


def declines() -> list[Figure]:
    mentors, mentees = people(300, 250, 2)
    outcome = matching.propose(mentors, mentees, proposals=1)
    full = seconds(lambda: matching.propose(mentors, mentees, proposals=1), 3)
    took, others = [], []
    for pair in outcome.pairs[::15]:
        start = time.perf_counter()
        changed = changes.after(outcome, [Link(pair.mentee, pair.mentor)])
        took.append(time.perf_counter() - start)
        others.append(changed.others)
    name = "a decline in a round of 300 x 250"
    return [
        Figure(
            f"{name}, beside a full re-solve",
            statistics.median(took),
            "s",
            1 / 20,
            peer=full,
            goal_is_ratio=True,
        ),
        Figure(f"{name}, others moved (median)", statistics.median(others), "people", 1),
    ]


def learned() -> list[Figure]:
    """What is lost on new pairs after so many answers, beside what the experts' weights lose; the worst of the worlds."""
    worst = {}
    for answers in (1, 3, 10, 30, 100):
        losses = [np.mean([world(seed, *kind, answers) for seed in range(40)], axis=0) for kind in WORLDS]
        worst[answers] = max(float(ours / prior) for ours, prior in losses)
    return [
        Figure(
            "learning, loss beside the prior's at 1 to 100 answers", max(worst.values()), "of the prior's", 1
        ),
        Figure("learning, loss beside the prior's at 30 answers", worst[30], "of the prior's", 2 / 3),
    ]


def pilot() -> list[Figure]:
    """From process start to the answer for a round the size of the pilot."""
    script = (
        "from tests.matching.people import round_of; import matching, sys; "
        f"matching.propose(*round_of(1, {PILOT[0]}, {PILOT[1]}, 3)); "
        "print(sum(name in sys.modules for name in ('sklearn', 'scipy')))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = seconds(lambda: subprocess.run([sys.executable, "-c", script], capture_output=True, check=True))
    numpy = seconds(lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True))
    return [
        Figure(
            f"pilot {PILOT[0]} x {PILOT[1]}, from cold start to answer",
            ours,
            "s",
            2,
            peer=numpy,
            goal_is_ratio=True,
        ),
        Figure("pilot, scikit-learn and scipy loaded", float(answer.stdout), "modules", 0),
    ]
