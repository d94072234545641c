"""Where Chromium is on this machine: Playwright's own where it is installed, otherwise the distribution's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def executable() -> str | None:
    """The path of a Chromium that can be started, or None."""
    return _playwrights_own() or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Try Playwright's own download, then the distribution's package."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        attempts += [[*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]]
    for attempt in attempts:
        subprocess.run(attempt, timeout=300, check=False)
        if executable():
            return
    sys.exit("No Chromium: install it by hand (Debian: apt install chromium)")


if __name__ == "__main__":
    if executable() is None and "--install" in sys.argv:
        install()
