"""Passkeys: made, used, counted; and refused when they are copied, replayed, or somebody else's."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from portal import audit, clock
from portal.accounts.factors import Passkey
from portal.accounts.models import User
from portal.accounts.passkeys import Challenge
from portal.accounts.sessions import Session
from portal.audit import AuditEvent
from portal.extensions import db
from portal.notifications import Kind
from tests.support.authenticator import Authenticator
from tests.support.ways_in import add_passkey, answer_with_passkey, mails, open_link, question


@pytest.fixture
def phone() -> Authenticator:
    return Authenticator()


@pytest.fixture
def evas(new_client: Any, eva: User, phone: Authenticator) -> Passkey:
    """A passkey of Eva's, made on an earlier day."""
    add_passkey(new_client().sign_in(eva), phone)
    return db.session.scalars(select(Passkey)).one()


def test_the_first_time_a_passkey_is_all_that_is_needed(client: Any, eva: User, phone: Authenticator) -> None:
    page = open_link(client, eva.email)
    assert page.heading == "Velg hvordan du logger inn"
    page = add_passkey(client, phone)
    assert page.heading == "Ta vare på disse kodene"
    client.get("/secretariat/")
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email]


def test_a_passkey_signs_in_by_itself_and_leads_on(client: Any, evas: Passkey, phone: Authenticator) -> None:
    asked = question(client, "/sign-in/passkey/challenge")
    assert asked["userVerification"] == "required" and not asked["allowCredentials"]
    fields = phone.answer(asked) | {"next": "/secretariat/members?q=vik"}
    answer = client.post("/sign-in/passkey/answer", fields, status=303)
    assert answer.headers["Location"] == "/secretariat/members?q=vik"
    client.get("/secretariat/members")
    db.session.expire_all()
    assert evas.sign_count == phone.keys[0].count


def test_an_answer_works_once(client: Any, new_client: Any, evas: Passkey, phone: Authenticator) -> None:
    fields = phone.answer(question(client, "/sign-in/passkey/challenge"))
    client.post("/sign-in/passkey/answer", fields, status=303)
    client.post("/sign-out")
    page = client.post("/sign-in/passkey/answer", fields, status=422)
    assert "Nøkkelen ble ikke godtatt." in page.words


def test_an_answer_counts_only_where_it_was_asked_for(
    client: Any, new_client: Any, evas: Passkey, phone: Authenticator
) -> None:
    other = new_client()
    question(other, "/sign-in/passkey/challenge")
    fields = phone.answer(question(client, "/sign-in/passkey/challenge"))
    other.post("/sign-in/passkey/answer", fields, status=422)


def test_an_answer_must_come_soon(client: Any, evas: Passkey, phone: Authenticator) -> None:
    fields = phone.answer(question(client, "/sign-in/passkey/challenge"))
    with time_machine.travel(clock.now() + timedelta(minutes=5, seconds=1)):
        client.post("/sign-in/passkey/answer", fields, status=422)


def test_an_answer_to_one_question_is_none_to_another(
    client: Any, eva: User, evas: Passkey, phone: Authenticator
) -> None:
    client.sign_in(eva)
    fields = phone.answer(question(client, "/confirmation/passkey/challenge"))
    client.post("/sign-in/passkey/answer", fields, status=422)


def test_a_copied_key_is_noticed_by_its_count(
    client: Any, eva: User, evas: Passkey, phone: Authenticator
) -> None:
    for _ in range(3):
        answer_with_passkey(client, phone)
        client.post("/sign-out")
    phone.keys[0].count = 1  # the copy has not been used since
    answer_with_passkey(client, phone, status=422)
    assert traces("passkey may be copied") == [(None, f"passkey:{evas.id}")]
    assert mails(Kind.SIGN_IN_TRIED) == [eva.email], "whose key it is, is known, and she is told"


def test_who_only_says_that_the_count_is_low_is_no_copy(
    client: Any, evas: Passkey, phone: Authenticator
) -> None:
    """The count is believed once the key's own signature over it holds."""
    answer_with_passkey(client, phone)
    client.post("/sign-out")
    phone.keys[0].count = 0
    answer_with_passkey(client, phone, status=422, signature="AAAA")
    assert traces("passkey may be copied") == [] and mails(Kind.SIGN_IN_TRIED) == []


def traces(event: str) -> list[tuple[int | None, str]]:
    rows = select(AuditEvent.actor_id, AuditEvent.subject).where(AuditEvent.event == event)
    return list(db.session.execute(rows.order_by(AuditEvent.id)).tuples())


def test_what_is_refused_leaves_a_trace(
    client: Any, new_client: Any, eva: User, evas: Passkey, phone: Authenticator
) -> None:
    """At the door nobody knows whose key it would have been; inside it is whoever sits there who did not prove it."""
    answer_with_passkey(client, phone, status=422, signature="AAAA")
    assert traces("sign-in refused") == [(None, "sign_in:passkey")]
    inside = new_client().sign_in(eva)
    fields = phone.answer(question(inside, "/confirmation/passkey/challenge"), signature="AAAA")
    inside.post("/confirmation/passkey", fields, status=422)
    here = db.session.scalars(select(Session.id).order_by(Session.id.desc())).first()
    assert traces("sign-in refused")[1:] == [(eva.id, f"session:{here}")]
    question(inside, "/sign-in/passkey/offer")
    inside.post("/sign-in/passkey", {"answer": "{}", "handle": "x"}, status=422)
    assert traces("second factor refused") == [(eva.id, f"session:{here}")]
    assert not audit.verify()


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "AAAA"},
        {"clientDataJSON": "e30"},
        {"authenticatorData": "AAAA"},
        {"userHandle": "AAAA"},
        {"signature": None},
        {"clientDataJSON": 3},
    ],
    ids=str,
)
def test_a_changed_answer_is_refused(
    client: Any, evas: Passkey, phone: Authenticator, change: dict[str, Any]
) -> None:
    answer_with_passkey(client, phone, status=422, **change)
    client.get("/devices", status=303)


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "x" * 100_000, '{"id": 1}', "\0"])
def test_rubbish_is_refused(client: Any, eva: User, evas: Passkey, answer: str) -> None:
    question(client, "/sign-in/passkey/challenge")
    client.post("/sign-in/passkey/answer", {"answer": answer}, status=422)
    client.sign_in(eva)
    question(client, "/sign-in/passkey/offer")
    client.post("/sign-in/passkey", {"answer": answer, "handle": answer}, status=422)


@pytest.mark.parametrize("where", ["origin", "site", "unverified"])
def test_an_answer_from_elsewhere_or_without_finger_or_face_is_refused(
    client: Any, eva: User, evas: Passkey, phone: Authenticator, where: str
) -> None:
    if where == "origin":
        phone.origin = "https://varde.evil.example"
    elif where == "site":
        phone.site = "evil.example"
    else:
        phone.verifies = False
    answer_with_passkey(client, phone, status=422)
    client.sign_in(eva).get("/sign-in/factor")
    made = phone.make(question(client, "/sign-in/passkey/offer"))
    client.post("/sign-in/passkey", made, status=422)


def test_nobody_confirms_with_anothers_key(
    client: Any, fredrik: User, evas: Passkey, phone: Authenticator
) -> None:
    client.sign_in(fredrik)
    fields = phone.answer(question(client, "/confirmation/passkey/challenge"))
    client.post("/confirmation/passkey", fields, status=422)


def test_a_key_that_was_removed_or_whose_owner_is_shut_out_opens_nothing(
    client: Any, eva: User, evas: Passkey, phone: Authenticator
) -> None:
    eva.deactivated_at = clock.now()
    answer_with_passkey(client, phone, status=422)
    eva.deactivated_at = None
    db.session.delete(evas)
    answer_with_passkey(client, phone, status=422)


def test_one_key_is_made_once_and_two_keys_know_one_person(
    client: Any, eva: User, evas: Passkey, phone: Authenticator
) -> None:
    client.sign_in(eva).get("/sign-in/factor")
    asked = question(client, "/sign-in/passkey/offer")
    assert len(asked["excludeCredentials"]) == 1
    client.post("/sign-in/passkey", phone.make(asked))
    assert len({key.handle for key in db.session.scalars(select(Passkey))}) == 1
    assert db.session.scalars(select(Challenge)).first() is None
