"""Lists of members as people's programs write them."""

import io
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook

HEADINGS = ("Navn", "E-post", "Kommune", "Tittel", "I stillingen siden", "Medlem")
KARI = ("Kari Vik", "kari.vik@nome.example", "Nome", "Kommunedirektør", "01.08.2021", "ja")
OLA = ("Ola Nes", "ola.nes@alta.example", "5601", "Rådmann", "2019-03-15", "nei")


def csv_of(*rows: Sequence[str], headings: Sequence[str] = HEADINGS, mark: str = ";") -> bytes:
    return "".join(mark.join(row) + "\r\n" for row in (headings, *rows)).encode()


def xlsx_of(*rows: Sequence[Any], headings: Sequence[Any] = HEADINGS) -> bytes:
    return written(lambda sheet: [sheet.append(list(row)) for row in (headings, *rows)])


def written(fill: Callable[[Any], Any]) -> bytes:
    """A workbook whose sheet `fill` fills in."""
    book = Workbook()
    fill(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def many(count: int) -> list[tuple[Any, ...]]:
    """So many different people."""
    return [
        (f"Person Nummer{i}", f"person{i}@eksempel.example", 1818 if i % 2 else "Nome", "Kommunedirektør",
         datetime(2015 + i % 9, 1 + i % 12, 1), i % 3 == 0)
        for i in range(count)
    ]  # fmt: skip
