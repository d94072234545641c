"""Promises: tests that prove, in a figure, what Varde promises its users.

    @pytest.mark.promise("A clip is never used twice", small=4, full=200)
    def test_...(promise):
        for _ in range(promise.size): ...
        promise.saw("200 attempts at once, 1 booking")

`make test` runs them at the small size; `make promises` at the full one, and writes down what was seen.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REPORTED = "promise"


class Promise:
    """What a promise's test is told, and what it tells."""

    def __init__(self, sentence: str, size: int) -> None:
        self.sentence = sentence
        self.size = size
        self.seen = ""

    def saw(self, seen: object) -> None:
        """Put down the figure that proves it."""
        self.seen = str(seen)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--promises", choices=("small", "full"), default="small")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--promises") == "full" and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Ledger(), "promises-ledger")


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Iterator[Promise]:
    marker = request.node.get_closest_marker("promise")
    assert marker is not None, "the fixture needs @pytest.mark.promise(sentence)"
    full = request.config.getoption("--promises") == "full"
    size = marker.kwargs.get("full" if full else "small", 1)
    kept = Promise(marker.args[0], size)
    yield kept
    request.node.user_properties.append((REPORTED, json.dumps(vars(kept))))


class Ledger:
    """Collects what was seen and writes it where people read it."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        kept = self.rows.setdefault(report.nodeid, {"holds": True, "seconds": 0.0})
        kept["holds"] &= not report.failed
        kept["seconds"] += report.duration if report.when == "call" else 0
        for name, value in report.user_properties:
            if name == REPORTED:
                kept.update(json.loads(str(value)))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        rows = [
            {key: row[key] for key in ("sentence", "size", "seen", "holds")}
            | {"seconds": round(row["seconds"], 2)}
            for row in self.rows.values()
            if "sentence" in row
        ]
        rows.sort(key=lambda row: str(row["sentence"]))
        results = ROOT / "bench" / "results" / "promises.json"
        results.parent.mkdir(parents=True, exist_ok=True)
        results.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "promises.md").write_text(_table(rows))


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "# What Varde promises",
        "",
        "Each sentence is proved by a test, and the figure is what the test saw. `make promises` writes this page.",
        "",
        "| Promise | Tried | Seen | Holds | Seconds |",
        "|---|--:|---|---|--:|",
    ]
    lines += [
        f"| {row['sentence']} | {row['size']} | {row['seen']} | {'yes' if row['holds'] else '**no**'} | {row['seconds']} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"
