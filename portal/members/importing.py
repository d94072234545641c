"""Members from a list: what it would change, and changing it. Nothing is changed while a row is wrong."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import selectinload

from portal import audit, clock
from portal.access import Role
from portal.accounts.models import RoleGrant, User, grant_to_many
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import Base, db
from portal.language import lazy_gettext as _l
from portal.members.import_plan import Effect, ImportReport, Planned, plan
from portal.members.import_rows import Reading, read_rows
from portal.members.models import Member, Membership, Tenure
from portal.members.places import Places
from portal.members.positions import MEMBER_ADDED, MEMBER_CHANGED, default_title
from portal.members.spreadsheets import UnreadableFile, read_tables
from portal.sorting import sort_key


class SomebodyElseDid(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Noen andre la til en av disse personene samtidig. Se over en gang til."))


def import_file(
    filename: str, data: bytes, by: User | None, now: datetime, dry_run: bool = False
) -> ImportReport:
    """Import all of a list, or nothing of it when any row is wrong."""
    try:
        reading = read_file(data, now)
    except UnreadableFile as error:
        return ImportReport(filename, error=str(error))
    report = plan(filename, reading, by.id if by is not None else None)
    if report.is_clean and not dry_run:
        apply(report, by, now)
    return report


def read_file(data: bytes, now: datetime) -> Reading:
    """The rows of a file. Raises UnreadableFile when there is no telling."""
    return read_rows(read_tables(data), Places.all(), clock.today(now))


def apply(report: ImportReport, by: User | None, now: datetime) -> None:
    """Do what was planned, in a handful of statements however many rows. The caller commits."""
    rules = ("uq_user_email", "uq_role_grant_user_id_role", "uq_member_user_id")
    with refused(dict.fromkeys(rules, SomebodyElseDid)):
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
    grant_to_many([i for i in user_ids.values() if i not in hatted], Role.MEMBER, by, now)
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
    for item in planned:
        member = members[item.member_id or 0]
        _change_one(member, item, clock.today(now))
        fields = ",".join(change.field for change in item.changes)
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
