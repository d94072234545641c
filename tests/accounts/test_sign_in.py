"""Coming in by a mailed link: once, soon, in the browser that asked, by pressing a button, and only halfway."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, inspect, select, text

from portal import clock
from portal.accounts.forgetting import forget_old
from portal.accounts.models import LINK_LIFETIME, LoginLink, User, digest
from portal.accounts.sessions import HALFWAY, Session
from portal.accounts.sign_in import ask_for_link
from portal.errors import DomainError
from portal.extensions import db
from portal.notifications import OutboxMessage
from tests.support.people import new_user
from tests.support.racing import race
from tests.support.ways_in import code_of, mailed_link, with_app


class Refused(DomainError):
    pass


def ask(client: Any, email: str) -> Any:
    client.get("/sign-in")
    return client.submit("sign-in", email=email)


def grow_older(by: timedelta) -> None:
    for link in db.session.scalars(select(LoginLink)):
        link.expires_at -= by


def test_a_person_comes_in_by_the_link_and_lands_on_their_own_page(client: Any, eva: User) -> None:
    app = with_app(eva)
    page = ask(client, f"  {eva.email.upper()} ")
    assert page.heading == "Se i innboksen din"
    page = client.get(mailed_link())
    assert page.heading == "Velkommen inn"
    page = client.submit(page.forms[0])
    assert page.heading == "Bekreft at det er deg"
    assert client.get("/devices", status=303).headers["Location"] == "/sign-in/code"
    client.get("/sign-in/code")
    answer = client.submit("sign-in/code", code=code_of(app), follow=False)
    assert answer.headers["Location"] == "/secretariat/"
    assert eva.name in client.get("/devices").words


def test_looking_at_the_link_does_not_spend_it(client: Any, eva: User) -> None:
    ask(client, eva.email)
    link = mailed_link()
    for _ in range(3):  # as mail scanners do
        client.get(link)
    assert db.session.scalars(select(LoginLink)).one().used_at is None
    client.post(link, status=303)


def test_a_link_works_once(client: Any, new_client: Any, eva: User) -> None:
    ask(client, eva.email)
    link = mailed_link()
    client.post(link, status=303)
    page = client.post(link, status=422)
    assert page.heading == "Lenken virker ikke lenger"
    assert "Den virker bare én gang." in page.words
    page = client.submit("sign-in", email=eva.email)
    assert page.heading == "Se i innboksen din"


def test_a_link_works_for_ten_minutes(client: Any, eva: User) -> None:
    assert timedelta(minutes=10) == LINK_LIFETIME
    ask(client, eva.email)
    grow_older(LINK_LIFETIME)
    client.post(mailed_link(), status=422)
    ask(client, eva.email)
    grow_older(LINK_LIFETIME - timedelta(seconds=30))
    client.post(mailed_link(), status=303)


def test_a_link_works_only_in_the_browser_that_asked(client: Any, new_client: Any, eva: User) -> None:
    ask(client, eva.email)
    link, other = mailed_link(), new_client()
    page = other.get(link)
    page = other.submit(page.forms[0], status=422)
    assert "i den nettleseren du ba om den fra" in page.words
    client.post(link, status=303)


def test_a_guessed_link_opens_nothing(client: Any) -> None:
    client.get("/sign-in/" + "x" * 43)
    client.post("/sign-in/" + "x" * 43, status=422)
    client.get("/sign-in/" + "x" * 42, status=404)
    client.get("/sign-in/%00" + "x" * 42)


def test_only_hashes_are_stored(client: Any, eva: User) -> None:
    ask(client, eva.email)
    token = mailed_link().rsplit("/", 1)[1]
    with client.session_transaction() as cookie:
        browser = cookie["browser"]
    client.post(f"/sign-in/{token}", status=303)
    with client.session_transaction() as cookie:
        sid = cookie["sid"]
    link = db.session.scalars(select(LoginLink)).one()
    assert (link.token_hash, link.browser_hash) == (digest(token), digest(browser))
    stored = " ".join(
        str(row)
        for table in inspect(db.session.connection()).get_table_names()
        for row in db.session.execute(text(f'SELECT * FROM "{table}"'))
    )
    for secret in (token, browser, sid):
        assert secret not in stored


@pytest.mark.promise("Ingen kan se på svaret om en adresse er registrert", small=1, full=1)
def test_known_and_unknown_addresses_get_the_same_answer(
    client: Any, new_client: Any, eva: User, promise: Any
) -> None:
    eva_before = new_user("Per Sperret")
    eva_before.deactivated_at = clock.now()
    answers = []
    for email in (eva.email, "ingen@eksempel.example", eva_before.email):
        visitor = new_client()
        visitor.get("/sign-in")
        answer = visitor.post("/sign-in", {"email": email}, status=303)
        page = visitor.follow(answer)
        headers = {k: v for k, v in answer.headers.items() if k not in ("Set-Cookie", "Date")}
        answers.append(
            (answer.status, answer.data, headers, page.main, bool(answer.headers.get("Set-Cookie")))
        )
    assert answers[0] == answers[1] == answers[2]
    sent = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.withdrawn_at.is_(None))
    assert db.session.scalar(sent) == 1
    promise.saw("kjent, ukjent og sperret adresse: samme svar, ett brev")


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("", "Skriv e-postadressen."),
        ("   ", "Skriv e-postadressen."),
        ("kari", "Det ser ikke ut som en e-postadresse."),
        ("<script>alert(1)</script>@x.no", "Det ser ikke ut som en e-postadresse."),
        ("x" * 100_000, "Adressen er for lang."),
        ("\0\0", ""),
    ],
)
def test_what_is_no_address_is_said_at_the_field_and_kept(client: Any, email: str, said: str) -> None:
    client.get("/sign-in")
    page = client.submit("sign-in", email=email, status=422)
    assert said in page.texts("#email-error")[0]
    if email.isprintable() and email.strip():
        assert page.one("#email").get("value") == email


def use_the_link(_user_id: int) -> None:
    if LoginLink.use("token", "browser", clock.now()) is None:
        raise Refused
    db.session.commit()


@pytest.mark.promise(
    "En innloggingslenke virker én gang, uansett hvor mange som prøver samtidig", small=100, full=100
)
def test_of_a_hundred_uses_at_once_one_comes_in(app: Flask, bed: Any, eva: User, promise: Any) -> None:
    now = clock.now()
    db.session.add(
        LoginLink(user_id=eva.id, token_hash=digest("token"), browser_hash=digest("browser"), created_at=now,
                  expires_at=now + LINK_LIFETIME)
    )  # fmt: skip
    seen = race(bed.url, use_the_link, [eva.id] * promise.size)
    assert seen == {"done": 1, "Refused": promise.size - 1}
    promise.saw(f"{promise.size} forsøk samtidig, {seen['done']} kom inn")


def test_somebody_shut_out_gets_no_link_and_cannot_use_one(client: Any, eva: User) -> None:
    ask(client, eva.email)
    eva.deactivated_at = clock.now()
    client.post(mailed_link(), status=422)
    ask_for_link(eva.email, "browser", clock.now())
    assert db.session.scalars(select(LoginLink.user_id).order_by(LoginLink.id)).all() == [eva.id, None]


def test_whoever_is_shut_out_is_out_at_the_next_request(client: Any, eva: User) -> None:
    client.sign_in(eva).get("/devices")
    eva.deactivated_at = clock.now()
    client.get("/devices", status=303)


def test_signing_in_forgets_what_lay_in_the_cookie(client: Any, eva: User) -> None:
    with client.session_transaction() as cookie:
        cookie["hat"], cookie["sid"] = "steering", "somebody else's"
    ask(client, eva.email)
    client.post(mailed_link(), status=303)
    with client.session_transaction() as cookie:
        assert "hat" not in cookie and cookie["sid"] != "somebody else's"


@pytest.mark.parametrize(
    ("target", "lands"),
    [
        ("/secretariat/members?q=vik", "/secretariat/members?q=vik"),
        ("https://evil.example/", "/secretariat/"),
        ("//evil.example", "/secretariat/"),
        ("/\\evil.example", "/secretariat/"),
        ("/%5Cevil.example", "/%5Cevil.example"),
        ("javascript:alert(1)", "/secretariat/"),
        ("/\tevil", "/secretariat/"),
        ("/x\r\nSet-Cookie: a=b", "/secretariat/"),
        ("", "/secretariat/"),
    ],
)
def test_the_way_on_stays_within_the_portal(client: Any, eva: User, target: str, lands: str) -> None:
    app = with_app(eva)
    client.get("/sign-in", query_string={"next": target})
    client.submit("sign-in", email=eva.email)
    client.follow(client.post(mailed_link(), status=303))
    answer = client.submit("sign-in/code", code=code_of(app), follow=False)
    assert answer.headers["Location"] == lands


def test_a_forged_way_on_in_the_form_is_ignored_too(client: Any, eva: User) -> None:
    app = with_app(eva)
    client.get("/sign-in")
    client.submit("sign-in", email=eva.email, next="//evil.example")
    client.follow(client.post(mailed_link(), status=303))
    answer = client.submit("sign-in/code", code=code_of(app), follow=False)
    assert answer.headers["Location"] == "/secretariat/"


def test_whoever_is_in_is_led_on_from_the_sign_in_page(client: Any, eva: User) -> None:
    assert client.sign_in(eva).get("/sign-in", status=303).headers["Location"] == "/secretariat/"


def test_old_links_and_sessions_are_forgotten(app: Flask, eva: User) -> None:
    now = clock.now()
    ask_for_link(eva.email, "browser", now)
    ask_for_link("ingen@eksempel.example", "browser", now)
    Session.start(eva, now)
    Session.start(eva, now, proved_at=now)
    db.session.flush()
    assert forget_old(now) == 0
    assert forget_old(now + timedelta(minutes=11)) == 2
    assert forget_old(now + HALFWAY + timedelta(minutes=1)) == 1
    assert forget_old(now + timedelta(hours=13)) == 1
    assert forget_old(now + timedelta(days=2)) == 1  # the mail to nobody


def test_in_development_the_page_says_where_the_mail_lies(client: Any, app: Flask) -> None:
    from pathlib import Path

    assert "ingen e-posttjener" not in client.get("/sign-in/sent").words
    app.config["MAIL_FOLDER"] = Path(app.instance_path) / "mail"
    try:
        assert "instance/mail/" in client.get("/sign-in/sent").words
    finally:
        app.config["MAIL_FOLDER"] = None
