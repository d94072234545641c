"""Signing in as people do: with a passkey in a real browser, and with an app where there is no JavaScript."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select, update

from portal import clock
from portal.accounts.factors import Passkey, Totp
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.extensions import db
from portal.notifications import Kind
from tests.support.browsing import Visitor
from tests.support.own_world import World, world_of_ones_own
from tests.support.ways_in import code_of, mailed_link

JONAS = "jonas.raknes@vestvagoy.example"


@pytest.fixture
def here(
    demo_application: Flask, tmp_path: Path, browser: Browser, browser_context_args: dict[str, Any]
) -> Iterator[World]:
    """A world at a name, for keys belong to names and not to numbers."""
    with world_of_ones_own(demo_application, tmp_path, browser, browser_context_args) as made:
        address = made.server.replace("127.0.0.1", "localhost")
        made.app.config["BASE_URL"] = address
        yield World(made.app, address, made.visitor)


def with_a_device(world: World) -> tuple[Visitor, Any]:
    """A visitor whose device can keep keys, and opens them by finger."""
    visitor = world.visitor()
    visitor.server = world.server
    device = visitor.page.context.new_cdp_session(visitor.page)
    device.send("WebAuthn.enable")
    added = device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return visitor, (device, added["authenticatorId"])


def come_halfway(world: World, visitor: Visitor) -> None:
    visitor.go("/sign-in")
    visitor.fill(email=JONAS)
    visitor.press("Send meg en lenke")
    visitor.sees("Se i innboksen din")
    with world.app.app_context():
        link = mailed_link(Kind.SIGN_IN)
    visitor.go(link)
    visitor.press("Gå videre")


def sign_out(visitor: Visitor) -> None:
    visitor.page.locator(".account-menu > summary").click()
    visitor.page.locator(".account-menu").get_by_role("button", name="Logg ut").click()
    visitor.sees("Du er logget ut.")


def test_a_passkey_is_made_signs_in_and_confirms(here: World) -> None:
    jonas, (device, name) = with_a_device(here)
    come_halfway(here, jonas)
    jonas.sees("Velg hvordan du logger inn")
    jonas.sees_no("Denne nettleseren kan ikke lage nøkler.", at=".passkey")
    jonas.press("Lag en nøkkel")
    jonas.sees("Ta vare på disse kodene")
    expect(jonas.page.locator(".recovery-codes li")).to_have_count(10)
    jonas.follow("Jeg har tatt vare på dem")
    sign_out(jonas)

    jonas.go("/sign-in")
    jonas.press("Logg inn med nøkkel")
    jonas.page.wait_for_url("**/home")

    with here.app.app_context():
        db.session.execute(update(Session).values(proved_at=clock.now() - timedelta(hours=1)))
        db.session.commit()
    jonas.go("/security/email")
    jonas.sees("Bekreft at det er deg")
    jonas.press("Bekreft med nøkkel")
    jonas.page.wait_for_url("**/security/email")

    device.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": False})
    jonas.go("/security")
    sign_out(jonas)
    jonas.go("/sign-in")
    jonas.press("Logg inn med nøkkel")
    jonas.sees("Det ble avbrutt, eller enheten fant ingen nøkkel.")
    with here.app.app_context():
        assert db.session.scalars(select(Passkey)).one().sign_count >= 2


def test_an_app_is_set_up_without_javascript(
    demo_application: Flask, tmp_path: Path, browser: Browser, browser_context_args: dict[str, Any]
) -> None:
    arguments = {**browser_context_args, "java_script_enabled": False}
    with world_of_ones_own(demo_application, tmp_path, browser, arguments) as plain:
        jonas = plain.visitor()
        come_halfway(plain, jonas)
        jonas.sees("Denne nettleseren kan ikke lage nøkler.")
        jonas.press("Bruk en app")
        expect(jonas.page.locator("img.qr")).to_be_visible()
        assert jonas.page.locator("img.qr").evaluate("picture => picture.naturalWidth") > 100
        with plain.app.app_context():
            user = db.session.scalars(User.by_email(JONAS)).one()
            code = code_of(db.session.scalars(select(Totp).where(Totp.user_id == user.id)).one())
        jonas.fill(code=code)
        jonas.press("Ferdig")
        jonas.sees("Ta vare på disse kodene")
        jonas.follow("Jeg har tatt vare på dem")
        jonas.page.wait_for_url("**/home")
