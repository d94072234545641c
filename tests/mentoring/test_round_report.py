"""What a round has come to, on the page, as a table and for machines; and kept when it is released."""

import csv
import json
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import ChallengeArea
from portal.mentoring import profiles
from portal.mentoring.profile_models import Modes
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_release import release_round
from portal.mentoring.rounds import start_round, swap
from tests.mentoring.pairing import new_mentee
from tests.mentoring.rounds import at, new_pool, other_mentor
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user

FILES = ("/report/tables/csv", "/report/tables/xlsx", "/report/data")


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    return new_pool()


@pytest.fixture
def made(pool: SimpleNamespace, eva: User) -> MatchRound:
    return start_round("Høstrunden", eva, clock.now())


def test_the_report_says_how_good_the_round_is_who_is_wanted_and_whom_to_recruit(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    page = client.sign_in(eva).get(at(made, "/report"))
    assert "4 av 4" in page.main
    assert sum(int(text) for text in page.texts("[aria-labelledby=spread] td.number")) == 4
    wanted = page.texts("[aria-labelledby=wanted] td[data-label='Beste treff for']")
    assert sum(int(text) for text in wanted) == 4
    recruit = page.texts("[aria-labelledby=recruit]")[0]
    assert "innbyggere" in recruit
    assert "«" not in recruit  # four stand in it: too few for the area to be told
    assert "Første kjøring" in page.main


def test_whom_to_recruit_names_an_area_only_when_many_stand_in_it(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    alone = new_mentee(new_member("Mentee Træna", "Træna"))
    also = {"mayor": 3, "whistleblowing": 3}
    known = {area.code: area.id for area in db.session.scalars(select(ChallengeArea))}
    faced = {known[code]: weight for code, weight in also.items()}
    profiles.seek(alone.member, faced, "", {}, Modes.EITHER, alone.member.user, clock.now())
    made = start_round("Høstrunden", eva, clock.now())
    told = client.sign_in(eva).get(at(made, "/report")).texts("[aria-labelledby=recruit]")[0]
    labels = {area.code: area.label for area in db.session.scalars(select(ChallengeArea))}
    assert labels["mayor"] in told
    assert labels["whistleblowing"] not in told


def test_the_report_says_what_the_last_run_changed(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    swap(made, (mentee.id, other_mentor(made, mentee, pool).id), eva, clock.now())
    page = client.sign_in(eva).get(at(made, "/report"))
    assert mentee.member.name in page.texts("[aria-labelledby=changed]")[0]


def test_the_report_is_taken_away_as_a_table_and_as_data_that_agree(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    text = client.sign_in(eva).get(at(made, "/report/tables/csv")).data.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text), delimiter=";"))
    figures = {row[1]: row[2] for row in rows if row[0] == "Runden"}
    told = client.get(at(made, "/report/data"))
    assert told.headers["Content-Type"] == "application/json"
    data = json.loads(told.data)
    assert data["figures"]["coverage"] == int(figures["Har fått forslag"]) == 4
    assert data["figures"]["total"] == int(figures["Samlet poeng"])
    assert sum(data["distribution"].values()) == 4
    assert data["demand"][0]["first_choice_of"] >= data["demand"][-1]["first_choice_of"]
    assert client.get(at(made, "/report/tables/xlsx")).data[:2] == b"PK"


def test_after_the_release_the_figures_stay_and_what_they_were_made_of_is_gone(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    before = json.loads(client.sign_in(eva).get(at(made, "/report/data")).data)
    release_round(made, clock.today(clock.now()) + timedelta(days=14), eva, clock.now())
    (run,) = last_runs(made, 1)
    assert run is not None
    assert run.inputs is None
    page = client.get(at(made, "/report"))
    assert page.heading == "Rapport for Høstrunden"
    after = json.loads(client.get(at(made, "/report/data")).data)
    assert after == before


def test_a_draft_that_has_not_been_run_has_an_empty_report(
    client: CheckingClient, eva: User, made: MatchRound
) -> None:
    (run,) = last_runs(made, 1)
    assert run is not None
    run.result, run.inputs = {**run.result, "pairs": [], "unmatched": []}, None
    assert "Ingen rapport å vise" in client.sign_in(eva).get(at(made, "/report")).main


@pytest.mark.parametrize("role", [Role.MEMBER, Role.MENTOR, Role.COACH, Role.STEERING])
def test_the_report_is_the_secretariats_alone(client: CheckingClient, made: MatchRound, role: Role) -> None:
    client.sign_in(new_user("Kari Prøve", role))
    for rest in ("/report", *FILES):
        client.get(at(made, rest), status=403)
