"""Whoever is put out while their request waits its turn goes no further, and changes nothing."""

from datetime import timedelta
from typing import Any, cast

import pytest
from flask import Flask, current_app
from sqlalchemy import select

from portal import audit, clock
from portal.accounts.addresses import EmailChange, LinkVoid, ask_to_change
from portal.accounts.factors import has_factor
from portal.accounts.models import User
from portal.accounts.notices import tell, was_not_me
from portal.accounts.recoveries import recover
from portal.accounts.sessions import end_all
from portal.database import lock
from portal.extensions import db
from portal.notifications import Kind
from tests.support.authenticator import Authenticator
from tests.support.client import CheckingClient
from tests.support.page import Page
from tests.support.racing import race
from tests.support.waiting import waiting
from tests.support.ways_in import mailed_link, open_link, question, with_app

THIEFS = "tyv@eksempel.example"


def test_a_key_that_is_being_made_does_not_outlive_the_account_that_begins_anew(
    client: Any, eva: User
) -> None:
    open_link(client, eva.email)
    made = Authenticator().make(question(client, "/sign-in/passkey/offer"))
    made["csrf_token"] = client.csrf_token()
    recover(db.session.get_one(User, eva.id), None, clock.now(), way="terminal")
    with waiting(lambda: client.post("/sign-in/passkey", made)) as answer:
        pass
    assert answer.result().headers["Location"] == "/sign-in"
    assert not has_factor(eva) and not audit.verify()


@pytest.mark.parametrize("path", ["/sign-in/app", "/sign-in/app/code", "/security/recovery-codes"])
def test_nothing_of_the_way_in_is_changed_by_a_browser_that_was_put_out_meanwhile(
    client: Any, eva: User, path: str
) -> None:
    with_app(eva)
    client.sign_in(eva).get("/sign-in/factor")
    client.submit("sign-in/app")
    form = {"csrf_token": client.csrf_token(), "code": "123456"}
    lock(eva)
    end_all(eva, clock.now())
    with waiting(lambda: client.post(path, form)) as answer:
        pass
    assert answer.result().headers["Location"] == "/sign-in"


def ask_for_the_thiefs_address(eva: User) -> None:
    ask_to_change(eva, THIEFS, clock.now())
    tell(eva, clock.now())
    db.session.flush()


def test_an_address_that_is_on_its_way_is_stopped_by_whoever_says_it_was_not_them(
    client: Any, eva: User
) -> None:
    own = eva.email
    ask_for_the_thiefs_address(eva)
    confirm, not_me = mailed_link(Kind.EMAIL_CONFIRMATION), mailed_link(Kind.SIGN_IN_CHANGED)
    client.sign_in(eva).get(confirm)
    form = {"csrf_token": client.csrf_token()}
    # Said a moment after the thief's request has read the clock.
    assert was_not_me(not_me.rsplit("/", 1)[1], clock.now() + timedelta(seconds=5))
    with waiting(lambda: client.post(confirm, form)) as answer:
        pass
    assert answer.result().headers["Location"] == "/sign-in"
    db.session.expire_all()
    assert eva.email == own and not eva.is_active
    assert db.session.scalars(select(EmailChange.confirmed_at)).one() is None


def confirm_or_say_no(number: int) -> None:
    """The thief, with a session of Eva's, opens the link to the new address; or Eva presses «det var ikke meg»."""
    confirm, not_me = mailed_link(Kind.EMAIL_CONFIRMATION), mailed_link(Kind.SIGN_IN_CHANGED)
    if number % 2:
        was_not_me(not_me.rsplit("/", 1)[1], clock.now())
        db.session.commit()
        return
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # the proxy's own way out
    client = CheckingClient(app, Page)
    client.checks = False
    client.sign_in(db.session.scalars(select(User).where(User.name == "Eva Nygård")).one())
    if client.open(confirm, method="POST", data={"csrf_token": client.csrf_token()}).status_code != 303:
        raise LinkVoid


def test_whichever_comes_first_the_address_is_the_owners(app: Flask, bed: Any, eva: User) -> None:
    own = eva.email
    ask_for_the_thiefs_address(eva)
    race(bed.url, confirm_or_say_no, [0, 1, 2, 3])
    db.session.expire_all()
    assert eva.email == own and not eva.is_active and not audit.verify()
