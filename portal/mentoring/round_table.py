"""A round as a table to take away. Text is written as text, so that no cell is ever a formula."""

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO

from flask_babel import gettext as _
from sqlalchemy import select

import matching
from portal.extensions import db
from portal.mentoring.models import MatchRound, Proposal
from portal.mentoring.round_board import ROWS, row_labels
from portal.mentoring.round_runs import People

Cell = str | int


def table(round_: MatchRound) -> list[list[Cell]]:
    """A heading and one row for each proposal: who, the points and what they are made of."""
    heading: list[Cell] = [
        _("Mentee"),
        _("Kommune"),
        _("Valg"),
        _("Mentor"),
        _("Mentors kommune"),
        _("Poeng"),
    ]
    labels = row_labels()
    return [[*heading, *(labels[name][0] for name in ROWS), _("Låst")], *_rows(round_)]


def _rows(round_: MatchRound) -> Iterator[list[Cell]]:
    people = People.load()
    mentees, mentors = people.mentees.by_id, people.mentors.by_id
    rows = list(db.session.scalars(select(Proposal).where(Proposal.round_id == round_.id)))
    for row in sorted(rows, key=lambda row: (mentees[row.mentee_id].sort_key, row.mentee_id, row.rank)):
        mentee, mentor = mentees[row.mentee_id], mentors[row.mentor_id]
        parts = {part["name"]: part["units"] for part in row.parts}
        yield [
            mentee.name,
            mentee.place,
            row.rank,
            mentor.name,
            mentor.place,
            matching.points(row.score),
            *(matching.points(sum(parts.get(part, 0) for part in group)) for group in ROWS.values()),
            _("ja") if row.locked_at else _("nei"),
        ]


def as_csv(rows: list[list[Cell]]) -> bytes:
    """Semicolons and a byte order mark: what a Norwegian Excel opens without asking."""
    out = StringIO()
    csv.writer(out, delimiter=";").writerows([[_harmless(cell) for cell in row] for row in rows])
    return ("\ufeff" + out.getvalue()).encode()


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_xlsx(rows: list[list[Cell]]) -> bytes:
    # Written only when somebody asks: the library is slow to import.
    import xlsxwriter

    out = BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet(_("Runden")), book.add_format({"bold": True})
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(at, column, cell, None if at else bold)
                else:
                    sheet.write_number(at, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return out.getvalue()
