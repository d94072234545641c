"""Where Chromium is on this machine: Playwright's own where it is installed, otherwise the distribution's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Playwright, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def executable(playwright: Playwright) -> str | None:
    """The path of a Chromium that can be started, or None."""
    own = playwright.chromium.executable_path
    names = ("chromium", "chromium-browser", "google-chrome")
    return own if Path(own).exists() else next(filter(None, map(shutil.which, names)), None)


def is_here() -> bool:
    with sync_playwright() as playwright:
        return executable(playwright) is not None


def install() -> None:
    """Try Playwright's own download, then the distribution's package."""
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        attempts += [[*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]]
    for attempt in attempts:
        subprocess.run(attempt, timeout=300, check=False)
        if is_here():
            return
    sys.exit("No Chromium: install it by hand (Debian: apt install chromium)")


if __name__ == "__main__":
    if "--install" in sys.argv and not is_here():
        install()
