"""CSV in and out. An error names the file, the line, the column and the value."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TypeVar

from matching.profiles import InputError

Record = TypeVar("Record")
Value = TypeVar("Value")
WHOLE = re.compile(r"[+-]?[0-9]{1,9}")
SHOWN = 60  # characters of a value in an error


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file; `take` reads a cell and says where it went wrong."""

    file: str
    line: int
    cells: Mapping[str, str]

    def take(self, column: str, read: Callable[[str], Value], default: Value | None = None) -> Value:
        cell = self.cell(column)
        if not cell and default is not None:
            return default
        try:
            return read(cell)
        except (ValueError, KeyError) as error:
            raise InputError(f"{self._place(column)}: {cell[:SHOWN]!r} {_why(error)}") from None

    def maybe(self, column: str, read: Callable[[str], Value]) -> Value | None:
        return self.take(column, read) if self.cell(column) else None

    def cell(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def refuse(self, error: InputError) -> InputError:
        """The same error, with where it is."""
        return InputError(f"{self._place(error.column)}: {error}", error.column)

    def _place(self, column: str | None) -> str:
        return f"{self.file}, line {self.line}" + (f", column {column}" if column else "")


def read(
    path: Path,
    columns: Sequence[str],
    required: Sequence[str],
    build: Callable[[Row], Record],
    check: Callable[[Iterable[Record]], Iterable[Record]],
    once: str | None = None,
) -> list[Record]:
    """A record per line, each of them checked; in the column `once` no value may come again."""
    records: list[Record] = []
    seen: dict[str, int] = {}
    for row in rows(path, columns, required):
        record = build(row)
        try:
            check([record])
        except InputError as error:
            raise row.refuse(error) from None
        if once and (first := seen.setdefault(row.cell(once), row.line)) != row.line:
            again = f"{row.cell(once)[:SHOWN]!r} is used more than once, first on line {first}"
            raise row.refuse(InputError(again, once))
        records.append(record)
    try:
        check(records)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None
    return records


def rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> Iterator[Row]:
    """Comma or semicolon, whichever the first line has more of."""
    content = text(path)
    head = content.partition("\n")[0]
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.DictReader(StringIO(content, newline=""), delimiter=delimiter, strict=True)
    longest = csv.field_size_limit(
        len(content) + 1
    )  # what is too long is told of by column, not refused here
    try:
        found = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = found
        _check_columns(f"{path.name}, line 1", found, columns, required)
        for cells in reader:
            if None in cells:
                raise InputError(f"{path.name}, line {reader.line_num}: more cells than columns")
            yield Row(path.name, reader.line_num, cells)
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num + 1}: {error}") from None
    finally:
        csv.field_size_limit(longest)


def _check_columns(place: str, found: list[str], columns: Sequence[str], required: Sequence[str]) -> None:
    for name in required:
        if name not in found:
            raise InputError(f"{place}: the column {name!r} is missing")
    for name in found:
        if name not in columns:
            raise InputError(f"{place}: {name!r} is not a column; they are {', '.join(columns)}")
        if found.count(name) > 1:
            raise InputError(f"{place}: the column {name!r} is there more than once")


def text(path: Path) -> str:
    """The file's content, UTF-8 with or without a mark."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise InputError(f"{path.name}, line {line}: byte {error.start} is not UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def write(path: Path, header: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(lines)


def whole(cell: str) -> int:
    if not WHOLE.fullmatch(cell):
        raise ValueError("is not a whole number")
    return int(cell)


def _why(error: Exception) -> str:
    return "is not one of the values allowed" if "is not a valid" in str(error) else str(error)
