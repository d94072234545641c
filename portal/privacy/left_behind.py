"""What there is of somebody who is erased: it was on its way while the erasure was done, or was put there afterwards."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from portal.accounts.models import User
from portal.extensions import Base, db
from portal.privacy import leaving, paths
from portal.privacy.register import Lines, Whom, personal_tables


def tables_with(user_id: int) -> list[str]:
    """Those that hold what the register says is deleted or replaced; one question to the database."""
    asked = [(lines.table, left) for lines, whom in personal_tables() for left in _left(lines, whom, user_id)]
    rows = [select(Base.metadata.tables[name]).where(left).exists() for name, left in asked]
    answers = db.session.execute(select(*rows)).one()
    return [name for (name, _left), answer in zip(asked, answers, strict=True) if answer]


def anything_of(user: User, now: datetime, drafts_until: datetime) -> bool:
    """Whether the person has to be erased once more. Only drafts that were reckoned before `drafts_until` are looked into."""
    return bool(tables_with(user.id)) or leaving.takes_part(user, now, drafts_until)


def _left(lines: Lines, whom: Whom, user_id: int) -> Iterator[ColumnElement[bool]]:
    table = paths.table_of(lines)
    mine = paths.about(table, whom, user_id)
    if lines.deletes(whom):
        yield mine
        return
    values: list[tuple[str, Any]] = [
        (line.column, line.erasure.for_user(user_id)) for line in lines.replaces(whom)
    ]
    changed = [
        table.c[name].is_distinct_from(value) for name, value in values if not isinstance(value, list | dict)
    ]
    if changed:
        yield mine & or_(*changed)
