"""The largest round, solved to a proved optimum in a process of its own: prints seconds and peak memory as JSON."""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from bench.matching_assignment import people
from matching.kernel import Kernel
from matching.large import best_total
from matching.profiles import DEFAULT
from matching.scoring import Scoring


def main(rows: int) -> None:
    mentors, mentees = people(rows, rows // 2, 4)
    start = time.perf_counter()
    kernel = Kernel(Scoring(mentees, mentors, DEFAULT, {}))
    capacity = np.array([mentor.capacity for mentor in mentors], dtype=np.intp)
    found = best_total(kernel.block, rows, capacity)  # raises if its prices do not prove it
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "mebibytes": peak_mebibytes(),
                "rounds": found.rounds,
            }
        )
    )


def peak_mebibytes() -> float:
    """Of this process alone: getrusage would also count what its parent held when it was started."""
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak[1]) / 1024 if peak else float("nan")


if __name__ == "__main__":
    main(int(sys.argv[1]))
