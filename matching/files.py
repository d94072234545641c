"""Profiles from CSV, results to CSV and JSON. An error names the file, the line, the column and the value."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

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
    Outcome,
    Reservation,
    ReservationKind,
    Rule,
    Weights,
    Wishes,
)

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
    "avoid_neighbours",
    "paused",
    "text",
]
YES, NO = {"yes", "true", "1", "ja"}, {"no", "false", "0", "nei", ""}

Record = TypeVar("Record")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file; `take` reads a cell and says where it went wrong."""

    file: str
    line: int
    cells: Mapping[str, str]

    def take(self, column: str, read: Callable[[str], Value], default: Value | None = None) -> Value:
        cell = (self.cells.get(column) or "").strip()
        if not cell and default is not None:
            return default
        try:
            return read(cell)
        except (ValueError, KeyError) as error:
            raise InputError(
                f"{self.file}, line {self.line}, column {column}: {cell[:60]!r} {_why(error)}"
            ) from None

    def maybe(self, column: str, read: Callable[[str], Value]) -> Value | None:
        return self.take(column, read) if (self.cells.get(column) or "").strip() else None


def read_mentors(path: Path) -> list[Mentor]:
    """Columns: see MENTOR_COLUMNS; only id and municipality must be there."""
    return _read(path, MENTOR_COLUMNS, ("id", "municipality"), _mentor, checking.checked_mentors)


def read_mentees(path: Path) -> list[Mentee]:
    """Columns: see MENTEE_COLUMNS; only id and municipality must be there."""
    return _read(path, MENTEE_COLUMNS, ("id", "municipality"), _mentee, checking.checked_mentees)


def read_reservations(path: Path) -> list[Reservation]:
    """Columns: by, kind (person, municipality, county, tie), target."""
    columns = ["by", "kind", "target"]
    return _read(path, columns, columns, _reservation, checking.checked_reservations)


def read_links(path: Path) -> list[Link]:
    """Columns: mentee, mentor and, for forbidden pairs, rule."""
    return _read(path, ["mentee", "mentor", "rule"], ("mentee", "mentor"), _link, lambda links: links)


def read_weights(path: Path) -> Weights:
    """A JSON object with points for some or all of the parts; the rest keep their default."""
    try:
        given = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name}, line {error.lineno}, column {error.colno}: {error.msg}") from None
    if not isinstance(given, dict):
        raise InputError(f"{path.name}: must be an object such as {{'size': 25}}")
    for part, value in given.items():
        if part not in PARTS:
            raise InputError(f"{path.name}: {part!r} is not a part; the parts are {', '.join(PARTS)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"{path.name}: {part} is {value!r}, and must be a number")
    return checking.checked_weights(Weights(**{**DEFAULT.as_dict(), **given}))


def write_pairs(path: Path, outcome: Outcome) -> None:
    """One line per pair: the points in all and of each part."""
    rows = [
        [p.mentee, p.mentor, decimal(p.score), *(decimal(part.units) for part in p.parts)]
        for p in outcome.pairs
    ]
    _write(path, ["mentee", "mentor", "score", *PARTS], rows)


def write_scores(path: Path, scores: Mapping[tuple[str, str], int]) -> None:
    """One line per legal pair."""
    _write(
        path, ["mentee", "mentor", "score"], ([*ids, decimal(units)] for ids, units in sorted(scores.items()))
    )


def write_explanation(path: Path, outcome: Outcome) -> None:
    """Everything that is known of the round: pairs, proposals, who is left and why, with units as whole numbers."""
    told: dict[str, Any] = {
        "units_per_point": UNITS_PER_POINT,
        "objective": outcome.objective,
        "weights": outcome.weights.as_dict(),
        "seeking": outcome.seeking,
        "places": outcome.places,
        "coverage": outcome.coverage,
        "total": outcome.total,
        "worst": outcome.worst,
        "demand": dict(outcome.demand),
        "pairs": [asdict(pair) for pair in outcome.pairs],
        "proposals": {
            mentee: [asdict(pair) for pair in pairs] for mentee, pairs in outcome.proposals.items()
        },
        "unmatched": [asdict(unmatched) for unmatched in outcome.unmatched],
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def decimal(units: int) -> str:
    """Units as points with three decimals: 73 250 units are 73.250."""
    return f"{units // UNITS_PER_POINT}.{units % UNITS_PER_POINT:03}"


def _read(
    path: Path,
    columns: Sequence[str],
    required: Sequence[str],
    build: Callable[[Row], Record],
    check: Callable[[Iterable[Record]], Iterable[Record]],
) -> list[Record]:
    records: list[Record] = []
    for row in _rows(path, columns, required):
        record = build(row)
        try:
            check([record])
        except InputError as error:
            raise InputError(f"{row.file}, line {row.line}: {error}") from None
        records.append(record)
    try:
        check(records)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None
    return records


def _rows(path: Path, columns: Sequence[str], required: Sequence[str]) -> Iterable[Row]:
    lines = _text(path).splitlines(keepends=True)
    head = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=";" if head.count(";") > head.count(",") else ",", strict=True)
    try:
        found = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = found
        for name in required:
            if name not in found:
                raise InputError(f"{path.name}, line 1: the column {name!r} is missing")
        for name in found:
            if name not in columns:
                raise InputError(
                    f"{path.name}, line 1: {name!r} is not a column; they are {', '.join(columns)}"
                )
        for cells in reader:
            if None in cells:
                raise InputError(f"{path.name}, line {reader.line_num}: more cells than columns")
            yield Row(path.name, reader.line_num, cells)
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num + 1}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: byte {error.start} is not UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _mentor(row: Row) -> Mentor:
    return Mentor(
        id=row.take("id", _filled),
        municipality=row.take("municipality", _municipality),
        areas=row.take("areas", _areas),
        capacity=row.take("capacity", int, 1),
        paused=row.take("paused", _yes),
        years=row.maybe("years", int),
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
        years=row.maybe("years", int),
        modes=row.take("modes", _modes, EITHER_MODE),
        wishes=row.take("wishes", _wishes),
        avoid_neighbours=row.take("avoid_neighbours", _yes),
        paused=row.take("paused", _yes),
        text=row.take("text", str),
    )


def _reservation(row: Row) -> Reservation:
    kind = row.take("kind", ReservationKind)
    target = _municipality if kind is ReservationKind.MUNICIPALITY else _filled
    return Reservation(row.take("by", _filled), kind, row.take("target", target))


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


def _municipality(cell: str) -> str:
    """A number, or a name that only one municipality has."""
    known = municipalities()
    if cell in known:
        return cell
    named = [place.number for place in known.values() if cell in (place.name, place.display_name)]
    named = [number for number in named if known[number].kind == "municipality"] or named
    if len(named) != 1:
        raise ValueError(f"is one of {', '.join(named)}: give the number" if named else "is no municipality")
    return named[0]


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


def _modes(cell: str) -> frozenset[Mode]:
    return frozenset(Mode(part.strip()) for part in cell.split("|"))


def _wishes(cell: str) -> Wishes:
    """'other_county|years:5'."""
    wished: dict[str, bool | int] = {}
    for item in filter(None, (part.strip() for part in cell.split("|"))):
        name, _, years = item.partition(":")
        if name not in Wishes.__dataclass_fields__ or (name == "years") != bool(years):
            raise ValueError("must be like other_county|years:5")
        wished[name] = int(years) if name == "years" else True
    return Wishes(**wished)  # type: ignore[arg-type]  # each value was read as its own field's kind above


def _why(error: Exception) -> str:
    text = str(error)
    if text.startswith("invalid literal"):
        return "is not a whole number"
    return "is not one of the values allowed" if "is not a valid" in text else text
