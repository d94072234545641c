"""Run the benchmarks, keep the figures in bench/results/, and show them as a table.

ONLY=web or ONLY=matching runs one part.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from bench.figures import Figure, table

PARTS = ("web", "matching")
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    only = os.environ.get("ONLY") or None
    if only not in (None, *PARTS):
        sys.exit(f"ONLY must be one of {', '.join(PARTS)}")
    held = True
    for part in PARTS:
        if only in (None, part):
            figures: list[Figure] = import_module(f"bench.{part}").measure()
            RESULTS.mkdir(exist_ok=True)
            rows = [figure.row() for figure in figures]
            (RESULTS / f"{part}.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
            print(f"\n{part}\n{table(figures)}")
            held &= all(figure.holds is not False for figure in figures)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
