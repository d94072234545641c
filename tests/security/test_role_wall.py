"""What the secretariat and the others do not see, and that nobody handles a row about themselves."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import consents
from portal.access import Role
from portal.accounts.models import User
from portal.coaching.enrolment import apply
from portal.coaching.models import Enrolment
from portal.consents import Purpose
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_release import release_round
from portal.mentoring.rounds import start_round
from tests.coaching.programmes import NOW, new_programme, participant
from tests.mentoring.pairing import new_mentee, new_mentor
from tests.security import ground
from tests.security.reading import words_of
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user

AREAS = ("ordfører", "Ordfører", "økonomi", "Økonomi", "ledergruppen")
OWN = "En kollega tar seg av din rad."


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def hanne(app: Flask) -> Member:
    """In the secretariat, and chief executive herself."""
    return new_member("Hanne Vik", "Hamar", Role.SECRETARIAT)


def rows(body: str) -> list[list[str]]:
    return list(csv.reader(StringIO(body.lstrip("\ufeff")), delimiter=";"))


# One's own row


def test_the_own_row_stands_neutral_in_the_list_and_does_not_open(
    client: CheckingClient, hanne: Member
) -> None:
    page = client.sign_in(hanne).get("/secretariat/members")
    assert "Deg selv" in page.main and OWN in page.main
    assert f"/secretariat/members/{hanne.id}" not in list(page.links)
    client.get(f"/secretariat/members/{hanne.id}", status=404)
    client.post(f"/secretariat/members/{hanne.id}/position", status=404)
    client.post(f"/secretariat/members/{hanne.id}/invitation", status=404)


def test_nobody_gives_themselves_a_seat(
    client: CheckingClient, hanne: Member, eva: User, daniel: Member
) -> None:
    programme = new_programme()
    own, other = apply(hanne, programme, NOW), apply(daniel, programme, NOW)
    page = client.sign_in(hanne).get("/secretariat/enrolments")
    assert page.main.count(OWN) == 1
    assert str(own.id) not in page.form("seats").fields["enrolment"]
    client.post("/secretariat/enrolments/seats", {"enrolment": [own.id, other.id]})
    client.post(f"/secretariat/enrolments/{own.id}/withdrawal", status=404)
    db.session.expire_all()
    assert (own.has_seat, other.has_seat) == (False, True)
    client.sign_in(eva).post(f"/secretariat/enrolments/{own.id}/seat")
    db.session.expire_all()
    assert own.has_seat


def test_the_own_row_is_not_in_the_lists_that_are_taken_out(
    client: CheckingClient, hanne: Member, daniel: Member
) -> None:
    programme = new_programme()
    for member in (hanne, daniel):
        participant(member, programme)
    client.sign_in(hanne)
    for name in ("members", "enrolments"):
        body = client.get(f"/secretariat/{name}.csv").get_data(as_text=True)
        assert "Daniel Ås" in body and "Hanne" not in body


def test_nobody_imports_a_change_to_themselves(client: CheckingClient, hanne: Member) -> None:
    from portal.members.importing import import_file

    text = f"Navn;E-post;Kommune\nHanne Nå;{hanne.user.email};Steinkjer\nNy Person;ny@example.org;Nome\n"
    report = import_file("liste.csv", text.encode(), hanne.user, NOW)
    assert report.is_clean
    db.session.commit()
    db.session.expire_all()
    assert (hanne.name, hanne.municipality.display_name) == ("Hanne Vik", "Hamar")


@pytest.fixture
def pool(app: Flask, hanne: Member) -> list[Any]:
    """Hanne is a mentor like any other, and so is her colleague's round."""
    mentees = [new_mentee(new_member(f"Mentee {place}", place)) for place in ("Nome", "Lierne", "Sirdal")]
    new_mentor(new_member("Mentor Hitra", "Hitra"), 1)
    new_mentor(new_member("Mentor Ringebu", "Ringebu"), 1)
    new_mentor(hanne, 1)
    return mentees


@pytest.fixture
def made(pool: list[Any], eva: User) -> MatchRound:
    return start_round("Høstrunden", eva, NOW)


def own_pair(made: MatchRound, hanne: Member) -> tuple[MenteeProfile, MentorProfile]:
    """Whom the round gives Hanne."""
    mentor = db.session.scalars(select(MentorProfile).where(MentorProfile.member_id == hanne.id)).one()
    (run,) = last_runs(made, 1)
    assert run is not None
    mentee = next(mentee for mentee, (given, _units) in run.pairs.items() if given == mentor.id)
    return db.session.get_one(MenteeProfile, mentee), mentor


def test_the_own_pair_is_counted_in_the_round_and_not_shown(
    client: CheckingClient, made: MatchRound, hanne: Member, eva: User
) -> None:
    mentee, _mentor = own_pair(made, hanne)
    page = client.sign_in(eva).get(f"/secretariat/rounds/{made.id}?mentee={mentee.id}")
    assert "Hanne Vik" in page.main, "a colleague sees the pair"
    client.sign_in(hanne)
    at = f"/secretariat/rounds/{made.id}"
    for rest in ("", f"?mentee={mentee.id}", "?view=heatmap", "/weights"):
        page = client.get(at + rest)
        for words in (*page.texts("h2, h3, li, td, th, dd"), *page.texts("[aria-label]")):
            assert not ("Hanne Vik" in words or mentee.member.name in words), (rest, words)
    page = client.get(at)
    assert "Det som gjelder deg selv, tar en kollega seg av." in page.main
    assert "Klar til å frigi: 3 mentees" in page.main, "the counts add up all the same"


def test_the_own_pair_is_a_bare_line_in_the_rounds_file(
    client: CheckingClient, made: MatchRound, hanne: Member
) -> None:
    body = client.sign_in(hanne).get(f"/secretariat/rounds/{made.id}/tables/csv").get_data(as_text=True)
    assert "Hanne Vik" not in body
    bare = [row for row in rows(body) if row[0] == "Gjelder deg selv"]
    assert bare and all(not any(row[1:]) for row in bare)


@pytest.mark.parametrize("what", ["swaps", "locks", "unlockings", "exclusions"])
def test_nobody_decides_over_their_own_pair(
    client: CheckingClient, made: MatchRound, hanne: Member, what: str
) -> None:
    mentee, mentor = own_pair(made, hanne)
    chosen = {"mentee": mentee.id, "mentor": mentor.id, "ground": "judgement"}
    client.sign_in(hanne).post(f"/secretariat/rounds/{made.id}/{what}", chosen, status=422)
    (run,) = last_runs(made, 1)
    assert run is not None and run.number == 1


def test_nobody_takes_back_what_a_colleague_decided_about_them(
    client: CheckingClient, made: MatchRound, hanne: Member, eva: User
) -> None:
    mentee, mentor = own_pair(made, hanne)
    chosen = {"mentee": mentee.id, "mentor": mentor.id}
    client.sign_in(eva).post(f"/secretariat/rounds/{made.id}/locks", chosen)
    page = client.sign_in(hanne).get(f"/secretariat/rounds/{made.id}")
    assert "ble låst" not in page.main
    (run,) = last_runs(made, 1)
    assert run is not None
    client.post(f"/secretariat/rounds/{made.id}/undoings", {"seen": run.mark}, status=422)
    assert last_runs(made, 1) == [run]


def test_the_answers_to_the_own_proposals_are_not_listed(
    client: CheckingClient, made: MatchRound, hanne: Member, eva: User
) -> None:
    mentee, _mentor = own_pair(made, hanne)
    release_round(made, NOW.date().replace(day=30), eva, NOW)
    page = client.sign_in(hanne).get(f"/secretariat/rounds/{made.id}")
    assert "gjelder deg selv" in page.main
    assert mentee.member.name not in page.main and "Hanne Vik" not in page.main


# Areas, wishes and texts


def test_the_secretariat_reads_an_area_only_where_both_let_it(
    client: CheckingClient, made: MatchRound, eva: User
) -> None:
    (run,) = last_runs(made, 1)
    assert run is not None
    mentee_id, (mentor_id, _units) = next(iter(run.pairs.items()))
    both = (db.session.get_one(MenteeProfile, mentee_id), db.session.get_one(MentorProfile, mentor_id))
    at = f"/secretariat/rounds/{made.id}?mentee={mentee_id}"
    client.sign_in(eva)
    for profile in both:
        assert not any(area in client.get(at).main for area in AREAS)
        version = consents.current(Purpose.SECRETARIAT_SEES_AREAS).version
        consents.give(profile.member.user, Purpose.SECRETARIAT_SEES_AREAS, version, NOW)
    assert any(area in client.get(at).main for area in AREAS)
    consents.withdraw(both[0].member.user, Purpose.SECRETARIAT_SEES_AREAS, NOW)
    assert not any(area in client.get(at).main for area in AREAS)


SECRETS = {"text": "Ordføreren truer meg", "theme": "Samspillet med ordføreren"}


def test_no_page_or_file_of_the_secretariat_or_steering_group_tells_what_somebody_struggles_with(
    app: Flask, new_client: Any
) -> None:
    from portal.coaching.models import Booking
    from tests.security.routes import ROUTES
    from tests.security.test_matrix import address, ways

    made = ground.make()
    for profile in db.session.scalars(select(MenteeProfile)):
        profile.text = SECRETS["text"]
    for booking in db.session.scalars(select(Booking)):
        booking.theme = SECRETS["theme"]
    db.session.commit()
    labels = ("Samspillet", "Ordføreren", "ordføreren", "handlingsrom", "økonomi")
    for role in (Role.SECRETARIAT, Role.STEERING):
        client = new_client().sign_in(made.people[role][0])
        client.checks = False
        for way, rule in ways(app).items():
            row = ROUTES[way]
            if way.startswith("GET") and isinstance(row.to, frozenset) and role in row.to:
                body = words_of(client.open(address(rule, made.ids.get(row.own, 0))))
                assert not [word for word in labels if word in body], way


def test_a_mentor_sees_a_mentee_only_from_the_yes_and_a_coach_only_own_people(
    client: CheckingClient, app: Flask
) -> None:
    made = ground.make()
    (_astrid, gunnar), (_cecilie, jon) = made.people[Role.MENTOR], made.people[Role.COACH]
    page = client.sign_in(gunnar).get("/mentor/")
    assert not [name for name in ("Bjørn", "Ingrid", "Kjell", "Liv") if name in page.main]
    client.sign_in(jon)
    for path in (
        "/coach/",
        *(f"/coach/sessions?show={s}" for s in ("ahead", "waiting", "done", "cancelled")),
    ):
        assert "Bjørn" not in client.get(path).main


def test_the_steering_group_sees_no_name(client: CheckingClient, app: Flask) -> None:
    made = ground.make()
    page = client.sign_in(made.people[Role.STEERING][0]).get("/steering/")
    names = [name.split()[0] for name in db.session.scalars(select(User.name)) if name != "Fredrik Øie"]
    assert not [name for name in names if name in page.main]


def test_a_steering_group_member_with_a_seat_sees_the_same_report(
    client: CheckingClient, new_client: Any, fredrik: User
) -> None:
    both = new_member("Siri Holm", "Hamar", Role.STEERING)
    participant(both, new_programme())
    mine, theirs = (
        client.sign_in(both).get("/steering/").main,
        new_client().sign_in(fredrik).get("/steering/").main,
    )
    assert mine == theirs


# What strangers and machines are told


def test_the_probes_tell_strangers_nothing_personal(app: Flask, client: CheckingClient) -> None:
    made = ground.make()
    names = {
        word for user in (u for users in made.people.values() for u in users) for word in user.name.split()
    }
    client.checks = False
    for path in ("/healthz", "/readyz", "/metrics"):
        body = client.open(path).get_data(as_text=True)
        assert not [name for name in names if re.search(rf"\b{name}\b", body)], path
        assert "@" not in body and "sqlite" not in body and "postgresql" not in body, path


def test_everybody_in_the_secretariat_can_be_the_colleague(client: CheckingClient, hanne: Member) -> None:
    other = new_user("Per Moe", Role.SECRETARIAT)
    own = apply(hanne, new_programme(), NOW)
    client.sign_in(other).get(f"/secretariat/members/{hanne.id}")
    client.post(f"/secretariat/enrolments/{own.id}/seat")
    db.session.expire_all()
    assert db.session.get_one(Enrolment, own.id).has_seat
