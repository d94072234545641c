"""The engine beside its peers: scores, assignments, declines, the pilot's cold start, and what is learned.

MATCHING_SIZE sets the mentees of the large rounds (10 000) and MATCHING_LARGEST those of the largest (100 000, half as many
mentors). Peers that take minutes run once, and their figures say so; peers that are not installed are left out.
"""

import os
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

import matching
from bench import matching_assignment
from bench.figures import Figure
from bench.matching_assignment import people
from bench.matching_plain import plain_scores
from matching import Link, changes
from matching.assignment import UNSERVED, assign
from matching.kernel import Kernel
from matching.large import best_total
from matching.profiles import DEFAULT, Objective
from matching.scoring import Scoring
from tests.matching.shapes import shape
from tests.matching.worlds import WORLDS, world

SIZE = int(os.environ.get("MATCHING_SIZE", "10000"))
LARGEST = int(os.environ.get("MATCHING_LARGEST", "100000"))
RUNS = 5
PILOT = (41, 28)
TEXT = 32  # main directions of a text, as matching.text gives


def measure() -> list[Figure]:
    return [
        *scores(),
        *matching_assignment.measure(SIZE, LARGEST, RUNS),
        *optimality(),
        *explanation(),
        *declines(),
        *learned(),
        *pilot(),
    ]


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


def scores() -> list[Figure]:
    """Ours, the bare product and the plain way in turns, so that whatever else the machine does falls on all alike."""
    mentors, mentees = people(SIZE, SIZE, 1)
    draw = np.random.default_rng(1)
    ids = [mentor.id for mentor in mentors] + [mentee.id for mentee in mentees]
    texts = {person: draw.normal(size=TEXT).tolist() for person in ids}
    kernel = Kernel(Scoring(mentees, mentors, DEFAULT, texts))
    plain = plain_scores(mentees, mentors, texts)
    ways: list[Callable[[], object]] = [kernel.scores, lambda: kernel.left @ kernel.right, plain]
    took = [[seconds(way, 1) for way in ways] for _ in range(RUNS)]
    ours, bare, plainly = (statistics.median(times) for times in zip(*took, strict=True))
    tracemalloc.start()
    result = kernel.scores()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    name = f"score {SIZE} x {SIZE} with texts"
    return [
        Figure(f"{name}, beside the bare matrix product", ours, "s", 1.8, peer=bare, goal_is_ratio=True),
        Figure(f"{name}, beside plain numpy", ours, "s", 1 / 15, peer=plainly, goal_is_ratio=True),
        Figure(
            f"{name}, peak memory", peak / 2**20, "MiB", 1.3, peer=result.nbytes / 2**20, goal_is_ratio=True
        ),
    ]


def optimality() -> list[Figure]:
    """Random rounds of every shape, both solvers against scipy's."""
    wrong = 0
    for seed in range(1000):
        units, legal, capacity = shape(seed)
        bonus = np.where(legal, units + 10**9, 0)[:, np.repeat(np.arange(len(capacity)), capacity)]
        best = int(bonus[linear_sum_assignment(bonus, maximize=True)].sum())
        known = np.where(legal, units, -1).astype(np.int32)
        small = assign(units, legal, capacity, Objective.TOTAL).column
        large = best_total(lambda start, stop, known=known: known[start:stop], len(known), capacity).column  # type: ignore[misc]  # a default in a lambda has no type
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
