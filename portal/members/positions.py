"""Becoming a member, and changing position: the same rules whether a list, the secretariat or the member says so."""

from datetime import date, datetime

from portal import audit, clock
from portal.access import Role
from portal.accounts.models import User
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member, Membership, Municipality

MEMBER_ADDED = audit.declare("member added", "way")
MEMBER_CHANGED = audit.declare("member changed", "way", "fields")
EARLIEST = date(1950, 1, 1)


class NoSuchDay(DomainError):
    """The day cannot be when somebody began in the position that they have."""


class AlreadyMember(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("En med denne e-postadressen er registrert fra før."))


class OwnRow(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Din egen rad tar en kollega seg av."))


def check_since(since: date | None, today: date) -> None:
    """Raise NoSuchDay unless somebody can have begun on that day."""
    if since is not None and since > today:
        raise NoSuchDay(_l("Datoen er ikke kommet ennå. La feltet stå tomt til da."))
    if since is not None and since < EARLIEST:
        raise NoSuchDay(_l("Datoen er så langt tilbake at den ikke kan stemme."))


def default_title(place: Municipality) -> str:
    return "Fylkeskommunedirektør" if place.is_county else "Kommunedirektør"


def make_member(
    user: User,
    place: Municipality,
    title: str,
    since: date | None,
    membership: Membership,
    by: User | None,
    now: datetime,
) -> Member:
    """The person as a member, with the hat that goes with it. Not yet flushed."""
    user.grant(Role.MEMBER, by, now)
    member = Member(
        user=user,
        municipality=place,
        municipality_number=place.number,
        membership=membership,
        tenures=[],
    )
    member.take_position(place, title, since)
    db.session.add(member)
    return member


def add_member(
    email: str,
    name: str,
    place: Municipality,
    title: str,
    since: date | None,
    membership: Membership,
    by: User,
    now: datetime,
) -> Member:
    """A single new member. Raises AlreadyMember, NoSuchDay and OwnRow."""
    check_since(since, clock.today(now))
    user = db.session.scalar(User.by_email(email))
    if user is not None and user.id == by.id:
        raise OwnRow
    if user is None:
        user = User.create(email, name, now)
    rules = ("uq_user_email", "uq_role_grant_user_id_role", "uq_member_user_id")
    with refused(dict.fromkeys(rules, AlreadyMember)):
        member = make_member(user, place, title, since, membership, by, now)
        db.session.flush()
    audit.record(MEMBER_ADDED, by=by, on=member, at=now, way="form")
    return member


def change_position(
    member: Member, place: Municipality, title: str, since: date | None, by: User, now: datetime
) -> bool:
    """Move the member or correct what we know. Returns whether anything changed; raises NoSuchDay."""
    today = clock.today(now)
    check_since(since, today)
    before = (member.municipality_number, member.title, member.in_position_since)
    fields = [
        name
        for name, old, new in zip(
            ("municipality", "title", "since"), before, (place.number, title, since), strict=True
        )
        if old != new
    ]
    if fields:
        member.take_position(place, title, since, known_on=today)
        audit.record(MEMBER_CHANGED, by=by, on=member, at=now, way="form", fields=",".join(fields))
    return bool(fields)


def change_membership(member: Member, membership: Membership, by: User, now: datetime) -> bool:
    """Make the person a member of KDF, or one who is not. Returns whether anything changed."""
    if member.membership is membership:
        return False
    member.membership = membership
    audit.record(MEMBER_CHANGED, by=by, on=member, at=now, way="form", fields="membership")
    return True
