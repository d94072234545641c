"""Chromium, and the demonstration served on a port of this machine's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright

from tests.support import chromium
from tests.support.browsing import Visitor
from tests.support.own_world import own_visitor, serving, world

__all__ = ["own_visitor", "world"]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], playwright: Playwright
) -> dict[str, Any]:
    path = chromium.executable(playwright)
    return {**browser_type_launch_args, "executable_path": path, "args": chromium.ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "nb-NO",
        "timezone_id": "Europe/Oslo",
        "viewport": {"width": 1280, "height": 900},
        "reduced_motion": "reduce",
    }


@pytest.fixture(scope="session")
def server(demo_application: Flask) -> Iterator[str]:
    """The address of the demonstration."""
    with serving(demo_application) as address:
        yield address


@pytest.fixture
def visitor(page: Page, server: str) -> Iterator[Visitor]:
    """Somebody at a screen. Fails if the browser complained meanwhile."""
    at_screen = Visitor(page, server)
    yield at_screen
    assert not at_screen.complaints


@pytest.fixture
def scriptless(browser: Browser, browser_context_args: dict[str, Any], server: str) -> Iterator[Visitor]:
    """The same, with JavaScript switched off."""
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    at_screen = Visitor(context.new_page(), server)
    yield at_screen
    context.close()
    assert not at_screen.complaints
