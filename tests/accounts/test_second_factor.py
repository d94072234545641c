"""The second factor: everyone has one, nobody comes past it, and each code is used once."""

import json
from datetime import timedelta
from typing import Any, cast

import pytest
import time_machine
from flask import Flask, current_app
from sqlalchemy import create_engine, select, update

from portal import audit, clock, keys
from portal.access import ANYONE, HALFWAY, Role, allowed
from portal.accounts import codes
from portal.accounts.factors import RecoveryCode, Totp
from portal.accounts.models import User
from portal.accounts.passkeys import PasskeyRefused
from portal.accounts.sessions import MOST_WRONG_CODES, Session
from portal.errors import DomainError
from portal.extensions import db
from portal.notifications import Kind, OutboxMessage
from portal.notifications.delivery import compose
from tests.support.authenticator import Authenticator
from tests.support.client import CheckingClient
from tests.support.page import Page
from tests.support.people import new_user
from tests.support.racing import race
from tests.support.ways_in import add_passkey, code_of, mails, open_link, with_app, with_recovery_codes
from tests.test_access import address, rules

NOW = clock.now().replace(microsecond=0)
# Whoever must wait at all is refused.
AT_ONCE: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": 0},
    "postgresql": {"options": "-c lock_timeout=1"},
}


class Refused(DomainError):
    pass


def apps_of(user: User, confirmed: bool) -> list[Totp]:
    rows = select(Totp).where(Totp.user_id == user.id).order_by(Totp.id)
    return [app for app in db.session.scalars(rows) if (app.confirmed_at is not None) == confirmed]


def being_set_up(user: User) -> Totp:
    (app,) = apps_of(user, confirmed=False)
    return app


def cookie_of(client: Any) -> Any:
    with client.session_transaction() as cookie:
        return cookie["sid"]


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
def test_the_first_time_everyone_sets_up_an_app_and_gets_ten_codes(client: Any, role: Role) -> None:
    person = new_user("Kari Prøve", role)
    page = open_link(client, person.email)
    assert page.heading == "Velg hvordan du logger inn"
    page = client.submit("sign-in/app")
    assert page.heading == "Sett opp appen"
    picture = client.open(page.one("img.qr").get("src"))
    assert picture.mimetype == "image/svg+xml" and b"<path" in picture.data
    totp = being_set_up(person)
    assert page.one(".secret").text_content().replace(" ", "") == codes.secret_of(totp)
    halfway = cookie_of(client)
    page = client.submit("app/code", follow=False, code=code_of(totp))
    assert page.heading == "Ta vare på disse kodene" and len(page.all(".recovery-codes li")) == 10
    assert cookie_of(client) != halfway
    client.get("/security")
    assert mails(Kind.SIGN_IN_CHANGED) == [person.email]
    assert not audit.verify()


def test_a_wrong_code_while_setting_up_is_said_and_another_may_be_tried(client: Any, eva: User) -> None:
    open_link(client, eva.email)
    client.submit("sign-in/app")
    page = client.submit("app/code", status=422, code="000000")
    assert "Koden stemmer ikke." in page.words
    client.get("/security", status=303)
    client.get("/sign-in/app")
    client.submit("app/code", follow=False, code=code_of(being_set_up(eva)))
    client.get("/security")


@pytest.mark.promise("Ingen side vises før den andre faktoren er bevist", small=1, full=1)
@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
@pytest.mark.parametrize("has_app", [True, False], ids=["with an app", "without one"])
def test_no_page_opens_before_the_second_factor(
    app: Flask, client: Any, role: Role, has_app: bool, promise: Any
) -> None:
    person = new_user("Kari Prøve", role)
    if has_app:
        with_app(person)
    open_link(client, person.email)
    tried = 0
    for rule in rules(app):
        mark = allowed(app.view_functions[rule.endpoint])
        if mark == ANYONE or (mark == HALFWAY and not (has_app and rule.endpoint.startswith("factors."))):
            continue
        for method in {"GET", "POST"} & (rule.methods or set()):
            fetch = client.get if method == "GET" else client.post
            assert fetch(address(rule, "1"), status=303).headers["Location"] == "/sign-in/code"
            tried += 1
    promise.saw(f"{tried} sider prøvd med bare lenken, 0 vist")


def test_only_the_pages_of_the_second_factor_are_open_halfway(app: Flask) -> None:
    halfway = {r.endpoint for r in rules(app) if allowed(app.view_functions[r.endpoint]) == HALFWAY}
    assert halfway == {
        "second_factor.code", "second_factor.give_code", "factors.choose", "factors.begin_app", "factors.app",
        "factors.picture", "factors.confirm_app", "factors.offer_passkey", "factors.make_passkey",
    }  # fmt: skip


def test_whoever_has_an_app_cannot_set_up_another_by_the_link_alone(client: Any, eva: User) -> None:
    with_app(eva)
    open_link(client, eva.email)
    for path in ("/sign-in/factor", "/sign-in/app", "/sign-in/app/code.svg"):
        assert client.get(path, status=303).headers["Location"] == "/sign-in/code"
    for path in ("/sign-in/app", "/sign-in/app/code", "/sign-in/passkey/offer", "/sign-in/passkey"):
        assert client.post(path, status=303).headers["Location"] == "/sign-in/code"
    assert not apps_of(eva, confirmed=False)


def test_halfway_in_does_not_last(client: Any, eva: User) -> None:
    with_app(eva)
    open_link(client, eva.email)
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert client.get("/sign-in/code", status=303).headers["Location"].startswith("/sign-in?")


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_of_half_a_minute_to_either_side_is_right(client: Any, eva: User, steps: int) -> None:
    app = with_app(eva)
    with time_machine.travel(NOW, tick=False):
        open_link(client, eva.email)
        client.submit("sign-in/code", code=code_of(app, steps))
        client.get("/secretariat/")


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_a_code_further_away_is_wrong(client: Any, eva: User, steps: int) -> None:
    app = with_app(eva)
    with time_machine.travel(NOW, tick=False):
        open_link(client, eva.email)
        page = client.submit("sign-in/code", code=code_of(app, steps), status=422)
    assert "Koden er feil, eller brukt før." in page.words


def test_a_code_is_used_once_and_so_are_those_before_it(client: Any, new_client: Any, eva: User) -> None:
    app = with_app(eva)
    with time_machine.travel(NOW, tick=False):
        open_link(client, eva.email)
        client.submit("sign-in/code", code=code_of(app))
        other = new_client()
        open_link(other, eva.email)
        other.submit("sign-in/code", code=code_of(app), status=422)
        other.submit("sign-in/code", code=code_of(app, -1), status=422)
        other.submit("sign-in/code", code=code_of(app, 1))
        other.get("/secretariat/")


def use_the_code(user_id: int) -> None:
    user = db.session.get_one(User, user_id)
    totp = db.session.scalars(Totp.in_use(user)).one()
    moment = totp.created_at
    code = __import__("pyotp").TOTP(codes.secret_of(totp)).at(moment)
    if not codes.use_app_code(totp, code, moment):
        raise Refused
    db.session.commit()


@pytest.mark.promise(
    "En kode fra appen virker én gang, uansett hvor mange som prøver samtidig", small=30, full=100
)
def test_of_many_with_the_same_code_at_once_one_comes_in(
    app: Flask, bed: Any, eva: User, promise: Any
) -> None:
    with_app(eva)
    seen = race(bed.url, use_the_code, [eva.id] * promise.size)
    assert seen == {"done": 1, "Refused": promise.size - 1}
    promise.saw(f"{promise.size} forsøk samtidig, {seen['done']} kom inn")


def use_a_recovery_code(user_id: int) -> None:
    user = db.session.get_one(User, user_id)
    salt = codes.salt_of(user)
    db.session.commit()
    if not codes.use_recovery_code(user, codes.hashed("abcd-efgh-jkmn", salt), clock.now()):
        raise Refused
    db.session.commit()


@pytest.mark.promise(
    "En gjenopprettingskode virker én gang, uansett hvor mange som prøver samtidig", small=12, full=100
)
def test_of_many_with_the_same_recovery_code_at_once_one_comes_in(
    app: Flask, bed: Any, eva: User, promise: Any
) -> None:
    hashed = codes.hashed("abcdefghjkmn", b"salt")
    db.session.add(RecoveryCode(user_id=eva.id, salt=b"salt", code_hash=hashed, created_at=clock.now()))
    seen = race(bed.url, use_a_recovery_code, [eva.id] * promise.size)
    assert seen == {"done": 1, "Refused": promise.size - 1}
    promise.saw(f"{promise.size} forsøk samtidig, {seen['done']} kom inn")


def test_a_recovery_code_lets_its_owner_in_once_and_a_mail_tells(
    client: Any, new_client: Any, eva: User
) -> None:
    with_app(eva)
    code = with_recovery_codes(eva)[3]
    open_link(client, eva.email)
    client.submit("sign-in/code", code=f" {code.upper()} ")
    client.get("/secretariat/")
    assert mails(Kind.SIGN_IN_CHANGED) == [eva.email]
    other = new_client()
    open_link(other, eva.email)
    other.submit("sign-in/code", code=code, status=422)
    assert codes.count_left(eva) == 9


@pytest.mark.parametrize("way", ["the first key", "the first app", "new codes"])
def test_nobody_waits_while_codes_are_hashed(
    app: Flask, bed: Any, client: Any, eva: User, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Ten slow hashes: another browser writes meanwhile, also to the row of the person whose codes they are."""
    slowly = codes.hashed
    written: list[str] = []

    def watched(code: str, salt: bytes) -> str:
        engine = create_engine(bed.url, connect_args=AT_ONCE[bed.url.split(":")[0].split("+")[0]])
        with engine.begin() as connection:
            connection.execute(update(User).where(User.id == eva_id).values(language="nn"))
        engine.dispose()
        written.append(code)
        return slowly(code, salt)

    eva_id = eva.id
    if way == "new codes":
        client.sign_in(eva).get("/security")
    else:
        open_link(client, eva.email)
    if way == "the first app":
        client.submit("sign-in/app")
    monkeypatch.setattr(codes, "hashed", watched)
    if way == "new codes":
        client.submit("recovery-codes", follow=False)
    elif way == "the first app":
        client.submit("app/code", follow=False, code=code_of(being_set_up(eva)))
    else:
        add_passkey(client, Authenticator())
    assert len(written) == 10
    assert codes.count_left(eva) == 10


def test_anothers_codes_open_nothing(client: Any, eva: User, fredrik: User) -> None:
    with_app(eva)
    his, his_code = with_app(fredrik), with_recovery_codes(fredrik)[0]
    open_link(client, eva.email)
    client.submit("sign-in/code", code=code_of(his), status=422)
    client.submit("sign-in/code", code=his_code, status=422)
    assert codes.count_left(fredrik) == 10


def test_whoever_owns_the_mailbox_is_told_of_the_wrong_codes_once_a_day(
    client: Any, new_client: Any, eva: User
) -> None:
    """Five wrong codes after a mailed link: somebody else may be reading her mail. The mail gives them nothing to press."""
    with_app(eva)
    for day, told in ((0, 1), (0, 1), (1, 2)):
        with time_machine.travel(NOW + timedelta(days=day, minutes=told), tick=False):
            there = new_client()
            open_link(there, eva.email)
            for _ in range(MOST_WRONG_CODES - 1):
                there.submit("sign-in/code", code="123456", status=422)
            there.submit("sign-in/code", code="123456")
            assert mails(Kind.SIGN_IN_TRIED) == [eva.email] * told
    mail = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == Kind.SIGN_IN_TRIED)).first()
    assert mail is not None and mail.nonce is None
    text = compose(mail, NOW)
    assert "Noen har prøvd å logge inn" in text["Subject"] and "/security" in text.get_content()


def test_after_a_few_wrong_codes_one_begins_anew(client: Any, eva: User) -> None:
    app = with_app(eva)
    open_link(client, eva.email)
    for _ in range(MOST_WRONG_CODES - 1):
        client.submit("sign-in/code", code="123456", status=422)
    page = client.submit("sign-in/code", code="123456")
    assert page.heading == "Logg inn" and "for mange feil koder" in page.words
    client.post("/sign-in/code", {"code": code_of(app)}, status=303)
    client.get("/secretariat/", status=303)


@pytest.mark.parametrize("code", ["", "12", "abcdef", "１２３４５６", "x" * 100_000, "<b>", "\0" * 6])
def test_what_cannot_be_a_code_is_said_and_costs_no_try(client: Any, eva: User, code: str) -> None:
    with_app(eva)
    open_link(client, eva.email)
    page = client.submit("sign-in/code", code=code, status=422)
    assert page.texts("#code-error")[0]
    assert db.session.scalars(select(Session)).one().wrong_codes == 0


def test_the_secret_lies_sealed_to_its_owner_and_codes_lie_hashed(
    client: Any, eva: User, fredrik: User
) -> None:
    app = with_app(eva)
    secret, shown = codes.secret_of(app), with_recovery_codes(eva)
    assert secret.encode() not in app.sealed_secret
    for stored in db.session.scalars(select(RecoveryCode)):
        assert all(code not in stored.code_hash for code in shown) and len(stored.code_hash) == 64
    with pytest.raises(keys.Unreadable):
        keys.open(fredrik.id, codes.SEALED_AS, app.sealed_secret)


def test_a_new_phone_takes_the_old_ones_place(client: Any, eva: User) -> None:
    old = with_app(eva)
    was = codes.secret_of(old)
    client.sign_in(eva).get("/sign-in/factor")
    client.submit("sign-in/app")
    new = being_set_up(eva)
    assert codes.secret_of(db.session.scalars(Totp.in_use(eva)).one()) == was
    page = client.submit("app/code", code=code_of(new))
    assert page.heading == "Innlogging og sikkerhet"
    db.session.expire_all()
    assert db.session.scalars(Totp.in_use(eva)).one().id == new.id


def secret_on(page: Any) -> str:
    shown: str = page.one(".secret").text_content().replace(" ", "")
    return shown


def test_an_app_is_shown_and_confirmed_only_in_the_browser_that_sets_it_up(
    client: Any, new_client: Any, eva: User
) -> None:
    """Whoever reads Eva's mail is halfway in too, and would have the secret that makes her codes."""
    open_link(client, eva.email)
    secret = secret_on(client.submit("sign-in/app"))
    other = new_client()
    open_link(other, eva.email)
    assert other.get("/sign-in/app", status=303).headers["Location"] == "/sign-in/factor"
    other.get("/sign-in/app/code.svg", status=404)
    given = {"code": code_of(being_set_up(eva))}
    assert other.post("/sign-in/app/code", given, status=303).headers["Location"] == "/sign-in/factor"
    other.get("/sign-in/factor")
    assert secret_on(other.submit("sign-in/app")) != secret
    assert secret_on(client.get("/sign-in/app")) == secret  # hers is as it was
    client.submit("app/code", follow=False, code=code_of(apps_of(eva, confirmed=False)[0]))
    client.get("/secretariat/")
    other_code = {"code": code_of(being_set_up(eva))}
    assert other.post("/sign-in/app/code", other_code, status=303).headers["Location"] == "/sign-in/code"
    assert codes.secret_of(apps_of(eva, confirmed=True)[0]) == secret


def set_up_the_first(_number: int) -> None:
    """In a browser of its own that is halfway in, as somebody who reads the person's mail could have one."""
    app = cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]  # the proxy's own way out
    eva = db.session.scalars(select(User).where(User.name == "Eva Nygård")).one()
    _halfway, token = Session.start(eva, clock.now())
    db.session.commit()
    client, device = CheckingClient(app, Page), Authenticator()
    client.checks = False
    with client.session_transaction() as cookie:
        cookie["sid"] = token
    form = {"csrf_token": client.csrf_token()}
    asked = client.open("/sign-in/passkey/offer", method="POST", data=form)
    if asked.status_code != 200:  # another was done before this one had asked
        raise PasskeyRefused
    made = {**device.make(json.loads(asked.data)), **form}
    if client.open("/sign-in/passkey", method="POST", data=made).status_code != 200:
        raise PasskeyRefused


def test_of_many_who_set_up_the_first_factor_at_once_one_does(app: Flask, bed: Any, eva: User) -> None:
    seen = race(bed.url, set_up_the_first, [0, 1, 2, 3, 4, 5])
    assert seen == {"done": 1, "PasskeyRefused": 5}
