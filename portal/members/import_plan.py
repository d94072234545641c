"""What a list of members would change, row by row."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.members.import_rows import BadRow, Reading, Row
from portal.members.models import Member, Membership, Municipality
from portal.members.places import Places
from portal.sorting import sort_key


class Effect(StrEnum):
    """What a row would do."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"

    @property
    def label(self) -> str:
        labels = {Effect.NEW: _("Ny"), Effect.CHANGED: _("Endres"), Effect.UNCHANGED: _("Uendret")}
        return str(labels[self])


@dataclass(frozen=True)
class Change:
    """One field of a member: what it is now, and what the list says."""

    field: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Planned:
    """A row, and what it would do to whom."""

    row: Row
    place: Municipality
    effect: Effect
    user_id: int | None = None
    member_id: int | None = None
    changes: tuple[Change, ...] = ()
    note: str | None = None
    namesake_id: int | None = None

    @property
    def about(self) -> list[int]:
        """The users of whom we know more than the row says."""
        return [known for known in (self.user_id, self.namesake_id) if known is not None]


@dataclass(frozen=True)
class ImportReport:
    """What became of a list, or would."""

    filename: str
    planned: tuple[Planned, ...] = ()
    bad: tuple[BadRow, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None

    @property
    def is_clean(self) -> bool:
        return self.error is None and not self.bad

    def count(self, effect: Effect) -> int:
        return Counter(p.effect for p in self.planned)[effect]

    @property
    def fingerprint(self) -> str:
        """The same for as long as the same rows would do the same things."""
        plan = [(p.row, p.effect, p.changes) for p in self.planned]
        return hashlib.sha256(repr(plan).encode()).hexdigest()[:32]

    def lines(self) -> Iterator[str]:
        """The report for a terminal."""
        if self.error:
            yield f"{self.filename}: {self.error}"
            return
        for bad in self.bad:
            for problem in bad.problems:
                value = f" «{problem.value}»" if problem.value else ""
                yield _("Linje %(line)s, %(column)s:", line=bad.line, column=problem.column) + (
                    f"{value} {problem.reason}"
                )
        for planned in self.planned:
            if planned.effect is not Effect.UNCHANGED:
                yield f"{planned.effect.label}: {planned.row.name}, {planned.place.display_name}" + "".join(
                    f"; {c.label}: {c.before or '–'} → {c.after}" for c in planned.changes
                )
        yield from self.notes
        yield _(
            "%(new)s nye, %(changed)s endret, %(unchanged)s uendret, %(bad)s med feil.",
            new=self.count(Effect.NEW),
            changed=self.count(Effect.CHANGED),
            unchanged=self.count(Effect.UNCHANGED),
            bad=len(self.bad),
        )


def plan(filename: str, reading: Reading, by_id: int | None = None) -> ImportReport:
    """What the rows would do to the members as they are now. Three queries, however many rows.

    A row about `by_id`, who imports, does nothing: nobody changes their own.
    """
    places = Places.all()
    known = _known([row.email for row in reading.rows])
    namesakes = _namesakes([row for row in reading.rows if row.email not in known])
    planned = tuple(
        _planned(row, places, known.get(row.email), namesakes)
        if by_id is None or row.email not in known or known[row.email].user_id != by_id
        else _own(row, places, known[row.email])
        for row in reading.rows
    )
    return ImportReport(filename, planned, reading.bad, reading.notes)


@dataclass(frozen=True)
class _Known:
    user_id: int
    name: str
    member_id: int | None
    municipality: str | None
    title: str | None
    since: date | None
    membership: Membership | None


def _known(emails: Sequence[str]) -> dict[str, _Known]:
    rows = (
        select(
            User.email, User.id, User.name, Member.id,
            Member.municipality_number, Member.title, Member.in_position_since, Member.membership,
        )
        .outerjoin(Member, Member.user_id == User.id)
        .where(User.email.in_(emails))
    )  # fmt: skip
    return {row[0]: _Known(*row[1:]) for row in db.session.execute(rows)}


class _Namesake(NamedTuple):
    email: str
    user_id: int


def _namesakes(rows: Sequence[Row]) -> dict[tuple[str, str], _Namesake]:
    """Members by name and municipality, to notice somebody who has only changed address."""
    keys = {sort_key(row.name) for row in rows}
    if not keys:
        return {}
    found = (
        select(User.sort_key, Member.municipality_number, User.email, User.id)
        .join(Member)
        .where(User.sort_key.in_(keys))
    )
    return {(key, number): _Namesake(*rest) for key, number, *rest in db.session.execute(found)}


def _own(row: Row, places: Places, known: _Known) -> Planned:
    note = str(_("Din egen rad tar en kollega seg av."))
    place = places.by_number[row.municipality]
    return Planned(row, place, Effect.UNCHANGED, known.user_id, known.member_id, note=note)


def _planned(
    row: Row, places: Places, known: _Known | None, namesakes: dict[tuple[str, str], _Namesake]
) -> Planned:
    place = places.by_number[row.municipality]
    if known is None or known.member_id is None:
        other = namesakes.get((sort_key(row.name), row.municipality))
        note = _("Samme navn og kommune finnes med adressen %(email)s.", email=other.email) if other else None
        user_id = known.user_id if known else None
        return Planned(
            row, place, Effect.NEW, user_id, note=note, namesake_id=other.user_id if other else None
        )
    changes = tuple(_changes(row, place, known, places))
    effect = Effect.CHANGED if changes else Effect.UNCHANGED
    return Planned(row, place, effect, known.user_id, known.member_id, changes)


def _changes(row: Row, place: Municipality, known: _Known, places: Places) -> Iterator[Change]:
    """What the list says otherwise than we do. What it does not say, stays."""
    if row.name != known.name:
        yield Change("name", _("Navn"), known.name, row.name)
    moved = row.municipality != known.municipality
    if moved:
        before = places.by_number[known.municipality or ""].display_name
        yield Change("municipality", _("Kommune"), before, place.display_name)
    if row.title is not None and row.title != known.title:
        yield Change("title", _("Tittel"), known.title or "", row.title)
    since = date.fromisoformat(row.since) if row.since else None
    if since != known.since and (since is not None or moved):
        yield Change("since", _("I stillingen siden"), _day(known.since), _day(since) or _("ukjent"))
    if row.membership is not None and row.membership != known.membership:
        yield Change(
            "membership",
            _("Medlemskap"),
            known.membership.label if known.membership else "",
            Membership(row.membership).label,
        )


def _day(value: date | None) -> str:
    return f"{value:%d.%m.%Y}" if value else ""
