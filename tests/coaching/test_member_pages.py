"""The member's pages of coaching: finding an hour, booking, moving, cancelling; and who may not."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, func, select

from portal.coaching.enrolment import apply
from portal.coaching.models import Booking, Coach, Enrolment, Mode, Payer, Slot, SlotMode
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_coach, new_programme, new_slot, participant
from tests.support.people import new_member, new_user

THURSDAY = date(2026, 12, 3)
HARD = ("a" * 100_000, "\0", "<script>alert(1)</script>", "' OR 1=1 --", "9" * 400, "-1", "")


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def bjorns(bjorn: Member) -> Enrolment:
    return participant(bjorn, new_programme())


@pytest.fixture
def slot(cecilie: Coach) -> Slot:
    return new_slot(cecilie, at(THURSDAY, 9))


@pytest.fixture
def conversation(bjorns: Enrolment, cecilie: Coach) -> Booking:
    """Bjørn's, on Thursday 3 December at nine."""
    return booked(bjorns, cecilie, at(THURSDAY, 9), theme="En krevende sak")


def posting(page: Any, address: str) -> Any:
    """The form that changes something, where another with the same address only looks."""
    return next(f for f in page.forms if f.method == "post" and f.action.endswith(address))


def pages_of(booking: Booking) -> list[str]:
    own = f"/coaching/bookings/{booking.id}"
    return [own, f"{own}/calendar.ics", f"{own}/cancellation", f"{own}/move"]


def test_only_members_come_in(client: Any, cecilie: Coach, eva: Any, fredrik: Any, slot: Slot) -> None:
    for person in (cecilie, eva, fredrik):
        client.sign_in(person)
        for url in ("/coaching/", "/coaching/slots", f"/coaching/slots/{slot.id}"):
            client.get(url, status=403)


def test_a_stranger_is_asked_to_sign_in(client: Any) -> None:
    assert "/sign-in" in client.get("/coaching/", status=303).headers["Location"]


def test_another_members_conversation_does_not_exist(
    client: Any, conversation: Booking, daniel: Member
) -> None:
    participant(daniel, conversation.enrolment.programme)
    client.sign_in(daniel)
    for url in pages_of(conversation):
        client.get(url, status=404)
    client.post(f"/coaching/bookings/{conversation.id}/cancellation", status=404)
    client.post(f"/coaching/bookings/{conversation.id}/move", {"slot": 1}, status=404)
    assert db.session.get_one(Booking, conversation.id).is_live


@pytest.mark.parametrize("number", [10**12, 999])
def test_what_does_not_exist_is_not_found(client: Any, bjorns: Enrolment, number: int) -> None:
    client.sign_in(bjorns.member)
    client.get(f"/coaching/bookings/{number}", status=404)
    client.get(f"/coaching/slots/{number}", status=404)
    client.post(f"/coaching/slots/{number}/booking", status=404)


def test_without_a_programme_the_page_says_so(client: Any, bjorn: Member) -> None:
    assert "Ingen ordning er i gang" in client.sign_in(bjorn).get("/coaching/").main


def test_a_member_applies_and_stands_in_the_queue(client: Any, bjorn: Member, daniel: Member) -> None:
    apply(daniel, new_programme(), NOW - timedelta(days=1))
    client.sign_in(bjorn).get("/coaching/")
    page = client.submit("Søk om plass")
    assert "Søknaden er sendt" in page.words
    assert "Du er nummer 2" in page.main
    client.post("/coaching/enrolment", status=303)
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 2


def test_the_queue_sees_no_hours(client: Any, bjorn: Member, slot: Slot) -> None:
    apply(bjorn, new_programme(), NOW)
    client.sign_in(bjorn)
    assert "Du har ikke plass ennå" in client.get("/coaching/slots").main
    client.get(f"/coaching/slots/{slot.id}")
    data = {"mode": "digital", "payer": "kdf", "theme": ""}
    assert client.post(f"/coaching/slots/{slot.id}/booking", data, status=422)
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 0


def test_the_clip_card_is_shown_as_tickets(client: Any, conversation: Booking) -> None:
    page = client.sign_in(conversation.member).get("/coaching/")
    booked_ticket, free_ticket = page.texts(".ticket")
    assert "Bestilt Torsdag 3. desember" in booked_ticket
    assert "Betales av KDF" in booked_ticket
    assert "Gyldig til 31. juli 2027" in booked_ticket
    assert "Ledig 60 minutter til deg" in free_ticket
    assert "til onsdag 2. desember kl. 09.00" in page.main


def test_past_the_notice_the_rule_is_told_and_moving_is_gone(client: Any, conversation: Booking) -> None:
    with time_machine.travel(at(THURSDAY, 8), tick=False):
        page = client.sign_in(conversation.member).get("/coaching/")
        assert "Avlyser du nå, går klippet tapt" in page.main
        assert "Flytt" not in page.texts(".row a")
        client.get(f"/coaching/bookings/{conversation.id}/move", status=303)


def test_the_first_week_with_a_free_hour_opens(client: Any, bjorns: Enrolment, slot: Slot) -> None:
    page = client.sign_in(bjorns.member).get("/coaching/slots")
    assert page.texts(".week-head h2") == ["Uke 49 , 30. november–4. desember"]
    assert page.texts("a.slot") == ["09.00 Cecilie Strand"]
    assert page.main.count("Ingen ledige timer") == 4


def test_wishes_narrow_the_week_and_stay_in_the_url(
    client: Any, bjorns: Enrolment, cecilie: Coach, slot: Slot
) -> None:
    new_slot(cecilie, at(THURSDAY, 13), SlotMode.IN_PERSON)
    client.sign_in(bjorns.member)
    for query, hours in (
        ("part=afternoon", ["13.00"]),
        ("part=morning", ["09.00"]),
        ("mode=in_person", ["09.00", "13.00"]),
        ("mode=digital", ["09.00"]),
        (f"coach={cecilie.id}&part=morning", ["09.00"]),
        ("coach=999&mode=x&part=y", ["09.00", "13.00"]),
    ):
        page = client.get(f"/coaching/slots?{query}")
        assert [text.split()[0] for text in page.texts("a.slot")] == hours
    assert "part=morning" in client.get("/coaching/slots?part=morning").all("a.slot")[0].get("href")


def test_a_week_outside_the_programme_is_held_within_it(client: Any, bjorns: Enrolment, slot: Slot) -> None:
    client.sign_in(bjorns.member)
    assert "Uke 30" in client.get("/coaching/slots?week=2031-W01").main
    assert "Uke 48" in client.get("/coaching/slots?week=1999-W01").main
    empty = client.get("/coaching/slots?week=2026-W50").main
    assert "Ingen ledige timer denne uken" in empty
    for nonsense in (*HARD, "2026-W99", "2026-W00", "0000-W01"):
        client.get("/coaching/slots", query_string={"week": nonsense})


def test_nobody_is_offered_their_own_time_or_a_taken_hour(
    client: Any, bjorns: Enrolment, daniel: Member, cecilie: Coach
) -> None:
    own = new_coach(bjorns.member.user)
    new_slot(own, at(THURSDAY, 9))
    booked(participant(daniel, bjorns.programme), cecilie, at(THURSDAY, 11))
    assert client.sign_in(bjorns.member).get("/coaching/slots").all("a.slot") == []


def test_choosing_an_hour_shows_what_it_uses_who_pays_and_what_the_payer_sees(
    client: Any, bjorns: Enrolment, slot: Slot
) -> None:
    page = client.sign_in(bjorns.member).get(f"/coaching/slots/{slot.id}")
    panel = page.texts(".confirmation")[0]
    for words in (
        "torsdag 3. desember kl. 09.00",
        "Cecilie Strand",
        "klipp 1 av 2",
        "betalt av KDF",
        "Faglig bistand, 60 min 2 300 kr",
        "til onsdag 2. desember kl. 09.00",
        "Bare du og veilederen ser dette",
    ):
        assert words in panel


@pytest.mark.parametrize("htmx", [False, True])
def test_booking_uses_the_clip(client: Any, bjorns: Enrolment, slot: Slot, htmx: bool) -> None:
    client.sign_in(bjorns.member).get(f"/coaching/slots/{slot.id}")
    browser = client.htmx if htmx else client
    answer = browser.submit("/booking", theme="En krevende sak", agreed="1")
    page = client.follow(answer) if htmx else answer
    assert "Samtalen er bestilt" in page.words
    assert "En krevende sak" in page.main
    booking = db.session.scalars(select(Booking)).one()
    assert (booking.clip_number, booking.theme, booking.mode) == (1, "En krevende sak", Mode.DIGITAL)
    assert "Bestilt" in client.get("/coaching/").texts(".ticket")[0]


def test_htmx_gets_only_the_week(client: Any, bjorns: Enrolment, slot: Slot) -> None:
    client.sign_in(bjorns.member).get("/coaching/slots")
    block = client.htmx.get(f"/coaching/slots/{slot.id}")
    assert not block.is_whole
    assert len(block.all("#week .confirmation")) == 1


def test_a_double_click_books_once(client: Any, bjorns: Enrolment, slot: Slot) -> None:
    client.sign_in(bjorns.member).get(f"/coaching/slots/{slot.id}")
    form = client.page.form("/booking")
    client.submit(form)
    client.submit(form)
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 1


@pytest.mark.parametrize("htmx", [False, True])
def test_an_hour_just_taken_is_answered_with_the_nearest_and_nothing_is_lost(
    client: Any, bjorns: Enrolment, daniel: Member, cecilie: Coach, slot: Slot, htmx: bool
) -> None:
    for hour in (11, 13, 15, 17):
        new_slot(cecilie, at(THURSDAY, hour))
    client.sign_in(bjorns.member).get(f"/coaching/slots/{slot.id}")
    form = client.page.form("/booking")
    from portal.coaching.booking import book

    book(slot, participant(daniel, bjorns.programme), Mode.DIGITAL, daniel.user, NOW)
    page = (client.htmx if htmx else client).submit(form, status=422, theme="En krevende sak", agreed="1")
    assert "Timen er ikke ledig lenger" in page.main
    assert "Ingenting er bestilt" in page.main
    assert [text[:5] for text in page.texts("button.slot")] == ["11.00", "13.00", "15.00"]
    look = next(f for f in page.forms if "11.00" in f.text)
    again = client.submit(look, status=200)
    assert again.form("/booking").fields["theme"] == ["En krevende sak"]
    assert again.form("/booking").fields["agreed"] == ["1"]  # what was said yes to is not asked twice
    client.submit("/booking")
    mine = db.session.scalars(select(Booking).where(Booking.enrolment_id == bjorns.id)).one()
    assert (mine.slot.starts_at, mine.theme) == (at(THURSDAY, 11), "En krevende sak")


def test_an_hour_that_is_gone_when_opened_says_so(client: Any, conversation: Booking, daniel: Member) -> None:
    participant(daniel, conversation.enrolment.programme)
    page = client.sign_in(daniel).get(f"/coaching/slots/{conversation.slot_id}")
    assert "Timen er ikke ledig lenger" in page.main


def test_my_own_hour_leads_to_the_conversation(client: Any, conversation: Booking) -> None:
    answer = client.sign_in(conversation.member).get(f"/coaching/slots/{conversation.slot_id}", status=303)
    assert answer.headers["Location"] == f"/coaching/bookings/{conversation.id}"


@pytest.mark.parametrize("field", ["mode", "payer", "theme"])
def test_nonsense_in_a_field_is_refused_and_nothing_is_booked(
    client: Any, bjorns: Enrolment, slot: Slot, field: str
) -> None:
    client.sign_in(bjorns.member).get(f"/coaching/slots/{slot.id}")
    form = client.page.form("/booking")
    for text in HARD:
        if field == "theme" and text == "":
            continue
        page = client.submit(form, status=422, **{field: text})
        assert page.all("#error-summary")
    assert db.session.scalar(select(func.count()).select_from(Booking)) == 0


def test_with_no_clips_left_the_member_sees_what_each_payer_would_see(
    client: Any, conversation: Booking, cecilie: Coach
) -> None:
    booked(conversation.enrolment, cecilie, at(THURSDAY, 12))
    hour = new_slot(cecilie, at(THURSDAY, 14))
    client.sign_in(conversation.member)
    page = client.get(f"/coaching/slots/{hour.id}")
    assert "Du har ingen klipp igjen" in page.main
    assert page.texts(".seen-by h3") == ["Dette ser kommunen på fakturaen", "Dette står på regningen din"]
    assert "Bestill samtalen" not in page.main
    page = client.get(page.link("La kommunen betale"))
    assert "Betales av Nome kommune" in page.main
    client.submit("/booking")
    booking = db.session.scalars(select(Booking).where(Booking.slot_id == hour.id)).one()
    assert (booking.payer, booking.clip_number) == (Payer.MUNICIPALITY, None)
    assert "Bestill en samtale til" in client.get("/coaching/").main


def test_a_free_clip_can_be_kept_by_letting_the_municipality_pay(
    client: Any, bjorns: Enrolment, slot: Slot
) -> None:
    page = client.sign_in(bjorns.member).get(f"/coaching/slots/{slot.id}")
    assert "Bruk klippet ditt i stedet" in client.get(page.link("La kommunen betale i stedet")).main


def test_moving_shows_the_week_and_keeps_the_clip(client: Any, conversation: Booking, cecilie: Coach) -> None:
    new_slot(cecilie, at(THURSDAY, 14))
    client.sign_in(conversation.member).get("/coaching/")
    page = client.get(client.page.link("Flytt"))
    assert page.heading == "Flytt samtalen"
    page = client.get(page.link("14.00"))
    assert "Bruker fortsatt klipp 1 av 2" in page.main
    page = client.submit(posting(page, "/move"))
    assert "Samtalen er flyttet" in page.words
    assert page.heading == "Torsdag 3. desember kl. 14.00"
    assert "Bestilt" in client.get("/coaching/").texts(".ticket")[0]


def test_moving_to_an_hour_just_taken_keeps_the_old_one(
    client: Any, conversation: Booking, cecilie: Coach, daniel: Member
) -> None:
    hour = new_slot(cecilie, at(THURSDAY, 14))
    client.sign_in(conversation.member).get(f"/coaching/bookings/{conversation.id}/move?slot={hour.id}")
    form = posting(client.page, "/move")
    from portal.coaching.booking import book

    book(hour, participant(daniel, conversation.enrolment.programme), Mode.DIGITAL, daniel.user, NOW)
    assert "Timen er ikke ledig lenger" in client.submit(form, status=422).main
    for text in HARD:
        is_number = text.lstrip("-").isdigit()
        client.post(
            f"/coaching/bookings/{conversation.id}/move", {"slot": text}, status=404 if is_number else 422
        )
    assert db.session.get_one(Booking, conversation.id).is_live


def test_cancelling_in_time_says_that_the_clip_comes_back(client: Any, conversation: Booking) -> None:
    client.sign_in(conversation.member)
    page = client.get(f"/coaching/bookings/{conversation.id}/cancellation")
    assert "Klipp 1 kommer tilbake" in page.main
    page = client.submit("/cancellation")
    assert "Samtalen er avlyst" in page.words
    assert [t.split()[0] for t in page.texts(".ticket")] == ["Ledig", "Ledig"]
    client.post(f"/coaching/bookings/{conversation.id}/cancellation", status=303)


def test_cancelling_late_says_that_the_clip_is_lost(client: Any, conversation: Booking) -> None:
    with time_machine.travel(at(THURSDAY, 8), tick=False):
        client.sign_in(conversation.member)
        page = client.get(f"/coaching/bookings/{conversation.id}/cancellation")
        assert "Avlyser du nå, går klipp 1 tapt" in page.main
        page = client.submit("/cancellation")
        assert "Avlyst etter fristen" in page.texts(".ticket")[0]


def test_a_page_that_grew_old_does_not_cost_a_clip(client: Any, bjorns: Enrolment, cecilie: Coach) -> None:
    soon = booked(bjorns, cecilie, NOW + timedelta(hours=24, minutes=30))
    client.sign_in(bjorns.member).get(f"/coaching/bookings/{soon.id}/cancellation")
    form = client.page.form("/cancellation")
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        page = client.submit(form, status=422)
        assert "Fristen gikk ut mens siden sto åpen" in page.main
        ended = select(Booking.cancelled_at, Booking.clip_returned_at)
        assert db.session.execute(ended).one() == (None, None)
        client.submit("/cancellation")
    assert db.session.execute(ended).one() == (NOW + timedelta(hours=1), None)


def test_the_calendar_entry_tells_when_and_nothing_else(client: Any, conversation: Booking) -> None:
    client.sign_in(conversation.member)
    text = client.get(f"/coaching/bookings/{conversation.id}/calendar.ics").get_data(as_text=True)
    assert "SUMMARY:Avtale i Varde" in text
    assert "DTSTART:20261203T080000Z" in text
    for secret in ("Cecilie", "Bjørn", "coaching", "krevende", "rom"):
        assert secret not in text


def test_an_old_conversation_stands_in_the_history(client: Any, bjorns: Enrolment, cecilie: Coach) -> None:
    old = booked(bjorns, cecilie, at(date(2026, 11, 17), 9))
    old.confirm_held(cecilie.user, at(date(2026, 11, 17), 10))
    page = client.sign_in(bjorns.member).get("/coaching/")
    assert "Gjennomført. Klipp 1 er brukt." in page.main
    page = client.get(page.link("Samtale med Cecilie"))
    assert "Gjennomført" in page.main


def test_no_page_asks_the_database_more_than_twelve_times(client: Any, bjorns: Enrolment, app: Any) -> None:
    for n in range(6):
        coach = new_coach(new_user(f"Veileder {n}"))
        for hour in range(8, 16):
            new_slot(coach, at(THURSDAY, hour))
    conversation = booked(bjorns, new_coach(new_user("Ingrid Solvang")), at(THURSDAY, 9))
    other = participant(new_member("Kari Vestnes"), bjorns.programme)
    for n in range(25):
        old = booked(bjorns, conversation.coach, at(date(2026, 9, 1) + timedelta(days=n), 9), Payer.PERSONAL)
        old.confirm_held(conversation.coach.user, old.slot.ends_at)
    free = new_slot(conversation.coach, at(THURSDAY, 12))
    gone = booked(other, conversation.coach, at(THURSDAY, 14))
    client.sign_in(bjorns.member)
    urls = ["/coaching/", "/coaching/slots", f"/coaching/slots/{free.id}", f"/coaching/slots/{gone.slot_id}"]
    moving = f"/coaching/bookings/{conversation.id}/move?slot={free.id}"
    for url in (*urls, moving, f"/coaching/bookings/{conversation.id}"):
        statements: list[str] = []

        def count(_c: Any, _cur: Any, statement: str, *_: Any, seen: list[str] = statements) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        client.get(url)
        event.remove(db.engine, "before_cursor_execute", count)
        asked = [s for s in statements if s.startswith("SELECT")]
        assert len(asked) <= 12, f"{url}: {len(asked)}"
