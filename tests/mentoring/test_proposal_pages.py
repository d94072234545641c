"""The mentee's pages: what they say at each stage, and who is let in."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.access import Role
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import profiles, proposal_answers
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve
from tests.mentoring.pairing import new_mentee, new_mentor, new_round, pair, propose
from tests.support.client import CheckingClient
from tests.support.people import new_member, new_user


@pytest.fixture
def mentee(bjorn: Member, now: datetime) -> MenteeProfile:
    return new_mentee(bjorn, now)


@pytest.fixture
def three(mentee: MenteeProfile, astrid: Member, now: datetime) -> list[Proposal]:
    """Three proposals that wait for Bjørn, Astrid first."""
    members = [astrid, new_member("Gunn Lie", "Steinkjer"), new_member("Harald Vik", "Alta")]
    return propose(mentee, *[new_mentor(m, now=now) for m in members], within=new_round(now))


@pytest.fixture
def bjorns(client: CheckingClient, bjorn: Member) -> CheckingClient:
    return client.sign_in(bjorn)


def test_a_newcomer_is_asked_to_tell(bjorns: CheckingClient) -> None:
    page = bjorns.get("/mentoring/")
    assert "Fortell hva du står i" in page.main
    assert page.link("Fortell") == "/profile/challenges"


def test_one_who_has_told_is_told_that_we_look(bjorns: CheckingClient, mentee: MenteeProfile) -> None:
    assert "Vi leter etter en mentor til deg." in bjorns.get("/mentoring/").main


def test_three_proposals_wait(bjorns: CheckingClient, three: list[Proposal]) -> None:
    page = bjorns.get("/mentoring/")
    assert "Tre forslag venter på svaret ditt." in page.main
    page = bjorns.get(page.link("Se forslagene"))
    assert page.heading == "Tre som har stått i noe lignende"
    assert "Har bygd tillit til en ny ordfører" in page.main
    assert "Omtrent samme størrelse som der du leder" in page.main
    assert "Én forskjell: har vært i rollen i elleve år, du i to år." in page.main
    assert "dager igjen" in page.main
    assert len(page.all("article.proposal")) == 3


@pytest.mark.promise("En mentee ser aldri hvem mentoren er før begge har sagt ja")
def test_no_name_and_no_municipality_before_both_have_said_yes(
    bjorns: CheckingClient, three: list[Proposal], promise: Any
) -> None:
    bjorns.get("/mentoring/proposals")
    bjorns.submit(f"/{three[0].id}/acceptance")
    for url in ("/mentoring/", "/mentoring/proposals"):
        source = bjorns.get(url).get_data(as_text=True)
        for proposal in three:
            member = proposal.mentor.member
            assert member.name not in source
            assert member.user.email not in source
            assert member.municipality.display_name not in source
    promise.saw("2 sider, 3 forslag, 0 navn")


def test_yes_asks_the_mentor_and_says_what_happens_next(
    bjorns: CheckingClient, three: list[Proposal]
) -> None:
    bjorns.get("/mentoring/proposals")
    page = bjorns.submit(f"/{three[0].id}/acceptance")
    assert "Du har sagt ja. Du hører fra oss" in page.words
    assert "Du har sagt ja. Vi spør nå." in page.main
    db.session.expire_all()
    assert three[0].awaits_mentor


def test_a_double_click_on_yes_is_harmless(bjorns: CheckingClient, three: list[Proposal]) -> None:
    for _ in range(2):
        bjorns.post(f"/mentoring/proposals/{three[0].id}/acceptance")
    assert "Du har sagt ja. Vi spør nå." in bjorns.get("/mentoring/proposals").main


def test_a_mentors_no_reads_as_that_we_ask_the_next(
    bjorns: CheckingClient, three: list[Proposal], now: datetime
) -> None:
    for proposal in three[:2]:
        bjorns.post(f"/mentoring/proposals/{proposal.id}/acceptance")
    proposal_answers.decline(three[0], three[0].mentor.member.user, now)
    page = bjorns.get("/mentoring/proposals")
    assert "Vi spør den neste." in page.main
    assert "nei" not in page.texts(f"#proposal-{three[0].id}")[0]


@pytest.mark.parametrize("why", ["paused", "full"])
def test_a_yes_that_nobody_is_asked_about_says_so_and_not_why(
    bjorns: CheckingClient, mentee: MenteeProfile, astrid: Member, daniel: Member, now: datetime, why: str
) -> None:
    mentor = new_mentor(astrid, now=now)
    (only,) = propose(mentee, mentor, within=new_round(now))
    if why == "paused":
        profiles.pause(mentor, astrid.user, now)
    else:
        pair(new_mentee(daniel, now), mentor, now)
    bjorns.post(f"/mentoring/proposals/{only.id}/acceptance")
    said = [bjorns.get(url).main for url in ("/home", "/mentoring/", "/mentoring/proposals")]
    assert "Ingen mentor er spurt akkurat nå" in said[0]
    assert "Vi har spurt" not in said[0]
    assert "Du har sagt ja, og ingen mentor er spurt akkurat nå." in said[1]
    assert "Følger én om gangen" in said[2]
    page = bjorns.submit("/mentoring/others")
    assert "Vi leter etter en mentor til deg." in page.main


@pytest.mark.parametrize("by_mentor", [True, False], ids=["the mentor's", "the mentee's"])
def test_a_yes_to_one_who_is_kept_apart_reads_as_a_yes_to_anybody(
    bjorns: CheckingClient, mentee: MenteeProfile, astrid: Member, now: datetime, *, by_mentor: bool
) -> None:
    (only,) = propose(mentee, new_mentor(astrid, now=now), within=new_round(now))
    owner, other = (astrid, mentee.member) if by_mentor else (mentee.member, astrid)
    reserve(owner, ReservationKind.PERSON, str(other.id), now)
    bjorns.post(f"/mentoring/proposals/{only.id}/acceptance")
    assert "Vi har spurt en mentor på dine vegne" in bjorns.get("/home").main
    assert "Du har sagt ja. Vi spør nå." in bjorns.get("/mentoring/proposals").main


def test_one_who_is_asked_about_nobody_is_told_what_can_still_be_chosen(
    bjorns: CheckingClient, three: list[Proposal], now: datetime
) -> None:
    profiles.pause(three[0].mentor, three[0].mentor.member.user, now)
    bjorns.post(f"/mentoring/proposals/{three[0].id}/acceptance")
    assert "To forslag venter på svaret ditt." in bjorns.get("/mentoring/").main


def test_we_say_that_we_ask_the_next_only_when_we_do(
    bjorns: CheckingClient, three: list[Proposal], now: datetime
) -> None:
    bjorns.post(f"/mentoring/proposals/{three[0].id}/acceptance")
    proposal_answers.decline(three[0], three[0].mentor.member.user, now)
    page = bjorns.get("/mentoring/proposals")
    assert "Vi spør den neste." not in page.main
    assert "Det ble ikke noe denne gangen." in page.main


def test_not_now_takes_the_card_away_and_can_be_changed(
    bjorns: CheckingClient, three: list[Proposal]
) -> None:
    bjorns.get("/mentoring/proposals")
    page = bjorns.submit(f"/{three[0].id}/decline")
    assert len(page.all("article.proposal")) == 2
    page = bjorns.submit("Ja likevel")
    assert len(page.all("article.proposal")) == 3


def test_the_order_is_changed_with_and_without_htmx(bjorns: CheckingClient, three: list[Proposal]) -> None:
    order = [f"proposal-{p.id}" for p in three]
    bjorns.get("/mentoring/proposals")
    bjorns.post(f"/mentoring/proposals/{three[1].id}/rank", {"direction": "up"}, 303)
    page = bjorns.get("/mentoring/proposals")
    assert [a.get("id") for a in page.all("article")] == [order[1], order[0], order[2]]
    block = bjorns.htmx.post(f"/mentoring/proposals/{three[1].id}/rank", {"direction": "down"}, 200)
    assert not block.is_whole
    assert [a.get("id") for a in block.all("article")] == order


@pytest.mark.parametrize("direction", ["", "sideways", "<script>", "\0", "x" * 100_000])
def test_a_direction_that_is_none_is_refused(
    bjorns: CheckingClient, three: list[Proposal], direction: str
) -> None:
    bjorns.post(f"/mentoring/proposals/{three[0].id}/rank", {"direction": direction}, 400)


def test_others_are_asked_for(bjorns: CheckingClient, three: list[Proposal]) -> None:
    bjorns.get("/mentoring/proposals")
    page = bjorns.submit("/mentoring/others")
    assert "Vi finner andre til deg." in page.words
    assert "Vi leter etter en mentor til deg." in page.main


def test_an_answer_that_is_too_late_says_so(
    bjorns: CheckingClient, mentee: MenteeProfile, astrid: Member, now: datetime
) -> None:
    (late,) = propose(mentee, new_mentor(astrid, now=now), within=new_round(now - timedelta(days=20)))
    page = bjorns.post(f"/mentoring/proposals/{late.id}/acceptance", status=422)
    assert "Fristen for å svare er ute" in page.main


def test_a_draft_is_not_there_yet(
    bjorns: CheckingClient, mentee: MenteeProfile, astrid: Member, now: datetime
) -> None:
    (draft,) = propose(mentee, new_mentor(astrid, now=now), within=new_round(now, released=False))
    assert "Vi leter" in bjorns.get("/mentoring/").main
    assert "Her kommer forslagene" in bjorns.get("/mentoring/proposals").main
    for act in ("acceptance", "decline"):
        bjorns.post(f"/mentoring/proposals/{draft.id}/{act}", status=404)


@pytest.mark.parametrize("act", ["acceptance", "decline", "rank"])
def test_somebody_elses_proposal_does_not_exist(
    client: CheckingClient, three: list[Proposal], daniel: Member, act: str
) -> None:
    client.sign_in(daniel)
    for proposal_id in (three[0].id, 10**12):
        client.post(f"/mentoring/proposals/{proposal_id}/{act}", {"direction": "up"}, status=404)


def test_the_mentor_cannot_use_the_mentees_way(
    client: CheckingClient, three: list[Proposal], astrid: Member
) -> None:
    client.sign_in(astrid).post(f"/mentoring/proposals/{three[0].id}/acceptance", status=404)


def test_the_pages_are_for_members(client: CheckingClient) -> None:
    client.sign_in(new_user("Kari Prøve", Role.COACH))
    for url in ("/mentoring/", "/mentoring/proposals"):
        client.get(url, status=403)


def test_one_with_a_mentor_is_led_to_the_first_meeting(
    bjorns: CheckingClient, mentee: MenteeProfile, astrid: Member, now: datetime
) -> None:
    made = pair(mentee, new_mentor(astrid, now=now), now)
    page = bjorns.get("/mentoring/")
    assert "Du og Astrid Moen er et mentorpar." in page.main
    assert page.link("Avtal et møte") == f"/mentoring/mentorships/{made.id}"


def test_the_page_needs_few_queries_however_many_have_room(
    bjorns: CheckingClient, three: list[Proposal], queries: Any
) -> None:
    for url in ("/mentoring/", "/mentoring/proposals"):
        with queries() as seen:
            bjorns.get(url)
        assert len(seen) <= 12, seen
