"""The pair's page: meetings agreed, moved, cancelled and logged, and the end."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring import mentorships
from portal.mentoring.mentorship_models import EndReason, Meeting, MeetingMode, Mentorship
from tests.mentoring.pairing import new_mentee, new_mentor, pair
from tests.support.client import CheckingClient
from tests.support.people import new_member


@pytest.fixture
def pairing(astrid: Member, bjorn: Member, now: datetime) -> Mentorship:
    """Astrid and Bjørn, since two weeks."""
    start = now - timedelta(days=14)
    return pair(new_mentee(bjorn, start), new_mentor(astrid, now=start), start)


@pytest.fixture
def meeting(pairing: Mentorship, now: datetime) -> Meeting:
    """In a week."""
    return mentorships.plan_meeting(
        pairing, now + timedelta(days=7), 60, MeetingMode.DIGITAL, pairing.mentor.member.user, now
    )


def url(pairing: Mentorship) -> str:
    return f"/mentoring/mentorships/{pairing.id}"


@pytest.mark.parametrize("who", ["mentee", "mentor"])
def test_each_sees_the_other(client: CheckingClient, pairing: Mentorship, who: str) -> None:
    me, other = (pairing.mentee, pairing.mentor)[:: 1 if who == "mentee" else -1]
    page = client.sign_in(me.member).get(url(pairing))
    assert page.heading == f"Du og {other.member.name}"
    assert other.member.user.email in page.main
    assert other.member.municipality.display_name in page.main


@pytest.mark.promise("Ingen andre enn de to ser mentorparets side")
def test_nobody_but_the_two_gets_in(
    client: CheckingClient, pairing: Mentorship, daniel: Member, eva: User, promise: Any
) -> None:
    client.sign_in(daniel)
    for pair_id in (pairing.id, 10**12):
        client.get(f"/mentoring/mentorships/{pair_id}", status=404)
        for act in ("meetings", "held-meetings", "end"):
            client.post(f"/mentoring/mentorships/{pair_id}/{act}", status=404)
    other = new_member("Gunn Lie", "Alta", Role.MENTOR)
    client.sign_in(other).get(url(pairing), status=404)
    client.sign_in(eva).get(url(pairing), status=403)
    promise.saw("3 andre, 0 slapp inn")


def test_the_first_meeting_is_agreed(client: CheckingClient, pairing: Mentorship, now: datetime) -> None:
    client.sign_in(pairing.mentee.member).get(url(pairing))
    day = clock.today(now) + timedelta(days=9)
    data = {"plan-day": f"{day:%d.%m.%Y}", "plan-at": "14", "plan-minutes": "45", "plan-mode": "phone"}
    for _ in range(2):  # a double click
        page = client.follow(client.post(f"{url(pairing)}/meetings", data, 303))
    assert "Møtet er avtalt." in page.words
    assert "kl. 14.00" in page.main
    (made,) = db.session.query(Meeting).all()
    assert (made.minutes, made.mode, made.agreed_by_id) == (
        45,
        MeetingMode.PHONE,
        pairing.mentee.member.user_id,
    )
    assert "Dere møtes" in client.get("/mentoring/").main


@pytest.mark.parametrize(
    ("day", "at", "complaint"),
    [
        ("", "", "Skriv hvilken dag dere skal møtes."),
        ("  ", "  ", "Skriv når dere skal møtes."),
        ("1.1.2001", "09.00", "Velg et tidspunkt som ikke har vært."),
        ("1.1.9999", "09.00", "Velg et tidspunkt i løpet av de neste to årene."),
        ("32.13.2026", "25.00", "Skriv tiden slik: 09.00."),
        ("<script>\0", "'; DROP TABLE", "Skriv datoen slik: 24.11.2026."),
    ],
)
def test_a_time_that_cannot_be_is_refused_and_kept_as_typed(
    client: CheckingClient, pairing: Mentorship, day: str, at: str, complaint: str
) -> None:
    client.sign_in(pairing.mentor.member)
    page = client.post(f"{url(pairing)}/meetings", {"plan-day": day, "plan-at": at}, 422)
    assert complaint in page.main
    assert db.session.query(Meeting).count() == 0
    if "\0" not in day:
        assert page.one("#plan-day").get("value") == day


def test_a_meeting_is_moved(client: CheckingClient, meeting: Meeting, now: datetime) -> None:
    page = client.sign_in(meeting.mentorship.mentee.member).get(url(meeting.mentorship))
    client.get(page.link("Flytt").split("#")[0])
    day = clock.today(now) + timedelta(days=12)
    typed: dict[str, Any] = {"move-day": f"{day:%Y-%m-%d}", "move-at": "8.15"}
    page = client.submit(f"/meetings/{meeting.id}/time", **typed)
    assert "Møtet er flyttet." in page.words
    db.session.expire_all()
    assert clock.oslo(meeting.starts_at).hour == 8
    page = client.post(f"/mentoring/meetings/{meeting.id}/time", {"move-day": "x"}, 422)
    assert "Skriv datoen slik" in page.main


def test_a_meeting_is_cancelled_once(client: CheckingClient, meeting: Meeting) -> None:
    client.sign_in(meeting.mentorship.mentee.member).get(url(meeting.mentorship))
    page = client.submit(f"/meetings/{meeting.id}/cancellation")
    assert "Møtet er avlyst." in page.words
    assert "Ingen møter er avtalt" in page.main
    client.post(f"/mentoring/meetings/{meeting.id}/cancellation", status=303)


def test_somebody_elses_meeting_does_not_exist(
    client: CheckingClient, meeting: Meeting, daniel: Member
) -> None:
    client.sign_in(daniel)
    for meeting_id in (meeting.id, 10**12):
        client.post(f"/mentoring/meetings/{meeting_id}/time", status=404)
        client.post(f"/mentoring/meetings/{meeting_id}/cancellation", status=404)


def test_either_logs_that_they_met_and_nothing_else(client: CheckingClient, pairing: Mentorship) -> None:
    client.sign_in(pairing.mentee.member).get(url(pairing))
    chosen: dict[str, Any] = {"held-when": "yesterday"}
    page = client.submit(f"{url(pairing)}/held-meetings", **chosen)
    assert "Møtet er notert." in page.words
    assert set(Meeting.__table__.columns.keys()) == {
        "id", "mentorship_id", "starts_at", "minutes", "mode", "agreed_by_id",
        "held_logged_at", "held_logged_by_id", "cancelled_at",
    }  # fmt: skip


def test_logging_the_day_of_an_agreed_meeting_marks_that_meeting(
    pairing: Mentorship, meeting: Meeting, now: datetime
) -> None:
    then = now + timedelta(days=7, hours=1)
    day, user = clock.today(meeting.starts_at), pairing.mentor.member.user
    assert mentorships.log_held(pairing, day, 45, MeetingMode.PHONE, user, then) is meeting
    assert (meeting.minutes, meeting.held_logged_at) == (45, then)


def test_the_end_needs_a_reason_and_gives_the_place_back(
    client: CheckingClient, meeting: Meeting, now: datetime
) -> None:
    pairing = meeting.mentorship
    client.sign_in(pairing.mentee.member)
    page = client.post(f"{url(pairing)}/end", {}, 422)
    assert "Velg et av svarene." in page.main
    page = client.follow(client.post(f"{url(pairing)}/end", {"end-reason": "done"}, 303))
    assert "Mentorparet er avsluttet." in page.words
    db.session.expire_all()
    assert (pairing.end_reason, pairing.place) == (EndReason.DONE, None)
    assert meeting.cancelled_at is not None
    assert pairing.mentor.free_places == [1]
    client.post(f"{url(pairing)}/end", {"end-reason": "other"}, 303)
    db.session.expire_all()
    assert pairing.end_reason is EndReason.DONE


def test_an_ended_pair_takes_no_more_meetings(
    client: CheckingClient, pairing: Mentorship, now: datetime
) -> None:
    mentorships.end(pairing, EndReason.NO_TIME, pairing.mentee.member.user, now)
    client.sign_in(pairing.mentee.member)
    day = f"{clock.today(now) + timedelta(days=3):%d.%m.%Y}"
    page = client.post(f"{url(pairing)}/meetings", {"plan-day": day, "plan-at": "9"}, 422)
    assert "Mentorparet ble avsluttet" in page.main


def test_the_page_needs_few_queries(
    client: CheckingClient, pairing: Mentorship, now: datetime, queries: Any
) -> None:
    for days in range(1, 8):
        at = now + timedelta(days=days)
        mentorships.plan_meeting(pairing, at, 60, MeetingMode.DIGITAL, pairing.mentor.member.user, now)
    client.sign_in(pairing.mentee.member)
    with queries() as seen:
        client.get(url(pairing))
    assert len(seen) <= 12, seen
