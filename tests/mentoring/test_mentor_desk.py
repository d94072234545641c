"""The mentor's desk: requests only after the mentee's yes, mentees, room, pause, and what the mentor has been through."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from portal import clock
from portal.access import Role
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import profiles, proposal_answers
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.profile_models import MentorProfile
from portal.mentoring.proposal_models import Proposal
from tests.mentoring.pairing import areas, new_mentee, new_mentor, new_round, pair, propose
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user


@pytest.fixture
def mentor(astrid: Member, now: datetime) -> MentorProfile:
    return new_mentor(astrid, 2, now)


@pytest.fixture
def proposal(mentor: MentorProfile, bjorn: Member, now: datetime) -> Proposal:
    """Astrid is proposed to Bjørn, who has not answered."""
    (made,) = propose(new_mentee(bjorn, now), mentor, within=new_round(now))
    return made


@pytest.fixture
def pairing(mentor: MentorProfile, bjorn: Member, now: datetime) -> Mentorship:
    """Astrid and Bjørn, since two weeks."""
    return pair(new_mentee(bjorn, now), mentor, now - timedelta(days=14))


@pytest.fixture
def astrids(client: CheckingClient, astrid: Member) -> CheckingClient:
    return client.sign_in(astrid)


@pytest.mark.promise("Mentoren ser ingenting om en mentee før menteen har sagt ja")
def test_the_mentor_sees_nothing_before_the_mentees_yes(
    astrids: CheckingClient, proposal: Proposal, now: datetime, promise: Any
) -> None:
    page = astrids.get("/mentor/")
    assert "Bjørn" not in page.get_data(as_text=True)
    for act in ("acceptance", "decline"):
        astrids.post(f"/mentor/requests/{proposal.id}/{act}", status=404)
    proposal_answers.accept(proposal, proposal.mentee.member.user, now)
    page = astrids.get("/mentor/")
    assert page.heading == "Hei, Astrid. Én kollega spør etter deg."
    assert "Bjørn Haugland, kommunedirektør i Nome" in page.main
    assert "Seks møter, annenhver måned" in page.main
    promise.saw("0 spor av menteen på siden før svaret, navnet etter")


def test_the_mentors_yes_makes_the_pair(astrids: CheckingClient, proposal: Proposal, now: datetime) -> None:
    proposal_answers.accept(proposal, proposal.mentee.member.user, now)
    astrids.get("/mentor/")
    page = astrids.submit(f"/mentor/requests/{proposal.id}/acceptance")
    assert page.heading == "Du og Bjørn Haugland"
    assert "bjorn.haugland@example.org" in page.main
    assert "1 i gang" in astrids.get("/mentor/").main


def test_the_mentors_no_leaves_no_trace_on_the_desk(
    astrids: CheckingClient, proposal: Proposal, now: datetime
) -> None:
    proposal_answers.accept(proposal, proposal.mentee.member.user, now)
    astrids.get("/mentor/")
    page = astrids.submit(f"/mentor/requests/{proposal.id}/decline")
    assert "Den som spurte, får aldri vite at du sa nei." in page.words
    assert "Bjørn" not in page.main


def test_one_without_room_is_told_what_to_do(
    astrids: CheckingClient, proposal: Proposal, mentor: MentorProfile, now: datetime
) -> None:
    proposal_answers.accept(proposal, proposal.mentee.member.user, now)
    profiles.set_capacity(mentor, 0, mentor.member.user, now)
    page = astrids.post(f"/mentor/requests/{proposal.id}/acceptance", status=422)
    assert "Du har ingen ledig plass." in page.main


def test_somebody_elses_request_does_not_exist(
    client: CheckingClient, proposal: Proposal, now: datetime
) -> None:
    proposal_answers.accept(proposal, proposal.mentee.member.user, now)
    other = new_member("Gunn Lie", "Alta", Role.MENTOR)
    new_mentor(other, now=now)
    client.sign_in(other)
    for proposal_id in (proposal.id, 10**12):
        client.post(f"/mentor/requests/{proposal_id}/acceptance", status=404)


def test_the_desk_is_for_mentors(client: CheckingClient, daniel: Member) -> None:
    client.sign_in(daniel).get("/mentor/", status=403)


def test_a_mentor_who_has_told_nothing_is_shown_the_way(client: CheckingClient) -> None:
    client.sign_in(new_member("Ny Mentor", "Alta", Role.MENTOR))
    assert client.get("/mentor/").link("Kom i gang") == "/profile/mentor"
    assert client.get("/mentor/experience").link("Kom i gang") == "/profile/mentor"
    client.post("/mentor/capacity", {"capacity": 2}, status=404)


def test_a_meeting_is_logged_in_two_taps(astrids: CheckingClient, pairing: Mentorship) -> None:
    page = astrids.get("/mentor/")
    astrids.get(page.link("Logg møte").split("#")[0])
    page = astrids.submit(f"/mentor/mentorships/{pairing.id}/held-meetings")
    assert "Møtet er notert." in page.words
    (meeting,) = db.session.query(Meeting).all()
    assert clock.today(meeting.starts_at) == clock.today(clock.now())
    assert (meeting.minutes, meeting.mode.value) == (60, "digital")
    assert meeting.held_logged_at is not None


def test_logging_the_same_day_twice_is_once(astrids: CheckingClient, pairing: Mentorship) -> None:
    data = {"when": "yesterday", "minutes": 45, "mode": "phone"}
    for _ in range(2):
        block = astrids.htmx.post(f"/mentor/mentorships/{pairing.id}/held-meetings", data, 200)
    assert not block.is_whole
    assert block.texts("#mentees [data-focus]") == ["Møtet er notert"]
    assert db.session.query(Meeting).count() == 1


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"when": "other"}, "Skriv hvilken dag dere møttes."),
        ({"when": "other", "day": "i fjor <script>\0"}, "Skriv datoen slik"),
        ({"when": "other", "day": "24.11.2199"}, "Du kan bare notere møter som har vært"),
        ({"when": "other", "day": "x" * 100_000}, "Skriv datoen slik"),
        ({"when": "today", "minutes": "9999", "mode": "pigeon"}, "Dette må rettes først"),
    ],
)
def test_a_meeting_that_cannot_have_been_is_refused_at_the_field(
    astrids: CheckingClient, pairing: Mentorship, data: dict[str, Any], complaint: str
) -> None:
    page = astrids.post(f"/mentor/mentorships/{pairing.id}/held-meetings", data, 422)
    assert complaint in page.main
    assert db.session.query(Meeting).count() == 0


def test_another_mentors_mentee_cannot_be_logged(
    client: CheckingClient, pairing: Mentorship, now: datetime
) -> None:
    other = new_member("Gunn Lie", "Alta", Role.MENTOR)
    new_mentor(other, now=now)
    client.sign_in(other)
    for pair_id in (pairing.id, 10**12):
        client.post(f"/mentor/mentorships/{pair_id}/held-meetings", {"when": "today"}, status=404)


def test_capacity_follows_the_stepper(astrids: CheckingClient, mentor: MentorProfile) -> None:
    astrids.get("/mentor/")
    astrids.post("/mentor/capacity", {"capacity": 3}, 303)
    assert "Ingen er i gang, tre plasser er ledige." in astrids.get("/mentor/").main
    block = astrids.htmx.post("/mentor/capacity", {"capacity": 1}, 200)
    assert "Ingen er i gang, én plass er ledig." in block.words
    assert not block.is_whole


def test_capacity_never_goes_below_what_is_running(
    astrids: CheckingClient, pairing: Mentorship, mentor: MentorProfile
) -> None:
    page = astrids.post("/mentor/capacity", {"capacity": 0}, 422)
    assert "Du har 1 mentorpar i gang." in page.main
    db.session.expire_all()
    assert len(mentor.places) == 2


def test_the_place_in_use_is_the_one_that_stays(
    astrids: CheckingClient, pairing: Mentorship, mentor: MentorProfile
) -> None:
    astrids.post("/mentor/capacity", {"capacity": 1}, 303)
    db.session.expire_all()
    assert [p.number for p in mentor.places] == [pairing.place]


@pytest.mark.parametrize(("value", "status"), [("99", 422), ("-1", 422), ("", 400), ("mange", 400)])
def test_a_capacity_that_is_none_changes_nothing(
    astrids: CheckingClient, mentor: MentorProfile, value: str, status: int
) -> None:
    astrids.post("/mentor/capacity", {"capacity": value}, status)
    db.session.expire_all()
    assert len(mentor.places) == 2


def test_a_pause_and_the_way_back(astrids: CheckingClient, mentor: MentorProfile) -> None:
    astrids.get("/mentor/")
    assert "Du har pause" in astrids.submit("/mentor/pause").main
    assert "Trenger du en pause?" in astrids.submit("/mentor/return").main


def test_what_the_mentor_has_been_through_is_kept(astrids: CheckingClient, mentor: MentorProfile) -> None:
    (crisis,) = areas("crisis")
    (mayor,) = areas("mayor")
    astrids.get("/mentor/experience")
    told: dict[str, Any] = {f"area_{crisis}": "2", f"area_{mayor}": "0", "text": "  Mye rart. "}
    page = astrids.submit("/mentor/experience", **told, retired="y", agreed="1")
    assert "Det du har stått i, er lagret." in page.words
    db.session.expire_all()
    assert {a.area.code: a.strength for a in mentor.areas} == {"economy": 3, "crisis": 2}
    assert (mentor.text, mentor.retired) == ("Mye rart.", True)


def test_a_text_that_is_too_long_comes_back(astrids: CheckingClient, mentor: MentorProfile) -> None:
    page = astrids.post("/mentor/experience", {"text": "å" * 100_000, "modes": "either"}, 422)
    assert "Teksten er for lang." in page.main
    assert "å" * 100_000 in (page.one("textarea").text or "")


def test_the_desk_needs_few_queries_however_many_mentees(
    astrids: CheckingClient, mentor: MentorProfile, now: datetime, queries: Any
) -> None:
    profiles.set_capacity(mentor, 6, mentor.member.user, now)
    for n in range(4):
        pair(new_mentee(new_member(f"Mentee {n}", "Alta"), now), mentor, now)
    for n in range(2):
        mentee = new_mentee(new_member(f"Spør {n}", "Nome", since=date(2024, 1, 1)), now)
        (asked,) = propose(mentee, mentor, within=new_round(now))
        proposal_answers.accept(asked, mentee.member.user, now)
    with queries() as seen:
        page = astrids.get("/mentor/")
    assert page.heading == "Hei, Astrid. 2 kolleger spør etter deg."
    assert len(seen) <= 12, seen  # with those that note, the first time each day, whose data was seen


def test_a_user_without_a_member_row_is_told_whom_to_ask(client: CheckingClient) -> None:
    client.sign_in(new_user("Kari Prøve", Role.MENTOR))
    assert "Ta kontakt med sekretariatet" in client.get("/mentor/").main
