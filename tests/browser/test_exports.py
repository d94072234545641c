"""Taking a list out half an hour after one was last asked who sits there: with JavaScript and without."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from portal import clock
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.extensions import db
from tests.support.own_world import World
from tests.support.ways_in import code_of, with_app

LISTS = (
    ("/secretariat/members?q=vik", "Excel", "medlemmer.xlsx"),
    ("/secretariat/enrolments?show=all", "CSV", "deltakere.csv"),
    ("/secretariat/costs", "Excel", "okonomi.xlsx"),
)


@pytest.mark.parametrize(("page", "link", "name"), LISTS)
def test_the_file_comes_on_the_page_that_its_link_was_on(
    world: World, page: str, link: str, name: str
) -> None:
    hanne = world.visitor()
    hanne.become("secretariat")
    with world.app.app_context():
        live = select(User).join(Session).where(Session.ended_at.is_(None)).order_by(Session.id.desc())
        app = with_app(db.session.scalars(live.limit(1)).one())
        db.session.execute(update(Session).values(proved_at=clock.now() - timedelta(hours=1)))
        db.session.commit()
        code = code_of(app)
    hanne.go(page)
    hanne.follow(link)
    hanne.sees("Bekreft at det er deg", "filen lastes ned")
    hanne.fill(code=code)
    with hanne.page.expect_download() as taken_out:
        hanne.press("Bekreft")
    assert taken_out.value.suggested_filename == name
    assert Path(taken_out.value.path()).stat().st_size > 100
    expect(hanne.page).to_have_url(world.server + page)
    hanne.sees("Filen lastes ned nå", at="#status")
    with hanne.page.expect_download():
        hanne.follow(link)
    expect(hanne.page).to_have_url(world.server + page)
