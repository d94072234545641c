"""Every token that lets somebody do something: changed, used again, or somebody else's, it does nothing."""

import random
import string
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.accounts.addresses import ask_to_change
from portal.accounts.factors import Totp
from portal.accounts.models import User
from portal.accounts.notices import tell
from portal.accounts.sessions import Session
from portal.accounts.sign_in import ask_for_link
from portal.extensions import db
from portal.notifications import Kind
from tests.support.authenticator import Authenticator
from tests.support.client import CheckingClient
from tests.support.ways_in import add_passkey, code_of, mailed_link, question, with_app

LETTERS = string.ascii_letters + string.digits + "-_"


class Thief:
    """Somebody with a browser, an account of their own, and copies of what was Eva's."""

    def __init__(self, new_client: Any, eva: User, fredrik: User) -> None:
        self.new_client, self.eva, self.fredrik = new_client, eva, fredrik
        self.dice = random.Random(7)
        self.phone = Authenticator()
        self.tried: Counter[str] = Counter()
        self.opened: list[str] = []

    def changed(self, token: str) -> str:
        """The token with a letter or more changed, cut off, added, or moved."""
        letters = list(token)
        at = self.dice.randrange(len(letters))
        kind = self.dice.randrange(4)
        if kind == 0:
            # Not the last letter of 32 bytes in base64: two of its bits mean nothing.
            at = min(at, len(letters) - 2)
            letters[at] = self.dice.choice([c for c in LETTERS if c != letters[at]])
        elif kind == 1:
            self.dice.shuffle(letters)
        elif kind == 2:
            letters = list("".join(self.dice.choice(LETTERS) for _ in token))
        else:
            letters[at : at + 1] = self.dice.choices(LETTERS, k=1) * 2
        text = "".join(letters)[: len(token)].ljust(len(token), "A")
        return text if text != token else token[::-1]

    def is_refused(self, what: str, answer: Any, *allowed: int) -> None:
        self.tried[what] += 1
        if answer.status_code not in allowed:
            self.opened.append(f"{what}: {answer.status}")

    def is_nobody(self, what: str, browser: CheckingClient) -> None:
        self.tried[what] += 1
        if browser.open("/devices").status_code != 303:
            self.opened.append(what)


def try_sessions(thief: Thief, times: int) -> None:
    own = thief.new_client().sign_in(thief.eva)
    with own.session_transaction() as cookie:
        sid = cookie["sid"]
    signed = own.get_cookie("varde").value
    own.post("/sign-out")
    for number in range(times):
        browser = thief.new_client()
        if number % 3 == 0:
            browser.set_cookie("varde", thief.changed(signed))
        else:
            with browser.session_transaction() as cookie:
                cookie["sid"] = sid if number % 3 == 1 else thief.changed(sid)
        thief.is_nobody("session", browser)


def try_links(thief: Thief, times: int) -> None:
    """Eva's links, in the thief's browser, in her own when changed, and when they have been used."""
    owner = thief.new_client()
    with owner.session_transaction() as cookie:
        cookie["browser"] = "hers"
    ask_for_link(thief.eva.email, "hers", clock.now())
    db.session.commit()
    link = mailed_link(Kind.SIGN_IN)
    token = link.rsplit("/", 1)[1]
    for number in range(times):
        browser = owner if number % 2 else thief.new_client()
        address = f"/sign-in/{thief.changed(token)}" if number % 2 else link
        answer = browser.open(address, method="POST", data={"csrf_token": browser.csrf_token()})
        thief.is_refused("link", answer, 422)
    owner.post(link, status=303)
    with owner.session_transaction() as cookie:
        cookie["browser"] = "hers"
    thief.is_refused("link", owner.open(link, method="POST", data={"csrf_token": owner.csrf_token()}), 422)


def try_codes(thief: Thief, times: int) -> None:
    evas, his = with_app(thief.eva), with_app(thief.fredrik)
    db.session.commit()
    for number in range(times):
        browser = halfway(thief, thief.eva)
        right = {code_of(evas, step) for step in (-2, -1, 0, 1, 2)}
        code = code_of(his) if number % 2 else f"{thief.dice.randrange(10**6):06}"
        if code not in right:
            data = {"code": code, "csrf_token": browser.csrf_token()}
            thief.is_refused("code", browser.open("/sign-in/code", method="POST", data=data), 422)
    code, browser = code_of(evas), halfway(thief, thief.eva)
    browser.post("/sign-in/code", {"code": code}, status=303)
    for _ in range(times // 4 + 1):
        browser = halfway(thief, thief.eva)
        data = {"code": code, "csrf_token": browser.csrf_token()}
        thief.is_refused("code", browser.open("/sign-in/code", method="POST", data=data), 422)
    assert db.session.scalars(Totp.in_use(thief.eva)).one()


def halfway(thief: Thief, user: User) -> CheckingClient:
    browser: CheckingClient = thief.new_client()
    _session, token = Session.start(user, clock.now())
    db.session.commit()
    with browser.session_transaction() as cookie:
        cookie["sid"] = token
    return browser


def try_passkeys(thief: Thief, times: int) -> None:
    add_passkey(thief.new_client().sign_in(thief.eva), thief.phone)
    for number in range(times):
        browser, other = thief.new_client(), thief.new_client()
        asked = question(browser, "/sign-in/passkey/challenge")
        if number % 3 == 0:
            asked["challenge"] = thief.changed(asked["challenge"])
        elif number % 3 == 1:
            asked, browser = asked, other
        fields = thief.phone.answer(asked)
        if number % 3 == 2:
            key = Authenticator()
            key.keys = [type(thief.phone.keys[0])(thief.phone.keys[0].credential_id, key_of(key), thief.phone.keys[0].handle, 10**6)]  # fmt: skip
            fields = key.answer(asked)
        data = fields | {"csrf_token": browser.csrf_token()}
        thief.is_refused("passkey", browser.open("/sign-in/passkey/answer", method="POST", data=data), 422)


def key_of(device: Authenticator) -> Any:
    device.make({"user": {"id": "AAAA"}, "challenge": "AAAA"})
    return device.keys[0].private


def try_forms(thief: Thief, times: int) -> None:
    """The token of a form: changed, or of another session."""
    his, hers = thief.new_client().sign_in(thief.fredrik), thief.new_client().sign_in(thief.eva)
    hers.get("/devices")
    his.get("/devices")
    token = hers.csrf_token()
    for number in range(times):
        data = {"csrf_token": thief.changed(token) if number % 2 else token}
        thief.is_refused("form", his.open("/devices/others/end", method="POST", data=data), 400)


def try_mailed(thief: Thief, times: int) -> None:
    """«Det var ikke meg» and the confirmation of an address: changed, another's, and used again."""
    now: datetime = clock.now()
    ask_to_change(thief.eva, "ny@eksempel.example", now)
    tell(thief.eva, now)
    db.session.commit()
    confirm, not_me = mailed_link(Kind.EMAIL_CONFIRMATION), mailed_link(Kind.SIGN_IN_CHANGED)
    his, anyone = thief.new_client().sign_in(thief.fredrik), thief.new_client()
    for _ in range(times // 2):
        for browser, link in ((his, confirm), (anyone, not_me)):
            path, token = link.rsplit("/", 1)
            data = {"csrf_token": browser.csrf_token()}
            answer = browser.open(f"{path}/{thief.changed(token)}", method="POST", data=data)
            thief.is_refused(path.strip("/"), answer, 422)
    data = {"csrf_token": his.csrf_token()}
    thief.is_refused("email", his.open(confirm, method="POST", data=data), 422)
    hers = thief.new_client().sign_in(thief.eva)
    hers.post(confirm, status=303)
    data = {"csrf_token": hers.csrf_token()}
    thief.is_refused("email", hers.open(confirm, method="POST", data=data), 422)
    not_me = mailed_link(Kind.SIGN_IN_CHANGED)
    anyone.post(not_me, status=200)
    data = {"csrf_token": anyone.csrf_token()}
    thief.is_refused("not-me", anyone.open(not_me, method="POST", data=data), 422)


@pytest.mark.promise("Et bevis som er endret, brukt før eller en annens, åpner ingenting", small=6, full=200)
def test_no_token_works_but_the_right_one_once_for_its_owner(
    app: Any, new_client: Any, eva: User, fredrik: User, promise: Any
) -> None:
    thief = Thief(new_client, eva, fredrik)
    for attempt in (try_sessions, try_links, try_codes, try_passkeys, try_forms, try_mailed):
        attempt(thief, promise.size)
    assert not thief.opened
    each = ", ".join(f"{count} {what}" for what, count in sorted(thief.tried.items()))
    promise.saw(f"{thief.tried.total()} forsøk ({each}), {len(thief.opened)} slapp inn")
    assert (
        db.session.scalars(select(User).where(User.id == fredrik.id)).one().email == "fredrik.oie@example.org"
    )
