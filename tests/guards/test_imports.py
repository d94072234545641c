"""Imports run one way, as DESIGN.md's arrows do."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
# Lowest first. A slice imports from the ones below, never from above or beside.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"audit", "jobs", "keys", "notifications"}),
    frozenset({"accounts"}),
    frozenset({"consents"}),
    frozenset({"members"}),
    frozenset({"coaching", "mentoring", "offers"}),
    frozenset({"costs", "evaluation"}),
    frozenset({"steering", "privacy"}),
    frozenset({"home"}),
    frozenset({"doctor", "demo"}),
    frozenset({"backup"}),
)
# Ties everything together, or tells whoever runs the portal about it.
WIRING = {"portal/__init__.py", "portal/cli.py", "portal/probes.py"}
GROUND = 0


def _modules(folder: str) -> Iterator[tuple[str, str]]:
    """Each module and each name it imports, also inside its functions."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                yield str(path.relative_to(ROOT)), name


def _layer(slice_name: str) -> int | None:
    return next((i for i, layer in enumerate(LAYERS) if slice_name in layer), None)


def test_every_slice_has_its_place_in_the_order() -> None:
    slices = {p.parent.name for p in (ROOT / "portal").glob("*/__init__.py")}
    assert not {s for s in slices if _layer(s) is None}, "add it to LAYERS, and to DESIGN.md's arrows"


def test_slices_import_only_what_lies_below_them() -> None:
    wrong = []
    for module, name in _modules("portal"):
        target = name.split(".")[1] if name.startswith("portal.") else ""
        above = _layer(target)
        if above is None or module in WIRING:
            continue
        own = module.split("/")[1]
        layer = _layer(own) if module.count("/") > 1 else None
        beside = above == layer and own != target and above != GROUND
        if layer is None or above > layer or beside:
            wrong.append(f"{module} imports {name}")
    assert not sorted(set(wrong))


def test_matching_knows_no_web_no_database_and_no_portal() -> None:
    strangers = ("flask", "sqlalchemy", "portal", "werkzeug", "wtforms", "jinja2", "config")
    assert not [(m, n) for m, n in _modules("matching") if n.split(".")[0] in strangers]


def test_the_portal_knows_no_tests_and_no_settings_but_by_name() -> None:
    wrong = [(m, n) for m, n in _modules("portal") if n.split(".")[0] in ("tests", "bench", "wsgi")]
    assert not wrong
    assert {m for m, n in _modules("portal") if n.split(".")[0] == "config"} <= WIRING


def test_the_web_process_starts_without_what_few_pages_need() -> None:
    heavy = "sklearn scipy numpy openpyxl xlsxwriter alembic webauthn authlib joserfc"
    script = (
        f"import sys, wsgi; print(*sorted({{m.split('.')[0] for m in sys.modules}} & set('{heavy}'.split())))"
    )
    environment = {**os.environ, "VARDE_ENV": "testing", "DATABASE_URL": "sqlite://"}
    answer = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == ""
