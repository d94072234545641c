"""The documents say what the product does: the record is the register's own words."""

from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from portal.accounts.addresses import EmailChange, ask_to_change
from portal.accounts.forgetting import forget_old
from portal.accounts.models import User
from portal.accounts.notices import Notice, tell
from portal.extensions import db
from portal.privacy.record import record
from portal.privacy.register import REGISTER
from portal.privacy.terms import BY_CODE, TERMS

FOLDER = Path(__file__).parents[2] / "docs" / "privacy"


def test_the_record_of_processing_is_the_registers() -> None:
    written = (FOLDER / "behandlingsprotokoll.md").read_text()
    assert written == record(), "flask --app wsgi privacy record > docs/privacy/behandlingsprotokoll.md"


def test_the_record_names_every_table_and_every_term() -> None:
    text = record()
    assert not [table.table for table in REGISTER if f"`{table.table}`" not in text]
    assert not [term.code for term in TERMS if str(term.rule) not in text]


def test_changes_of_the_way_in_are_said_to_be_kept_for_as_long_as_they_are(eva: User, now: datetime) -> None:
    def kept() -> list[int | None]:
        return [db.session.scalar(select(func.count()).select_from(table)) for table in (EmailChange, Notice)]

    days = BY_CODE["changes"].lasts
    assert f"etter {days.days} dager" in str(BY_CODE["changes"].rule)
    ask_to_change(eva, "ny@privat.example", now)
    tell(eva, now)
    db.session.commit()
    forget_old(now + days - timedelta(minutes=1))
    assert kept() == [1, 1]
    forget_old(now + days + timedelta(hours=2))
    assert kept() == [0, 0]


def test_the_command_prints_it(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["privacy", "record"])
    assert result.exit_code == 0
    assert result.output == record()


def test_the_assessment_and_the_breach_routine_are_whole() -> None:
    for name, words in (
        ("dpia.md", ("Risiko", "Tiltak", "Konklusjon", "artikkel 35")),
        ("avviksrutine.md", ("72 timer", "Datatilsynet", "Mal", "artikkel 33", "artikkel 34")),
    ):
        text = (FOLDER / name).read_text()
        assert not [word for word in words if word not in text], name
