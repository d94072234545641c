"""How a column is declared in the register of personal data. A line says everything that the law asks about it.

To add a table: one `Lines(...)` in the module of its slice, and `register/__init__.py` gathers it. To add a column:
`personal(...)` where it says something of somebody, `technical(...)` where it does not.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Table

from portal.language import gettext as _


class Basis(StrEnum):
    """The law's reasons, articles 6 and 9 of the GDPR."""

    EXPLICIT = "a9"
    CONSENT = "a"
    AGREEMENT = "b"
    DUTY = "c"
    INTEREST = "f"

    @property
    def label(self) -> str:
        labels = {
            Basis.EXPLICIT: _(
                "uttrykkelig samtykke, artikkel 6 nr. 1 bokstav a og artikkel 9 nr. 2 bokstav a"
            ),
            Basis.CONSENT: _("samtykke, artikkel 6 nr. 1 bokstav a"),
            Basis.AGREEMENT: _("avtale, artikkel 6 nr. 1 bokstav b"),
            Basis.DUTY: _("plikt etter lov, artikkel 6 nr. 1 bokstav c"),
            Basis.INTEREST: _("berettiget interesse, artikkel 6 nr. 1 bokstav f"),
        }
        return str(labels[self])


class Use(StrEnum):
    """What we have the data for."""

    MEMBERSHIP = "membership"
    ACCESS = "access"
    MAIL = "mail"
    COACHING = "coaching"
    OWN_WORDS = "own_words"
    MENTORING = "mentoring"
    RESERVATIONS = "reservations"
    ACCOUNTS = "accounts"
    WORK = "work"
    ACCOUNTABILITY = "accountability"
    RIGHTS = "rights"

    @property
    def label(self) -> str:
        labels = {
            Use.MEMBERSHIP: _("vite hvem som er medlem, og i hvilken stilling"),
            Use.ACCESS: _("slippe deg inn, og ingen andre"),
            Use.MAIL: _("si fra på e-post at noe venter"),
            Use.COACHING: _("gi deg samtaler med en veileder"),
            Use.OWN_WORDS: _("bruke det du forteller om det du står i eller har stått i"),
            Use.MENTORING: _("koble mentorer og mentees, og følge opp paret"),
            Use.RESERVATIONS: _("unngå koblinger som ikke skal skje"),
            Use.ACCOUNTS: _("betale, kreve refusjon og gjøre rede for pengene"),
            Use.WORK: _("la veiledere og sekretariat gjøre jobben sin"),
            Use.ACCOUNTABILITY: _("kunne vise hvem som gjorde og så hva"),
            Use.RIGHTS: _("ta vare på rettighetene dine"),
        }
        return str(labels[self])

    @property
    def basis(self) -> Basis:
        if self is Use.OWN_WORDS:
            return Basis.EXPLICIT
        interests = (Use.ACCESS, Use.RESERVATIONS, Use.WORK, Use.ACCOUNTABILITY)
        if self in interests:
            return Basis.INTEREST
        return Basis.DUTY if self in (Use.ACCOUNTS, Use.RIGHTS) else Basis.AGREEMENT


class Fate(StrEnum):
    """What erasing the person does with the value."""

    DELETED = "deleted"  # the row goes
    REPLACED = "replaced"  # something neutral takes its place
    DESTROYED = "destroyed"  # the person's key goes, and the value is emptied
    KEPT = "kept"

    @property
    def label(self) -> str:
        labels = {
            Fate.DELETED: _("slettes"),
            Fate.REPLACED: _("erstattes"),
            Fate.DESTROYED: _("nøkkelen ødelegges og teksten tømmes"),
            Fate.KEPT: _("beholdes"),
        }
        return str(labels[self])


@dataclass(frozen=True)
class Erasure:
    """`value` is what takes the place: a value, or a function of the user's id."""

    fate: Fate
    words: str = ""
    value: Any = None
    with_key: bool = False  # goes with the person's key, by the hand that destroys it

    def for_user(self, user_id: int) -> Any:
        return self.value(user_id) if callable(self.value) else self.value


def replaced(words: str, value: Any) -> Erasure:
    return Erasure(Fate.REPLACED, words, value)


DESTROYED = Erasure(Fate.DESTROYED)


def kept(because: str) -> Erasure:
    return Erasure(Fate.KEPT, because)


GONE = Erasure(Fate.DELETED)
EMPTIED = replaced("tomt", None)


@dataclass(frozen=True)
class Whom:
    """Somebody that a row tells about: `path` leads from the row to the user, as "mentee_id>mentee_profile.member_id>…".

    `knows` narrows the rows down to those that the person has a right to know of. `title` is the person's part in them.
    `finds` is the way to the rows where only the person's key shows it.
    """

    name: str
    path: str
    title: str = ""
    knows: Callable[[Table, int], ColumnElement[bool]] | None = None
    finds: Callable[[Table, int], ColumnElement[bool]] | None = None


OWN = Whom("own", "user_id")
OF_MEMBER = Whom("own", "member_id>member.user_id")


@dataclass(frozen=True)
class Line:
    """A column. `about` names the people of the table that it tells about; none, and it is no personal data."""

    column: str
    label: str
    about: tuple[str, ...] = ()
    shown_to: tuple[str, ...] = ()  # in whose export it is
    withheld: str = ""  # why not in the export of the others
    erasure: Erasure = field(default_factory=lambda: kept(""))
    shown: str = ""  # a path to what reads better than an id
    words: Callable[[Any], str] | None = None
    sensitive: bool = False
    term: str = ""  # where it goes before the rest of the row
    coarse: bool = False  # the stored value says more than the person may know; the words are all there is
    use: Use | None = None  # where we have it for something else than the rest of the row

    @property
    def is_personal(self) -> bool:
        return bool(self.about)


def personal(
    column: str,
    label: str,
    erasure: Erasure = GONE,
    *,
    about: tuple[str, ...] = ("own",),
    shown_to: tuple[str, ...] | None = None,
    withheld: str = "",
    shown: str = "",
    words: Callable[[Any], str] | None = None,
    sensitive: bool = False,
    term: str = "",
    coarse: bool = False,
    use: Use | None = None,
) -> Line:
    """A column that tells something of somebody: in that person's export, unless `withheld` says why not."""
    seen = shown_to if shown_to is not None else () if withheld else about
    return Line(column, label, about, seen, withheld, erasure, shown, words, sensitive, term, coarse, use)


def technical(columns: str, why: str) -> tuple[Line, ...]:
    """Columns (by name, with blanks between) that tell nothing of anybody."""
    return tuple(Line(name, why) for name in columns.split())


def secret(columns: str, why: str, erasure: Erasure = GONE) -> tuple[Line, ...]:
    """Columns that would open a door if they were handed out, though they belong to the person."""
    return tuple(personal(name, why, erasure, withheld=SECRET) for name in columns.split())


SECRET = "er til for å holde andre ute, og sier ingenting om deg"  # nosec B105  # noqa: S105  # the reason, not a secret


@dataclass(frozen=True)
class Lines:
    """A table: whom it tells about, why we have it, how long, and a line for each column."""

    table: str
    title: str
    use: Use | None
    term: str  # the code of a term of terms.py; empty where there is no personal data
    whom: tuple[Whom, ...]
    lines: tuple[Line, ...]
    opened: Callable[[int], list[dict[str, str]]] | None = (
        None  # the person's rows in words, where columns cannot tell
    )

    @property
    def is_personal(self) -> bool:
        return any(line.is_personal for line in self.lines)

    @property
    def bases(self) -> str:
        """The law's reason, and that of each column that has another."""
        own = {line.use.basis for line in self.lines if line.use is not None}
        labels = {
            basis: [line.label for line in self.lines if line.use and line.use.basis is basis]
            for basis in own
        }
        first = [self.use.basis.label] if self.use is not None else []
        return "; ".join([*first, *(f"{', '.join(names)}: {basis.label}" for basis, names in labels.items())])

    def of(self, name: str) -> Whom:
        return next(w for w in self.whom if w.name == name)

    def exported(self, whom: Whom) -> list[Line]:
        return [line for line in self.lines if whom.name in line.shown_to]

    def deletes(self, whom: Whom) -> bool:
        """Whether erasing this person deletes the row."""
        mine = [line for line in self.lines if whom.name in line.about]
        return bool(mine) and all(line.erasure.fate is Fate.DELETED for line in mine)

    def replaces(self, whom: Whom) -> list[Line]:
        fates = (Fate.REPLACED, Fate.DESTROYED)
        mine = [line for line in self.lines if whom.name in line.about and line.erasure.fate in fates]
        return [line for line in mine if not line.erasure.with_key]


def lines(
    table: str,
    title: str,
    use: Use | None,
    term: str,
    whom: Whom | tuple[Whom, ...],
    *parts: Line | tuple[Line, ...],
    opened: Callable[[int], list[dict[str, str]]] | None = None,
) -> Lines:
    """A table's lines; `technical` and `secret` give several at once."""
    flat = tuple(line for part in parts for line in (part if isinstance(part, tuple) else (part,)))
    return Lines(table, title, use, term, whom if isinstance(whom, tuple) else (whom,), flat, opened)


def reference(table: str, title: str, columns: str) -> Lines:
    """A table without personal data."""
    return lines(table, title, None, "", (), technical(columns, "opplysninger som ikke gjelder personer"))
