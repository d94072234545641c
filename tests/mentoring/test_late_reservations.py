"""A confidential no that comes after the release is honoured, and nobody can see that it was."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.parser import BytesParser
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import lapsing, profiles, proposal_answers
from portal.mentoring.apart import keep_apart, requests_to
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.reservation_models import Reservation, ReservationKind, Tie
from portal.mentoring.reservations import reserve
from portal.notifications import OutboxMessage
from portal.notifications.delivery import send_due
from portal.privacy.export import gather
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


def no_to(owner: Member, other: Member, now: datetime | None = None) -> None:
    reserve(owner, ReservationKind.PERSON, str(other.id), now or NOW)


def reserve_in_the_portal(client: CheckingClient, owner: Member, other: Member) -> None:
    client.sign_in(owner).post(RESERVATIONS, {"kind": "person", "target": str(other.id)})


@pytest.fixture
def sent(app: Flask, tmp_path: Path) -> Iterator[Callable[..., list[str]]]:
    """Sends what waits in the outbox. Returns whom a mail has gone to."""
    app.config["MAIL_FOLDER"] = tmp_path

    def send(now: datetime = NOW) -> list[str]:
        db.session.commit()
        send_due(now)
        mails = [BytesParser().parsebytes(path.read_bytes()) for path in tmp_path.glob("*.eml")]
        return [str(mail["To"]) for mail in mails]

    yield send
    app.config["MAIL_FOLDER"] = None


@pytest.mark.parametrize("by_mentor", [True, False], ids=["the mentor's", "the mentee's"])
def test_a_reserved_mentor_is_asked_in_the_rows_and_told_of_nothing(
    client: CheckingClient,
    mentee: MenteeProfile,
    mentors: list[MentorProfile],
    sent: Callable[..., list[str]],
    *,
    by_mentor: bool,
) -> None:
    first, second = propose(mentee, *mentors, within=new_round())
    astrid = mentors[0].member
    no_to(astrid, mentee.member) if by_mentor else no_to(mentee.member, astrid)
    for proposal in (first, second):
        proposal_answers.accept(proposal, mentee.member.user, NOW)
    assert first.awaits_mentor
    assert sent() == []
    (mail,) = db.session.scalars(select(OutboxMessage))
    assert (mail.address, mail.withdrawn_at, mail.attempts) == (astrid.user.email, None, 0)
    assert mail.sent_at is not None

    page = client.sign_in(astrid).get("/mentor/")
    assert page.heading == "Hei, Astrid."
    assert mentee.member.name not in page.main
    for act in ("acceptance", "decline"):
        client.post(f"/mentor/requests/{first.id}/{act}", status=404)
    copy = str(gather(astrid.user, clock.now()).as_data())
    assert "Forespørsler du har fått" not in [s.part for s in gather(astrid.user, clock.now()).sections]
    assert "mentor_request_waiting" not in copy

    later = NOW + timedelta(days=8)
    assert lapsing.expire(later) == 2
    assert first.lapsed_at == later
    assert second.awaits_mentor
    assert sent(later) == [mentors[1].member.user.email]


def test_a_reservation_that_is_made_again_was_still_made_the_first_time(
    mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    (first,) = propose(mentee, mentors[0])
    no_to(mentee.member, mentors[0].member)
    proposal_answers.accept(first, mentee.member.user, NOW)
    later = NOW + timedelta(days=1)
    reserve(mentee.member, ReservationKind.PERSON, str(mentors[0].member_id), later, Tie.FAMILY)
    (request,) = requests_to(mentors[0].member.user_id)
    assert (request.apart_since, request.was_told) == (NOW, False)


def test_a_reservation_that_is_taken_back_lets_the_mentor_see_the_request(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    (first,) = propose(mentee, mentors[0])
    no_to(mentee.member, mentors[0].member)
    proposal_answers.accept(first, mentee.member.user, NOW)
    for row in db.session.scalars(select(Reservation)):
        db.session.delete(row)
    assert mentee.member.name in client.sign_in(mentors[0].member).get("/mentor/").main


def test_a_mentor_who_reserves_against_one_who_was_kept_from_them_gives_no_answer(
    client: CheckingClient, mentee: MenteeProfile, mentors: list[MentorProfile]
) -> None:
    (first,) = propose(mentee, mentors[0])
    no_to(mentee.member, mentors[0].member)
    proposal_answers.accept(first, mentee.member.user, NOW)
    reserve_in_the_portal(client, mentors[0].member, mentee.member)
    db.session.expire_all()
    assert first.awaits_mentor


def test_a_mentee_who_has_been_shut_out_is_neither_shown_nor_paired(
    client: CheckingClient,
    mentee: MenteeProfile,
    mentors: list[MentorProfile],
    sent: Callable[..., list[str]],
) -> None:
    first, second = propose(mentee, *mentors, within=new_round())
    for proposal in (first, second):
        proposal_answers.accept(proposal, mentee.member.user, NOW)
    mentee.member.user.deactivated_at = NOW
    assert sent() == []
    astrids = client.sign_in(mentors[0].member)
    assert mentee.member.name not in astrids.get("/mentor/").main
    page = astrids.post(f"/mentor/requests/{first.id}/acceptance", status=422)
    assert "gjelder ikke lenger" in page.main
    db.session.expire_all()
    assert db.session.query(Mentorship).count() == 0
    assert first.lapsed_at is not None
    assert lapsing.expire(clock.now()) == 0
    assert second.mentor_asked_at is None, "nobody is asked for somebody who cannot come in"
    mentee.member.user.deactivated_at = None
    assert lapsing.expire(clock.now()) == 1
    assert second.awaits_mentor


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
    assert mentee.member.name not in astrids.get("/mentor/").main
    for act in ("acceptance", "decline"):
        page = astrids.post(f"/mentor/requests/{first.id}/{act}", status=422)
        assert "gjelder ikke lenger" in page.main
    db.session.expire_all()
    assert db.session.query(Mentorship).count() == 0
    assert first.awaits_mentor, "to everybody else the mentor has not answered"
    assert client.sign_in(mentee.member).get("/mentoring/proposals").main == before
    lapsing.expire(NOW + timedelta(days=8))
    assert second.awaits_mentor
    assert "Vi spør den neste." in client.get("/mentoring/proposals").main


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
    no_to(mentee.member, mentors[1].member, clock.now())
    assert answer(second) == taken_back
