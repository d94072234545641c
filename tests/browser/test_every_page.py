"""Every page that can be reached by links, in the browser: for everyone, in light and dark, and on a phone."""

from typing import Literal

import pytest
from flask import Flask

from tests.support.browsing import Visitor
from tests.support.crawl import PERSONAS, crawl

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


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
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            if scheme == "light":
                visitor.go(address)
            found += [f"{address} ({scheme}): {v}" for v in visitor.violations()]
        page.set_viewport_size({"width": 360, "height": 740})
        found += [f"{address} (360 px): {element}" for element in visitor.too_wide()]
    assert not found, "\n".join(found)


def _one_of_each(app: Flask, persona: str) -> list[str]:
    """The addresses of the pages, one for each that differ only in their numbers."""
    chosen: dict[str, str] = {}
    for visit in crawl(app, persona).pages:
        rule = app.url_map.bind("localhost").match(visit.address.split("?")[0])[0]
        chosen.setdefault(str(rule), visit.address)
    return list(chosen.values())
