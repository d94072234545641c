"""A confidential no that comes after the release is honoured, and nobody can see that it was."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import lapsing, profiles, proposal_answers
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import keep_apart, reserve
from tests.mentoring.pairing import NOW, new_mentee, new_mentor, new_round, propose
from tests.support.client import CheckingClient
from tests.support.people import new_member

RESERVATIONS = "/profile/reservations"


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def mentee(bjorn: Member) -> MenteeProfile:
    return new_mentee(bjorn)


@pytest.fixture
def mentors(astrid: Member) -> list[MentorProfile]:
    return [new_mentor(member) for member in (astrid, new_member("Gunn Lie", "Steinkjer"))]


def no_to(owner: Member, other: Member) -> None:
    reserve(owner, ReservationKind.PERSON, str(other.id), NOW)


def reserve_in_the_portal(client: CheckingClient, owner: Member, other: Member) -> None:
    client.sign_in(owner).post(RESERVATIONS, {"kind": "person", "target": str(other.id)})


@pytest.mark.parametrize("by_mentor", [True, False], ids=["the mentor's", "the mentee's"])
def test_a_reserved_mentor_is_never_asked_and_the_next_one_is(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile], *, by_mentor: bool
) -> None:
    first, second = propose(mentee, *mentors, within=new_round())
    two = (mentors[0].member, mentee.member) if by_mentor else (mentee.member, mentors[0].member)
    no_to(*two)
    for proposal in (first, second):
        proposal_answers.accept(proposal, mentee.member.user, NOW)
    assert (first.mentor_asked_at, first.lapsed_at) == (None, None)
    assert second.awaits_mentor
    proposal_answers.decline(second, mentors[1].member.user, NOW)
    assert lapsing.expire(NOW + timedelta(days=8)) == 0
    assert mentee.member.name not in client.sign_in(mentors[0].member).get("/mentor/").main
    lapsing.lapse_unanswered(first.round, NOW)
    assert first.lapsed_at == NOW


@pytest.mark.parametrize(
    ("kind", "target", "apart"),
    [
        (ReservationKind.MUNICIPALITY, "3405", True),
        (ReservationKind.COUNTY, "34", True),
        (ReservationKind.NEIGHBOURS, "", False),
        (ReservationKind.COUNTY, "50", False),
    ],
)
def test_a_place_that_is_ruled_out_rules_out_whoever_leads_it(
    bjorn: Member, astrid: Member, kind: ReservationKind, target: str, *, apart: bool
) -> None:
    assert astrid.municipality_number == "3405"
    reserve(bjorn, kind, target, NOW)
    assert keep_apart(bjorn, astrid) is keep_apart(astrid, bjorn) is apart


def test_neighbours_are_neighbours_whoever_said_no(bjorn: Member, astrid: Member) -> None:
    gausdal = new_member("Gudrun Li", "Gausdal")
    reserve(gausdal, ReservationKind.NEIGHBOURS, "", NOW)
    assert keep_apart(astrid, gausdal)
    assert not keep_apart(bjorn, gausdal)


def test_a_mentor_who_reserves_against_one_who_waits_has_said_no_as_to_anybody(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second = propose(mentee, *mentors, within=new_round())
    for proposal in (first, second):
        proposal_answers.accept(proposal, mentee.member.user, NOW)
    reserve_in_the_portal(client, mentors[0].member, mentee.member)
    db.session.expire_all()
    assert first.mentor_declined_at is not None
    assert second.awaits_mentor
    assert mentee.member.name not in client.get("/mentor/").main
    page = client.sign_in(mentee.member).get("/mentoring/proposals")
    assert "Vi spør den neste." in page.texts(f"#proposal-{first.id}")[0]


def test_a_mentor_who_reserves_against_somebody_else_keeps_the_request(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile], daniel: Member
) -> None:
    (first,) = propose(mentee, mentors[0])
    proposal_answers.accept(first, mentee.member.user, NOW)
    reserve_in_the_portal(client, mentors[0].member, daniel)
    db.session.expire_all()
    assert first.awaits_mentor


def test_a_mentee_who_reserves_sees_nothing_move_and_the_mentors_yes_makes_no_pair(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    first, second = propose(mentee, *mentors, within=new_round(NOW))
    for proposal in (first, second):
        proposal_answers.accept(proposal, mentee.member.user, NOW)
    before = client.sign_in(mentee.member).get("/mentoring/proposals").main
    reserve_in_the_portal(client, mentee.member, mentors[0].member)
    lapsing.expire(NOW)
    assert client.get("/mentoring/proposals").main == before

    astrids = client.sign_in(mentors[0].member)
    page = astrids.post(f"/mentor/requests/{first.id}/acceptance", status=422)
    assert "gjelder ikke lenger" in page.main
    assert mentee.member.name not in page.main
    db.session.expire_all()
    assert db.session.query(Mentorship).count() == 0
    assert second.awaits_mentor
    assert "Vi spør den neste." in client.sign_in(mentee.member).get("/mentoring/proposals").main


def test_what_the_mentor_reads_is_the_same_as_when_the_yes_was_taken_back(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    def answer(proposal: Proposal) -> str:
        address = f"/mentor/requests/{proposal.id}/acceptance"
        mentor = proposal.mentor.member
        page = client.sign_in(mentor).post(address, status=422)
        return str(page.main).replace(mentor.user.first_name, "")

    first, second = propose(mentee, *mentors, within=new_round())
    profiles.pause(mentors[1], mentors[1].member.user, NOW)
    proposal_answers.accept(first, mentee.member.user, NOW)
    proposal_answers.decline(first, mentee.member.user, NOW)
    taken_back = answer(first)
    profiles.resume(mentors[1], mentors[1].member.user, NOW)
    proposal_answers.accept(second, mentee.member.user, NOW)
    no_to(mentee.member, mentors[1].member)
    assert answer(second) == taken_back
