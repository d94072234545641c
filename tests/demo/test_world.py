"""The demonstration: a pilot four months in, with people whom a visitor can be."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

import config
from portal import clock, create_app
from portal.accounts.models import User
from portal.coaching.models import Booking, Coach, Enrolment, Programme, Slot
from portal.coaching.tally import standing
from portal.demo.personas import PERSONAS
from portal.demo.world import build
from portal.extensions import db
from portal.members.models import Municipality, MunicipalityKind
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound
from tests.support.client import CheckingClient
from tests.support.page import Page
from tests.support.settings import set_production


def count(entity: type) -> int:
    return db.session.scalar(select(func.count()).select_from(entity)) or 0


def test_the_pilot_stands_as_the_story_tells(demo_application: Flask) -> None:
    with demo_application.app_context():
        programme = db.session.scalars(Programme.current(clock.today(clock.now()))).one()
        where = standing(programme)
        assert (where.seats, where.seated, where.waiting) == (60, 47, 3)
        assert (count(Coach), count(MentorProfile), count(MenteeProfile)) == (6, 28, 41)
        assert 62 <= count(Booking) <= 85
        free = Slot.free(clock.now()).order_by(None).with_only_columns(func.count())
        assert (db.session.scalar(free) or 0) > 60


def test_every_municipality_and_county_is_there(demo_application: Flask) -> None:
    with demo_application.app_context():
        kinds = dict(
            db.session.execute(select(Municipality.kind, func.count()).group_by(Municipality.kind))
            .tuples()
            .all()
        )
        assert kinds == {MunicipalityKind.MUNICIPALITY: 357, MunicipalityKind.COUNTY: 15}


def test_one_round_is_closed_and_one_waits_for_answers(demo_application: Flask) -> None:
    with demo_application.app_context():
        first, second = db.session.scalars(select(MatchRound).order_by(MatchRound.id))
        assert first.closed_at is not None
        assert second.released_at is not None
        assert second.closed_at is None
        assert any(p.awaits_mentee for p in second.proposals)
        assert any(p.awaits_mentor for p in second.proposals)
        assert count(Mentorship) > 10
        assert count(Meeting) > 20


@pytest.mark.parametrize("persona", [p.code for p in PERSONAS])
def test_one_click_is_enough_to_be_somebody(demo_application: Flask, persona: str) -> None:
    client = CheckingClient(demo_application, Page)
    client.get("/")
    page = client.post("/demo/sign-in", {"persona": persona}, status=303)
    assert page is not None


def test_nobody_can_be_somebody_who_is_not_offered(demo_application: Flask) -> None:
    client = CheckingClient(demo_application, Page)
    client.get("/")
    client.post("/demo/sign-in", {"persona": "director"}, status=404)


def test_a_second_build_adds_nothing(demo_application: Flask) -> None:
    with demo_application.app_context():
        before = (count(User), count(Enrolment))
        assert "nothing was added" in build(clock.now())
        assert (count(User), count(Enrolment)) == before


def test_the_way_in_does_not_exist_outside_the_demonstration(client: CheckingClient) -> None:
    client.get("/sign-in")
    client.post("/demo/sign-in", {"persona": "secretariat"}, status=404)


def test_production_does_not_start_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in config.Production.NEEDED:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(config.MissingSetting, match="SECRET_KEY"):
        config.Production()


def test_production_refuses_the_demonstration(monkeypatch: pytest.MonkeyPatch) -> None:
    set_production(monkeypatch)
    monkeypatch.setenv("VARDE_DEMO", "1")
    with pytest.raises(config.MissingSetting, match="demonstration"):
        config.Production()
    monkeypatch.delenv("VARDE_DEMO")
    app = create_app(config.Production())
    assert "demo" not in app.blueprints
    assert app.test_cli_runner().invoke(args=["demo"]).exit_code != 0


@pytest.mark.pure
@pytest.mark.parametrize("month", range(1, 13))
def test_the_story_can_begin_in_any_month(month: int) -> None:
    from portal.demo.world import _first_of_month

    today = datetime(2026, month, 17, tzinfo=UTC).date()
    assert _first_of_month(today).day == 1
