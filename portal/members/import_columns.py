"""Which column of a list holds what: the headings that we know, and what to say of those that we miss."""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.members.spreadsheets import Line, Table, UnreadableFile, column_letter


class Column(StrEnum):
    """What a column can hold."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    NUMBER = "number"
    MUNICIPALITY = "municipality"
    TITLE = "title"
    SINCE = "since"
    MEMBERSHIP = "membership"


HEADINGS = {
    Column.NAME: "navn, fullt navn, name, full name, medlem navn, kommunedirektør",
    Column.FIRST_NAME: "fornavn, first name, given name",
    Column.LAST_NAME: "etternavn, last name, surname",
    Column.EMAIL: "e-post, epost, e-postadresse, epostadresse, mail, mailadresse, e-mail, email, e-mail address",
    Column.NUMBER: "kommunenummer, kommunenr, kommune nr, knr, municipality number, number",
    Column.MUNICIPALITY: "kommune, kommunenavn, kommune/fylkeskommune, fylkeskommune, municipality",
    Column.TITLE: "tittel, stilling, stillingstittel, title, position, job title",
    Column.SINCE: "i stillingen siden, stilling siden, tiltrådt, tiltrådte, tiltredelse, tiltredelsesdato, ansatt fra, "
    "in position since, since, start date",
    Column.MEMBERSHIP: "medlem, medlemskap, er medlem, member, membership",
}
LABELS = {
    Column.NAME: _l("Navn"),
    Column.EMAIL: _l("E-post"),
    Column.MUNICIPALITY: _l("Kommune"),
    Column.TITLE: _l("Tittel"),
    Column.SINCE: _l("I stillingen siden"),
    Column.MEMBERSHIP: _l("Medlem"),
}


def _heading(text: str) -> str:
    return re.sub(r"[^a-zæøå]+", " ", text.casefold().replace("\u00ad", "")).strip()


_KNOWN = {_heading(name): column for column, names in HEADINGS.items() for name in names.split(",")}


def find_heading(tables: list[Table]) -> tuple[Table, Line, dict[Column, int]]:
    best: tuple[Table, Line, dict[Column, int]] | None = None
    for table in tables:
        for line in table.lines[:10]:
            columns = _columns(line)
            if best is None or len(columns) > len(best[2]):
                best = table, line, columns
        if best is not None and len(best[2]) >= 2:
            break
    if best is None:
        raise UnreadableFile(_("Filen er tom."))
    table, heading, columns = best
    _require(table, heading, columns)
    return best


def _columns(line: Line) -> dict[Column, int]:
    found: dict[Column, int] = {}
    for index, cell in enumerate(line.cells):
        column = _KNOWN.get(_heading(cell[:80]))
        if column is not None:
            found.setdefault(column, index)
    return found


def _require(table: Table, heading: Line, columns: dict[Column, int]) -> None:
    seen = ", ".join(cell[:30] for cell in heading.cells if cell)[:200]
    missing = []
    if Column.NAME not in columns and not {Column.FIRST_NAME, Column.LAST_NAME} <= set(columns):
        missing.append("navn")
    if Column.EMAIL not in columns:
        missing.append("e-post")
    if Column.MUNICIPALITY not in columns and Column.NUMBER not in columns:
        missing.append("kommune")
    for top, left, right in table.merged:
        if top == heading.number and set(range(left, right + 1)) & set(columns.values()):
            raise UnreadableFile(
                _(
                    "Overskriften i %(cells)s er slått sammen over flere kolonner. Del cellene og gi hver kolonne sitt navn.",
                    cells=f"{column_letter(left)}–{column_letter(right)}, linje {top}",
                )
            )
    if missing:
        raise UnreadableFile(
            _(
                "Vi mangler kolonnen %(missing)s. Overskriftene vi fant, er: %(seen)s.",
                missing=_(" og ").join(missing),
                seen=seen,
            )
        )
    counted = Counter(_KNOWN.get(_heading(cell[:80])) for cell in heading.cells if cell)
    twice = next((c for c, n in counted.items() if c is not None and n > 1), None)
    if twice is not None:
        names = [cell for cell in heading.cells if _KNOWN.get(_heading(cell[:80])) is twice]
        raise UnreadableFile(
            _("To kolonner sier det samme: %(names)s. Behold én av dem.", names=_(" og ").join(names)[:100])
        )


def notes_on(
    tables: list[Table], table: Table, heading: Line, columns: dict[Column, int], body: list[Line]
) -> Iterator[str]:
    """What the person should know was not read."""
    used = set(columns.values())
    unread = [cell[:40] for i, cell in enumerate(heading.cells) if cell and i not in used]
    if unread:
        yield _("Disse kolonnene er ikke lest: %(names)s.", names=", ".join(unread)[:300])
    width = max(len(line.cells) for line in body)
    for index in range(width):
        nameless = index >= len(heading.cells) or not heading.cells[index]
        if nameless and any(len(line.cells) > index and line.cells[index] for line in body):
            yield _("Kolonne %(letter)s har ingen overskrift og er ikke lest.", letter=column_letter(index))
    if len(tables) > 1:
        yield _("Vi leste bare arket «%(name)s».", name=table.name)
    if Column.MEMBERSHIP not in columns:
        yield _("Listen sier ikke hvem som er medlem. Nye personer regnes som medlemmer.")
