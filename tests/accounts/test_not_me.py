"""«Det var ikke meg»: one press, and nobody comes in until two people have made sure who is who."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from portal import audit, clock
from portal.access import Role
from portal.accounts.addresses import ask_to_change
from portal.accounts.models import User
from portal.accounts.notices import LIFETIME, Notice, tell
from portal.extensions import db
from portal.notifications import Kind
from tests.support.authenticator import Authenticator
from tests.support.people import new_user
from tests.support.ways_in import add_passkey, answer_with_passkey, mailed_link, mails, open_link, with_app


def test_it_ends_every_session_and_shuts_every_way_in(client: Any, new_client: Any, eva: User) -> None:
    helper = new_user("Helge Hjelper", Role.SECRETARIAT)
    with_app(eva)
    thief, phone = new_client(), Authenticator()
    add_passkey(thief.sign_in(eva), phone)
    own = new_client().sign_in(eva)
    link = mailed_link(Kind.SIGN_IN_CHANGED)
    for _ in range(3):  # as mail scanners do
        assert client.get(link).heading == "Var det ikke deg?"
    thief.get("/secretariat/")
    page = client.submit("not-me/" + link.rsplit("/", 1)[1], follow=False)
    assert page.heading == "Kontoen er stengt"
    thief.get("/secretariat/", status=303)
    own.get("/secretariat/", status=303)
    answer_with_passkey(thief, phone, status=422)
    client.get("/sign-in")
    client.submit("sign-in", email=eva.email)
    assert mails(Kind.SIGN_IN) == []
    assert mails(Kind.ACCESS_WAITING) == [helper.email]
    page = client.sign_in(helper).get("/secretariat/access")
    assert eva.name in page.words and "Har stengt kontoen selv" in page.words
    assert not audit.verify()


def test_a_stolen_address_comes_back(client: Any, new_client: Any, eva: User) -> None:
    old, thief = eva.email, new_client()
    ask_to_change(eva, "tyv@eksempel.example", clock.now())
    db.session.flush()
    thief.sign_in(eva).post(mailed_link(Kind.EMAIL_CONFIRMATION), status=303)
    assert mails(Kind.SIGN_IN_CHANGED) == [old]
    client.post(mailed_link(Kind.SIGN_IN_CHANGED), status=200)
    db.session.expire_all()
    assert eva.email == old and not eva.is_active
    thief.get("/devices", status=303)


def moved_by(thief: Any, user: User, email: str) -> str:
    """The link that says no to a change of address that the thief has made."""
    ask_to_change(user, email, clock.now())
    db.session.flush()
    thief.sign_in(user).post(mailed_link(Kind.EMAIL_CONFIRMATION), status=303)
    return mailed_link(Kind.SIGN_IN_CHANGED)


def test_an_address_that_was_changed_twice_comes_all_the_way_back_and_stays(
    client: Any, new_client: Any, eva: User
) -> None:
    """The notice of the second change went to the thief, who shall not take the account with it afterwards."""
    old, thief = eva.email, new_client()
    to_eva = moved_by(thief, eva, "tyv@eksempel.example")
    to_thief = moved_by(thief, eva, "tyv2@eksempel.example")
    client.post(to_eva, status=200)
    db.session.expire_all()
    assert eva.email == old
    eva.locked_at = None  # two of the secretariat have let her begin anew
    db.session.flush()
    thief.post(to_thief, status=422)
    db.session.expire_all()
    assert eva.email == old and eva.is_active


def test_any_notice_from_before_brings_the_address_back(client: Any, new_client: Any, eva: User) -> None:
    """The first mail that Eva finds is about the thief's passkey, not about the address."""
    old = eva.email
    tell(eva, clock.now())
    db.session.flush()
    about_a_factor = mailed_link(Kind.SIGN_IN_CHANGED)
    moved_by(new_client(), eva, "tyv@eksempel.example")
    client.post(about_a_factor, status=200)
    db.session.expire_all()
    assert eva.email == old


def test_a_change_of_address_on_its_way_is_stopped(client: Any, new_client: Any, eva: User) -> None:
    now = clock.now()
    ask_to_change(eva, "tyv@eksempel.example", now)
    tell(eva, now)
    db.session.flush()
    confirm = mailed_link(Kind.EMAIL_CONFIRMATION)
    client.post(mailed_link(Kind.SIGN_IN_CHANGED), status=200)
    eva.locked_at = None
    thief = new_client().sign_in(eva)
    thief.post(confirm, status=422)


def test_the_link_works_once_and_for_thirty_days(client: Any, eva: User) -> None:
    for age, status in ((LIFETIME, 422), (LIFETIME - timedelta(minutes=1), 200)):
        tell(eva, clock.now())
        db.session.flush()
        link = mailed_link(Kind.SIGN_IN_CHANGED)
        db.session.scalars(select(Notice).order_by(Notice.id.desc())).first().expires_at -= age  # type: ignore[union-attr]
        client.post(link, status=status)
    assert client.post(link, status=422).heading == "Lenken virker ikke lenger"
    client.post("/not-me/" + "x" * 43, status=422)


def test_it_takes_a_recovery_back(client: Any, eva: User, fredrik: User) -> None:
    from portal.accounts.recoveries import Recovery

    Recovery.ask(fredrik, eva, clock.now())
    tell(fredrik, clock.now())
    db.session.flush()
    client.post(mailed_link(Kind.SIGN_IN_CHANGED), status=200)
    assert db.session.scalars(Recovery.waiting()).first() is None


def test_the_secretariat_can_still_help_after_two_have_agreed(
    client: Any, new_client: Any, eva: User, fredrik: User
) -> None:
    helge = new_user("Helge Hjelper", Role.SECRETARIAT)
    with_app(fredrik)
    tell(fredrik, clock.now())
    db.session.flush()
    client.post(mailed_link(Kind.SIGN_IN_CHANGED), status=200)
    client.sign_in(eva).get("/secretariat/access/recovery")
    client.submit("access/recovery", email=fredrik.email)
    other = new_client().sign_in(helge)
    page = other.get("/secretariat/access")
    other.submit(next(f for f in page.forms if f.action.endswith("/approval")))
    assert mails(Kind.INVITATION) == [fredrik.email]
    page = open_link(new_client(), fredrik.email)
    assert page.heading == "Velg hvordan du logger inn"
    assert db.session.scalar(select(func.count()).select_from(User).where(User.locked_at.is_not(None))) == 0
