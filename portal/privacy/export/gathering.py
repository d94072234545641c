"""Reading what the register says that a person has a right to, row by row."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select

from portal import keys
from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.privacy import paths, readers
from portal.privacy.export.wording import in_words, plain
from portal.privacy.register import Line, Lines, Whom, personal_tables
from portal.privacy.terms import BY_CODE
from portal.rendering import long_date

SEALED = {(column.model.__tablename__, column.name): column for column in keys.every_sealed_column()}
CONTROLLER = "Norsk Kommunedirektørforum"


@dataclass(frozen=True)
class Value:
    """`value` for machines, `words` for people."""

    column: str
    label: str
    value: Any
    words: str


@dataclass(frozen=True)
class Section:
    """One part that the person has in one table."""

    table: str
    title: str
    part: str
    purpose: str
    basis: str
    deleted: str
    rows: list[list[Value]]
    left_out: list[dict[str, str]]


@dataclass(frozen=True)
class Copy:
    """The whole of it."""

    title: str
    made: str
    made_at: datetime
    controller: str
    name: str
    sections: list[Section]
    nothing_in: list[str]
    readings: list[dict[str, str]]

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "made_at": self.made_at.isoformat()}


def gather(user: User, now: datetime) -> Copy:
    """A copy of what is stored about the person, as it is in this transaction."""
    sections = [_section(table, whom, user.id) for table, whom in personal_tables() if table.exported(whom)]
    return Copy(
        title=str(_("Opplysningene dine i Varde")),
        made=str(_("Laget %(day)s.", day=long_date(now))),
        made_at=now,
        controller=CONTROLLER,
        name=user.name,
        sections=[section for section in sections if section.rows],
        nothing_in=sorted({s.title for s in sections if not s.rows} - {s.title for s in sections if s.rows}),
        readings=[
            {"day": long_date(r.at), "at": r.at.isoformat(), "role": r.role, "purpose": r.purpose}
            for r in readers.latest(user.id, 10_000, now)
        ],
    )


def _section(table: Lines, whom: Whom, user_id: int) -> Section:
    term, use = BY_CODE[table.term], table.use
    lines = table.exported(whom)
    hidden = [line for line in table.lines if whom.name in line.about and whom.name not in line.shown_to]
    return Section(
        table=table.table,
        title=table.title,
        part=whom.title,
        purpose=use.label if use else "",
        basis=table.bases,
        deleted=str(term.rule),
        rows=list(_rows(table, whom, lines, user_id)),
        left_out=[{"label": line.label, "because": line.withheld} for line in hidden],
    )


def _rows(table: Lines, whom: Whom, lines: list[Line], user_id: int) -> Iterator[list[Value]]:
    if table.opened is not None:
        for words in table.opened(user_id):
            yield [Value(line.column, line.label, words[line.column], words[line.column]) for line in lines]
        return
    rows = paths.table_of(table)
    columns: list[Any] = list(rows.columns)
    columns += [paths.shown_by(rows, line.shown).label(_shown(line)) for line in lines if line.shown]
    chosen = select(*columns).where(paths.known_to(table, whom, user_id)).order_by(*rows.primary_key)
    for row in db.session.execute(chosen).mappings():
        yield [_value(table, line, row, user_id) for line in lines]


def _shown(line: Line) -> str:
    return f"shown_{line.column}"


def _value(table: Lines, line: Line, row: RowMapping, user_id: int) -> Value:
    stored = row[_shown(line) if line.shown else line.column]
    sealed = SEALED.get((table.table, line.column))
    best = sealed.read(user_id, stored, {str(k): v for k, v in row.items()}) if sealed is not None else stored
    words = line.words(best) if line.words is not None and best else in_words(best)
    return Value(line.column, line.label, words if line.coarse else plain(best), words)
