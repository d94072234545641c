"""The W3C's own checker, over every page that can be reached by links."""

import json
import subprocess
from pathlib import Path

import pytest
from flask import Flask

from tests.support.crawl import PERSONAS, crawl

VNU = Path(__file__).parent / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


@pytest.mark.timeout(420)
def test_every_page_is_valid_html(demo_application: Flask, tmp_path: Path) -> None:
    written: dict[str, str] = {}
    for persona in PERSONAS:
        for visit in crawl(demo_application, persona).pages:
            name = f"{len(written):04}.html"
            written[name] = f"{visit.address} as {persona}"
            (tmp_path / name).write_bytes(
                visit.page.data.replace(b" hx-", b" data-hx-")
            )  # the checker knows only data-
    answer = subprocess.run(
        ["java", "-jar", str(VNU), "--errors-only", "--exit-zero-always", "--format", "json", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    faults = [
        f"{written[m['url'].rsplit('/', 1)[-1]]}, line {m.get('lastLine')}: {m['message']} {m.get('extract', '')!r}"
        for m in json.loads(answer.stderr)["messages"]
    ]
    assert not faults, "\n".join(faults[:40])
