"""One's own sign-in: factors and codes come and go, the address moves, and each change is told by mail."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import audit, clock
from portal.accounts import codes
from portal.accounts.addresses import EmailChange, ask_to_change
from portal.accounts.factors import LastFactor, Passkey, Totp, require_another
from portal.accounts.models import User
from portal.database import lock
from portal.extensions import db
from portal.notifications import Kind, OutboxMessage
from tests.support.authenticator import Authenticator
from tests.support.racing import race
from tests.support.ways_in import add_passkey, mailed_link, mails, with_app, with_recovery_codes


def test_the_page_shows_what_is_there_and_what_is_not(client: Any, eva: User) -> None:
    page = client.sign_in(eva).get("/security")
    assert "Ingen ennå" in page.words and "Du har ingen ubrukte koder." in page.words
    with_app(eva)
    with_recovery_codes(eva)
    add_passkey(client, Authenticator())
    page = client.get("/security")
    assert len(page.all(".row")) == 2 and "Du har 10 ubrukte koder igjen." in page.words


def test_one_of_two_factors_can_go_and_the_last_one_cannot(client: Any, eva: User) -> None:
    with_app(eva)
    add_passkey(client.sign_in(eva), Authenticator())
    client.get("/security")
    page = client.submit("app/removal")
    assert "Fjernet." in page.words and db.session.scalars(Totp.in_use(eva)).first() is None
    form = next(f for f in page.forms if "/passkeys/" in f.action)
    page = client.submit(form)
    assert "Dette er den eneste måten du har." in page.words
    assert db.session.scalars(Passkey.visible_to(eva)).one()
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email] * 2
    assert not audit.verify()


def remove_a_factor(number: int) -> None:
    user = db.session.scalars(select(User).where(User.email == "eva.nygard@example.org")).one()
    lock(user)
    kind = Totp if number % 2 else Passkey
    factor = db.session.scalars(select(kind).where(kind.user_id == user.id)).first()
    if factor is None:
        raise LastFactor
    require_another(user, than=factor)  # type: ignore[arg-type]  # one of the two
    db.session.delete(factor)
    db.session.commit()


def test_of_two_factors_removed_at_once_one_stays(app: Flask, bed: Any, client: Any, eva: User) -> None:
    with_app(eva)
    add_passkey(client.sign_in(eva), Authenticator())
    seen = race(bed.url, remove_a_factor, [1, 2, 3, 4])
    assert seen == {"done": 1, "LastFactor": 3}


def test_nobody_removes_anothers_passkey(client: Any, new_client: Any, eva: User, fredrik: User) -> None:
    add_passkey(new_client().sign_in(fredrik), Authenticator())
    his = db.session.scalars(Passkey.visible_to(fredrik)).one()
    client.sign_in(eva).get("/security")
    client.post(f"/security/passkeys/{his.id}/removal", status=404)
    client.post("/security/app/removal", status=404)


def test_new_codes_make_the_old_ones_void(client: Any, eva: User) -> None:
    old = with_recovery_codes(eva)
    client.sign_in(eva).get("/security")
    page = client.submit("recovery-codes", follow=False)
    shown = page.texts(".recovery-codes code")
    assert len(set(shown)) == 10 and not set(shown) & set(old)
    assert not any(code in client.get("/security").text for code in shown)
    salt = codes.salt_of(eva)
    assert not codes.use_recovery_code(eva, codes.hashed(old[0], salt), clock.now())
    assert codes.use_recovery_code(eva, codes.hashed(shown[0], salt), clock.now())
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email]


def test_the_address_is_changed_by_a_link_to_the_new_one_and_the_old_one_is_told(
    client: Any, eva: User
) -> None:
    old = eva.email
    client.sign_in(eva).get("/security/email")
    client.submit("security/email", email="  Eva@Privat.example ")
    assert eva.email == old and mails(Kind.EMAIL_CONFIRMATION) == ["eva@privat.example"]
    link = mailed_link(Kind.EMAIL_CONFIRMATION)
    assert client.get(link).heading == "Bekreft den nye adressen"
    page = client.submit(client.page.form(link))
    assert "Adressen er byttet." in page.words
    db.session.expire_all()
    assert eva.email == "eva@privat.example" and mails(Kind.SIGN_IN_CHANGED) == [old]
    assert "Lenken virker ikke lenger." in client.post(link, status=422).words
    assert not audit.verify()


@pytest.mark.parametrize("why", ["late", "replaced", "another's", "forged"])
def test_a_link_that_does_not_hold_changes_nothing(client: Any, eva: User, fredrik: User, why: str) -> None:
    old = eva.email
    ask_to_change(eva, "ny@eksempel.example", clock.now())
    db.session.flush()
    link = mailed_link(Kind.EMAIL_CONFIRMATION)
    if why == "late":
        db.session.scalars(select(EmailChange)).one().expires_at -= timedelta(hours=1)
    elif why == "replaced":
        ask_to_change(eva, "annen@eksempel.example", clock.now())
    elif why == "forged":
        link = "/email/" + "x" * 43
    client.sign_in(fredrik if why == "another's" else eva).get("/security")
    client.post(link, status=422)
    db.session.expire_all()
    assert eva.email == old and fredrik.email == "fredrik.oie@example.org"


def test_an_address_somebody_has_is_not_told_apart_and_cannot_be_taken(
    client: Any, eva: User, fredrik: User
) -> None:
    client.sign_in(eva)
    answers = []
    for email in (fredrik.email, "ingen@eksempel.example"):
        client.get("/security/email")
        answers.append(client.submit("security/email", email=email).main)
    assert answers[0] == answers[1]
    assert mails(Kind.EMAIL_CONFIRMATION) == ["ingen@eksempel.example"]
    link = mailed_link(Kind.EMAIL_CONFIRMATION)
    fredrik.move_to("ingen@eksempel.example")  # somebody was quicker
    client.post(link, status=422)
    db.session.expire_all()
    assert eva.email == "eva.nygard@example.org"


def test_mails_say_that_something_was_changed_and_never_what(client: Any, eva: User) -> None:
    from portal.notifications.delivery import compose

    with_app(eva)
    add_passkey(client.sign_in(eva), Authenticator())
    ask_to_change(eva, "ny@eksempel.example", clock.now())
    db.session.commit()
    for message in db.session.scalars(select(OutboxMessage)):
        said = set(
            re.findall(r"[\w@]+", compose(message, clock.now()).get_content().split("http")[0].lower())
        )
        assert not said & {
            "nøkkel",
            "nøkkelen",
            "passkey",
            "app",
            "appen",
            "kode",
            "koder",
            "eva",
            "nygård",
            "ny@eksempel",
        }
