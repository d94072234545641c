"""From the cells of a list to members: which column is which, and what is wrong with a row."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, ClassVar

from email_validator import EmailNotValidError, validate_email

from portal.accounts.models import fold_email
from portal.forms import parse_day
from portal.language import gettext as _
from portal.members.import_columns import LABELS, Column, find_heading, notes_on
from portal.members.models import Membership
from portal.members.places import NoSuchPlace, Places
from portal.members.positions import NoSuchDay, check_since
from portal.members.spreadsheets import MAX_ROWS, NO_VALUE, Line, Table, UnreadableFile

LONGEST_NAME = 200
LONGEST_TITLE = 120
SHOWN = 60


YES = frozenset(["ja", "j", "yes", "y", "true", "sann", "sant", "1", "x", "medlem", "member"])
NO = frozenset(
    ["nei", "n", "no", "false", "usann", "usant", "0", "ikke medlem", "non member", "nonmember", "not member"]
)
MONTHS = [
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
]
LOCAL_PART = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
EXCEL_ERROR = re.compile(r"#(REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be used: the column as the person sees it, what stands there, and what to do."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Row:
    """A row that can be used. A title, day or membership that the list does not state is None."""

    line: int
    name: str
    email: str
    municipality: str
    title: str | None
    since: str | None
    membership: str | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class BadRow:
    line: int
    name: str
    problems: tuple[Problem, ...]
    about: ClassVar[tuple[int, ...]] = ()  # nobody whom we know

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Reading:
    """What was read from a file: the rows that can be used, those that cannot, and what was left unread."""

    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]


class _Refused(Exception):
    """A cell that cannot be used, with the reason."""


def read_rows(tables: list[Table], places: Places, today: date) -> Reading:
    """The members in the first sheet that has the columns we need."""
    table, heading, columns = find_heading(tables)
    body = [line for line in table.lines if line.number > heading.number]
    if not body:
        raise UnreadableFile(_("Det er ingen rader under overskriftene."))
    if len(body) > MAX_ROWS:
        raise UnreadableFile(_("Filen har mer enn 5 000 rader. Del den i flere filer."))
    reader = _RowReader(columns, places, today)
    read = [reader.read(line) for line in body]
    rows, bad = _refuse_repeated(
        [r for r in read if isinstance(r, Row)], [r for r in read if isinstance(r, BadRow)]
    )
    return Reading(rows, bad, tuple(notes_on(tables, table, heading, columns, body)))


class _RowReader:
    """Reads one line after the other, with the columns known."""

    def __init__(self, columns: dict[Column, int], places: Places, today: date) -> None:
        self.columns, self.places, self.today = columns, places, today

    def read(self, line: Line) -> Row | BadRow:
        problems: list[Problem] = []

        def take(column: Column, raw: str, understand: Callable[[str], Any]) -> Any:
            try:
                return understand(_readable(raw))
            except (_Refused, NoSuchPlace, NoSuchDay) as refusal:
                problems.append(Problem(str(LABELS[column]), _shown(raw), str(refusal)))
                return None

        name = self._name(line)
        row = Row(
            line=line.number,
            name=take(Column.NAME, name, _name),
            email=take(Column.EMAIL, self._cell(line, Column.EMAIL), _email),
            municipality=take(Column.MUNICIPALITY, self._place_text(line), lambda _text: self._place(line)),
            title=take(Column.TITLE, self._cell(line, Column.TITLE), _title),
            since=take(Column.SINCE, self._cell(line, Column.SINCE), lambda text: _since(text, self.today)),
            membership=take(Column.MEMBERSHIP, self._cell(line, Column.MEMBERSHIP), self._membership),
        )
        return BadRow(line.number, _shown(name), tuple(problems)) if problems else row

    def _cell(self, line: Line, column: Column) -> str:
        index = self.columns.get(column)
        return line.cells[index] if index is not None and index < len(line.cells) else ""

    def _name(self, line: Line) -> str:
        if Column.NAME in self.columns:
            return self._cell(line, Column.NAME)
        return f"{self._cell(line, Column.FIRST_NAME)} {self._cell(line, Column.LAST_NAME)}".strip()

    def _place_text(self, line: Line) -> str:
        return self._cell(line, Column.NUMBER) or self._cell(line, Column.MUNICIPALITY)

    def _place(self, line: Line) -> str:
        number, name = self._cell(line, Column.NUMBER), self._cell(line, Column.MUNICIPALITY)
        if not number and not name:
            raise _Refused(_("Kommunen mangler. Skriv navnet eller nummeret."))
        if len(number) + len(name) > 200:
            raise _Refused(_too_long(number + name, 100))
        return self.places.both(number, _readable(name)).number

    def _membership(self, text: str) -> str | None:
        if Column.MEMBERSHIP not in self.columns:
            return None
        word = " ".join(re.sub(r"[^a-zæøå0-9]+", " ", text.casefold()[:50]).split())
        if word in YES:
            return Membership.MEMBER.value
        if word in NO:
            return Membership.NON_MEMBER.value
        raise _Refused(_("Skriv ja eller nei."))


def _readable(text: str) -> str:
    if NO_VALUE in text:
        raise _Refused(_("Cellen er en formel uten svar. Åpne filen i Excel, lagre den og prøv igjen."))
    if EXCEL_ERROR.fullmatch(text):
        raise _Refused(_("Formelen i cellen har feilet. Rett den, eller skriv verdien."))
    return text


def _name(text: str) -> str:
    if not text:
        raise _Refused(_("Navnet mangler."))
    if len(text) > LONGEST_NAME:
        raise _Refused(_too_long(text, LONGEST_NAME))
    if text[0] in "=+-@" or not any(c.isalpha() for c in text):
        raise _Refused(_("Dette ser ikke ut som et navn."))
    return text


def _email(text: str) -> str:
    if not text:
        raise _Refused(_("E-postadressen mangler. Uten den kan ingen logge inn."))
    if len(text) > 254:
        raise _Refused(_too_long(text, 254))
    if not text.isascii():
        raise _Refused(_("En e-postadresse kan bare ha bokstavene a–z, ikke æ, ø, å eller aksenter."))
    local, _at, domain = text.rpartition("@")
    if not LOCAL_PART.fullmatch(local) or not _is_domain(domain.lower()):
        raise _Refused(_("Dette er ikke en e-postadresse. Den skal se slik ut: navn@kommune.no."))
    return fold_email(text)


@lru_cache(maxsize=2048)  # the same few domains come again and again
def _is_domain(domain: str) -> bool:
    try:
        validate_email(f"x@{domain}", check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def _title(text: str) -> str | None:
    if len(text) > LONGEST_TITLE:
        raise _Refused(_too_long(text, LONGEST_TITLE))
    if text and text[0] in "=+-@":
        raise _Refused(_("Dette ser ikke ut som en tittel."))
    return text or None


def _since(text: str, today: date) -> str | None:
    if not text:
        return None
    day = _day(text[:40])
    if day is None:
        raise _Refused(_("Skriv datoen slik: 24.11.2021."))
    check_since(day, today)
    return day.isoformat()


def _day(text: str) -> date | None:
    if re.fullmatch(r"\d{5}", text):  # a day as Excel counts them, in a cell without a date format
        return date(1899, 12, 30) + timedelta(days=int(text))
    spelled = re.fullmatch(r"(\d{1,2})\. ?([a-z]+) (\d{4})", text.casefold())
    if spelled:
        month = next(
            (i for i, m in enumerate(MONTHS, 1) if m.startswith(spelled[2]) and len(spelled[2]) > 2), 0
        )
        return parse_day(f"{spelled[1]}.{month}.{spelled[3]}")
    return parse_day(text)


def _too_long(text: str, longest: int) -> str:
    said = _("Teksten er for lang: %(length)s tegn, høyst %(longest)s.", length=len(text), longest=longest)
    return str(said)


def _shown(value: str) -> str:
    value = value.replace(NO_VALUE, "")
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}…"


def _refuse_repeated(rows: list[Row], bad: list[BadRow]) -> tuple[tuple[Row, ...], tuple[BadRow, ...]]:
    """Two rows with one address: nobody can tell which of them is right, so both must be looked at."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.email, []).append(row.line)
    for row in rows:
        others = [str(line) for line in lines[row.email] if line != row.line]
        if others:
            reason = _("Samme e-postadresse står også i linje %(lines)s.", lines=", ".join(others[:5]))
            bad.append(BadRow(row.line, row.name, (Problem(str(LABELS[Column.EMAIL]), row.email, reason),)))
    good = tuple(row for row in rows if len(lines[row.email]) == 1)
    return good, tuple(sorted(bad, key=lambda row: row.line))
