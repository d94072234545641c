"""Every link as every persona: no failure, no dead end, and nothing wrong with any page."""

import pytest
from flask import Flask

from tests.support.checks import faults
from tests.support.crawl import PERSONAS, Crawl, crawl, dead_fragments, demo_client
from tests.support.page import words

MOST_QUERIES = 12


@pytest.fixture(scope="module", params=PERSONAS)
def tour(request: pytest.FixtureRequest, demo_application: Flask) -> Crawl:
    return crawl(demo_application, request.param)


def test_every_link_leads_somewhere(tour: Crawl) -> None:
    assert not tour.dead
    assert not {v.address: dead for v in tour.pages if (dead := dead_fragments(v))}


def test_every_page_is_well_made(tour: Crawl) -> None:
    assert not {v.address: wrong for v in tour.pages if (wrong := faults(v.page))}


def test_every_page_has_a_way_on(tour: Crawl) -> None:
    stuck = [
        v.address
        for v in tour.pages
        if not v.page.all("main form")
        and not [
            a
            for a in v.page.all("main a[href], header nav a[href]")
            if a.get("href") != v.address and words(a)
        ]
    ]
    assert not stuck


def test_no_page_asks_the_database_too_often(tour: Crawl) -> None:
    many = [visit for visit in tour.visits if len(visit.queries) > MOST_QUERIES]
    assert not many, "\n".join(
        f"{v.address}: {len(v.queries)}\n  " + "\n  ".join(s[:160] for s in v.queries) for v in many
    )


@pytest.mark.parametrize("persona", PERSONAS)
def test_an_address_that_leads_nowhere_says_so_and_shows_a_way_on(
    demo_application: Flask, persona: str
) -> None:
    client = demo_client(demo_application, persona)
    with demo_application.app_context():
        page = client.get("/finnes-ikke", status=404)
        assert page.all("main a[href]")
