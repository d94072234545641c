"""The tables as lines of JSON: the same from SQLite and PostgreSQL, and all as they were in one moment.

First a head, then for each table a line that names it and a line for each row, last how many there were of each.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Table, inspect, select, text

from portal.extensions import Base, db
from portal.keys import PersonKey

# What opens people's words is in the keyring file, and there only.
LEFT_OUT = frozenset({PersonKey.__tablename__})
AT_ONCE = 500


class NotUpToDate(RuntimeError):
    """The database is not at the tables that this version of the portal has."""


def tables() -> list[Table]:
    """Those that are dumped, each after the ones it refers to."""
    return [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


@contextmanager
def one_moment() -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever is written meanwhile, and hinders no writer."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        yield connection.execution_options(reading=True, stream_results=True)


def lines(connection: Connection, at: datetime) -> Iterator[bytes]:
    """The whole dump, a line at a time."""
    there = set(inspect(connection).get_table_names()) - {"alembic_version"}
    if there != set(Base.metadata.tables):
        strange = ", ".join(sorted(there ^ set(Base.metadata.tables)))
        raise NotUpToDate(f"run flask db upgrade first; these tables are not as they should be: {strange}")
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    yield _line({"varde": 1, "revision": revision, "at": at.isoformat()})
    counts: dict[str, int] = {}
    for table in tables():
        yield _line({"table": table.name, "columns": [column.name for column in table.columns]})
        counts[table.name] = 0
        rows = connection.execution_options(yield_per=AT_ONCE).execute(
            select(table).order_by(*table.primary_key.columns)
        )
        for row in rows:
            counts[table.name] += 1
            yield _line([_as_text(value) for value in row])
    yield _line({"counts": counts})


def _line(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def _as_text(value: Any) -> Any:
    """A value in JSON; what JSON does not have is marked with what it is."""
    if isinstance(value, bytes | memoryview):
        return {"bytes": b64encode(bytes(value)).decode()}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, dict | list):
        return {"json": value}
    return value


_MARKED: dict[str, Any] = {
    "bytes": b64decode,
    "moment": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "number": Decimal,
    "json": lambda value: value,
}


def from_text(value: Any) -> Any:
    """The value that `_as_text` wrote."""
    if isinstance(value, dict):
        ((mark, content),) = value.items()
        return _MARKED[mark](content)
    return value
