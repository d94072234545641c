"""A person's confidential no: made, listed and taken back by its owner alone, and never mentioned anywhere else."""

import json
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import lazyload

from portal import jobs, keys
from portal.accounts.models import User
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.keys import PersonKey
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.members.models import NOWHERE, Member, Municipality, MunicipalityKind
from portal.mentoring.reservation_models import Reservation, ReservationKind, Tie
from portal.sorting import sort_key

MOST_FOUND = 8


class NobodyLikeThat(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Vi fant ikke den du valgte. Søk en gang til."))


class TieWithoutPerson(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Hva som binder dere, gjelder bare en person. Ingenting er lagret. Velg personen i søket.")
        )


class _SaidAlready(DomainError):
    """The same no came twice in one moment."""


class No(NamedTuple):
    """A reservation as its owner's key opens it; `target` is a member id, a municipality's or a county's number."""

    id: int
    member_id: int
    kind: ReservationKind
    target: str
    at: datetime
    tie: Tie | None = None

    def stands_between(self, one: Member, other: Member) -> bool:
        """Whether it is one of the two who has said it, and the other whom it is about."""
        if self.member_id not in (one.id, other.id):
            return False
        owner, counterpart = (one, other) if self.member_id == one.id else (other, one)
        place = counterpart.municipality
        if self.kind is ReservationKind.NEIGHBOURS:
            return _are_neighbours(owner.municipality, place)
        if self.kind is ReservationKind.MUNICIPALITY:
            return place.number == self.target
        if self.kind is ReservationKind.COUNTY:
            return place.county_number == self.target
        return self.target == str(counterpart.id)


def _are_neighbours(here: Municipality, there: Municipality) -> bool:
    """A border on land, or a county and a municipality inside it."""
    if here.kind is not there.kind:
        return here.county_number == there.county_number
    return there.number in here.neighbours.split("|") or here.number in there.neighbours.split("|")


class Found(NamedTuple):
    """Somebody or somewhere that a search found."""

    kind: ReservationKind
    target: str
    name: str
    text: str


def find(text: str, member: Member) -> list[Found]:
    """Members, municipalities and counties whose name holds the text; never oneself."""
    key = sort_key(text)
    if not key:
        return []
    people = (
        select(Member)
        .join(Member.user)
        .where(
            User.sort_key.contains(key, autoescape=True),
            Member.id != member.id,
            Member.municipality_number != NOWHERE,
        )
        .order_by(User.sort_key)
        .options(lazyload(Member.user, User.role_grants))
        .limit(MOST_FOUND)
    )
    places = select(Municipality).where(
        Municipality.sort_key.contains(key, autoescape=True), Municipality.number != NOWHERE
    )
    begins = Municipality.sort_key.startswith(key, autoescape=True)
    places = places.order_by(begins.desc(), Municipality.sort_key).limit(MOST_FOUND)
    found = [
        Found(ReservationKind.PERSON, str(m.id), m.name, f"{m.title}, {m.municipality.display_name}")
        for m in db.session.scalars(people)
    ]
    return found + [_place(place) for place in db.session.scalars(places)]


def _place(place: Municipality) -> Found:
    if place.kind is MunicipalityKind.COUNTY:
        return Found(ReservationKind.COUNTY, place.county_number, place.display_name, str(_("Hele fylket")))
    return Found(ReservationKind.MUNICIPALITY, place.number, place.display_name, str(_("Kommune")))


def reserve(
    member: Member, kind: ReservationKind, target: str, now: datetime, tie: Tie | None = None
) -> Reservation:
    """Say no, confidentially. Saying it twice is the same as once: it was said the first time, and the last word on why
    stands. Nothing is written to the audit.

    Raises NobodyLikeThat, or TieWithoutPerson when it is said of a place what binds two people.
    """
    if tie and kind not in (ReservationKind.PERSON, ReservationKind.TIE):
        raise TieWithoutPerson
    if kind in (ReservationKind.PERSON, ReservationKind.TIE):
        target = str(_known_person(target, member))
    elif kind is ReservationKind.MUNICIPALITY:
        target = _known(Municipality.number, target)
    elif kind is ReservationKind.COUNTY:
        target = _known(Municipality.county_number, target)
    else:
        target = ""
    # A person is one no, whatever the reason.
    about = ReservationKind.PERSON if kind is ReservationKind.TIE else kind
    mark = keys.blind(member.user_id, "reservation.mark", f"{about.value}:{target}")
    kind = ReservationKind.TIE if tie else about
    said = {"kind": kind.value, "target": target, **({"tie": tie.value} if tie else {})}
    kept = db.session.scalar(select(Reservation).where(Reservation.mark == mark))
    if kept is None:
        return _add(member, mark, said, now)
    said_at = opened(kept, member.id, member.user_id).at
    kept.content = _content(member, mark, said, said_at)
    return kept


def _add(member: Member, mark: bytes, said: dict[str, str], now: datetime) -> Reservation:
    row = Reservation(
        owner_mark=Reservation.mark_of(member.user_id), mark=mark, content=_content(member, mark, said, now)
    )
    try:
        with refused({"uq_reservation_mark": _SaidAlready}):
            db.session.add(row)
    except _SaidAlready:
        return db.session.scalars(select(Reservation).where(Reservation.mark == mark)).one()
    return row


def _content(member: Member, mark: bytes, said: dict[str, str], now: datetime) -> bytes:
    return keys.seal(member.user_id, _kept_at(mark), json.dumps(said | {"at": now.isoformat()}))


def _kept_at(mark: bytes) -> str:
    return f"reservation.content:{mark.hex()}"


def said_by(member: Member) -> list[No]:
    """The member's own, in the order they were said."""
    rows = db.session.scalars(Reservation.visible_to(member.user))
    return [opened(row, member.id, member.user_id) for row in rows]


def said_by_anyone() -> list[No]:
    """Everybody's, for the engine, which tells nobody. Those of one whose key is gone are gone too."""
    rows = db.session.scalars(select(Reservation).order_by(Reservation.id)).all()
    # Asked also when nobody has said no: else the first one who did would be told by how long it takes.
    key = (PersonKey.wrapped, PersonKey.wrapped_by)
    everyone = select(Member.id, Member.user_id, *key).outerjoin(
        PersonKey, PersonKey.user_id == Member.user_id
    )
    members = db.session.execute(everyone).all()
    keys.take_in((user_id, wrapped, by) for _, user_id, wrapped, by in members)
    owners = {Reservation.mark_of(user_id): (member_id, user_id) for member_id, user_id, _, _ in members}
    return [opened(row, *owners[row.owner_mark]) for row in rows if row.owner_mark in owners]


def opened(row: Reservation, member_id: int, user_id: int) -> No:
    """What the row says, by its owner's key."""
    said = json.loads(keys.open(user_id, _kept_at(row.mark), row.content))
    at = datetime.fromisoformat(said["at"])
    tie = Tie(said["tie"]) if "tie" in said else None
    return No(row.id, member_id, ReservationKind(said["kind"]), said["target"], at, tie)


@jobs.register("give members keys")
def give_keys(_now: datetime) -> int:
    """A key for every member before it is needed: one that was made when its owner had written nothing would tell that
    the owner has reserved."""
    return keys.provide(db.session.scalars(select(Member.user_id)))


@keys.before_destroying
def forget_all(user_id: int) -> None:
    """Take back everything a person has said no to, while the key still tells which they are."""
    mark = Reservation.mark_of(user_id)
    if mark is not None:
        db.session.execute(delete(Reservation).where(Reservation.owner_mark == mark))


def forget_ownerless() -> int:
    """Remove what nobody's key opens: what an erased person had said no to in a backup that was restored."""
    users = db.session.scalars(select(Member.user_id)).all()
    keys.load(users)
    owned = {Reservation.mark_of(user_id) for user_id in users}
    rows = db.session.execute(select(Reservation.id, Reservation.owner_mark)).all()
    lost = [row.id for row in rows if row.owner_mark not in owned]
    db.session.execute(delete(Reservation).where(Reservation.id.in_(lost)))
    return len(lost)


def _known_person(target: str, member: Member) -> int:
    found = None
    if target.isascii() and target.isdigit() and len(target) < 10:
        found = db.session.scalar(select(Member.id).where(Member.id == int(target), Member.id != member.id))
    if found is None:
        raise NobodyLikeThat
    return found


def _known(column: object, target: str) -> str:
    # The place of those who are erased is none: the engine does not know it, and no round could be run.
    real = select(column).where(column == target, Municipality.number != NOWHERE)  # type: ignore[call-overload]
    if not target.isascii() or db.session.scalar(real.limit(1)) is None:
        raise NobodyLikeThat
    return target


def described(noes: list[No]) -> list[tuple[No, str, str]]:
    """What the owner reads in the list: each no, whom or where it is about, and what it means."""
    people, places, counties = _people(noes), _places(noes), _counties(noes)
    names = {ReservationKind.MUNICIPALITY: places, ReservationKind.COUNTY: counties}
    return [(no, *_in_words(no, names.get(no.kind, people).get(no.target))) for no in noes]


def _in_words(no: No, name: str | None) -> tuple[str, str]:
    if no.kind is ReservationKind.NEIGHBOURS:
        return str(_("Nabokommunene dine")), str(_("Ingen derfra blir foreslått for deg, eller du for dem."))
    if no.kind is ReservationKind.MUNICIPALITY:
        return name or no.target, str(_("Ingen herfra blir foreslått for deg, eller du for dem."))
    if no.kind is ReservationKind.COUNTY:
        text = _("Ingen fra dette fylket blir foreslått for deg, eller du for dem.")
        return name or no.target, str(text)
    never = str(_("Dere blir aldri foreslått for hverandre."))
    return name or str(_("En som ikke lenger er her")), f"{no.tie.label}. {never}" if no.tie else never


def _targets(noes: list[No], *kinds: ReservationKind) -> list[str]:
    return [no.target for no in noes if no.kind in kinds]


def _people(noes: list[No]) -> dict[str, str]:
    ids = [int(target) for target in _targets(noes, ReservationKind.PERSON, ReservationKind.TIE)]
    rows = select(Member.id, User.name).join(Member.user).where(Member.id.in_(ids))
    return {str(member_id): name for member_id, name in db.session.execute(rows)} if ids else {}


def _places(noes: list[No]) -> dict[str, str]:
    numbers = _targets(noes, ReservationKind.MUNICIPALITY)
    rows = select(Municipality.number, Municipality.display_name).where(Municipality.number.in_(numbers))
    return dict(db.session.execute(rows).tuples().all()) if numbers else {}


def _counties(noes: list[No]) -> dict[str, str]:
    numbers = _targets(noes, ReservationKind.COUNTY)
    rows = select(Municipality.county_number, Municipality.county_name).distinct()
    rows = rows.where(Municipality.county_number.in_(numbers))
    return dict(db.session.execute(rows).tuples().all()) if numbers else {}
