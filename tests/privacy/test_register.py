"""Every column of every table has its line, and every line is whole."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.extensions import Base, db
from portal.privacy import paths, terms
from portal.privacy.register import REGISTER, Fate, Lines, personal_tables
from portal.privacy.register.lines import Whom

TABLES = [pytest.param(table, id=table.table) for table in REGISTER]


def test_every_column_of_every_table_has_its_line() -> None:
    declared = sorted((table.table, line.column) for table in REGISTER for line in table.lines)
    there = sorted(
        (table.name, column.name) for table in Base.metadata.tables.values() for column in table.columns
    )
    missing = sorted(set(there) - set(declared))
    assert not missing, "say in portal/privacy/register what these columns tell, and of whom"
    assert declared == there, "lines without a column, or twice"


@pytest.mark.parametrize("table", TABLES)
def test_personal_data_has_a_use_a_term_and_somebody_it_is_about(table: Lines) -> None:
    if table.is_personal:
        assert table.use is not None
        assert table.term in terms.BY_CODE
    for line in table.lines:
        assert set(line.about) <= {whom.name for whom in table.whom}
        assert line.label


@pytest.mark.parametrize("table", TABLES)
def test_what_is_not_in_the_export_says_why(table: Lines) -> None:
    silent = [
        line.column
        for line in table.lines
        for name in line.about
        if name not in line.shown_to and not line.withheld
    ]
    assert not silent


@pytest.mark.parametrize("table", TABLES)
def test_what_is_kept_after_erasure_says_why(table: Lines) -> None:
    kept = [line for line in table.lines if line.is_personal and line.erasure.fate is Fate.KEPT]
    assert not [line.column for line in kept if not line.erasure.words]
    for whom in table.whom:  # a row goes as a whole, or it stays
        fates = {line.erasure.fate for line in table.lines if whom.name in line.about}
        assert fates == {Fate.DELETED} or Fate.DELETED not in fates


@pytest.mark.parametrize(
    ("table", "whom"), [pytest.param(*p, id=f"{p[0].table}-{p[1].name}") for p in personal_tables()]
)
def test_every_path_leads_to_a_person(app: Flask, table: Lines, whom: Whom) -> None:
    """The database can follow it, whoever it is about."""
    rows = paths.table_of(table)
    shown = [paths.shown_by(rows, line.shown) for line in table.lines if line.shown]
    assert db.session.execute(select(rows, *shown).where(paths.known_to(table, whom, 1))).all() is not None


def test_neither_of_two_gets_the_others_answers() -> None:
    table = next(t for t in REGISTER if t.table == "proposal")
    for line in table.lines:
        assert "mentee" not in line.shown_to or not line.column.startswith("mentor_")
        assert "mentor" not in line.shown_to or not line.column.startswith("mentee_")
    hidden = {line.column for line in table.lines if line.is_personal and not line.shown_to}
    assert {"score", "parts", "lapsed_at"} <= hidden
