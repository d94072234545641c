"""A page is made once and shown again until something changes, and only to the session it was made for."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, insert, select

from portal import clock
from portal.accounts.models import User
from portal.accounts.sessions import Session, idle_limit, longest
from portal.audit import AuditEvent
from portal.coaching.models import Coach
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.members.models import Member
from portal.privacy.readers import readings_of
from portal.revision import Revision
from tests.coaching.programmes import NOW, booked, new_programme, participant
from tests.support.client import CheckingClient


class Queries:
    """Counts what the database is asked."""

    def __init__(self) -> None:
        self.count = 0
        event.listen(db.engine, "before_cursor_execute", self._seen)

    def _seen(self, *_: Any) -> None:
        self.count += 1

    def of(self, client: CheckingClient, path: str) -> int:
        before = self.count
        client.get(path)
        return self.count - before


def test_an_unchanged_page_is_not_made_again(client: CheckingClient, bjorn: Member) -> None:
    with time_machine.travel(NOW, tick=False):
        participant(bjorn, new_programme())
        client.sign_in(bjorn)
        queries = Queries()
        assert queries.of(client, "/home") > 6
        assert queries.of(client, "/home") < 4


def test_a_change_shows_at_once(client: CheckingClient, bjorn: Member, cecilie: Coach) -> None:
    with time_machine.travel(NOW, tick=False):
        enrolment = participant(bjorn, new_programme())
        client.sign_in(bjorn)
        assert "Cecilie" not in client.get("/home").main
        booked(enrolment, cecilie, NOW + timedelta(days=3))
        assert "Samtale med Cecilie Strand" in client.get("/home").main


def test_a_change_shows_though_a_part_of_it_was_refused(client: CheckingClient, bjorn: Member) -> None:
    """The database's no to one row undoes a savepoint, and nothing of what was changed before it."""

    class _Taken(DomainError):
        pass

    with time_machine.travel(NOW, tick=False):
        new_programme()
        client.sign_in(bjorn)
        assert client.get("/home").heading == "God dag, Bjørn."
        bjorn.user.rename("Aslak Haugland")
        db.session.flush()
        with pytest.raises(_Taken), refused({"uq_user_email": _Taken}):
            db.session.execute(
                insert(User).values(email=bjorn.user.email, name="En", sort_key="en", created_at=NOW)
            )
        db.session.commit()
        assert client.get("/home").heading == "God dag, Aslak."


def test_a_page_whose_reading_was_not_written_is_not_shown_the_next_time_either(
    client: CheckingClient, bjorn: Member, cecilie: Coach
) -> None:
    with time_machine.travel(NOW, tick=False):
        booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=1))
        client.sign_in(cecilie)
        client.get("/devices")  # and the browser has its cookie
        event.listen(AuditEvent, "before_insert", _fails)
        for _ in range(2):
            with pytest.raises(_AuditIsDown):
                client.get("/coach/")
        event.remove(AuditEvent, "before_insert", _fails)
        client.get("/coach/")
        assert [
            event.details["purpose"] for event in db.session.scalars(readings_of(bjorn.user_id, clock.now()))
        ] == ["coaching"]


class _AuditIsDown(Exception):
    pass


def _fails(*_: Any) -> None:
    raise _AuditIsDown


def test_nobody_gets_anothers_page(new_client: Any, bjorn: Member, daniel: Member) -> None:
    with time_machine.travel(NOW, tick=False):
        his, hers = new_client(), new_client()
        his.sign_in(bjorn)
        hers.sign_in(daniel)
        for _ in range(3):
            assert his.get("/home").heading == "God dag, Bjørn."
            assert hers.get("/home").heading == "God dag, Daniel."


def test_a_message_is_shown_once(client: CheckingClient, bjorn: Member) -> None:
    with time_machine.travel(NOW, tick=False):
        new_programme()
        client.sign_in(bjorn)
        client.get("/home")
        with client.session_transaction() as cookie:
            cookie["_flashes"] = [("message", "Det er gjort.")]
        assert "Det er gjort." in str(client.get("/home").one("#status").text_content())
        assert "Det er gjort." not in str(client.get("/home").one("#status").text_content())


def test_signing_in_changes_nobodys_page(client: CheckingClient, bjorn: Member) -> None:
    new_programme()
    db.session.commit()
    before = db.session.get_one(Revision, 1).count
    client.sign_in(bjorn)
    client.get("/home")
    db.session.expire_all()
    assert db.session.get_one(Revision, 1).count == before


@pytest.mark.parametrize(
    "over", ["ended", "idle", "old", "shut out", "shut by the owner", "renewed", "halfway"]
)
def test_a_kept_page_is_not_shown_past_the_end_of_its_session(
    client: CheckingClient, bjorn: Member, over: str
) -> None:
    with time_machine.travel(NOW, tick=False):
        new_programme()
        client.sign_in(bjorn)
        queries = Queries()
        client.get("/home")
        assert queries.of(client, "/home") < 4  # it is kept
        session = db.session.scalars(select(Session)).one()
        if over == "ended":
            session.end(NOW)
        elif over == "idle":
            session.seen_at -= idle_limit(bjorn.user.roles)
        elif over == "old":
            session.created_at -= longest(bjorn.user.roles)
        elif over == "shut out":
            bjorn.user.deactivated_at = NOW
        elif over == "shut by the owner":
            bjorn.user.locked_at = NOW
        elif over == "renewed":
            session.prove(NOW)
        else:
            session.proved_at = None
        assert "/sign-in" in client.get("/home", status=303).headers["Location"]


@pytest.mark.promise("En side som er gjemt, vises aldri for noen andre", small=20, full=400)
def test_many_people_at_once_see_only_their_own(
    new_client: Any, bjorn: Member, daniel: Member, astrid: Member, promise: Any
) -> None:
    people = {"Bjørn": bjorn, "Daniel": daniel, "Astrid": astrid}
    browsers = {name: new_client() for name in people}
    for name, browser in browsers.items():
        browser.sign_in(people[name])
    wrong = 0
    for turn in range(promise.size):
        name = list(people)[turn % 3]
        wrong += name not in browsers[name].get("/home").heading
    assert wrong == 0
    promise.saw(f"{promise.size} besøk, {wrong} feil navn")
