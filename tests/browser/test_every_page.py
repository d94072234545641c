"""Every page that can be reached by links, in the browser: for everyone, in light and dark, and on a phone."""

import pytest
from flask import Flask

from tests.support.browsing import COLOURS, Visitor
from tests.support.crawl import PERSONAS, crawl

SHARED = {
    "home.landing",
    "home.privacy",
    "home.accessibility",
    "security.devices",
    "security.overview",
}  # alike for everyone


@pytest.mark.parametrize("persona", PERSONAS)
@pytest.mark.timeout(420)
def test_axe_finds_nothing_and_nothing_sticks_out(
    demo_application: Flask, visitor: Visitor, persona: str
) -> None:
    if persona != "stranger":
        visitor.become(persona)
    page, found = visitor.page, []
    for address in _one_of_each(demo_application, persona):
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        visitor.go(address)
        found += [f"{address} (light): {v}" for v in visitor.violations()]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        found += [f"{address} (dark): {v}" for v in visitor.violations(COLOURS)]
        page.set_viewport_size({"width": 360, "height": 740})
        found += [f"{address} (360 px): {element}" for element in visitor.too_wide()]
    assert not found, "\n".join(found)


def _one_of_each(app: Flask, persona: str) -> list[str]:
    """The addresses of the pages, one for each view. A newcomer's are like nobody's: most of them are empty."""
    chosen = _by_view(app, persona)
    if persona not in ("stranger", "newcomer", "mentee"):
        seen = SHARED | set(_by_view(app, "mentee") if persona == "mentor" else ())
        chosen = {
            view: address for view, address in chosen.items() if view not in seen or view == "home.member"
        }
    return list(chosen.values())


def _by_view(app: Flask, persona: str) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for visit in crawl(app, persona).pages:
        view = app.url_map.bind("localhost").match(visit.address.split("?")[0])[0]
        chosen.setdefault(str(view), visit.address)
    return chosen
