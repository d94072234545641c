"""A dump's rows into empty tables, in one transaction."""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from warnings import catch_warnings

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text, update
from sqlalchemy.exc import SAWarning
from sqlalchemy.types import JSON

from portal.backup.dump import AT_ONCE, from_text


class DumpBroken(RuntimeError):
    """The rows that came are not those that the dump says it has."""


def as_lines(content: Iterable[bytes]) -> Iterator[Any]:
    """The dump's lines, as data."""
    rest = b""
    for some in content:
        *whole, rest = (rest + some).split(b"\n")
        yield from map(json.loads, whole)


class Loading:
    """The tables as they are in the database, which need not be those of the newest models."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.found = connection, MetaData()
        with catch_warnings(
            action="ignore", category=SAWarning
        ):  # indexes that it cannot read are of no use here
            self.found.reflect(connection)
        self._later: list[Any] = []
        for table in self.found.tables.values():
            for column in table.columns:
                if isinstance(column.type, JSON):
                    column.type.none_as_null = True

    def load(self, lines: Iterable[Any]) -> dict[str, int]:
        """Put every row in its table. Returns how many there are of each; raises DumpBroken."""
        self._empty()
        counts = self._fill(lines)
        for statement in self._later:
            self.connection.execute(statement)
        if {name: self._count(self.found.tables[name]) for name in counts} != counts:
            raise DumpBroken("there are other rows in the tables than in the backup")
        if self.connection.dialect.name == "postgresql":
            self._count_on()
        return counts

    def _empty(self) -> None:
        """Remove what the migrations have put there: the dump has it too."""
        for table in reversed(self.found.sorted_tables):
            if table.name != "alembic_version" and self._count(table):
                self.connection.execute(table.delete())

    def _count(self, table: Table) -> int:
        return self.connection.scalar(select(func.count()).select_from(table)) or 0

    def _fill(self, lines: Iterable[Any]) -> dict[str, int]:
        table: Table | None = None
        names: list[str] = []
        waiting: list[dict[str, Any]] = []
        for line in lines:
            if isinstance(line, list):
                waiting.append(dict(zip(names, map(from_text, line), strict=True)))
                if len(waiting) < AT_ONCE:
                    continue
            if table is not None and waiting:
                self._add(table, waiting)
                waiting = []
            if isinstance(line, dict) and "table" in line:
                table, names = self.found.tables[line["table"]], line["columns"]
            if isinstance(line, dict) and "counts" in line:
                return dict(line["counts"])
        raise DumpBroken("the backup ends before its last line")

    def _add(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert the rows; what refers to a row of the same table waits until all of them are there."""
        own = [
            column.name
            for rule in table.foreign_key_constraints
            if rule.referred_table is table
            for column in rule.columns
        ]
        key = table.primary_key.columns[0]
        for row in rows:
            for name in own:
                if row[name] is not None:
                    self._later.append(update(table).where(key == row[key.name]).values({name: row[name]}))
                    row[name] = None
        self.connection.execute(insert(table), rows)

    def _count_on(self) -> None:
        """Let the counters that give the next id go on from the highest."""
        for table in self.found.tables.values():
            for column in table.primary_key.columns:
                where = {"table": f'"{table.name}"', "column": column.name}
                sequence = self.connection.scalar(
                    text("SELECT pg_get_serial_sequence(:table, :column)"), where
                )
                highest = self.connection.scalar(select(func.max(column))) if sequence else None
                if highest is not None:
                    self.connection.execute(select(func.setval(sequence, highest)))
