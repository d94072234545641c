"""The steering group's reports: frozen, one a quarter, and nothing that is counted now."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import DatabaseError

from portal.accounts.models import User
from portal.coaching.models import Booking, Coach, Programme
from portal.doctor import examine
from portal.extensions import db
from portal.members.models import Member
from portal.steering.freezing import faults, freeze_due
from portal.steering.models import Report
from portal.steering.quarters import Quarter
from tests.coaching.programmes import NOW, at, booked, new_programme, participant
from tests.support.people import new_member

NEW_YEAR, APRIL = at(date(2027, 1, 1), 0, 1), at(date(2027, 4, 1), 6)


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def programme(app: Any) -> Programme:
    return new_programme()


def used_by(
    programme: Programme, coach: Coach, held: int, ahead: int, place: str = "Nome", hour: int = 8
) -> None:
    """Participants: the first `held` have had a conversation, the next `ahead` have booked one."""
    for n in range(held + ahead):
        enrolment = participant(new_member(f"{place} Deltaker {hour} {n}", place), programme)
        if n < held:
            begun(coach, enrolment, at(date(2026, 9, 1), hour) + timedelta(days=n))
        else:
            booked(enrolment, coach, at(date(2027, 6, 1), hour) + timedelta(days=n - held))


def begun(coach: Coach, enrolment: Any, day: datetime) -> None:
    booking = booked(enrolment, coach, day)
    booking.confirm_held(coach.user, booking.slot.ends_at)


def frozen() -> list[Report]:
    return list(db.session.scalars(Report.in_order()))


# When they are made


def test_the_first_is_made_at_once_and_the_next_when_the_quarter_has_ended(programme: Programme) -> None:
    moments = [NOW, NOW + timedelta(days=9), NEW_YEAR, NEW_YEAR + timedelta(days=60), APRIL]
    assert [freeze_due(moment) for moment in moments] == [1, 0, 1, 0, 1]
    assert [(r.of, r.opening, r.as_of) for r in frozen()] == [
        (Quarter(2026, 4), True, date(2026, 11, 24)),
        (Quarter(2026, 4), False, date(2026, 12, 31)),
        (Quarter(2027, 1), False, date(2027, 3, 31)),
    ]


def test_a_quarter_that_nobody_saw_the_end_of_has_no_report(programme: Programme) -> None:
    """The worker stood still from December to the middle of April."""
    freeze_due(NOW)
    freeze_due(at(date(2027, 4, 14), 9))
    assert [(r.of, r.as_of) for r in frozen()][1:] == [(Quarter(2027, 1), date(2027, 4, 14))]


def test_without_a_programme_there_is_nothing_to_report(app: Any) -> None:
    assert freeze_due(NOW) == 0


def test_several_workers_make_one(app: Flask, programme: Programme) -> None:
    db.session.commit()
    together = Barrier(4)

    def work(_n: int) -> int:
        with app.app_context():
            together.wait()
            made = freeze_due(NOW)
            db.session.commit()
            db.session.remove()
            return made

    with ThreadPoolExecutor(4) as workers:
        made = list(workers.map(work, range(4)))
    assert sum(made) == 1
    assert len(frozen()) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE steering_report SET figures = '{}'",
        "UPDATE steering_report SET as_of = '2026-01-01'",
        "DELETE FROM steering_report",
        "INSERT OR REPLACE INTO steering_report SELECT * FROM steering_report",
        "TRUNCATE steering_report",
    ],
)
def test_the_database_itself_refuses_to_change_a_report(programme: Programme, statement: str) -> None:
    foreign = {"sqlite": "TRUNCATE", "postgresql": "INSERT OR"}[db.engine.dialect.name]
    if statement.startswith(foreign):
        pytest.skip("another database's words")
    freeze_due(NOW)
    db.session.commit()
    with pytest.raises(DatabaseError):
        db.session.execute(text(statement))
    db.session.rollback()


# What they tell


def test_what_happens_afterwards_is_not_in_it(
    client: Any, programme: Programme, cecilie: Coach, fredrik: User
) -> None:
    used_by(programme, cecilie, 12, 9)
    freeze_due(NOW)
    before = client.sign_in(fredrik).get("/steering/").main
    assert "21 av 60" in before
    assert "12" in before
    assert "48 300 kr" in before
    used_by(programme, cecilie, 20, 0, "Hamar", 12)
    programme.budget += 100_000
    db.session.commit()
    assert client.get("/steering/").main == before


def test_one_more_first_conversation_is_in_no_figure_of_the_next_report(
    client: Any, programme: Programme, cecilie: Coach, fredrik: User
) -> None:
    used_by(programme, cecilie, 12, 9)
    freeze_due(NOW)
    ahead = db.session.scalars(select(Booking).where(Booking.held_at.is_(None)).limit(1)).one()
    ahead.held_at = ahead.slot.ends_at
    db.session.flush()
    with time_machine.travel(NEW_YEAR, tick=False):
        freeze_due(NEW_YEAR)
        first, second = frozen()
        assert (first.figures["started"], first.figures["used"], first.figures["booked"]) == (12, 12, 9)
        assert not {"started", "started:1", "used", "booked"} & set(second.figures)
        assert (second.figures["seated"], second.figures["bound"]) == (21, 21)
        page = client.sign_in(fredrik).get("/steering/")
        assert "Rapport, 4. kvartal 2026" in page.heading
        assert "var 12 per 24. nov." in page.main.replace("\xa0", " ")
        assert "29 900" not in page.main
        assert "27 600" not in page.main
        older = client.get(f"/steering/reports/{first.id}")
        assert older.heading == "Første rapport, 24. november 2026"


def test_few_are_not_in_the_row_at_all(programme: Programme, cecilie: Coach) -> None:
    used_by(programme, cecilie, 2, 1)
    freeze_due(NOW)
    (report,) = frozen()
    assert {name: n for name, n in report.figures.items() if n} == {}


def test_one_municipality_is_not_given_away(programme: Programme, cecilie: Coach) -> None:
    used_by(programme, cecilie, 8, 8, "Nome")
    used_by(programme, cecilie, 6, 7, "Lillehammer", hour=12)
    for n in range(2):
        participant(new_member(f"Utsira {n}", "Utsira"), programme)
    freeze_due(NOW)
    figures = frozen()[0].figures
    assert figures["seated"] == 31
    hidden = [n for n in range(4) if f"seated:{n}" not in figures]
    assert len(hidden) >= 2


def test_another_programme_begins_anew(programme: Programme, cecilie: Coach) -> None:
    used_by(programme, cecilie, 12, 9)
    freeze_due(NOW)
    programme.ends_on = programme.clips_valid_until = date(2026, 12, 30)
    following = new_programme()
    used_by(following, cecilie, 0, 22, "Hamar", 12)
    freeze_due(NEW_YEAR)
    assert [r.figures["seated"] for r in frozen()] == [21, 22]


def test_the_doctor_finds_a_report_that_tells_a_small_change(programme: Programme, cecilie: Coach) -> None:
    used_by(programme, cecilie, 12, 9)
    freeze_due(NOW)
    freeze_due(NEW_YEAR)
    reports = frozen()
    assert list(faults(reports)) == []
    kept = {column.name: getattr(reports[1], column.name) for column in Report.__table__.columns}
    told = {**kept, "id": 99, "year": 2027, "quarter": 1, "figures": {**kept["figures"], "seated": 22}}
    db.session.add(Report(**told))
    db.session.flush()
    assert [f.seen for f in examine(NOW) if f.rule.startswith("No report tells")] == ["1 break it: 2027-1"]


# The pages


def test_only_the_steering_group_comes_in(
    client: Any, programme: Programme, bjorn: Member, eva: User
) -> None:
    client.sign_in(bjorn).get("/steering/", status=403)
    client.sign_in(eva).get("/steering/", status=403)


def test_before_the_first_report_the_page_says_so(client: Any, fredrik: User) -> None:
    assert "Den første rapporten er ikke laget ennå" in client.sign_in(fredrik).get("/steering/").main
    client.get("/steering/reports/1", status=404)


def test_frame_and_price_are_no_secret(client: Any, programme: Programme, fredrik: User) -> None:
    freeze_due(NOW)
    page = client.sign_in(fredrik).get("/steering/")
    assert page.heading == "Første rapport, 24. november 2026"
    assert "Pengene rekker til 54 deltakere med to samtaler, ikke 60" in page.main
    assert "neste rapport kommer 1. januar 2027" in page.main.replace("\xa0", " ")


def test_the_page_takes_few_queries(client: Any, programme: Programme, cecilie: Coach, fredrik: User) -> None:
    used_by(programme, cecilie, 12, 9)
    for moment in (NOW, NEW_YEAR, APRIL):
        freeze_due(moment)
    client.sign_in(fredrik).get("/steering/")
    db.session.remove()
    seen: list[str] = []
    listener = lambda _c, _u, statement, *_: seen.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    client.get("/steering/")
    event.remove(db.engine, "before_cursor_execute", listener)
    assert len([s for s in seen if s.lstrip().upper().startswith("SELECT")]) <= 12


# The command


def test_the_command_prints_the_frozen_report_and_makes_none(
    app: Flask, programme: Programme, cecilie: Coach
) -> None:
    used_by(programme, cecilie, 12, 9)
    db.session.commit()
    runner = app.test_cli_runner()
    none = runner.invoke(args=["report", "2026-4"])
    assert none.exit_code == 1
    assert "no report for 2026-4" in none.output
    assert frozen() == []
    freeze_due(NOW)
    db.session.commit()
    told = runner.invoke(args=["report", "2026-4"]).output
    assert "Første rapport, 24. november 2026" in told.replace("\xa0", " ")
    assert "Har plass                       21" in told
    assert runner.invoke(args=["report", "2026-5"]).exit_code == 1
    assert runner.invoke(args=["report", "i fjor"]).exit_code == 1


@pytest.mark.pure
def test_quarters_follow_each_other() -> None:
    assert Quarter(2026, 4).next == Quarter(2027, 1)
    assert Quarter(2027, 1).previous == Quarter(2026, 4)
    assert Quarter(2026, 3).last_day == date(2026, 9, 30)
    assert Quarter.read("2026-3") == Quarter(2026, 3)
    assert Quarter.read("2026-0") is None
