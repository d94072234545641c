"""Lists as files: XLSX for a spreadsheet, CSV for everything else. What a person wrote is never a formula."""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from flask import Response

from portal import clock

Cell = str | int | Decimal | date | datetime | None
KINDS = ("xlsx", "csv")
RISKY = ("=", "+", "-", "@", "\t", "\r")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def table(name: str, kind: str, columns: Sequence[Any], rows: Iterable[Sequence[Cell]]) -> Response:
    """The list as a file called `name`; `kind` is one of KINDS."""
    heads = [str(column) for column in columns]
    body = _xlsx(heads, rows) if kind == "xlsx" else _csv(heads, rows)
    response = Response(body, mimetype=None, content_type=TYPES[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _csv(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    text = StringIO()
    # Semicolons and a byte-order mark: that is how a Norwegian spreadsheet opens it as a table.
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([[_as_text(cell) for cell in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def _as_text(cell: Cell) -> str:
    if isinstance(cell, datetime):
        return f"{clock.oslo(cell):%Y-%m-%d %H:%M}"
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",")
    if isinstance(cell, str) and cell.startswith(RISKY):
        return f"'{cell}"
    return "" if cell is None else str(cell)


def _xlsx(heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    import xlsxwriter  # here, so that the web process starts without it

    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "remove_timezone": True})
    sheet = book.add_worksheet()
    formats = {
        "head": book.add_format({"bold": True}),
        "day": book.add_format({"num_format": "dd.mm.yyyy"}),
        "moment": book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
    }
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, formats["head"])
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _write(sheet, number, column, cell, formats)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(heads) - 1, 0), 20)
    book.close()
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    if isinstance(cell, datetime):
        sheet.write_datetime(row, column, clock.oslo(cell).replace(tzinfo=None), formats["moment"])
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, datetime(cell.year, cell.month, cell.day), formats["day"])  # noqa: DTZ001  # a day has no zone
    elif isinstance(cell, Decimal):
        sheet.write_number(row, column, float(cell), formats["money"])
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, cell or "")
