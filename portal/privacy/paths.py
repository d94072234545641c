"""The register's paths as conditions and values of a select: from a row to the person, and from an id to what it names."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Table, select

from portal.extensions import Base
from portal.privacy.register import Lines, Whom


def table_of(lines: Lines) -> Table:
    return Base.metadata.tables[lines.table]


def belongs_to(table: Table, path: str, user_id: int) -> ColumnElement[bool]:
    """The condition that the row's `path` ends at the user."""
    own, *steps = path.split(">")
    condition: Any = user_id
    for name, column in reversed([_step(step) for step in steps]):
        further = Base.metadata.tables[name]
        reached = further.c[column]
        met = reached == condition if isinstance(condition, int) else reached.in_(condition)
        condition = select(_key(further)).where(met)
    mine = table.c[own]
    return mine == condition if isinstance(condition, int) else mine.in_(condition)


def about(table: Table, whom: Whom, user_id: int) -> ColumnElement[bool]:
    """The condition that the row tells about the user."""
    return whom.finds(table, user_id) if whom.finds is not None else belongs_to(table, whom.path, user_id)


def known_to(lines: Lines, whom: Whom, user_id: int) -> ColumnElement[bool]:
    """The rows about this person that the person has a right to know of."""
    table = table_of(lines)
    mine = about(table, whom, user_id)
    return mine if whom.knows is None else mine & whom.knows(table, user_id)


def shown_by(table: Table, path: str) -> ScalarSelect[Any]:
    """What an id stands for: "slot_id>slot.starts_at" is the slot's start."""
    own, *steps = path.split(">")
    value: Any = table.c[own]
    for name, column in (_step(step) for step in steps):
        further = Base.metadata.tables[name].alias()
        found = select(further.c[column]).where(_key(further) == value)
        value = found.correlate_except(further).scalar_subquery()
    shown: ScalarSelect[Any] = value
    return shown


def _step(step: str) -> tuple[str, str]:
    name, column = step.split(".")
    return name, column


def _key(table: Any) -> Any:
    (key,) = table.primary_key
    return key
