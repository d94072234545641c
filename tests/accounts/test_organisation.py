"""Coming in with the organisation's own sign-in, by a real provider: only people we know, and never by an address alone."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import create_engine, select, update

import config
from portal import audit, clock
from portal.accounts.factors import Identity, has_factor
from portal.accounts.models import User
from portal.accounts.recoveries import recover
from portal.accounts.sessions import Session
from portal.audit import AuditEvent
from portal.extensions import db
from portal.notifications import Kind
from tests.support.authenticator import Authenticator
from tests.support.provider import CLIENT, SECRET, Provider, serving_provider
from tests.support.settings import set_production
from tests.support.ways_in import add_passkey, code_of, mailed_link, mails, open_link, with_app


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with serving_provider() as provider:
        yield provider


@pytest.fixture
def provider(app: Flask, running: Provider) -> Iterator[Provider]:
    running.forged, running.meanwhile = False, lambda: None
    running.signed_in_at, running.asks_anew = time.time(), True
    kept = {name: app.config[name] for name in app.config if name.startswith("OIDC_")}
    app.config.update(
        OIDC_ISSUER=running.issuer, OIDC_CLIENT_ID=CLIENT, OIDC_CLIENT_SECRET=SECRET, OIDC_NAME="KDF"
    )
    yield running
    app.config.update(kept)


def says(user: User, **claims: Any) -> dict[str, Any]:
    return {"sub": f"subject of {user.id}", "email": user.email, "email_verified": True, "amr": ["pwd", "mfa"]} | claims  # fmt: skip


def come(client: Any, provider: Provider, status: int = 303, next_page: str | None = None) -> Any:
    """Go to the provider and come back."""
    left = client.get(
        "/sign-in/organisation", status=303, query_string={"next": next_page} if next_page else {}
    )
    return client.get(provider.authorize(left.headers["Location"]), status=status)


def refused(client: Any, answer: Any) -> None:
    assert answer.headers["Location"] == "/sign-in"
    assert "Vi kunne ikke logge deg inn den veien." in client.follow(answer).words
    client.get("/devices", status=303)


def test_it_is_off_until_it_is_configured(client: Any) -> None:
    assert "-kontoen din" not in client.get("/sign-in").words
    client.get("/sign-in/organisation", status=404)
    client.get("/sign-in/organisation/return?code=x&state=y", status=404)


def test_somebody_known_comes_in_and_is_known_by_the_subject_from_then_on(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva, email=eva.email.upper())
    assert "Logg inn med KDF-kontoen din" in client.get("/sign-in").words
    answer = come(client, provider, next_page="/secretariat/members")
    assert answer.headers["Location"] == "/secretariat/members"
    client.get("/secretariat/members")
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email]
    provider.claims = says(eva, email="somebody.else@kdf.example", email_verified=False)
    later = new_client()
    come(later, provider)
    assert eva.name in later.get("/devices").words
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email] and not audit.verify()


def test_without_a_second_factor_there_ours_is_asked_for(client: Any, provider: Provider, eva: User) -> None:
    app = with_app(eva)
    provider.claims = says(eva, amr=["pwd"])
    assert come(client, provider).headers["Location"] == "/sign-in/code"
    client.get("/secretariat/", status=303)
    client.get("/sign-in/code")
    client.submit("sign-in/code", code=code_of(app))
    client.get("/secretariat/")


def test_at_the_first_meeting_whoever_has_a_factor_of_ours_shows_it(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    with_app(eva)
    provider.claims = says(eva)
    assert come(client, provider).headers["Location"] == "/sign-in/code"
    later = new_client()
    come(later, provider)
    later.get("/secretariat/")


def test_the_mailbox_alone_does_not_open_what_the_organisation_vouches_for(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    """Eva always comes with KDF's own sign-in, and has made neither key nor app here: whoever reads her mail makes none."""
    provider.claims = says(eva)
    hers = new_client()
    come(hers, provider)
    page = open_link(client, eva.email)
    assert page.heading == "Bekreft at det er deg" and "KDF-kontoen din" in page.words
    for path in ("/sign-in/factor", "/sign-in/app", "/sign-in/app/code.svg"):
        assert client.get(path, status=303).headers["Location"] == "/sign-in/code"
    for path in ("/sign-in/app", "/sign-in/app/code", "/sign-in/passkey/offer", "/sign-in/passkey"):
        assert client.post(path, status=303).headers["Location"] == "/sign-in/code"
    client.get("/sign-in/code")
    client.get("/secretariat/", status=303)
    add_passkey(hers, Authenticator())
    assert has_factor(eva)


def test_with_the_organisations_word_one_comes_on_from_the_mailed_link(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva)
    come(new_client(), provider)
    client.get("/sign-in?next=/secretariat/members")
    client.submit("sign-in", email=eva.email)
    page = client.follow(client.post(mailed_link(Kind.SIGN_IN), status=303))
    (way,) = [link for link in page.links if link.startswith("/sign-in/organisation")]
    answer = client.get(provider.authorize(client.get(way, status=303).headers["Location"]), status=303)
    assert answer.headers["Location"] == "/secretariat/members"


def test_where_the_organisation_asks_for_no_second_factor_ours_is_set_up_with_its_word(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva, amr=["pwd"])
    for browser in (new_client(), client):
        assert come(browser, provider).headers["Location"] == "/sign-in/factor"
    open_link(new_client(), eva.email).words.index("Du pleier å logge inn med KDF-kontoen din.")
    add_passkey(client, Authenticator())
    client.get("/secretariat/")


def test_where_the_organisations_way_is_closed_the_secretariat_helps(
    app: Flask, client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva)
    come(new_client(), provider)
    app.config["OIDC_ISSUER"] = ""
    page = open_link(client, eva.email)
    assert "Kontoen du pleier å logge inn med, kan ikke brukes her lenger." in page.words
    client.get("/sign-in/factor", status=303)
    recover(eva, None, clock.now(), way="terminal")
    assert open_link(new_client(), eva.email).heading == "Velg hvordan du logger inn"


FORM, PAGE = "/secretariat/access/new", "Gi en tilgang"
AN_HOUR_AGO = timedelta(hours=1)


@pytest.mark.parametrize("told", ["an hour ago", "never"])
def test_an_old_proof_lets_somebody_in_and_opens_nothing_that_needs_a_fresh_one(
    client: Any, provider: Provider, eva: User, told: str
) -> None:
    """She signed in with her telephone this morning, and the organisation's way in asks for nothing all day."""
    provider.signed_in_at = (clock.now() - AN_HOUR_AGO).timestamp() if told == "an hour ago" else None
    provider.claims = says(eva)
    assert come(client, provider).headers["Location"] == "/secretariat/"
    client.get("/secretariat/members")
    assert client.get(FORM, status=303).headers["Location"] == f"/confirmation?next={FORM}"
    assert client.get("/sign-in/factor", status=303).headers["Location"].startswith("/confirmation")


def test_a_proof_is_as_old_as_the_organisation_says(client: Any, provider: Provider, eva: User) -> None:
    provider.signed_in_at = (clock.now() - timedelta(minutes=25)).timestamp()
    provider.claims = says(eva)
    come(client, provider)
    client.get(FORM)
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        client.get(FORM, status=303)


def confirm(client: Any, provider: Provider) -> Any:
    """Go to the provider from the page that asks for proof, and come back."""
    (way,) = [link for link in client.page.links if link.startswith("/confirmation/organisation")]
    return client.get(provider.authorize(client.get(way, status=303).headers["Location"]), status=303)


def test_whoever_has_only_the_organisations_account_proves_it_there(
    client: Any, provider: Provider, eva: User
) -> None:
    provider.claims, provider.signed_in_at = says(eva), (clock.now() - AN_HOUR_AGO).timestamp()
    come(client, provider)
    client.follow(
        client.get("/secretariat/members.csv", status=303, headers={"Referer": f"http://localhost{FORM}"})
    )
    assert "Bekreft med KDF-kontoen din" in client.page.words
    with client.session_transaction() as cookie:
        before = cookie["sid"]
    page = client.follow(confirm(client, provider))
    assert page.heading == PAGE and page.headers["Refresh"] == "0; url=/secretariat/members.csv"
    with client.session_transaction() as cookie:
        assert cookie["sid"] != before
    add_passkey(client, Authenticator())
    assert has_factor(eva) and not audit.verify()


@pytest.mark.parametrize("wrong", ["asks nothing", "never tells", "no second factor"])
def test_a_provider_that_does_not_ask_anew_proves_nothing(
    client: Any, provider: Provider, eva: User, wrong: str
) -> None:
    provider.claims, provider.signed_in_at = says(eva), (clock.now() - AN_HOUR_AGO).timestamp()
    come(client, provider)
    if wrong == "asks nothing":
        provider.asks_anew = False
    elif wrong == "never tells":
        provider.signed_in_at = None
    else:
        provider.claims = says(eva, amr=["pwd"])
    client.follow(client.get(FORM, status=303))
    page = client.follow(confirm(client, provider))
    assert page.heading == "Bekreft at det er deg" and "nettopp har logget inn der" in page.words
    client.get(FORM, status=303)


def test_a_colleagues_proof_is_not_ones_own(
    client: Any, provider: Provider, eva: User, fredrik: User
) -> None:
    provider.claims, provider.signed_in_at = says(eva), (clock.now() - AN_HOUR_AGO).timestamp()
    come(client, provider)
    client.follow(client.get(FORM, status=303))
    provider.claims = says(fredrik)
    client.follow(confirm(client, provider))
    assert client.get(FORM, status=303).headers["Location"].startswith("/confirmation")
    assert len(db.session.scalars(select(Identity)).all()) == 1, "nor is his account linked from her browser"
    assert eva.name in client.get("/devices").words


@pytest.mark.parametrize("auth_time", [4_000_000_000, 1e300, "now", [1], {"a": 1}], ids=str)
def test_a_proof_from_a_time_that_cannot_be_is_refused(
    client: Any, provider: Provider, eva: User, auth_time: Any
) -> None:
    provider.claims = says(eva, auth_time=auth_time)
    refused(client, come(client, provider))


def test_a_clock_that_is_a_little_ahead_proves_no_longer_for_that(
    client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva, auth_time=int(clock.now().timestamp()) + 50)
    come(client, provider)
    (here,) = db.session.scalars(select(Session))
    assert here.proved_at is not None and here.proved_at <= clock.now()


def test_every_refusal_leaves_a_trace(client: Any, provider: Provider, eva: User) -> None:
    provider.claims = says(eva, aud="another client")
    refused(client, come(client, provider))
    (event,) = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "sign-in refused"))
    assert (event.subject, event.details, event.actor_id) == (
        "sign_in:organisation",
        {"way": "organisation"},
        None,
    )


def test_a_stranger_and_somebody_shut_out_stay_outside(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = {
        "sub": "stranger",
        "email": "ingen@eksempel.example",
        "email_verified": True,
        "amr": ["mfa"],
    }
    refused(client, come(client, provider))
    provider.claims = says(eva)
    come(new_client(), provider)
    eva.deactivated_at = clock.now()
    refused(client, come(client, provider))


def test_an_address_nobody_has_verified_opens_nothing(client: Any, provider: Provider, eva: User) -> None:
    for unsure in ({"email_verified": False}, {"email_verified": "true"}, {"email_verified": None}):
        provider.claims = says(eva, **unsure)
        refused(client, come(client, provider))
    provider.claims = says(eva, email_verified=None, xms_edov=True)  # as Entra ID says it
    assert come(client, provider).headers["Location"] == "/secretariat/"


def test_another_subject_with_the_same_address_is_refused(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva)
    come(new_client(), provider)
    provider.claims = says(eva, sub="somebody who got the address later")
    refused(client, come(client, provider))
    assert len(db.session.scalars(select(Identity)).all()) == 1


WRONG: list[dict[str, Any]] = [
    {"iss": "https://evil.example"},
    {"aud": "another client"},
    {"nonce": "another's"},
    {"nonce": None},
    {"exp": 1_700_000_000},
    {"sub": None},
]


@pytest.mark.parametrize("claims", WRONG, ids=str)
def test_a_token_that_is_not_for_us_now_is_refused(
    client: Any, provider: Provider, eva: User, claims: dict[str, Any]
) -> None:
    provider.claims = says(eva, **claims)
    refused(client, come(client, provider))


def test_a_token_signed_by_somebody_else_is_refused(client: Any, provider: Provider, eva: User) -> None:
    provider.claims, provider.forged = says(eva), True
    refused(client, come(client, provider))


def test_an_answer_to_another_browsers_question_is_refused(
    client: Any, new_client: Any, provider: Provider, eva: User
) -> None:
    provider.claims = says(eva)
    left = new_client().get("/sign-in/organisation", status=303)
    back = provider.authorize(left.headers["Location"])
    client.get(back, status=404)  # nothing was asked here
    client.get("/sign-in/organisation", status=303)
    refused(client, client.get(back, status=303))


def test_an_answer_is_heard_once(client: Any, provider: Provider, eva: User) -> None:
    provider.claims = says(eva)
    left = client.get("/sign-in/organisation", status=303)
    back = provider.authorize(left.headers["Location"])
    client.get(back, status=303)
    client.get(back, status=404)


def test_a_provider_that_is_down_is_no_dead_end(client: Any, app: Flask, provider: Provider) -> None:
    app.config["OIDC_ISSUER"] = "http://127.0.0.1:9"
    refused(client, client.get("/sign-in/organisation", status=303))


@pytest.mark.parametrize("has_been_here", [True, False], ids=["in a browser from before", "in a new one"])
def test_somebody_comes_in_while_others_write(
    client: Any, provider: Provider, bed: Any, eva: User, fredrik: User, has_been_here: bool
) -> None:
    def write() -> None:
        engine = create_engine(bed.url)
        with engine.begin() as connection:
            connection.execute(update(User).where(User.name == "Fredrik Øie").values(language="nn"))
        engine.dispose()

    provider.claims, provider.meanwhile = says(eva), write
    if has_been_here:
        client.sign_in(eva).get("/secretariat/")
    assert come(client, provider).headers["Location"] == "/secretariat/"
    client.get("/secretariat/")
    db.session.expire_all()
    assert fredrik.language == "nn" and not audit.verify()


def test_two_returns_at_once_are_one_first_meeting(new_client: Any, provider: Provider, eva: User) -> None:
    provider.claims, provider.meanwhile = says(eva), threading.Barrier(2).wait
    browsers, returns = [new_client(), new_client()], []
    for browser in browsers:
        left = browser.get("/sign-in/organisation", status=303).headers["Location"]
        returns.append(provider.authorize(left))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda browser, back: browser.get(back, status=303), browsers, returns))
    assert [answer.headers["Location"] for answer in answers] == ["/secretariat/"] * 2
    assert len(db.session.scalars(select(Identity)).all()) == 1
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email] and not audit.verify()


def test_production_wants_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    set_production(monkeypatch)
    monkeypatch.setenv("OIDC_ISSUER", "https://login.example")
    with pytest.raises(config.MissingSetting):
        config.Production()
    monkeypatch.setenv("OIDC_CLIENT_ID", "varde")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "secret")
    assert config.Production().OIDC_ISSUER == "https://login.example"
