"""The coach's week, conversations and free time."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from portal import clock
from portal.coaching.availability import Offer, offer
from portal.coaching.models import Availability, Booking, Coach, Slot, SlotMode
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_coach, new_programme, new_slot, participant
from tests.support.people import new_user

ROUTES = ("/coach/", "/coach/sessions", "/coach/availability")
HARD = ("a" * 100_000, "\0", "<script>alert(1)</script>", "' OR 1=1 --", "9" * 400, "")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def conversation(bjorn: Member, cecilie: Coach) -> Booking:
    """Bjørn's with Cecilie last Thursday, not confirmed yet."""
    return booked(
        participant(bjorn, new_programme()), cecilie, at(date(2026, 11, 19), 13), theme="Ordføreren"
    )


@pytest.fixture
def other(cecilie: Coach, daniel: Member, conversation: Booking) -> Booking:
    """Another coach's."""
    stranger = new_coach(new_user("Sigurd Berg", *cecilie.user.roles))
    enrolment = participant(daniel, conversation.enrolment.programme)
    return booked(enrolment, stranger, at(date(2026, 11, 23), 9))


@pytest.mark.parametrize("url", ROUTES)
def test_only_coaches_come_in(client: Any, bjorn: Member, eva: Any, url: str) -> None:
    client.sign_in(bjorn).get(url, status=403)
    client.sign_in(eva).get(url, status=403)


@pytest.mark.parametrize("url", ROUTES)
def test_an_empty_page_says_how_to_fill_it(client: Any, cecilie: Coach, url: str) -> None:
    assert "Legg til" in client.sign_in(cecilie).get(url).main


def test_the_week_shows_its_conversations_and_free_hours(
    client: Any, cecilie: Coach, conversation: Booking, daniel: Member
) -> None:
    booked(participant(daniel, conversation.enrolment.programme), cecilie, at(date(2026, 11, 24), 13))
    for hour in (9, 10, 11):
        new_slot(cecilie, at(date(2026, 11, 27), hour))
    page = client.sign_in(cecilie).get("/coach/")
    assert page.heading == "Uke 48"
    assert "1 samtale, 3 ledige timer" in page.main
    assert "ledig 09.00–12.00" in page.main
    assert "Ble samtalen torsdag 19. november holdt?" in page.main
    assert "Bjørn Haugland, Nome, digitalt kl. 13.00–14.00" in page.main


def test_on_a_sunday_the_coming_week_is_shown_first(client: Any, cecilie: Coach) -> None:
    new_slot(cecilie, at(date(2026, 11, 30), 9))
    with time_machine.travel(at(date(2026, 11, 29), 10), tick=False):
        client.sign_in(cecilie)
        assert "Uke 49" in client.get("/coach/").main
        assert "Kommende uke" in client.get("/coach/?week=2026-W48").main


def test_another_week_has_an_address_of_its_own(client: Any, cecilie: Coach, conversation: Booking) -> None:
    page = client.sign_in(cecilie).get("/coach/")
    page = client.get(page.link("Uke 47"))
    assert (page.heading, "Bjørn Haugland" in page.texts(".week")[0]) == ("Uke 47", True)
    for odd in ("2026-W54", "2026-W00", "x", "2026", "99999999999999-W1", "0-W1"):
        client.get(f"/coach/?week={odd}", status=404)


def test_one_click_confirms_that_it_was_held(client: Any, cecilie: Coach, conversation: Booking) -> None:
    client.sign_in(cecilie).get("/coach/")
    page = client.submit("/outcome", outcome="held")
    assert "Samtalen med Bjørn Haugland er bekreftet som gjennomført" in page.words
    assert "holdt?" not in page.main
    db.session.expire_all()
    assert conversation.held_at == NOW


def test_a_double_click_confirms_once(client: Any, cecilie: Coach, conversation: Booking) -> None:
    client.sign_in(cecilie)
    for _ in range(2):
        client.post(f"/coach/bookings/{conversation.id}/outcome", {"outcome": "no_show"}, status=303)
    db.session.expire_all()
    assert (conversation.no_show_at, conversation.held_at) == (NOW, None)


def test_a_slip_is_put_right_the_same_day(client: Any, cecilie: Coach, conversation: Booking) -> None:
    client.sign_in(cecilie)
    client.post(f"/coach/bookings/{conversation.id}/outcome", {"outcome": "no_show"})
    client.get("/coach/sessions?show=done")
    client.submit("/outcome", outcome="held")
    db.session.expire_all()
    assert conversation.held_at is not None


def test_what_has_not_begun_cannot_be_confirmed(client: Any, cecilie: Coach, conversation: Booking) -> None:
    ahead = booked(conversation.enrolment, cecilie, at(date(2026, 12, 1), 9))
    client.sign_in(cecilie)
    answer = client.post(f"/coach/bookings/{ahead.id}/outcome", {"outcome": "held"})
    assert "har ikke begynt ennå" in client.follow(answer).words
    client.post(f"/coach/bookings/{ahead.id}/outcome", {"outcome": "moved"}, status=422)


def test_another_coachs_conversation_does_not_exist(
    client: Any, cecilie: Coach, conversation: Booking, other: Booking
) -> None:
    client.sign_in(cecilie)
    client.post(f"/coach/bookings/{other.id}/outcome", {"outcome": "held"}, status=404)
    client.post(f"/coach/bookings/{10**12}/outcome", {"outcome": "held"}, status=404)
    for show in ("ahead", "waiting", "done", "cancelled"):
        assert "Daniel" not in client.get(f"/coach/sessions?show={show}").main
    assert "Daniel" not in client.get("/coach/").main


def test_where_to_go_afterwards_is_never_a_strangers_site(
    client: Any, cecilie: Coach, conversation: Booking
) -> None:
    client.sign_in(cecilie)
    form = {"outcome": "held", "back": "//evil.example/"}
    answer = client.post(f"/coach/bookings/{conversation.id}/outcome", form)
    assert answer.headers["Location"] == "/coach/"


def test_the_list_shows_the_theme_to_the_coach_alone(
    client: Any, cecilie: Coach, conversation: Booking, eva: Any
) -> None:
    assert "Ordføreren" in client.sign_in(cecilie).get("/coach/sessions?show=waiting").main
    assert "Ordføreren" not in client.sign_in(eva).get("/secretariat/sessions").main


@pytest.mark.parametrize("query", ["show=x", "page=0", "page=-1", f"page={10**30}", "page=x"])
def test_an_odd_filter_shows_the_list_all_the_same(client: Any, cecilie: Coach, query: str) -> None:
    client.sign_in(cecilie).get(f"/coach/sessions?{query}")


WEEKLY = {
    "kind": "weekly",
    "first": "1.12.2026",
    "last": "21.12.2026",
    "starts": "9",
    "ends": "12.00",
    "mode": "either",
}


def test_a_weekly_pattern_is_added_and_described(client: Any, cecilie: Coach) -> None:
    client.sign_in(cecilie).get("/coach/availability")
    page = client.submit("/coach/availability", **WEEKLY)
    assert "9 timer er klare til bestilling" in page.words
    assert "Tirsdager 09–12, hver uke til 21. desember 2026" in page.main


def test_the_preview_says_what_it_will_be_and_saves_nothing(client: Any, cecilie: Coach) -> None:
    client.sign_in(cecilie).get("/coach/availability")
    page = client.post("/coach/availability/preview", WEEKLY)
    assert "hver uke til 21. desember 2026: 9 timer til bestilling." in page.main
    block = client.htmx.post("/coach/availability/preview", WEEKLY)
    assert "9 timer til bestilling" in block.words
    assert not block.is_whole
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 0


def test_a_single_day_needs_no_last_day(client: Any, cecilie: Coach) -> None:
    client.sign_in(cecilie).get("/coach/availability")
    page = client.submit("/coach/availability", **{**WEEKLY, "kind": "single", "last": ""})
    assert "tirsdag 1. desember kl. 09.00" in page.main
    page = client.submit("/withdrawal")
    assert "Timen er tatt tilbake" in page.words


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first": ""}, "Skriv hvilken dag"),
        ({"first": "31.2.2026"}, "Skriv datoen slik"),
        ({"last": ""}, "Skriv når mønsteret slutter"),
        ({"last": "1.11.2026"}, "Siste dag må være etter"),
        ({"starts": "25.00"}, "Skriv tiden slik"),
        ({"ends": "09.30"}, "hele timer"),
        ({"first": "1.12.2020", "last": "8.12.2020"}, "Tiden er passert"),
        ({"last": "1.12.2099"}, "innen ett år"),
        ({"place": "x" * 201}, "høyst 200 tegn"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    client: Any, cecilie: Coach, change: dict[str, str], message: str
) -> None:
    client.sign_in(cecilie)
    page = client.post("/coach/availability", {**WEEKLY, "place": "Bergen", **change}, status=422)
    assert message in page.main
    for name, typed in {**WEEKLY, **change}.items():
        if name in ("first", "last", "starts", "ends"):
            assert page.one(f"input[name={name}]").get("value", "") == typed
    assert db.session.scalar(select(func.count()).select_from(Slot)) == 0


def test_a_collision_is_said_at_the_time(client: Any, cecilie: Coach) -> None:
    new_slot(cecilie, at(date(2026, 12, 8), 10))
    page = client.sign_in(cecilie).post("/coach/availability", WEEKLY, status=422)
    assert "tirsdag 8. desember kl. 10.00" in page.main


@pytest.mark.parametrize("text", HARD)
def test_hard_texts_are_refused_or_kept_but_never_fail(client: Any, cecilie: Coach, text: str) -> None:
    client.sign_in(cecilie)
    for name in ("kind", "first", "last", "starts", "ends", "mode", "place"):
        for url in ("/coach/availability", "/coach/availability/preview"):
            answer = client.open(
                url, method="POST", data={**WEEKLY, name: text, "csrf_token": client.csrf_token()}
            )
            assert answer.status_code in (200, 303, 422)
            assert "<script>alert" not in answer.get_data(as_text=True)


def test_the_rest_of_a_pattern_is_taken_back(client: Any, cecilie: Coach) -> None:
    wish = Offer(
        date(2026, 12, 1),
        date(2026, 12, 21),
        at(NOW.date(), 9).time(),
        at(NOW.date(), 12).time(),
        SlotMode.EITHER,
    )
    offer(cecilie, wish, NOW)
    client.sign_in(cecilie).get("/coach/availability")
    page = client.submit("Ta tilbake resten")
    assert "9 ledige timer er tatt tilbake" in page.words
    assert db.session.scalar(select(func.count()).where(Slot.withdrawn_at.is_(None))) == 0


def test_another_coachs_hours_do_not_exist(client: Any, cecilie: Coach, other: Booking) -> None:
    slot = new_slot(other.coach, at(date(2026, 12, 1), 9))
    client.sign_in(cecilie)
    client.post(f"/coach/slots/{slot.id}/withdrawal", status=404)
    pattern = Availability(
        coach=other.coach,
        weekday=1,
        starts=at(NOW.date(), 9).time(),
        ends=at(NOW.date(), 12).time(),
        from_date=NOW.date(),
        mode=SlotMode.EITHER,
    )
    db.session.add(pattern)
    db.session.flush()
    client.post(f"/coach/availability/{pattern.id}/withdrawal", status=404)


def test_a_booked_hour_is_not_taken_back(client: Any, cecilie: Coach, conversation: Booking) -> None:
    ahead = booked(conversation.enrolment, cecilie, NOW + timedelta(days=3))
    answer = client.sign_in(cecilie).post(f"/coach/slots/{ahead.slot_id}/withdrawal")
    assert "Timen er bestilt" in client.follow(answer).words


def test_the_calendar_stretches_to_what_lies_outside_the_working_day(client: Any, cecilie: Coach) -> None:
    new_slot(cecilie, at(date(2026, 11, 28), 6, 30))
    new_slot(cecilie, at(date(2026, 11, 28), 23))
    page = client.sign_in(cecilie).get("/coach/")
    assert page.all(".week--7")
    assert clock.oslo(NOW).hour == 10
