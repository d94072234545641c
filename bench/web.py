"""How quick the portal is: beside a bare Flask page on the same server in the same run."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Figure
from bench.serving import ROOT, build_demo, environment, gunicorn, resident_megabytes, sign_in
from bench.weight import page_weight

PERSONAS = ("mentee", "mentor", "coach", "secretariat", "steering", "newcomer")
# Of the bare page's requests per second.
AT_LEAST = {"mentee": 0.10}
AT_LEAST_ANYONE = 0.05
REQUESTS, CONNECTIONS = 1500, 8


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="varde-bench-") as name:
        folder = Path(name)
        build_demo(folder)
        bare = _bare(folder)
        figures = [Figure("bare Flask page, requests", bare["rps"], "per second")]
        with gunicorn("wsgi:app", folder) as (port, process):
            for persona in PERSONAS:
                figures += _persona(port, persona, bare)
            figures.append(Figure("web process, memory after the load", resident_megabytes(process), "MB"))
            figures += page_weight(port)
        figures += [_start(folder), *_queries(folder)]
        return figures


def _load(port: int, path: str, cookie: str = "", requests: int = REQUESTS) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.load", str(port), path, str(requests), str(CONNECTIONS), cookie]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if answer.returncode:
        raise SystemExit(f"{path}: {answer.stderr.strip()}")
    result: dict[str, float] = json.loads(answer.stdout)
    return result


def _bare(folder: Path) -> dict[str, float]:
    with gunicorn("bench.bare:app", folder) as (port, _process):
        _load(port, "/", requests=500)
        return _load(port, "/", requests=4 * REQUESTS)


def _persona(port: int, persona: str, bare: dict[str, float]) -> list[Figure]:
    cookie, path = sign_in(port, persona)
    _load(port, path, cookie, requests=200)
    seen = _load(port, path, cookie)
    at_least = AT_LEAST.get(persona, AT_LEAST_ANYONE)
    name = f"{persona} {path}"
    return [
        Figure(
            f"{name}, requests",
            seen["rps"],
            "per second",
            at_least,
            "higher",
            bare["rps"],
            goal_is_ratio=True,
        ),
        Figure(f"{name}, p50", seen["p50"], "ms", peer=bare["p50"]),
        Figure(f"{name}, p95", seen["p95"], "ms", peer=bare["p95"]),
    ]


def _start(folder: Path) -> Figure:
    """The quickest of five: what the program needs, not what else the machine was doing. Without taking it down again."""
    script = "import os, wsgi; os._exit(0)"
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment(folder), check=True)
        seconds.append(time.perf_counter() - start)
    return Figure("web process, start", min(seconds), "s", 1.2)


def _queries(folder: Path) -> list[Figure]:
    script = [sys.executable, "-m", "bench.queries"]
    answer = subprocess.run(
        script, cwd=ROOT, env=environment(folder), capture_output=True, text=True, check=True
    )
    counts: dict[str, int] = json.loads(answer.stdout.splitlines()[-1])
    return [Figure(name, count, "queries", 12) for name, count in counts.items()]
