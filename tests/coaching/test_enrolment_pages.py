"""The secretariat's pages about participants and conversations."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
import time_machine
from openpyxl import load_workbook
from sqlalchemy import event, func, select

from portal.accounts.models import User
from portal.coaching.enrolment import apply
from portal.coaching.models import Booking, Coach, Enrolment, Payer, Programme
from portal.coaching.tally import Outcome, outcome_of, standing, tally
from portal.extensions import db
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_programme, participant
from tests.support.people import new_member

ROUTES = ("/secretariat/enrolments", "/secretariat/sessions")
FILES = tuple(f"{route}.{kind}" for route in ROUTES for kind in ("csv", "xlsx"))


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def programme(app: Any) -> Programme:
    return new_programme()


@pytest.fixture
def three_waiting(programme: Programme) -> list[Enrolment]:
    names = ("Kari Vik", "Ola Nes", "Liv Ås")
    return [
        apply(new_member(name, "Nome"), programme, NOW - timedelta(days=16 - n))
        for n, name in enumerate(names)
    ]


@pytest.fixture
def history(programme: Programme, bjorn: Member, daniel: Member, cecilie: Coach) -> list[Booking]:
    """Held in August and November, missed in September, one too late, one in time, one ahead, two paid by others."""
    me, other = participant(bjorn, programme), participant(daniel, programme)
    held = booked(me, cecilie, at(date(2026, 8, 20), 9))
    held.confirm_held(cecilie.user, held.slot.ends_at)
    missed = booked(other, cecilie, at(date(2026, 9, 10), 9), theme="Hemmelig")
    missed.confirm_no_show(cecilie.user, missed.slot.ends_at)
    late = booked(me, cecilie, at(date(2026, 11, 10), 9))
    late.cancel(bjorn.user, late.starts_at - timedelta(hours=2))
    early = booked(other, cecilie, at(date(2026, 11, 20), 9))
    early.cancel(daniel.user, early.starts_at - timedelta(hours=30))
    ahead = booked(other, cecilie, at(date(2026, 12, 1), 9))
    paid = booked(me, cecilie, at(date(2026, 11, 12), 9), Payer.MUNICIPALITY)
    paid.confirm_held(cecilie.user, paid.slot.ends_at)
    own = booked(me, cecilie, at(date(2026, 11, 23), 9), Payer.PERSONAL)
    return [held, missed, late, early, ahead, paid, own]


@pytest.mark.parametrize("url", [*ROUTES, *FILES])
def test_only_the_secretariat_comes_in(client: Any, bjorn: Member, cecilie: Coach, url: str) -> None:
    client.sign_in(bjorn).get(url, status=403)
    client.sign_in(cecilie).get(url, status=403)


@pytest.mark.parametrize("url", [*ROUTES, *FILES])
def test_without_a_programme_there_is_no_such_page(client: Any, eva: User, url: str) -> None:
    client.sign_in(eva).get(url, status=404)


@pytest.mark.parametrize("url", ROUTES)
def test_an_empty_programme_says_what_will_be_here(
    client: Any, eva: User, programme: Programme, url: str
) -> None:
    assert "Her" in client.sign_in(eva).get(url).main


def test_the_page_counts_seats_queue_and_what_the_money_holds(
    client: Any, eva: User, three_waiting: list[Enrolment], history: list[Booking]
) -> None:
    page = client.sign_in(eva).get("/secretariat/enrolments")
    assert "Tre står i kø, og det er penger til 52 nye" in page.main
    assert "2 av 60" in page.main


def test_the_whole_queue_gets_its_seats_in_one_press(
    client: Any, eva: User, three_waiting: list[Enrolment]
) -> None:
    client.sign_in(eva).get("/secretariat/enrolments")
    page = client.submit("Gi plass til de tre første")
    assert "3 har fått plass" in page.words
    db.session.expire_all()
    assert [e.seat_number for e in three_waiting] == [1, 2, 3]


def test_one_person_gets_a_seat_and_pressing_twice_gives_one(
    client: Any, eva: User, three_waiting: list[Enrolment]
) -> None:
    client.sign_in(eva)
    for _ in range(2):
        client.post(f"/secretariat/enrolments/{three_waiting[1].id}/seat")
    db.session.expire_all()
    assert [e.seat_number for e in three_waiting] == [None, 1, None]


def test_when_the_seats_are_gone_nobody_of_the_many_gets_one(
    client: Any, eva: User, three_waiting: list[Enrolment], programme: Programme
) -> None:
    for seat in programme.seats[2:]:
        db.session.delete(seat)
    db.session.commit()
    ids = [str(e.id) for e in three_waiting]
    answer = client.sign_in(eva).post("/secretariat/enrolments/seats", {"enrolment": ids})
    assert "Alle plassene er tatt" in client.follow(answer).words
    assert db.session.scalar(select(func.count(Enrolment.seat_number))) == 0


def test_a_budget_that_would_burst_is_a_warning_and_no_wall(
    client: Any, eva: User, three_waiting: list[Enrolment], programme: Programme
) -> None:
    programme.budget -= 245_000
    page = client.sign_in(eva).get("/secretariat/enrolments")
    assert "Pengene rekker til 1 av dem" in page.main
    client.submit("Gi plass til den første")
    client.post(f"/secretariat/enrolments/{three_waiting[2].id}/seat")
    assert db.session.scalar(select(func.count(Enrolment.seat_number))) == 2


def test_a_seat_in_use_cannot_be_taken(client: Any, eva: User, history: list[Booking]) -> None:
    answer = client.sign_in(eva).post(f"/secretariat/enrolments/{history[0].enrolment_id}/withdrawal")
    assert "har brukt eller bestilt en samtale" in client.follow(answer).words


def test_an_unused_seat_is_given_up(client: Any, eva: User, programme: Programme, bjorn: Member) -> None:
    enrolment = participant(bjorn, programme)
    client.sign_in(eva).get("/secretariat/enrolments")
    assert "Bjørn Haugland er trukket" in client.submit("/withdrawal").words
    db.session.expire_all()
    assert enrolment.seat_number is None


@pytest.mark.parametrize("what", ["seat", "withdrawal"])
def test_ids_that_nothing_has_do_not_exist(client: Any, eva: User, programme: Programme, what: str) -> None:
    client.sign_in(eva).post(f"/secretariat/enrolments/{10**12}/{what}", status=404)


def test_odd_ids_among_the_many_are_passed_over(client: Any, eva: User, programme: Programme) -> None:
    odd = ["x", "", str(10**12), "²", "-1", "\0", "<script>"]
    answer = client.sign_in(eva).post("/secretariat/enrolments/seats", {"enrolment": odd})
    assert "Ingen ble valgt" in client.follow(answer).words


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("seated", {"Bjørn Haugland", "Daniel Ås", "Eli Ro"}),
        ("unbooked", {"Eli Ro"}),
        ("unfinished", {"Eli Ro"}),
        ("finished", {"Bjørn Haugland", "Daniel Ås"}),
        ("waiting", {"Kari Vik", "Liv Ås", "Ola Nes"}),
        ("withdrawn", set()),
        ("nonsense", {"Bjørn Haugland", "Daniel Ås", "Eli Ro"}),
    ],
)
def test_the_filter_finds_those_it_says(
    client: Any,
    eva: User,
    programme: Programme,
    three_waiting: list[Enrolment],
    history: list[Booking],
    show: str,
    names: set[str],
) -> None:
    participant(new_member("Eli Ro", "Steinkjer"), programme)
    page = client.sign_in(eva).get(f"/secretariat/enrolments?show={show}")
    assert set(page.texts("#found tbody th")) == names


def test_the_search_finds_names_and_places(client: Any, eva: User, history: list[Booking]) -> None:
    client.sign_in(eva)
    for words, name in (("bjø", "Bjørn Haugland"), ("steink", "Daniel Ås"), ("AAS", "Daniel Ås")):
        assert client.get(f"/secretariat/enrolments?q={words}").texts("#found tbody th") == [name]
    block = client.htmx.get("/secretariat/enrolments?q=bjø")
    assert block.texts("tbody th") == ["Bjørn Haugland"]
    assert not block.is_whole


@pytest.mark.parametrize("text", ["a" * 3_000, "\0", "<script>alert(1)</script>", "%' OR 1=1 --", "%", "_"])
def test_hard_words_find_nothing_and_break_nothing(
    client: Any, eva: User, history: list[Booking], text: str
) -> None:
    client.sign_in(eva)
    for query in ({"q": text}, {"show": text}, {"page": text}, {"page": str(10**30)}):
        page = client.get("/secretariat/enrolments", query_string=query)
        assert "<script>alert" not in page.get_data(as_text=True)
    names = ("month", "outcome", "coach", "payer", "page")
    client.get("/secretariat/sessions", query_string=dict.fromkeys(names, text))


def test_the_list_goes_out_as_a_file_in_which_nothing_is_a_formula(
    client: Any, eva: User, programme: Programme
) -> None:
    participant(new_member('=cmd|"/c calc"!A1', "Nome"), programme)
    client.sign_in(eva)
    text = client.get("/secretariat/enrolments.csv").get_data().decode("utf-8-sig")
    assert next(iter(list(csv.reader(StringIO(text), delimiter=";"))[1])) == '\'=cmd|"/c calc"!A1'
    book = load_workbook(BytesIO(client.get("/secretariat/enrolments.xlsx").get_data()))
    cell = book.worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == ('=cmd|"/c calc"!A1', "s")


def test_conversations_are_counted_by_how_they_ended(
    client: Any, eva: User, history: list[Booking], programme: Programme
) -> None:
    found = {(c.outcome, c.payer): c.sessions for c in tally(programme, NOW) if c.outcome is not Outcome.HELD}
    assert found == {
        (Outcome.NO_SHOW, Payer.KDF): 1,
        (Outcome.LATE, Payer.KDF): 1,
        (Outcome.CANCELLED, Payer.KDF): 1,
        (Outcome.BOOKED, Payer.KDF): 1,
        (Outcome.UNCONFIRMED, Payer.PERSONAL): 1,
    }
    page = client.sign_in(eva).get("/secretariat/sessions")
    foot = page.texts("tfoot tr")[0]
    assert foot == "I alt 2 1 1 1 1 1 7"
    assert "August 2026" in page.main


def test_neither_names_nor_themes_are_in_the_list(client: Any, eva: User, history: list[Booking]) -> None:
    page = client.sign_in(eva).get("/secretariat/sessions")
    text = client.get("/secretariat/sessions.csv").get_data().decode("utf-8-sig")
    for secret in ("Bjørn", "Daniel", "Hemmelig", "Nome"):
        assert secret not in page.main
        assert secret not in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 7),
        ("outcome=incurred&payer=kdf", 3),
        ("outcome=committed", 2),
        ("outcome=held", 2),
        ("month=2026-11", 4),
        ("month=2026-11&outcome=late", 1),
        ("payer=municipality", 1),
        ("coach=999", 0),
        ("outcome=x&month=y&payer=z&coach=w", 7),
    ],
)
def test_the_filter_of_conversations(
    client: Any, eva: User, history: list[Booking], query: str, count: int
) -> None:
    page = client.sign_in(eva).get(f"/secretariat/sessions?{query}")
    assert page.texts("#found [role=status]")[0].split()[0] == str(count)
    lines = (
        client.get(f"/secretariat/sessions.csv?{query}").get_data().decode("utf-8-sig").strip().splitlines()
    )
    assert len(lines) == count + 1


def test_what_was_moved_is_counted_where_it_went(programme: Programme, bjorn: Member, cecilie: Coach) -> None:
    from portal.coaching.booking import move
    from tests.coaching.programmes import new_slot

    first = booked(participant(bjorn, programme), cecilie, NOW + timedelta(days=5))
    move(first, new_slot(cecilie, NOW + timedelta(days=6)), bjorn.user, NOW)
    assert [(c.outcome, c.sessions) for c in tally(programme, NOW)] == [(Outcome.BOOKED, 1)]


def test_the_outcome_in_sql_and_in_python_agree(history: list[Booking]) -> None:
    rows = select(Booking, outcome_of(NOW)).join(Booking.slot)
    assert all(Outcome.of(booking, NOW) == word for booking, word in db.session.execute(rows))


def test_people_are_counted_where_they_stand(
    programme: Programme, three_waiting: list[Enrolment], history: list[Booking]
) -> None:
    people = standing(programme)
    assert (people.seats, people.seated, people.waiting, people.applied) == (60, 2, 3, 5)
    assert (people.clips, people.clips_taken, people.free_clips) == (4, 4, 0)
    assert (people.started, people.unbooked) == (1, 0)
    assert people.waiting_since == three_waiting[0].applied_at


@pytest.mark.parametrize("url", ROUTES)
def test_no_more_queries_for_many_than_for_few(
    client: Any, eva: User, programme: Programme, cecilie: Coach, url: str
) -> None:
    for n in range(30):
        member = new_member(f"Deltaker {n}", "Nome")
        enrolment = participant(member, programme) if n % 2 else apply(member, programme, NOW)
        if n % 2:
            booked(enrolment, cecilie, NOW + timedelta(days=2 + n))
    client.sign_in(eva).get(url)
    db.session.remove()
    seen: list[str] = []
    listener = lambda _c, _u, statement, *_: seen.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    client.get(url)
    event.remove(db.engine, "before_cursor_execute", listener)
    queries = [s for s in seen if s.lstrip().upper().startswith("SELECT")]
    assert len(queries) <= 12, "\n".join(q[:150] for q in queries)
