"""All the words of an answer, whatever kind of file it is; and all that a copy of the database tells without its key."""

import zipfile
from io import BytesIO
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.extensions import Base, db

RANDOM = {"message_id", "token_hash", "hold"}  # made anew in each world


def words_of(answer: TestResponse) -> str:
    """The text of a page, a table or a spreadsheet's parts."""
    data = answer.get_data()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(BytesIO(data)) as parts:
            return "\n".join(parts.read(name).decode(errors="replace") for name in sorted(parts.namelist()))
    return data.decode(errors="replace")


def copy_of_database() -> dict[str, list[list[str]]]:
    """Every row of every table as somebody reads it who has no key: of what is sealed only how long it is."""
    found: dict[str, list[list[str]]] = {}
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name not in RANDOM]
        rows = db.session.execute(select(*(column.label(column.name) for column in columns)))
        found[table.name] = sorted([_unopened(value) for value in row] for row in rows)
    return found


def _unopened(value: Any) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else str(value)
