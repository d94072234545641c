"""A portal with a row of every kind in it, each with its owner, and a stand-in with the same hat beside each of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import text

from portal import clock
from portal.access import Role
from portal.accounts import codes
from portal.accounts.factors import Passkey
from portal.accounts.models import User
from portal.accounts.recoveries import Recovery
from portal.accounts.sessions import Session
from portal.coaching.availability import Offer, offer
from portal.coaching.enrolment import apply
from portal.coaching.models import Availability, Coach, SlotMode
from portal.extensions import Base, db
from portal.members.models import Member
from portal.members.previews import keep_preview
from portal.mentoring import mentorships, proposal_answers, reservations
from portal.mentoring.mentorship_models import MeetingMode
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.rounds import start_round
from portal.steering.freezing import freeze_due
from portal.steering.models import Report
from tests.coaching.programmes import NOW, booked, new_coach, new_programme, new_slot, participant
from tests.mentoring.pairing import new_mentee, new_mentor, new_round, pair, propose
from tests.support.people import new_member, new_user
from tests.support.ways_in import with_app

LIST = "Navn;E-post;Kommune\nKari Prøve;kari@example.org;Hamar\n".encode()


@dataclass
class Ground:
    """`ids` and `owners` by the name of the row; `people` are somebody with each hat, the one without any part in it last."""

    ids: dict[str, int] = field(default_factory=dict)
    owners: dict[str, list[User]] = field(default_factory=dict)
    people: dict[Role, list[User]] = field(default_factory=dict)
    hanne: Any = None

    def put(self, name: str, row: Any, *owners: User) -> None:
        db.session.flush()
        self.ids[name] = row.id
        self.owners[name] = list(owners)


Layer = Callable[[Ground], None]


def make() -> Ground:
    """Everybody, and what is theirs. Everything that belongs to one subject is made in one function."""
    ground = Ground()
    for layer in (_people, _ways_in, _coaching, _mentoring, _secretariat):
        layer(ground)
    db.session.commit()
    return ground


def _people(ground: Ground) -> None:
    ground.hanne = new_member("Hanne Vik", "Hamar", Role.SECRETARIAT)
    ground.people = {
        Role.MEMBER: [new_member("Bjørn Haugland", "Nome").user, new_member("Daniel Ås", "Steinkjer").user],
        Role.MENTOR: [
            new_member("Astrid Moen", "Lillehammer", Role.MENTOR, since=date(2012, 3, 1)).user,
            new_member("Gunnar Lie", "Voss", Role.MENTOR, since=date(2010, 3, 1)).user,
        ],
        Role.COACH: [new_user("Cecilie Strand", Role.COACH), new_user("Jon Berg", Role.COACH)],
        Role.SECRETARIAT: [new_user("Eva Nygård", Role.SECRETARIAT), ground.hanne.user],
        Role.STEERING: [new_user("Fredrik Øie", Role.STEERING)],
    }
    bjorn = ground.people[Role.MEMBER][0]
    session, _token = Session.start(bjorn, clock.now())
    ground.put("device", session, bjorn)


def _ways_in(ground: Ground) -> None:
    bjorn, staff = ground.people[Role.MEMBER][0], ground.people[Role.SECRETARIAT]
    key = Passkey(
        user_id=bjorn.id,
        handle=b"handle",
        credential_id=b"credential",
        public_key=b"key",
        sign_count=0,
        device="Mac",
        created_at=NOW,
    )
    db.session.add(key)
    with_app(bjorn, NOW)
    codes.set_up_app(db.session.get_one(Session, ground.ids["device"]), NOW)
    ground.put("passkey", key, bjorn)
    ground.put("grant", ground.people[Role.STEERING][0].role_grants[0], *staff)
    own = next(grant for grant in ground.hanne.user.role_grants if grant.role is Role.SECRETARIAT)
    ground.put("own grant", own, staff[0])
    ground.put("person", ground.people[Role.COACH][1], *staff)
    ground.put("own person", ground.hanne.user, staff[0])
    ground.put("recovery", Recovery.ask(bjorn, staff[0], NOW), *staff)
    ground.put("own recovery", Recovery.ask(ground.hanne.user, staff[0], NOW), staff[0])


def member_of(user: User) -> Member:
    return db.session.query(Member).filter_by(user_id=user.id).one()


def _coaching(ground: Ground) -> None:
    bjorn, daniel = map(member_of, ground.people[Role.MEMBER])
    cecilie, _jon = [new_coach(user) for user in ground.people[Role.COACH]]
    programme = new_programme()
    enrolment = participant(bjorn, programme)
    everyone = [user for users in ground.people.values() for user in users if Role.MEMBER in user.roles]
    ground.put("free slot", new_slot(cecilie, NOW + timedelta(days=9)), *everyone)
    ground.put("booking", booked(enrolment, cecilie, NOW + timedelta(days=8)), bjorn.user)
    ground.put("past booking", booked(enrolment, cecilie, NOW - timedelta(hours=3)), cecilie.user)
    ground.put("coach's slot", new_slot(cecilie, NOW + timedelta(days=7)), cecilie.user)
    ground.put("availability", _pattern(cecilie), cecilie.user)
    staff = ground.people[Role.SECRETARIAT]
    ground.put("waiting", apply(daniel, programme, NOW), *staff)
    ground.put("own enrolment", apply(ground.hanne, programme, NOW), staff[0])


def _pattern(coach: Coach) -> Any:
    first = clock.today(NOW) + timedelta(days=14)
    wanted = Offer(first, first + timedelta(days=14), time(9), time(11), SlotMode.EITHER, "")
    made = offer(coach, wanted, NOW)
    return db.session.get_one(Availability, made[0].availability_id)


def _mentoring(ground: Ground) -> None:
    bjorn = member_of(ground.people[Role.MEMBER][0])
    astrid, gunnar = [new_mentor(member_of(user), 3) for user in ground.people[Role.MENTOR]]
    made = pair(new_mentee(bjorn), astrid)
    two = (bjorn.user, astrid.member.user)
    ground.put("mentorship", made, *two)
    starts = NOW + timedelta(days=2)
    ground.put("meeting", mentorships.plan_meeting(made, starts, 60, MeetingMode.PHONE, two[0], NOW), *two)
    ingrid, kjell = new_member("Ingrid Dahl", "Åfjord"), new_member("Kjell Lund", "Hitra")
    (given,) = propose(new_mentee(ingrid), gunnar, within=new_round())
    ground.put("proposal", given, ingrid.user)
    (asked,) = propose(new_mentee(kjell), astrid, within=new_round())
    proposal_answers.accept(asked, kjell.user, NOW)
    ground.put("request", asked, astrid.member.user)
    ground.put(
        "reservation", reservations.reserve(bjorn, ReservationKind.PERSON, str(ingrid.id), NOW), bjorn.user
    )


def _secretariat(ground: Ground) -> None:
    staff = ground.people[Role.SECRETARIAT]
    ground.put("member", member_of(ground.people[Role.MEMBER][0]), *staff)
    ground.put("own member", ground.hanne, staff[0])
    ground.put("import", keep_preview("liste.csv", LIST, staff[0], NOW), staff[0])
    new_mentee(new_member("Liv Sand", "Sirdal"))
    ground.put("draft", start_round("Høstrunden", staff[0], NOW), *staff)
    freeze_due(NOW)
    ground.put("report", db.session.scalars(Report.in_order()).one(), *ground.people[Role.STEERING])


# What may differ after a request that was refused: who is signed in, and what was noted of it.
RESTLESS = {"session", "audit_event", "audit_head", "alembic_version", "revision"}


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, to see that nothing has changed."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in RESTLESS]
    order = {table.name: ", ".join(f'"{column.name}"' for column in table.primary_key) for table in tables}
    return {
        name: [
            tuple(map(str, row))
            for row in db.session.execute(text(f'SELECT * FROM "{name}" ORDER BY {keys}'))
        ]
        for name, keys in order.items()
    }
