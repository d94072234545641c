"""A person's confidential no: made, listed and taken back by its owner alone, and never mentioned anywhere else."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import lazyload

from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.members.models import Member, Municipality, MunicipalityKind
from portal.mentoring.models import Reservation, ReservationKind, Tie
from portal.sorting import sort_key

MOST_FOUND = 8


class NobodyLikeThat(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Vi fant ikke den du valgte. Søk en gang til."))


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
        .where(User.sort_key.contains(key, autoescape=True), Member.id != member.id)
        .order_by(User.sort_key)
        .options(lazyload(Member.user, User.role_grants))
        .limit(MOST_FOUND)
    )
    places = select(Municipality).where(Municipality.sort_key.contains(key, autoescape=True))
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
    """Say no, confidentially. Saying it twice is the same as once, and the last word on why stands. Nothing is written to the audit."""
    row = Reservation(member_id=member.id, kind=kind, created_at=now)
    if kind in (ReservationKind.PERSON, ReservationKind.TIE):
        row.person_id = _known_person(target, member)
    elif kind is ReservationKind.MUNICIPALITY:
        row.municipality_number = _known(Municipality.number, target)
    elif kind is ReservationKind.COUNTY:
        row.county_number = _known(Municipality.county_number, target)
    same = select(Reservation).filter_by(
        member_id=row.member_id,
        person_id=row.person_id,
        municipality_number=row.municipality_number,
        county_number=row.county_number,
    )
    if row.person_id is None:
        same = same.filter_by(kind=row.kind)
    kept = db.session.scalar(same.order_by(Reservation.id).limit(1))
    if kept is None:
        db.session.add(row)
        kept = row
    if kept.person_id is not None:
        kept.kind, kept.tie = (ReservationKind.TIE if tie else kind), tie
    return kept


def _known_person(target: str, member: Member) -> int:
    found = None
    if target.isascii() and target.isdigit() and len(target) < 10:
        found = db.session.scalar(select(Member.id).where(Member.id == int(target), Member.id != member.id))
    if found is None:
        raise NobodyLikeThat
    return found


def _known(column: object, target: str) -> str:
    if not target.isascii() or db.session.scalar(select(column).where(column == target)) is None:  # type: ignore[call-overload]
        raise NobodyLikeThat
    return target


def describe(row: Reservation, counties: dict[str, str]) -> tuple[str, str]:
    """What the owner reads in the list: whom or where, and what it means."""
    if row.person is not None:
        never = _("Dere blir aldri foreslått for hverandre.")
        return row.person.name, f"{row.tie.label}. {never}" if row.tie else str(never)
    if row.municipality is not None:
        return row.municipality.display_name, str(_("Ingen herfra blir foreslått for deg, eller du for dem."))
    if row.county_number is not None:
        return counties.get(row.county_number, row.county_number), str(
            _("Ingen fra dette fylket blir foreslått for deg, eller du for dem.")
        )
    return str(_("Nabokommunene dine")), str(_("Ingen derfra blir foreslått for deg, eller du for dem."))


def county_names() -> dict[str, str]:
    rows = select(Municipality.county_number, Municipality.county_name).distinct()
    return dict(db.session.execute(rows).tuples().all())
