"""The demonstration's people: the staff, the coaches, and a chief executive in most of Norway's municipalities."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.coaching.models import Coach
from portal.demo.people import address, people
from portal.demo.personas import BY_CODE
from portal.extensions import db
from portal.members.importing import import_file
from portal.members.models import Member, Municipality

INVITED = 318
AT = {"mentee": ("1531", "2024-08-15"), "mentor": ("1566", "2012-03-01"), "newcomer": ("1860", "2026-05-04")}

COACHES = (
    ("Solveig Aarnes", "Organisasjonspsykolog, vant til konflikt", "Kongens gate 12, Oslo"),
    ("Ingrid Solvang", "Kommunedirektør i 14 år, kjenner samspillet med politikken", "Strandgata 4, Bergen"),
    ("Håkon Brekke", "Leder for ledere i stat og kommune", "Munkegata 20, Trondheim"),
    ("Marit Lundstad", "Tidligere fylkesdirektør, opptatt av rolle og rom", "Storgata 61, Tromsø"),
    ("Arve Nesheim", "Beredskap og kriseledelse, egen erfaring", "Kirkegata 3, Stavanger"),
    ("Tuva Granmo", "Ledergrupper som skal bygges på nytt", "Torggata 8, Hamar"),
)
STEERING = (
    "Eirik Bjørnebekk",
    "Hanne Solbakken",
    "Per Olav Hegdal",
    "Sara Eira",
    "Magnhild Rui",
    "Jon Tveit",
    "Ola Fosse",
)


@dataclass(frozen=True)
class Cast:
    """Those whom the rest of the world needs by name."""

    secretary: User
    coaches: list[Coach]
    members: list[Member]
    by_persona: dict[str, Member]


def populate(since: datetime) -> Cast:
    """Everybody, as they were when the pilot began at `since`."""
    secretary = _user("secretariat", Role.SECRETARIAT, since)
    _user("steering", Role.STEERING, since)
    for name in STEERING:
        _grant(User.create(address(name, "styringsgruppe"), name, since), Role.STEERING, since)
    coaches = [_coach(name, headline, place, since) for name, headline, place in COACHES]
    report = import_file("medlemmer.csv", _members_file(clock.today(since)), by=secretary, now=since)
    if not report.is_clean:
        raise RuntimeError(f"the demonstration's own members are refused: {list(report.lines())[:3]}")
    db.session.flush()
    members = list(db.session.scalars(select(Member).join(Member.user).order_by(User.email)))
    for member in members:
        member.invited_at = since + timedelta(days=2)
    by_email = {member.user.email: member for member in members}
    return Cast(secretary, coaches, members, {code: by_email[BY_CODE[code].email] for code in AT})


def _user(code: str, role: Role, now: datetime) -> User:
    persona = BY_CODE[code]
    return _grant(User.create(persona.email, persona.name, now), role, now)


def _grant(user: User, role: Role, now: datetime) -> User:
    db.session.add(user)
    db.session.flush()
    user.grant(role, None, now)
    return user


def _coach(name: str, headline: str, place: str, now: datetime) -> Coach:
    user = _grant(User.create(address(name, "veileder"), name, now), Role.COACH, now)
    room = "-".join(name.lower().split()).replace("å", "a")
    coach = Coach(user=user, headline=headline, place=place, meeting_link=f"https://motested.example/{room}")
    db.session.add(coach)
    return coach


def _members_file(today: date) -> bytes:
    """A member list as a secretariat keeps it: names, addresses, numbers and dates, separated by semicolons."""
    random, names = Random(357), people(2026)  # nosec B311  # invented people
    places = list(db.session.scalars(select(Municipality).order_by(Municipality.number)))
    chosen = {number for number, _ in AT.values()}
    others = [p for p in places if p.number not in chosen]
    random.shuffle(others)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["Navn", "E-post", "Kommune", "Tittel", "I stillingen siden", "Medlem"])
    for code, (number, since) in AT.items():
        persona = BY_CODE[code]
        began = min(since, f"{today - timedelta(days=40)}")
        writer.writerow([persona.name, persona.email, number, "Kommunedirektør", began, "ja"])
    for place in others[: INVITED - len(AT)]:
        name = next(names)
        title = "Fylkeskommunedirektør" if place.is_county else "Kommunedirektør"
        start = _start(random, today)
        member = "nei" if random.random() < 0.04 else "ja"  # nosec B311  # invented people
        writer.writerow(
            [name, address(name, place.display_name), place.number, title, f"{start:%d.%m.%Y}", member]
        )
    return out.getvalue().encode()


def _start(random: Random, today: date) -> date:
    """Most have been there some years, some for a very long time."""
    years = min(random.expovariate(1 / 6.0), 27.0)
    return today - timedelta(days=30 + int(years * 365.25))
