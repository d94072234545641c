"""Exact assignments of large rounds beside scipy, lapx, OR-Tools and munkres; the largest one; a decline in a large one."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module

import numpy as np
from scipy.optimize import linear_sum_assignment

from bench.figures import Figure
from matching import Mentee, Mentor
from matching.assignment import UNSERVED
from matching.kernel import Kernel
from matching.large import Proven, best_total
from matching.profiles import DEFAULT
from matching.resolve import Standing
from matching.scoring import Scoring
from tests.matching.people import round_of

Solver = Callable[[np.ndarray], np.ndarray]  # (n, places) costs to the place of each row
STAY = 5_000  # units a proposed pair is worth more than its score
RULED_OUT, TOP = 10**9, 10**6


def measure(size: int, largest: int, runs: int) -> list[Figure]:
    """Rows of the size asked for; OR-Tools and munkres at sizes that they finish in a while."""
    return [
        *beside(
            size, size // 2, 4, runs, {"scipy": (linear_sum, 1 / 30), "lapx": (jonker_volgenant, 1 / 30)}
        ),
        *beside(size, size, 1, runs, {"scipy": (linear_sum, 1 / 20), "lapx": (jonker_volgenant, 1 / 6)}),
        *beside(min(size, 2000), min(size, 2000), 1, runs, {"OR-Tools": (or_tools, None)}),
        *beside(min(size, 200), min(size, 200), 1, runs, {"munkres": (munkres, None)}),
        *decline(size, runs),
        *the_largest(largest),
    ]


def people(mentees: int, mentors: int, most: int) -> tuple[list[Mentor], list[Mentee]]:
    """A world in which everybody takes part: nobody paused, nobody full."""
    found, seeking = round_of(1, mentees, mentors, most)
    return [replace(one, paused=False, capacity=k % most + 1) for k, one in enumerate(found)], seeking


def known_scores(rows: int, columns: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, m) scores, -1 where ruled out, and the capacities."""
    mentors, mentees = people(rows, columns, most)
    scores = Kernel(Scoring(mentees, mentors, DEFAULT, {})).scores()
    capacity = np.array([mentor.capacity for mentor in mentors], dtype=np.intp)
    return np.maximum(scores, -1).astype(np.int32), capacity


def solved(known: np.ndarray, capacity: np.ndarray) -> Proven:
    return best_total(lambda start, stop: known[start:stop], len(known), capacity)


def total(known: np.ndarray, column: np.ndarray) -> int:
    served = np.flatnonzero(column != UNSERVED)
    return int(known[served, column[served]].sum())


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def beside(
    rows: int, columns: int, most: int, runs: int, peers: dict[str, tuple[Solver, float | None]]
) -> list[Figure]:
    """Ours (median) beside each peer (once), who is given the costs ready, a column for every place."""
    known, capacity = known_scores(rows, columns, most)
    ours = statistics.median(timed(lambda: solved(known, capacity)) for _ in range(runs))
    best = total(known, solved(known, capacity).column)
    owner = np.repeat(np.arange(columns), capacity)
    cost = np.where(known < 0, RULED_OUT, TOP - known)[:, owner].astype(float)
    name = f"exact assignment {rows} x {columns}, {len(owner)} places, proof included"
    figures = []
    for peer, (solve, goal) in peers.items():
        found: list[np.ndarray] = []
        try:
            took = timed(lambda solve=solve, found=found: found.append(solve(cost)))  # type: ignore[misc]  # a default in a lambda has no type
        except ImportError:
            continue
        if total(known, owner[found[0]]) != best:
            raise AssertionError(f"{peer} has {total(known, owner[found[0]])}, and we have {best}")
        figures.append(
            Figure(
                f"{name}, beside {peer} (once)", ours, "s", goal, peer=took, goal_is_ratio=goal is not None
            )
        )
    return figures


def linear_sum(cost: np.ndarray) -> np.ndarray:
    return np.asarray(linear_sum_assignment(cost)[1])


def jonker_volgenant(cost: np.ndarray) -> np.ndarray:
    return np.asarray(import_module("lap").lapjv(cost, extend_cost=True)[1])


def or_tools(cost: np.ndarray) -> np.ndarray:
    problem = import_module("ortools.graph.python.linear_sum_assignment").SimpleLinearSumAssignment()
    rows, columns = np.indices(cost.shape, dtype=np.int32).reshape(2, -1)
    problem.add_arcs_with_cost(rows, columns, cost.astype(np.int64).ravel())
    problem.solve()
    return np.array([problem.right_mate(row) for row in range(len(cost))])


def munkres(cost: np.ndarray) -> np.ndarray:
    found = import_module("munkres").Munkres().compute(cost.astype(int).tolist())
    return np.array([column for _, column in sorted(found)])


def decline(size: int, runs: int) -> list[Figure]:
    """One after another in a standing round; at the end it must be worth what solving it all again is worth."""
    known, capacity = known_scores(size, size, 1)
    first = solved(known, capacity)
    standing = Standing(lambda row, column: known[row, column], capacity, first.column, first.price, STAY)
    took, others = [], []
    for row in range(0, size, max(1, size // 40)):
        before = standing.column.copy()
        took.append(timed(lambda row=row: standing.decline(row, int(standing.column[row]))))  # type: ignore[misc]  # a default in a lambda has no type
        others.append(int((standing.column != before).sum()) - 1)
    known[tuple(zip(*standing.off, strict=True))] = -1
    again = known.copy()
    kept = np.flatnonzero(known[np.arange(size), first.column] >= 0)
    again[kept, first.column[kept]] += STAY
    full = statistics.median(timed(lambda: solved(again, capacity)) for _ in range(runs))
    if total(again, solved(again, capacity).column) != total(again, standing.column):
        raise AssertionError("the declines have not led to the optimum")
    name = f"a decline in a standing round of {size} x {size}"
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


def the_largest(rows: int) -> list[Figure]:
    """In a process of its own, so that its memory is its own; from profiles to proof."""
    command = [sys.executable, "-m", "bench.matching_largest", str(rows)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    name = f"exact assignment {rows} x {rows // 2}, scores never all at once"
    return [
        Figure(f"{name}, to the proved optimum (once)", found["seconds"], "s"),
        Figure(f"{name}, peak memory of the process", found["mebibytes"], "MiB", 2048),
    ]
