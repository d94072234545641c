"""Reading the lists that people have: Excel workbooks and text files, whatever wrote them."""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal.errors import DomainError
from portal.language import gettext as _

MAX_BYTES = 8 * 1024 * 1024
MAX_UNPACKED = 64 * 1024 * 1024
MAX_ROWS = 5000
MAX_COLUMNS = 60
MAX_BLANKS = 50_000
NO_VALUE = "\ufffc"  # stands for a formula that nobody has computed
OTHER_KINDS = ((b"%PDF", "PDF"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"{\\rtf", "RTF"))


class UnreadableFile(DomainError):
    """The file as a whole cannot be read; nothing of it is used."""


@dataclass(frozen=True)
class Line:
    """A row of cells as text, with the line number that the person sees in the file."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The rows of one sheet that hold anything. `merged` are the cells joined sideways: line, first and last column."""

    name: str
    lines: tuple[Line, ...]
    merged: tuple[tuple[int, int, int], ...] = ()


def read_tables(data: bytes) -> list[Table]:
    """The sheets of an XLSX, or the one table of a CSV. The content decides which it is, not the name."""
    if not data.strip():
        raise UnreadableFile(_("Filen er tom."))
    if len(data) > MAX_BYTES:
        raise UnreadableFile(_("Filen er større enn 8 MB. Del den i flere filer."))
    if data.startswith(b"PK"):
        return _read_workbook(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableFile(
            _("Dette er en gammel Excel-fil (.xls), eller den har passord. Lagre den som .xlsx uten passord.")
        )
    kind = next((name for mark, name in OTHER_KINDS if data.startswith(mark)), None)
    if kind:
        raise UnreadableFile(_("Dette er en %(kind)s-fil. Vi leser .xlsx og .csv.", kind=kind))
    return [Table("", _kept(_read_text(data)))]


def _kept(rows: Iterable[tuple[int, list[str]]]) -> tuple[Line, ...]:
    lines = []
    for number, cells in rows:
        if not any(cells):
            continue
        lines.append(Line(number, tuple(cells)))
        if len(lines) > MAX_ROWS + 10:  # the heading, and what stands above it
            raise UnreadableFile(_("Filen har mer enn 5 000 rader. Del den i flere filer."))
    return tuple(lines)


def clean(text: str) -> str:
    """The words of a cell: no invisible characters, and one blank where there were many."""
    if len(text) < 100 and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


# Text files


def _read_text(data: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        start = 1
        for cells in reader:
            yield start, [clean(cell) for cell in cells[:MAX_COLUMNS]]
            start = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(
            _(
                "Vi kan ikke lese filen fra linje %(line)s. Mangler det et anførselstegn der?",
                line=reader.line_num,
            )
        ) from error


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif data[:200].count(0) > len(data[:200]) // 4:
        encodings = ["utf-16-be" if data[0] == 0 else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile(_("Dette er ikke en tekstfil eller et regneark. Vi leser .xlsx og .csv."))


def _delimiter(text: str) -> str:
    """Semicolon, tab or comma: the one that divides the first lines into most cells."""
    head = [line for line in text[:20_000].splitlines() if line.strip()][:5]
    return max(";\t,", key=lambda mark: max((line.count(mark) for line in head), default=0))


# Workbooks


def _read_workbook(data: bytes) -> list[Table]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _refuse_bomb(archive)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return list(_sheets(data, archive))
    except DomainError:
        raise
    except Exception as error:  # a damaged workbook can break in as many ways as there are parts in it
        if _is_forbidden(error):
            raise UnreadableFile(_("Regnearket inneholder noe vi ikke åpner. Lagre det på nytt.")) from error
        raise UnreadableFile(
            _("Regnearket er skadet eller av et slag vi ikke leser. Åpne det i Excel og lagre det på nytt.")
        ) from error


def _refuse_bomb(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename for part in parts}
    if "mimetype" in names or "word/document.xml" in names or "xl/workbook.xml" not in names:
        raise UnreadableFile(_("Dette er ikke et Excel-regneark. Lagre listen som .xlsx eller .csv."))
    if len(parts) > 1000 or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise UnreadableFile(_("Regnearket er for stort når det pakkes ut. Lagre bare listen i en ny fil."))


def _is_forbidden(error: BaseException | None) -> bool:
    """Whether a part declares entities, which can unfold without end: openpyxl parses with defusedxml, which refuses them."""
    from defusedxml import DefusedXmlException

    while error is not None and not isinstance(error, DefusedXmlException):
        error = error.__cause__ or error.__context__
    return error is not None


def _sheets(data: bytes, archive: zipfile.ZipFile) -> Iterator[Table]:
    from openpyxl import load_workbook  # here, so that the web process starts without it

    values = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    formulas: Any = None
    for index, sheet in enumerate(values.worksheets):
        if sheet.sheet_state != "visible":
            continue
        source = archive.read(str(vars(sheet)["_worksheet_path"]))
        uncomputed: frozenset[tuple[int, int]] = frozenset()
        if b"<f" in source:
            formulas = formulas or load_workbook(io.BytesIO(data), read_only=True)
            uncomputed = frozenset(_formulas(formulas.worksheets[index]))
        yield Table(sheet.title, _kept(_rows(sheet, uncomputed)), tuple(_merged(source)))


def _rows(sheet: Any, formulas: frozenset[tuple[int, int]]) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # what a file says of its own size may be wrong
    blank: Any = None
    blanks = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS, values_only=True), start=1):
        if cells is blank:  # a row that is not in the file at all is always the same object
            continue
        if formulas or any(cell is not None for cell in cells):
            missing = [cell is None and (number, i) in formulas for i, cell in enumerate(cells)]
            yield number, [NO_VALUE if m else as_text(c) for m, c in zip(missing, cells, strict=True)]
            continue
        blank, blanks = cells, blanks + 1
        if blanks > MAX_BLANKS:
            raise UnreadableFile(_("Arket har svært mange tomme rader. Kopier listen over i en ny fil."))


def _formulas(sheet: Any) -> Iterator[tuple[int, int]]:
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
        for i, cell in enumerate(cells):
            if cell.data_type == "f":
                yield number, i


def _merged(source: bytes) -> Iterator[tuple[int, int, int]]:
    from openpyxl.utils import range_boundaries

    for match in re.finditer(rb'<mergeCell [^>]*ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"', source):
        left, top, right, _bottom = range_boundaries(match[1].decode())
        if left is not None and top is not None and right is not None and right > left:
            yield top, left - 1, right - 1


def as_text(cell: Any) -> str:
    """What a cell says, as a person would type it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "ja" if cell else "nei"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return clean(str(cell))


def column_letter(index: int) -> str:
    """A, B … for the column with this index, as spreadsheets name them."""
    letters = ""
    while index >= 0:
        letters, index = chr(ord("A") + index % 26) + letters, index // 26 - 1
    return letters
