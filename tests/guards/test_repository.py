"""What is in the repository fits every machine, and is exactly what was locked."""

import re
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).parents[2]
# Put together here so that this file does not find itself.
MACHINE = [f"/{folder}/" for folder in ("work", "root", "home")]
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry" + ".npmjs",
    "--index" + "-url",
    '"resolved"' + ":",
]


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    return [path for path in (ROOT / name for name in listed.split("\0") if name) if path.is_file()]


def _mentions(words: list[str]) -> list[str]:
    found = []
    for path in _tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        hits = [w for w in words if re.search(rf"(?<![\w.}}/-]){re.escape(w)}", text)]
        found += [f"{path.relative_to(ROOT)}: {word}" for word in hits]
    return found


def test_no_path_of_anybodys_machine() -> None:
    assert not _mentions([*MACHINE, f"{ROOT}/"])


def test_no_package_registry_is_named() -> None:
    assert not _mentions(REGISTRIES)


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_its_hashes(lock: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z])", (ROOT / lock).read_text().strip())
    unhashed = [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry or "==" not in entry]
    assert not unhashed


def test_the_locks_agree() -> None:
    def versions(lock: str) -> set[str]:
        return set(re.findall(r"^([A-Za-z][^ ]+==[^ ]+)", (ROOT / lock).read_text(), re.MULTILINE))

    assert versions("requirements.txt") <= versions("requirements-dev.txt")
