"""Secrets that are like no other word: put where somebody wrote in confidence, and looked for everywhere else."""

import io
import re
import secrets
import zipfile
import zlib
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from portal.coaching.models import Booking
from portal.extensions import db
from portal.keys import every_sealed_column
from portal.keys.columns import Sealed

CANARY = re.compile(rb"kanari[0-9a-f]{16}")


@dataclass
class Nest:
    """Who may read each canary: its owner, and for what a conversation is about, that coach."""

    readers: dict[bytes, set[int]] = field(default_factory=dict)
    columns: dict[str, int] = field(default_factory=dict)

    def plant(self, count: int) -> None:
        """Put so many canaries into the sealed texts that exist, every one of them, in turn. Commits."""
        rows = [
            (column, row)
            for column in _texts()
            for row in db.session.scalars(select(column.model))
            if _is_written(row)
        ]
        held: dict[int, list[str]] = {}
        for (number, (column, row)), _ in zip(cycle(enumerate(rows)), range(count), strict=False):
            canary = f"kanari{secrets.token_hex(8)}"
            held.setdefault(number, []).append(canary)
            self.readers[canary.encode()] = _readers(column, row)
            self.columns[column.what] = self.columns.get(column.what, 0) + 1
        for number, canaries in held.items():
            column, row = rows[number]
            setattr(row, column.name, " ".join(canaries))
        db.session.commit()

    def loose(self, content: bytes, reader: int | None = None) -> set[bytes]:
        """The canaries in the content that this reader (None: nobody) should not be able to read there."""
        return {c for c in sung(content) if reader is None or reader not in self.readers.get(c, set())}


def _texts() -> list[Sealed[Any]]:
    return [column for column in every_sealed_column() if column.holds_text]


def _is_written(row: Any) -> bool:
    """Of a conversation that was cancelled nothing is kept."""
    return not isinstance(row, Booking) or row.is_live


def _readers(column: Sealed[Any], row: Any) -> set[int]:
    readers = {column.owner_of(row)}
    return readers | {row.coach.user_id} if isinstance(row, Booking) else readers


def sung(content: bytes) -> set[bytes]:
    """The canaries in the content, also when it is packed as spreadsheets, archives and PDFs are."""
    found = set(CANARY.findall(content))
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                found |= sung(archive.read(name))
    if content.startswith(b"%PDF"):
        for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
            found |= set(CANARY.findall(_unpacked(packed)))
    return found


def _unpacked(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return packed


def raw_dump() -> bytes:
    """The database as a thief has it: SQLite's files with their log, or all that PostgreSQL copies out."""
    url = make_url(db.engine.url)
    if url.get_backend_name() == "sqlite":
        from pathlib import Path

        path = Path(str(url.database))
        return b"".join(part.read_bytes() for part in sorted(path.parent.glob(f"{path.name}*")))
    found = b""
    with db.engine.connect() as connection:
        names = list(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        driver: Any = connection.connection.driver_connection
        for name in names:
            with driver.cursor() as cursor, cursor.copy(f'COPY "{name}" TO STDOUT') as copied:
                found += b"".join(bytes(some) for some in copied)
    return found
