"""The people of the tests, each with a part to play, and ways to make more of them.

Astrid is a mentor, Bjørn a mentee, Cecilie a coach, Daniel a member who has no access to what the others share,
Eva sits in the secretariat and Fredrik in the steering group. Anyone who is more than a user has a `.user`.
"""

import unicodedata
from collections.abc import MutableMapping
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask

from portal import clock, consents
from portal.access import Role
from portal.accounts.models import RoleGrant, User
from portal.accounts.sessions import Session
from portal.coaching.models import Coach
from portal.consents import Purpose
from portal.extensions import db
from portal.members.models import Member, Membership, Municipality


def new_user(name: str, *roles: Role, email: str | None = None, now: datetime | None = None) -> User:
    """A person who can sign in, with these hats."""
    now = now or clock.now()
    user = User.create(email or f"{_ascii(name)}@example.org", name, now)
    user.role_grants = [
        RoleGrant(role=role, granted_at=now) for role in dict.fromkeys(roles)
    ]  # as if it were long ago
    db.session.add(user)
    db.session.flush()
    return user


def new_member(
    name: str,
    municipality: str = "Lillehammer",
    *roles: Role,
    title: str = "Kommunedirektør",
    since: date | None = date(2021, 8, 1),
    membership: Membership = Membership.MEMBER,
) -> Member:
    """A chief executive of the municipality with this (display) name."""
    place = db.session.query(Municipality).filter_by(display_name=municipality).one()
    member = Member(
        user=new_user(name, Role.MEMBER, *roles),
        municipality=place,
        municipality_number=place.number,
        title=title,
        in_position_since=since,
        membership=membership,
        tenures=[],
    )
    member.take_position(place, title, since)
    db.session.add(member)
    db.session.flush()
    return member


def agree(person: Any, now: datetime | None = None) -> None:
    """Say yes to the use of what one tells of oneself, as the form asks for it the first time."""
    words = consents.current(Purpose.OWN_WORDS)
    consents.give(user_of(person), words.purpose, words.version, now or clock.now())


def user_of(person: Any) -> User:
    user: User = person if isinstance(person, User) else person.user
    return user


def open_session(person: Any, cookie: MutableMapping[str, Any], now: datetime | None = None) -> None:
    """Sign somebody in, as accounts does once both factors have been proved."""
    now = now or clock.now()
    _session, token = Session.start(user_of(person), now, proved_at=now)
    db.session.flush()
    cookie.clear()
    cookie["sid"] = token


def _ascii(name: str) -> str:
    folded = name.casefold().replace("ø", "o").replace("æ", "ae").replace("å", "a").replace(" ", ".")
    return unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()


@pytest.fixture
def astrid(app: Flask) -> Member:
    """The mentor: many years in a town."""
    return new_member("Astrid Moen", "Lillehammer", Role.MENTOR, since=date(2012, 3, 1))


@pytest.fixture
def bjorn(app: Flask) -> Member:
    """The mentee: new in a small municipality."""
    return new_member("Bjørn Haugland", "Nome", since=date(2025, 11, 1))


@pytest.fixture
def cecilie(app: Flask) -> Coach:
    """The coach."""
    coach = Coach(
        user=new_user("Cecilie Strand", Role.COACH), headline="Veileder og tidligere kommunedirektør"
    )
    coach.place, coach.meeting_link = "Drammen", "https://video.example/cecilie"
    db.session.add(coach)
    db.session.flush()
    return coach


@pytest.fixture
def daniel(app: Flask) -> Member:
    """A member like any other, who has no part in what the test is about."""
    return new_member("Daniel Ås", "Steinkjer")


@pytest.fixture
def eva(app: Flask) -> User:
    """In the secretariat."""
    return new_user("Eva Nygård", Role.SECRETARIAT)


@pytest.fixture
def fredrik(app: Flask) -> User:
    """In the steering group."""
    return new_user("Fredrik Øie", Role.STEERING)
