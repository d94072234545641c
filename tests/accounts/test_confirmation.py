"""Proof not older than half an hour, before what must not be done by a borrowed machine."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.accounts.factors import Totp
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.extensions import db
from tests.support.authenticator import Authenticator
from tests.support.ways_in import add_passkey, code_of, question, with_app
from tests.test_access import rules

AN_HOUR = timedelta(minutes=31)


def grow_old() -> None:
    for session in db.session.scalars(select(Session)):
        assert session.proved_at is not None
        session.proved_at -= AN_HOUR


def test_the_views_that_need_it_are_these(app: Flask) -> None:
    marked = {
        r.endpoint for r in rules(app) if getattr(app.view_functions[r.endpoint], "__recently_authenticated__", False)
    }  # fmt: skip
    assert marked >= {
        "security.remove_passkey", "security.remove_app",
        "security.renew_codes", "security.address", "security.change_address", "security.confirm_address",
        "access.new", "access.give", "access.take", "access.recovery", "access.ask_for_recovery", "access.approve",
        "members.create", "members.add",
    }  # fmt: skip


LIST, FILE = "/secretariat/members?q=vik", "/secretariat/members.csv?q=vik"


def test_the_list_is_taken_out_after_a_code_and_the_way_leads_back(client: Any, eva: User) -> None:
    app = with_app(eva)
    client.sign_in(eva)
    grow_old()
    answer = client.get(FILE, status=303, headers={"Referer": f"http://localhost{LIST}"})
    page = client.follow(answer)
    assert page.heading == "Bekreft at det er deg" and "filen lastes ned" in page.words
    with client.session_transaction() as cookie:
        before = cookie["sid"]
    client.submit("confirmation", code="nei", status=422)
    answer = client.submit("confirmation", code=code_of(app), follow=False)
    assert answer.headers["Location"] == LIST, "a download alone would leave her on the page that asked"
    page = client.follow(answer)
    assert "Filen lastes ned nå" in page.words and page.headers["Refresh"] == f"0; url={FILE}"
    assert "Refresh" not in client.get(LIST).headers, "it is given once"
    with client.session_transaction() as cookie:
        assert cookie["sid"] != before
    client.get(FILE)
    with client.session_transaction() as cookie:
        cookie["sid"] = before
    client.get("/devices", status=303)  # the old token opens nothing


def test_a_file_that_no_page_led_to_is_given_on_the_first_page(client: Any, eva: User) -> None:
    app = with_app(eva)
    client.sign_in(eva)
    grow_old()
    client.follow(client.get(FILE, status=303))
    page = client.follow(client.submit("confirmation", code=code_of(app), follow=False))
    assert page.headers["Refresh"] == f"0; url={FILE}"


@pytest.mark.parametrize(
    "file", ["https://evil.example/x", "//evil.example", "javascript:alert(1)", "/a\r\nB: c"]
)
def test_no_file_is_fetched_from_a_strangers_site(client: Any, eva: User, file: str) -> None:
    app = with_app(eva)
    client.sign_in(eva).get(f"/confirmation?{urlencode({'file': file})}")
    fields = client.page.form("confirmation").filled(code=code_of(app), file=file)
    page = client.follow(client.post("/confirmation", fields, status=303))
    assert "Refresh" not in page.headers


def test_who_had_been_signed_out_comes_back_to_the_list_and_not_to_a_download(client: Any) -> None:
    answer = client.get(FILE, status=303, headers={"Referer": f"http://localhost{LIST}"})
    assert client.follow(answer).form("sign-in").filled()["next"] == [LIST]
    assert "csv" in client.get(FILE, status=303).headers["Location"], "no page led to it"


def test_a_passkey_confirms_too(client: Any, eva: User) -> None:
    phone = Authenticator()
    add_passkey(client.sign_in(eva), phone)
    grow_old()
    client.follow(client.get("/security/email", status=303))
    asked = question(client, "/confirmation/passkey/challenge")
    assert len(asked["allowCredentials"]) == 1
    fields = phone.answer(asked) | {"next": "/security/email", "file": FILE}
    answer = client.post("/confirmation/passkey", fields, status=303)
    page = client.follow(answer)
    assert page.heading == "Bytt e-postadresse" and page.headers["Refresh"].endswith(FILE)


def test_what_was_typed_is_not_sent_and_not_lost(client: Any, eva: User) -> None:
    with_app(eva)
    client.sign_in(eva).get("/secretariat/access/new")
    form = client.page.form("access/new")
    grow_old()
    fields = form.filled(name="Nina <Ny>", email="nina@kdf.example", role="coach")
    page = client.post("/secretariat/access/new", fields, status=403, headers={"Referer": "http://localhost/secretariat/access/new"})  # fmt: skip
    assert page.heading == "Det ble ikke sendt"
    typed = page.one("#typed").text
    assert "Nina <Ny>" in typed and "nina@kdf.example" in typed and fields["csrf_token"][0] not in typed
    assert db.session.scalar(User.by_email("nina@kdf.example")) is None


def test_htmx_is_sent_to_the_confirmation_too(client: Any, eva: User) -> None:
    client.sign_in(eva).get("/security")
    grow_old()
    answer = client.htmx.post("/security/recovery-codes")
    assert answer.headers["HX-Redirect"] == "/confirmation?next=/security"


@pytest.mark.parametrize("referrer", ["https://evil.example/x", "//evil.example", "", "javascript:alert(1)"])
def test_the_way_back_stays_within_the_portal(client: Any, eva: User, referrer: str) -> None:
    client.sign_in(eva)
    grow_old()
    page = client.post("/security/recovery-codes", status=403, headers={"Referer": referrer})
    assert not [link for link in page.links if "evil" in link or "javascript" in link]


def test_without_a_factor_one_signs_in_again(client: Any, eva: User) -> None:
    client.sign_in(eva)
    assert "Her må du logge inn på nytt" in client.get("/confirmation").words


def test_the_fresh_proof_lasts_half_an_hour(client: Any, eva: User) -> None:
    start = clock.now()
    with time_machine.travel(start, tick=False):
        client.sign_in(eva).get("/security/email")
    with time_machine.travel(start + timedelta(minutes=20), tick=False):
        client.get("/security/email")
    with time_machine.travel(start + timedelta(minutes=30, seconds=1), tick=False):
        client.get("/security/email", status=303)


def test_wrong_codes_end_the_session(client: Any, eva: User) -> None:
    app = with_app(eva)
    client.sign_in(eva).get("/confirmation")
    for _ in range(4):
        client.submit("confirmation", code="123456", status=422)
    client.submit("confirmation", code="123456")
    client.get("/devices", status=303)
    assert db.session.scalars(Totp.in_use(eva)).one().id == app.id


def test_a_file_sent_where_an_address_belongs_leads_nowhere(client: Any, bjorn: Any) -> None:
    client.sign_in(bjorn).get("/security")
    sent = {"code": "123", "next": (BytesIO(b"x"), "/profile"), "csrf_token": client.csrf_token()}
    answer = client.open("/confirmation", method="POST", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422
