"""What a member tells for the mentor scheme, and the reservations that nobody else ever sees."""

from datetime import datetime
from typing import Any

import pytest

import matching
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import NOWHERE, Member
from portal.mentoring.pool import pool
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.reservation_models import Reservation
from portal.notifications import OutboxMessage
from portal.privacy.erasure import erase
from tests.mentoring.pairing import areas, new_mentee, new_mentor
from tests.support.client import CheckingClient
from tests.support.people import new_member


@pytest.fixture
def bjorns(client: CheckingClient, bjorn: Member) -> CheckingClient:
    return client.sign_in(bjorn)


def test_a_member_tells_and_begins_to_seek(bjorns: CheckingClient, bjorn: Member, now: datetime) -> None:
    (mayor,), (crisis,) = areas("mayor"), areas("crisis")
    bjorns.get("/profile/challenges")
    told: dict[str, Any] = {
        f"area_{mayor}": "3",
        f"area_{crisis}": "1",
        "text": "Nytt flertall.",
        "county": "other_county",
    }
    page = bjorns.submit("/profile/challenges", **told, years="10", larger="y", agreed="1")
    assert "Vi leter etter en mentor til deg." in page.main
    profile = db.session.query(MenteeProfile).one()
    assert {a.area.code: a.weight for a in profile.areas} == {"mayor": 3, "crisis": 1}
    assert profile.wishes == {"other_county": True, "larger": True, "years": 10}
    (mentee,) = pool(now).mentees
    assert mentee.wishes == matching.Wishes(other_county=True, larger=True, years=10)
    page = bjorns.get("/profile/challenges")
    assert (page.one("textarea").text or "").strip() == "Nytt flertall."
    assert page.form("/profile/challenges").fields[f"area_{mayor}"] == ["3"]


def test_nothing_chosen_is_asked_for_and_the_text_is_kept(bjorns: CheckingClient) -> None:
    page = bjorns.post("/profile/challenges", {"text": "<script>alert(1)</script>", "modes": "either"}, 422)
    assert "Velg minst ett område" in page.main
    assert (page.one("textarea").text or "").strip() == "<script>alert(1)</script>"


@pytest.mark.parametrize("field", ["modes", "county", "position", "years"])
def test_a_choice_that_is_none_is_refused(bjorns: CheckingClient, field: str) -> None:
    (mayor,) = areas("mayor")
    bjorns.post("/profile/challenges", {f"area_{mayor}": "3", field: "\0' OR 1=1 --"}, 422)
    assert db.session.query(MenteeProfile).count() == 0


def test_a_text_that_is_too_long_is_refused(bjorns: CheckingClient) -> None:
    (mayor,) = areas("mayor")
    page = bjorns.post("/profile/challenges", {f"area_{mayor}": "3", "text": "å" * 100_000}, 422)
    assert "Teksten er for lang." in page.main


def test_saving_twice_is_saving_once(bjorns: CheckingClient) -> None:
    (mayor,) = areas("mayor")
    for weight in ("3", "2"):
        bjorns.post("/profile/challenges", {f"area_{mayor}": weight, "text": "a\0b", "agreed": "1"}, 303)
    profile = db.session.query(MenteeProfile).one()
    assert [a.weight for a in profile.areas] == [2]
    assert profile.text == "ab"


@pytest.mark.promise("Det en mentee skriver med egne ord, leses ikke av noen andre")
def test_the_text_is_on_nobody_elses_page(
    client: CheckingClient, bjorn: Member, astrid: Member, eva: User, now: datetime, promise: Any
) -> None:
    from tests.mentoring.test_proposals import _asked

    secret = "ordfører Hermod og jeg"
    mentee = new_mentee(bjorn, now)
    mentee.text = secret
    _asked(mentee, new_mentor(astrid, now=now))
    seen = 0
    for person, urls in ((astrid, ("/mentor/", "/mentor/experience")), (eva, ("/secretariat/rounds",))):
        client.sign_in(person)
        for url in urls:
            assert secret not in client.get(url).get_data(as_text=True)
            seen += 1
    promise.saw(f"{seen} sider, 0 funn")


def test_a_member_becomes_a_mentor(bjorns: CheckingClient, bjorn: Member) -> None:
    bjorns.get("/profile/mentor")
    page = bjorns.submit("/profile/mentor", capacity="2")
    assert page.heading == "Det du har stått i"
    db.session.expire_all()
    assert Role.MENTOR in bjorn.user.roles
    assert len(db.session.query(MentorProfile).one().places) == 2
    assert "Du er mentor." in bjorns.get("/profile/mentor").main
    bjorns.post("/profile/mentor", {"capacity": "2"}, 303)
    assert db.session.query(MentorProfile).count() == 1


@pytest.mark.parametrize("capacity", ["", "0", "7", "mange", "9" * 30])
def test_a_number_nobody_can_follow_is_refused(bjorns: CheckingClient, capacity: str) -> None:
    bjorns.post("/profile/mentor", {"capacity": capacity}, 422)
    assert db.session.query(MentorProfile).count() == 0


def test_a_person_is_found_and_ruled_out(bjorns: CheckingClient, astrid: Member, now: datetime) -> None:
    new_mentor(astrid, now=now)
    bjorns.get("/profile/reservations")
    page = bjorns.submit("/profile/reservations/search", q="moen")
    assert "Astrid Moen" in page.main
    page = bjorns.submit("Ikke koble oss")
    assert "Lagret. Bare du ser det." in page.words
    assert "Astrid Moen" in page.texts("section")[-1]
    (row,) = pool(now).reservations
    assert row.target == str(astrid.id)


def test_municipality_county_and_neighbours(bjorns: CheckingClient, bjorn: Member, now: datetime) -> None:
    new_mentee(bjorn, now)
    for kind, target in (("municipality", "3405"), ("county", "34"), ("neighbours", "")):
        for _ in range(2):  # a double click
            bjorns.post("/profile/reservations", {"kind": kind, "target": target}, 303)
    assert db.session.query(Reservation).count() == 3
    drawn = pool(now)
    assert {(r.kind.value, r.target) for r in drawn.reservations} == {
        ("municipality", "3405"),
        ("county", "34"),
    }
    assert drawn.mentees[0].avoid_neighbours
    page = bjorns.get("/profile/reservations")
    assert "Lillehammer" in page.main
    assert "Innlandet" in page.main
    assert "Nabokommunene dine" in page.main


@pytest.mark.parametrize(
    ("kind", "target", "status"),
    [
        ("person", "1000000000000", 422),
        ("person", "\0", 422),
        ("person", "", 422),
        ("municipality", "9999", 422),
        ("county", "x" * 100_000, 422),
        ("enemy", "1", 400),
        ("", "", 400),
    ],
)
def test_what_is_not_there_cannot_be_ruled_out(
    bjorns: CheckingClient, kind: str, target: str, status: int
) -> None:
    bjorns.post("/profile/reservations", {"kind": kind, "target": target}, status)
    assert db.session.query(Reservation).count() == 0


def test_the_place_of_those_who_are_erased_cannot_be_ruled_out(
    bjorns: CheckingClient, eva: User, now: datetime
) -> None:
    """The engine does not know it, so that no round could be run."""
    erase(new_member("Kari Slettet", "Hitra").user, eva, now)
    db.session.commit()
    for kind, target in (("municipality", NOWHERE), ("county", NOWHERE[:2])):
        bjorns.post("/profile/reservations", {"kind": kind, "target": target}, 422)
    assert db.session.query(Reservation).count() == 0


def test_nobody_rules_out_themselves(bjorns: CheckingClient, bjorn: Member) -> None:
    bjorns.post("/profile/reservations", {"kind": "person", "target": str(bjorn.id)}, 422)
    found = bjorns.post("/profile/reservations/search", {"q": "haugland"}, 200)
    assert "Bjørn Haugland" not in found.texts("#found")[0]


def test_no_address_says_who_was_looked_for(bjorns: CheckingClient, astrid: Member) -> None:
    """Without a script, too: an address is kept by the browser, and by whoever keeps the access log."""
    page = bjorns.get("/profile/reservations")
    searches = [form for form in page.forms if "q" in form.fields]
    assert [form.method.lower() for form in searches] == ["post"]
    assert "Astrid Moen" not in bjorns.get("/profile/reservations?q=moen").main
    bjorns.submit("/profile/reservations/search", q="moen")
    assert (
        bjorns.get("/profile/reservations/search", status=303).headers["Location"] == "/profile/reservations"
    )


@pytest.mark.parametrize("sought", ["%", "_", "\0", "'; DROP TABLE member --", "<b>", "ø" * 2000])
def test_any_search_gets_an_answer(bjorns: CheckingClient, sought: str) -> None:
    bjorns.post("/profile/reservations/search", {"q": sought}, 200)
    block = bjorns.htmx.post("/profile/reservations/search", {"q": sought}, 200)
    assert not block.is_whole


@pytest.mark.promise("En reservasjon ses bare av den som har gjort den, og setter ingen spor")
def test_a_reservation_is_its_owners_alone(
    client: CheckingClient, bjorn: Member, astrid: Member, eva: User, promise: Any
) -> None:
    client.sign_in(bjorn).post("/profile/reservations", {"kind": "person", "target": str(astrid.id)}, 303)
    (row,) = db.session.query(Reservation).all()
    for other in (astrid, eva):
        assert db.session.scalars(Reservation.visible_to(other if other is eva else other.user)).all() == []  # type: ignore[union-attr]
    client.sign_in(astrid).post(f"/profile/reservations/{row.id}/deletion", status=404)
    assert db.session.query(OutboxMessage).count() == 0
    client.sign_in(bjorn).post(f"/profile/reservations/{row.id}/deletion", status=303)
    assert db.session.query(Reservation).count() == 0
    promise.saw("2 andre, 0 så den; 0 mail")


def test_the_pages_are_for_members(client: CheckingClient, eva: User) -> None:
    client.sign_in(eva)
    for page in ("challenges", "mentor", "reservations"):
        client.get(f"/profile/{page}", status=403)


def test_the_pages_need_few_queries(
    bjorns: CheckingClient, bjorn: Member, now: datetime, queries: Any
) -> None:
    new_mentee(bjorn, now)
    for page in ("challenges", "mentor", "reservations"):
        with queries() as seen:
            bjorns.get(f"/profile/{page}")
        assert len(seen) <= 12, seen
