"""A screen that nobody sits at: what stands on it is not left there for the next one who passes."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from portal import clock
from portal.accounts.sessions import Session
from portal.extensions import db
from tests.support.browsing import Visitor
from tests.support.own_world import World

HALF_AN_HOUR = "31:00"
pytestmark = pytest.mark.parametrize("world", [True], indirect=True, ids=["with script"])


def _everybody_has_been_away(world: World) -> None:
    with world.app.app_context():
        db.session.execute(update(Session).values(seen_at=clock.now() - timedelta(minutes=31)))
        db.session.commit()


def _at(visitor: Visitor, persona: str, path: str) -> None:
    visitor.page.clock.install()
    visitor.become(persona)
    visitor.go(path)


def test_the_secretariats_page_is_left_when_the_session_is_over(world: World) -> None:
    eva = world.visitor()
    _at(eva, "secretariat", "/secretariat/enrolments")
    _everybody_has_been_away(world)
    eva.page.clock.fast_forward(HALF_AN_HOUR)
    expect(eva.page).to_have_url(f"{eva.server}/sign-in?next=/secretariat/enrolments")


def test_whoever_has_typed_something_keeps_it(world: World) -> None:
    eva = world.visitor()
    _at(eva, "secretariat", "/secretariat/members/new")
    eva.page.get_by_label("Navn").first.fill("Kari Nordmann")
    eva.page.clock.fast_forward(HALF_AN_HOUR)
    eva.page.clock.run_for(1000)
    expect(eva.page.get_by_label("Navn").first).to_have_value("Kari Nordmann")


def test_a_member_is_not_hurried_out(world: World) -> None:
    jonas = world.visitor()
    _at(jonas, "mentee", "/")
    jonas.page.evaluate("document.body.dataset.still = 'here'")
    jonas.page.clock.fast_forward(HALF_AN_HOUR)
    jonas.page.clock.run_for(1000)
    assert jonas.page.evaluate("document.body.dataset.still") == "here"


def test_the_back_button_shows_nothing_after_signing_out(world: World) -> None:
    eva = world.visitor()
    _at(eva, "secretariat", "/secretariat/members")
    eva.page.locator(".account-menu summary").click()
    eva.press("Logg ut", within=".account-menu")
    eva.sees("Du er logget ut")
    eva.page.go_back()
    expect(eva.page).to_have_url(f"{eva.server}/sign-in?next=/secretariat/members")
