"""How often one may try: by address on the net, by account, and all together; and nobody learns who is registered."""

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask_limiter.util import get_qualified_name

import config
from portal import clock, create_app
from portal.access import ANYONE, HALFWAY, allowed
from portal.accounts.models import User
from portal.coaching.models import Coach
from portal.extensions import db, limiter
from portal.members.models import Member
from portal.visitors import network, visitor
from tests.coaching.programmes import new_programme, new_slot, participant
from tests.support.client import CheckingClient
from tests.support.mailing import functions_that_mail
from tests.support.page import Page
from tests.support.ways_in import code_of, with_app
from tests.test_access import rules


@pytest.fixture
def limited(app: Flask, database_url: str) -> Iterator[Flask]:
    """The application with its limits on, as it runs for people."""
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = database_url
    settings.RATELIMIT_ENABLED = True
    made = create_app(settings)
    limiter.reset()
    yield made
    with made.app_context():
        db.engine.dispose()
    limiter.enabled = False


def browser(app: Flask, ip: str = "192.0.2.1") -> CheckingClient:
    client = CheckingClient(app, Page)
    client.environ_base["REMOTE_ADDR"] = ip
    return client


def ask(app: Flask, email: str, ip: str) -> Page:
    answer: Page = browser(app, ip).open("/sign-in", method="POST", data=_with_token(app, {"email": email}))
    return answer


def _with_token(app: Flask, data: dict[str, str]) -> dict[str, str]:
    app.config["WTF_CSRF_ENABLED"] = False
    return data


def test_too_many_tries_get_a_calm_page(limited: Flask) -> None:
    client = browser(limited)
    client.get("/sign-in")
    data = {"csrf_token": client.csrf_token()}
    answers = [client.open("/sign-in/" + "x" * 43, method="POST", data=data) for _ in range(125)]
    assert [answer.status_code for answer in answers] == [422] * 120 + [429] * 5
    page = answers[-1]
    assert page.heading == "Vent litt" and "Det kom mange forsøk på kort tid." in page.words


def test_one_account_gets_few_mails_whoever_asks_and_whether_or_not_it_exists(
    limited: Flask, eva: User
) -> None:
    for email in (eva.email, "ingen@eksempel.example"):
        statuses = [ask(limited, email, f"192.0.2.{n}").status_code for n in range(8)]
        assert statuses == [303] * 5 + [429] * 3
        assert ask(limited, email.upper(), "192.0.2.99").status_code == 429  # capitals are no way round
        assert [ask(limited, email, f"198.51.{n}.1").status_code for n in range(17)] == [303] * 15 + [429] * 2


@pytest.mark.parametrize(
    ("theirs", "hers"),
    [("192.0.2.{}", "198.51.100.7"), ("2001:db8:0:1::{}", "2001:db8:0:2::7")],
    ids=["IPv4", "IPv6"],
)
def test_who_knows_an_address_cannot_keep_its_owner_out(
    limited: Flask, eva: User, theirs: str, hers: str
) -> None:
    """A whole day long, from one machine, whichever of its network's addresses it takes."""
    start, answers, refused = clock.now(), Counter[int](), 0
    for minute in range(0, 24 * 60, 5):
        with time_machine.travel(start + timedelta(minutes=minute), tick=False):
            for n in range(6):
                answers[ask(limited, eva.email, theirs.format(10 + (minute + n) % 200)).status_code] += 1
            if not minute % 120:
                refused += ask(limited, eva.email, hers).status_code != 303
    assert refused == 0
    assert answers[303] == 20 and answers[429] == 24 * 12 * 6 - 20, "and her mailbox is not flooded"


def test_a_mailbox_gets_so_many_mails_a_day_however_many_networks_ask(limited: Flask, eva: User) -> None:
    start, sent = clock.now(), 0
    for quarter in range(12):
        with time_machine.travel(start + timedelta(minutes=16 * quarter), tick=False):
            for n in range(25):
                sent += ask(limited, eva.email, f"198.51.{n}.1").status_code == 303
    assert sent == 100


def test_a_household_on_the_new_kind_of_net_is_one_visitor(limited: Flask) -> None:
    """It has more addresses than anybody can count, and may use a new one for every try."""
    statuses = [ask(limited, f"n{n}@eksempel.example", f"2001:db8:0:1::{n:x}").status_code for n in range(34)]
    assert statuses == [303] * 30 + [429] * 4
    assert ask(limited, "n99@eksempel.example", "2001:db8:0:2::1").status_code == 303


@pytest.mark.parametrize(
    ("address", "counted", "near"),
    [
        ("192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.77/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/64"),
        ("unknown", "0.0.0.0/32", "0.0.0.0/24"),
    ],
)
def test_where_somebody_comes_from(app: Flask, address: str, counted: str, near: str) -> None:
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert (visitor(), network()) == (counted, near)


def test_one_address_on_the_net_asks_for_few(limited: Flask) -> None:
    statuses = [ask(limited, f"n{n}@eksempel.example", "192.0.2.1").status_code for n in range(34)]
    assert statuses == [303] * 30 + [429] * 4
    assert ask(limited, "n99@eksempel.example", "192.0.2.2").status_code == 303


def test_all_together_there_is_an_end_too(limited: Flask) -> None:
    statuses = [ask(limited, f"n{n}@eksempel.example", f"198.51.100.{n}").status_code for n in range(125)]
    assert statuses.count(303) == 120


def test_codes_are_limited_by_person_whatever_the_browser(limited: Flask, eva: User) -> None:
    app = with_app(eva)
    statuses = []
    for n in range(4):
        client = browser(limited, f"192.0.2.{n}").sign_in(eva)
        for _ in range(3):
            data = {"code": "123456", "csrf_token": client.csrf_token()}
            statuses.append(client.open("/confirmation", method="POST", data=data).status_code)
    assert statuses == [422] * 10 + [429] * 2
    assert code_of(app)


def test_a_coach_is_not_mailed_without_end(limited: Flask, bjorn: Member, cecilie: Coach) -> None:
    """Booking and cancelling in turn sends two mails each time; another member is not held up by it."""
    slot = new_slot(cecilie, clock.now() + timedelta(days=5))
    path = f"/coaching/slots/{slot.id}/booking"
    participant(bjorn, new_programme())
    db.session.commit()
    his = browser(limited).sign_in(bjorn)
    statuses = [
        his.open(path, method="POST", data={"csrf_token": his.csrf_token()}).status_code for _ in range(32)
    ]
    assert 429 not in statuses[:30] and statuses[30:] == [429, 429]


def test_nobody_writes_to_strangers_through_a_change_of_address(limited: Flask, bjorn: Member) -> None:
    db.session.commit()
    statuses = []
    for n in range(12):
        his = browser(limited, f"192.0.2.{n}").sign_in(bjorn)
        data = {"email": f"n{n}@eksempel.example", "csrf_token": his.csrf_token()}
        statuses.append(his.open("/security/email", method="POST", data=data).status_code)
    assert statuses == [303] * 10 + [429] * 2


@pytest.mark.parametrize("asks", ["the person", "the secretariat"])
def test_asking_to_be_erased_and_taking_it_back_has_an_end(
    limited: Flask, bjorn: Member, eva: User, asks: str
) -> None:
    own = asks == "the person"
    path = "/personal-data/erasure" if own else f"/secretariat/members/{bjorn.id}/erasure"
    db.session.commit()
    client = browser(limited).sign_in(bjorn if own else eva)
    data = {"csrf_token": client.csrf_token(), "understood": "y"}
    statuses = []
    for _ in range(31):
        statuses.append(client.open(path, method="POST", data=data).status_code)
        client.open(f"{path}/withdrawal", method="POST", data=data)
    assert statuses == [303] * 30 + [429]


def test_a_person_takes_few_copies_of_their_data_and_leaves_the_office_its_own(
    limited: Flask, bjorn: Member, astrid: Any
) -> None:
    db.session.commit()
    statuses = []
    for n in range(12):
        his = browser(limited, f"192.0.2.{n % 2}").sign_in(bjorn)
        data = {"csrf_token": his.csrf_token()}
        statuses.append(his.open("/personal-data/export", method="POST", data=data).status_code)
    assert statuses == [200] * 10 + [429] * 2
    hers = browser(limited, "192.0.2.1").sign_in(astrid)
    data = {"csrf_token": hers.csrf_token()}
    assert hers.open("/personal-data/export", method="POST", data=data).status_code == 200


def test_every_way_in_and_every_form_that_mails_is_limited(app: Flask) -> None:
    unlimited = {
        "accounts.sign_out",
        "factors.begin_app",
        "demo.sign_in",
    }  # they let nobody in, and mail nobody
    ways = [
        rule.endpoint
        for rule in rules(app)
        if "POST" in (rule.methods or set())
        and allowed(app.view_functions[rule.endpoint]) in (ANYONE, HALFWAY)
        and rule.endpoint not in unlimited
    ]
    mail = functions_that_mail()
    views = app.view_functions.items()
    mailing = [endpoint for endpoint, view in views if f"{view.__module__}.{view.__name__}" in mail]
    assert {"access.approve", "coaching.cancel", "mentor.accept", "privacy.ask_for_erasure"} <= set(mailing)
    limited = {app.view_functions[endpoint] for endpoint in (*ways, *mailing)}
    known = limiter.limit_manager._decorated_limits
    names = set(map(get_qualified_name, limited))
    assert ways and not {name for name in names if len(known.get(name, ())) < 3}


@pytest.mark.promise("Svaret tar like lang tid enten adressen er registrert eller ikke", small=40, full=400)
def test_known_and_unknown_addresses_take_the_same_time(client: Any, eva: User, promise: Any) -> None:
    """Asked in random order. The halves of one kind differ by chance alone: the kinds must not differ by more."""
    client.get("/sign-in")
    token = client.csrf_token()
    kinds = [eva.email, "ingen.nygard@example.org"] * promise.size
    random.Random(4).shuffle(kinds)
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for email in kinds:
        db.session.commit()
        started = time.perf_counter()
        client.open("/sign-in", method="POST", data={"email": email, "csrf_token": token})
        times[email].append(time.perf_counter() - started)
    known, unknown = times.values()
    right = _guesses(known, unknown)
    promise.saw(f"{2 * promise.size} svar, gjettet riktig av tiden: {right:.0%} (50 % er ren gjetning)")
    assert right < 0.5 + 2.6 / (2 * promise.size) ** 0.5
    assert statistics.median(known) < 1


def _guesses(known: list[float], unknown: list[float]) -> float:
    """How often the better of two rules, slower is known or slower is unknown, guesses right beyond the common median."""
    middle = statistics.median(known + unknown)
    slow = sum(t > middle for t in known) + sum(t <= middle for t in unknown)
    share = slow / (len(known) + len(unknown))
    return max(share, 1 - share)
