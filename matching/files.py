"""Profiles, rules and weights from files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from matching import checking
from matching.municipalities import municipalities
from matching.profiles import (
    DEFAULT,
    EITHER_MODE,
    PARTS,
    UNITS_PER_POINT,
    InputError,
    Link,
    Mentee,
    Mentor,
    Mode,
    Reservation,
    ReservationKind,
    Rule,
    Weights,
    Wishes,
)
from matching.tables import Row, read, rows, text, whole

MENTOR_COLUMNS = [
    "id",
    "municipality",
    "areas",
    "capacity",
    "paused",
    "years",
    "modes",
    "retired",
    "avoid_neighbours",
    "text",
]
MENTEE_COLUMNS = [
    "id",
    "municipality",
    "areas",
    "years",
    "modes",
    "wishes",
    "ranking",
    "avoid_neighbours",
    "paused",
    "text",
]
LINK_COLUMNS = ["mentee", "mentor", "rule"]
Earlier: TypeAlias = dict[str, tuple[str, int]]  # mentee to mentor and units
YES, NO = {"yes", "true", "1", "ja"}, {"no", "false", "0", "nei", ""}


def read_mentors(path: Path) -> list[Mentor]:
    """Columns: see MENTOR_COLUMNS; only id and municipality must be there."""
    return read(path, MENTOR_COLUMNS, ("id", "municipality"), _mentor, checking.checked_mentors, once="id")


def read_mentees(path: Path) -> list[Mentee]:
    """Columns: see MENTEE_COLUMNS; only id and municipality must be there."""
    return read(path, MENTEE_COLUMNS, ("id", "municipality"), _mentee, checking.checked_mentees, once="id")


def read_reservations(path: Path) -> list[Reservation]:
    """Columns: by, kind (person, municipality, county, tie), target (places by number or name)."""
    columns = ["by", "kind", "target"]
    return read(path, columns, columns, _reservation, checking.checked_reservations)


def read_links(path: Path) -> list[Link]:
    """Columns: mentee, mentor and, for forbidden pairs, rule."""
    return read(path, LINK_COLUMNS, LINK_COLUMNS[:2], _link, lambda links: links)


def placed(path: Path, error: InputError) -> InputError:
    """The same error about a pair, with where in its file the pair stands."""
    found = (row for row in rows(path, LINK_COLUMNS, LINK_COLUMNS[:2]) if _link(row) == error.link)
    return next(found).refuse(error)


def read_earlier(path: Path) -> Earlier:
    """The pairs that were written by an earlier run."""
    columns = ["mentee", "mentor", "score", "rank", "bonus", *PARTS]
    return {
        row.take("mentee", _filled): (row.take("mentor", _filled), row.take("score", _units))
        for row in rows(path, columns, ("mentee", "mentor", "score"))
    }


def read_weights(path: Path) -> Weights:
    """A JSON object with points for some or all of the parts; the rest keep their default."""
    content = text(path)
    try:
        given = json.loads(content, parse_int=_number)
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{path.name}, line 1: is nested too deep") from None
    if not isinstance(given, dict):
        raise InputError(f"{path.name}, line 1: {str(given)[:60]!r} must be an object such as {{'size': 25}}")
    for part, value in given.items():
        if part not in PARTS:
            raise InputError(
                f"{_where(path, content, part)}: {part!r} is not a part; the parts are {', '.join(PARTS)}"
            )
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{_where(path, content, part)}: {part} is {value!r}, and must be a number")
    try:
        return checking.checked_weights(Weights(**{**DEFAULT.as_dict(), **given}))
    except InputError as error:
        raise InputError(f"{_where(path, content, error.column or '')}: {error}") from None


def _number(digits: str) -> float:
    """Python reads no whole number of more than 4 300 digits; one of this many is out of any range."""
    return int(digits) if len(digits) < 20 else float(digits)


def _where(path: Path, content: str, part: str) -> str:
    """File, line and column of a part's name; the first line for what is about them all."""
    before = content[: max(content.find(json.dumps(part, ensure_ascii=False)), 0)]
    return f"{path.name}, line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"


def _mentor(row: Row) -> Mentor:
    return Mentor(
        id=row.take("id", _filled),
        municipality=row.take("municipality", _municipality),
        areas=row.take("areas", _areas),
        capacity=row.take("capacity", whole, 1),
        paused=row.take("paused", _yes),
        years=row.maybe("years", whole),
        modes=row.take("modes", _modes, EITHER_MODE),
        text=row.take("text", str),
        retired=row.take("retired", _yes),
        avoid_neighbours=row.take("avoid_neighbours", _yes),
    )


def _mentee(row: Row) -> Mentee:
    return Mentee(
        id=row.take("id", _filled),
        municipality=row.take("municipality", _municipality),
        areas=row.take("areas", _areas),
        years=row.maybe("years", whole),
        modes=row.take("modes", _modes, EITHER_MODE),
        wishes=row.take("wishes", _wishes),
        avoid_neighbours=row.take("avoid_neighbours", _yes),
        paused=row.take("paused", _yes),
        text=row.take("text", str),
        ranking=row.take("ranking", _list),
    )


def _reservation(row: Row) -> Reservation:
    kind = row.take("kind", ReservationKind)
    return Reservation(row.take("by", _filled), kind, row.take("target", TARGETS.get(kind, _filled)))


def _link(row: Row) -> Link:
    return Link(
        row.take("mentee", _filled), row.take("mentor", _filled), row.take("rule", Rule, Rule.EXCLUDED)
    )


def _filled(cell: str) -> str:
    if not cell:
        raise ValueError("is empty")
    return cell


def _yes(cell: str) -> bool:
    if cell.casefold() not in YES | NO:
        raise ValueError("is neither yes nor no")
    return cell.casefold() in YES


def _municipality(cell: str, kinds: Sequence[str] = ("municipality", "county")) -> str:
    """A number, or a name that only one municipality has; a county of the same name comes after it."""
    known = [place for place in municipalities().values() if place.kind in kinds]
    if any(place.number == cell for place in known):
        return cell
    named = [place for place in known if cell in (place.name, place.display_name)]
    named = [place for place in named if place.kind == kinds[0]] or named
    if len(named) != 1:
        numbers = ", ".join(place.number for place in named)
        raise ValueError(f"is one of {numbers}: give the number" if named else f"is no {kinds[0]}")
    return named[0].number


# A county said no to as a municipality would hold for those who lead it alone, and hardly be what was meant.
TARGETS = {
    ReservationKind.MUNICIPALITY: partial(_municipality, kinds=("municipality",)),
    ReservationKind.COUNTY: partial(_municipality, kinds=("county",)),
}


def _areas(cell: str) -> dict[str, int]:
    """'mayor:3|economy:1'."""
    areas: dict[str, int] = {}
    for item in filter(None, (part.strip() for part in cell.split("|"))):
        code, _, strength = item.rpartition(":")
        if not code.strip() or strength.strip() not in ("1", "2", "3"):
            raise ValueError("must be like mayor:3|economy:1, each 1 to 3")
        if code.strip() in areas:
            raise ValueError(f"has {code.strip()} twice")
        areas[code.strip()] = int(strength)
    return areas


def _list(cell: str) -> tuple[str, ...]:
    """'astrid|berit'."""
    return tuple(filter(None, (part.strip() for part in cell.split("|"))))


def _modes(cell: str) -> frozenset[Mode]:
    return frozenset(Mode(part.strip()) for part in cell.split("|"))


def _wishes(cell: str) -> Wishes:
    """'other_county|years:5'."""
    wished: dict[str, bool | int] = {}
    for item in filter(None, (part.strip() for part in cell.split("|"))):
        name, _, years = item.partition(":")
        if name not in Wishes.__dataclass_fields__ or (name == "years") != bool(years):
            raise ValueError("must be like other_county|years:5")
        wished[name] = whole(years) if name == "years" else True
    return Wishes(**wished)  # type: ignore[arg-type]  # each value was read as its own field's kind above


def _units(cell: str) -> int:
    """'73.250' points."""
    points, _, thousandths = cell.partition(".")
    return whole(points) * UNITS_PER_POINT + whole(thousandths.ljust(3, "0") or "0")
