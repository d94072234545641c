"""Members from a list: what it would change, and changing it. Nothing is changed while a row is wrong."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select
from sqlalchemy.orm import selectinload

from portal import audit, clock
from portal.access import Role
from portal.accounts.models import RoleGrant, User
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import Base, db
from portal.members.import_rows import BadRow, Reading, Row, read_rows
from portal.members.models import Member, Membership, Municipality, Tenure
from portal.members.places import Places
from portal.members.positions import MEMBER_ADDED, MEMBER_CHANGED, default_title
from portal.members.spreadsheets import UnreadableFile, read_tables
from portal.sorting import sort_key


class SomebodyElseDid(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Noen andre la til en av disse personene samtidig. Se over en gang til."))


class Effect(StrEnum):
    """What a row would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"

    @property
    def label(self) -> str:
        labels = {Effect.NEW: _("Ny"), Effect.CHANGED: _("Endres"), Effect.UNCHANGED: _("Uendret")}
        return str(labels[self])


@dataclass(frozen=True)
class Change:
    """One field of a member: what it is now, and what the list says."""

    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Planned:
    """A row, and what it would do to whom."""

    row: Row
    place: Municipality
    effect: Effect
    user_id: int | None = None
    member_id: int | None = None
    changes: tuple[Change, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class ImportReport:
    """What became of a list, or would."""

    filename: str
    planned: tuple[Planned, ...] = ()
    bad: tuple[BadRow, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def is_clean(self) -> bool:
        return self.error is None and not self.bad

    def count(self, effect: Effect) -> int:
        return Counter(p.effect for p in self.planned)[effect]

    @property
    def fingerprint(self) -> str:
        """The same for as long as the same rows would do the same things."""
        plan = [(p.row, p.effect, p.changes) for p in self.planned]
        return hashlib.sha256(repr(plan).encode()).hexdigest()[:32]

    def lines(self) -> Iterator[str]:
        """The report for a terminal."""
        if self.error:
            yield f"{self.filename}: {self.error}"
            return
        for bad in self.bad:
            for problem in bad.problems:
                value = f" «{problem.value}»" if problem.value else ""
                yield _("Linje %(line)s, %(column)s:", line=bad.line, column=problem.column) + (
                    f"{value} {problem.reason}"
                )
        for planned in self.planned:
            if planned.effect is not Effect.UNCHANGED:
                yield f"{planned.effect.label}: {planned.row.name}, {planned.place.display_name}" + "".join(
                    f"; {c.label}: {c.before or '–'} → {c.after}" for c in planned.changes
                )
        yield from self.notes
        yield _(
            "%(new)s nye, %(changed)s endret, %(unchanged)s uendret, %(bad)s med feil.",
            new=self.count(Effect.NEW),
            changed=self.count(Effect.CHANGED),
            unchanged=self.count(Effect.UNCHANGED),
            bad=len(self.bad),
        )


def import_file(
    filename: str, data: bytes, by: User | None, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Import all of a list, or nothing of it when any row is wrong."""
    try:
        reading = read_file(data, now)
    except UnreadableFile as error:
        return ImportReport(filename, error=str(error))
    report = plan(filename, reading)
    if report.is_clean and not dry_run:
        apply(report, by, now)
    return report


def read_file(data: bytes, now: datetime) -> Reading:
    """The rows of a file. Raises UnreadableFile when there is no telling."""
    return read_rows(read_tables(data), Places.all(), clock.today(now))


# What it would change


def plan(filename: str, reading: Reading) -> ImportReport:
    """What the rows would do to the members as they are now. Three queries, however many rows."""
    places = Places.all()
    known = _known([row.email for row in reading.rows])
    namesakes = _namesakes([row for row in reading.rows if row.email not in known])
    planned = tuple(_planned(row, places, known.get(row.email), namesakes) for row in reading.rows)
    return ImportReport(filename, planned, reading.bad, reading.notes)


@dataclass(frozen=True)
class _Known:
    user_id: int
    name: str
    member_id: int | None
    municipality: str | None
    title: str | None
    since: date | None
    membership: Membership | None


def _known(emails: Sequence[str]) -> dict[str, _Known]:
    rows = (
        select(
            User.email, User.id, User.name, Member.id,
            Member.municipality_number, Member.title, Member.in_position_since, Member.membership,
        )
        .outerjoin(Member, Member.user_id == User.id)
        .where(User.email.in_(emails))
    )  # fmt: skip
    return {row[0]: _Known(*row[1:]) for row in db.session.execute(rows)}


def _namesakes(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Addresses of members by name and municipality, to notice somebody who has only changed address."""
    keys = {sort_key(row.name) for row in rows}
    if not keys:
        return {}
    found = (
        select(User.sort_key, Member.municipality_number, User.email)
        .join(Member)
        .where(User.sort_key.in_(keys))
    )
    return {(key, number): email for key, number, email in db.session.execute(found)}


def _planned(
    row: Row, places: Places, known: _Known | None, namesakes: dict[tuple[str, str], str]
) -> Planned:
    place = places.by_number[row.municipality]
    if known is None or known.member_id is None:
        other = namesakes.get((sort_key(row.name), row.municipality))
        note = _("Samme navn og kommune finnes med adressen %(email)s.", email=other) if other else None
        return Planned(row, place, Effect.NEW, known.user_id if known else None, note=note)
    changes = tuple(_changes(row, place, known, places))
    effect = Effect.CHANGED if changes else Effect.UNCHANGED
    return Planned(row, place, effect, known.user_id, known.member_id, changes)


def _changes(row: Row, place: Municipality, known: _Known, places: Places) -> Iterator[Change]:
    """What the list says otherwise than we do. What it does not say, stays."""
    if row.name != known.name:
        yield Change("name", _("Navn"), known.name, row.name)
    moved = row.municipality != known.municipality
    if moved:
        before = places.by_number[known.municipality or ""].display_name
        yield Change("municipality", _("Kommune"), before, place.display_name)
    if row.title is not None and row.title != known.title:
        yield Change("title", _("Tittel"), known.title or "", row.title)
    since = date.fromisoformat(row.since) if row.since else None
    if since != known.since and (since is not None or moved):
        yield Change("since", _("I stillingen siden"), _day(known.since), _day(since) or _("ukjent"))
    if row.membership is not None and row.membership != known.membership:
        yield Change(
            "membership",
            _("Medlemskap"),
            known.membership.label if known.membership else "",
            Membership(row.membership).label,
        )


def _day(value: date | None) -> str:
    return f"{value:%d.%m.%Y}" if value else ""


# Changing it


def apply(report: ImportReport, by: User | None, now: datetime) -> None:
    """Do what was planned, in a handful of statements however many rows. The caller commits."""
    with refused({"uq_user_email": SomebodyElseDid, "uq_member_user_id": SomebodyElseDid}):
        _add([p for p in report.planned if p.effect is Effect.NEW], by, now)
        _change([p for p in report.planned if p.effect is Effect.CHANGED], by, now)
        db.session.flush()


def _add(planned: list[Planned], by: User | None, now: datetime) -> None:
    """New members, and the users that they need. In bulk: one by one, two thousand would take too long."""
    if not planned:
        return
    strangers = [p.row for p in planned if p.user_id is None]
    user_ids = dict(zip([r.email for r in strangers], _insert(User, [
        {"email": r.email, "name": r.name, "sort_key": sort_key(r.name), "language": "nb", "created_at": now}
        for r in strangers
    ]), strict=True))  # fmt: skip
    user_ids |= {p.row.email: p.user_id for p in planned if p.user_id is not None}
    _give_hats(planned, user_ids, by, now)
    member_ids = _insert(Member, [
        {"user_id": user_ids[p.row.email], "municipality_number": p.row.municipality, "title": _title(p),
         "in_position_since": _since(p), "membership": Membership(p.row.membership or Membership.MEMBER)}
        for p in planned
    ])  # fmt: skip
    _insert(Tenure, [
        {"member_id": i, "municipality_number": p.row.municipality, "title": _title(p), "started_on": _since(p)}
        for i, p in zip(member_ids, planned, strict=True) if p.row.since
    ])  # fmt: skip
    for member_id in member_ids:
        audit.record(MEMBER_ADDED, by=by, on=f"member:{member_id}", at=now, way="import")


def _insert(model: type[Base], rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows and say which ids they got, in their order."""
    if not rows:
        return []
    table: Any = model
    return list(db.session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), rows))


def _give_hats(planned: list[Planned], user_ids: dict[str, int], by: User | None, now: datetime) -> None:
    known = [p.user_id for p in planned if p.user_id is not None]
    have = select(RoleGrant.user_id).where(RoleGrant.user_id.in_(known), RoleGrant.role == Role.MEMBER)
    hatted = set(db.session.scalars(have)) if known else set()
    _insert(RoleGrant, [
        {"user_id": i, "role": Role.MEMBER, "granted_at": now, "granted_by_id": by.id if by is not None else None}
        for i in user_ids.values() if i not in hatted
    ])  # fmt: skip
    names = {p.user_id: p.row.name for p in planned if p.user_id is not None}
    for user in db.session.scalars(select(User).where(User.id.in_(known))) if known else ():
        user.rename(names[user.id])
        db.session.expire(user, ["role_grants"])


def _title(planned: Planned) -> str:
    return planned.row.title or default_title(planned.place)


def _since(planned: Planned) -> date | None:
    return date.fromisoformat(planned.row.since) if planned.row.since else None


def _change(planned: list[Planned], by: User | None, now: datetime) -> None:
    found = select(Member).where(Member.id.in_([p.member_id for p in planned]))
    rows = db.session.scalars(found.options(selectinload(Member.tenures))) if planned else ()
    members = {member.id: member for member in rows}
    for plan in planned:
        member = members[plan.member_id or 0]
        _change_one(member, plan, clock.today(now))
        fields = ",".join(change.field for change in plan.changes)
        audit.record(MEMBER_CHANGED, by=by, on=member, at=now, way="import", fields=fields)


def _change_one(member: Member, planned: Planned, today: date) -> None:
    row, moved = planned.row, planned.row.municipality != member.municipality_number
    if row.name != member.user.name:
        member.user.rename(row.name)
    since = _since(planned) or (None if moved else member.in_position_since)
    title = row.title or member.title
    if moved or title != member.title or since != member.in_position_since:
        member.take_position(planned.place, title, since, known_on=today)
    if row.membership is not None:
        member.membership = Membership(row.membership)
