"""A promise: whatever the register lets a person have is in the copy, in both files, column by column."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Date, DateTime, Enum, Integer, Numeric, String, Text, insert, select, update

from portal import keys
from portal.accounts.models import User
from portal.accounts.recoveries import Recovery
from portal.coaching.availability import Offer, offer
from portal.coaching.enrolment import apply, withdraw
from portal.coaching.hours import SlotMode
from portal.extensions import UtcDateTime, db
from portal.members.models import ImportPreview
from portal.mentoring import mentorships
from portal.mentoring.mentorship_models import EndReason
from portal.notifications import OutboxMessage
from portal.privacy import erasure, paths
from portal.privacy.export import as_json, as_pdf, gather
from portal.privacy.export.gathering import SEALED
from portal.privacy.export.wording import in_words, plain
from portal.privacy.register import Line, Lines, Whom, personal_tables
from tests.coaching.programmes import NOW, at, new_programme
from tests.privacy.lives import Life
from tests.privacy.reading_pdf import words_of
from tests.support.ways_in import with_app

# A rule of the database ties these to other columns or to a few values: they are looked for as they are.
AS_THEY_ARE = {
    "availability.weekday", "clip.number", "enrolment.seat_number", "enrolment.withdrawn_at", "recovery.approved_at", "recovery.withdrawn_at", "session.wrong_codes", "booking.clip_number", "consent.version",
    "mentee_area.weight", "mentor_area.strength", "mentor_place.number", "meeting.minutes", "proposal.rank",
}  # fmt: skip
ONE_OF = {  # of these a row has one at most: each has its turn
    "booking": ("held_at", "cancelled_at", "no_show_at"),
    "meeting": ("held_logged_at", "cancelled_at"),
    "proposal": (("mentee_accepted_at", "mentor_accepted_at"), ("mentee_declined_at", "mentor_declined_at")),
    "erasure": ("undone_at", "done_at"),
}
NEVER = {("person_key", "destroyed_at")}  # whoever has a key to read with has not lost it
TURNS = 3


def without_blanks(text: str) -> str:
    """Lines and pages may break anywhere; the foot of a page is none of what is looked for."""
    return re.sub(r"\s", "", re.sub(r"Opplysningene dine i Varde\s*Side \d+ / \d+\f", "", text))


class Canaries:
    """Values that stand nowhere else, later ones later, for a row's days come in the order of its columns."""

    count = 0

    def of(self, column: Any) -> Any:
        Canaries.count += 1
        n, kind = Canaries.count, column.type
        if isinstance(kind, Enum):
            return None
        if isinstance(kind, UtcDateTime | DateTime):
            return datetime(2031, 1, 1, 8, tzinfo=UTC) + timedelta(days=n)
        if isinstance(kind, Date):
            return date(2031, 1, 1) + timedelta(days=n)
        if isinstance(kind, Numeric):
            return Decimal(81_000 + n)
        short = (getattr(kind, "length", None) or 99) < 12
        return (f"k{n}x" if short else f"kanari{n}x") if isinstance(kind, String | Text) else None


@pytest.mark.promise("Alt en person har krav på å få, er med i kopien: i JSON og i PDF")
def test_every_column_that_may_be_had_is_found_in_both_files(life: Life, promise: Any) -> None:
    """A value of its own into each column of a row of the person's; then each is looked for, on paper and in JSON."""
    people = (life.bjorn.user_id, life.astrid.user_id, life.cecilie.user_id)
    _fill_the_corners(life)
    due = {(t.table, line.column) for t, whom in personal_tables() for line in t.exported(whom)} - NEVER
    whole = len(due)
    for turn in range(TURNS):
        for user_id in people:
            for lines, whom in personal_tables():
                _write(lines, whom, user_id, turn)
        db.session.expire_all()
        for user_id in people:
            due -= _found(user_id)
    assert due == set(), "no row of these was there to look for, or nothing stood in it"
    promise.saw(f"{whole} kolonner, {Canaries.count} unike verdier, 0 mangler")


def _fill_the_corners(life: Life) -> None:
    erasure.ask(life.bjorn.user, life.bjorn.user, NOW)
    mentorships.end(life.pair, EndReason.DONE, life.bjorn.user, NOW)
    offer(
        life.cecilie,
        Offer(
            date(2026, 12, 1),
            date(2026, 12, 15),
            at(NOW.date(), 8).time(),
            at(NOW.date(), 9).time(),
            SlotMode.EITHER,
            "Oslo",
        ),
        NOW,
    )
    withdraw(apply(life.bjorn, new_programme(), NOW), life.bjorn.user, NOW)
    db.session.add(
        ImportPreview(by_id=life.bjorn.user_id, filename="x", content={}, created_at=NOW, expires_at=NOW)
    )
    db.session.execute(update(OutboxMessage).values(sent_at=NOW))
    helped = {"user_id": life.bjorn.user_id, "asked_by_id": life.astrid.user_id, "asked_at": NOW}
    db.session.add(Recovery(**helped, approved_by_id=life.daniel.user_id, approved_at=NOW))
    db.session.add(Recovery(**helped, withdrawn_at=NOW))
    with_app(life.bjorn.user, NOW)
    db.session.flush()
    for lines, whom in personal_tables():
        if whom.path == "user_id" and lines.exported(whom):
            _at_least_one(lines, life.bjorn.user_id)
    db.session.commit()


def _at_least_one(lines: Lines, user_id: int) -> None:
    """A row of the person's in a table that ties its columns to nothing but the person."""
    table = paths.table_of(lines)
    if db.session.execute(select(table.c.user_id).where(table.c.user_id == user_id).limit(1)).first() is None:
        needed = [c for c in table.columns if not (c.nullable or c.primary_key or c.foreign_keys)]
        plainly = {c.name: 1 if isinstance(c.type, Integer) else b"x" for c in needed}
        values = {c.name: Canaries().of(c) or plainly[c.name] for c in needed}
        db.session.execute(insert(table).values(user_id=user_id, **values))


def _turn_of(table: str, column: str) -> int | None:
    for turn, names in enumerate(ONE_OF.get(table, ())):
        if column == names or (column in names and isinstance(names, tuple)):
            return turn
    return None


def _write(lines: Lines, whom: Whom, user_id: int, turn: int) -> None:
    """The canaries of this turn into the person's first row of the table."""
    table = paths.table_of(lines)
    row = (
        db.session.execute(select(table).where(paths.known_to(lines, whom, user_id)).limit(1))
        .mappings()
        .first()
    )
    if row is None or lines.table in ("audit_event", "reservation"):
        return
    values: dict[str, Any] = {}
    for line in lines.exported(whom):
        when = _turn_of(lines.table, line.column)
        if when is not None:
            if turn < len(ONE_OF[lines.table]):
                values[line.column] = Canaries().of(table.c[line.column]) if when == turn else None
        elif (
            line.shown
            or line.coarse
            or (lines.table, line.column) in NEVER
            or f"{lines.table}.{line.column}" in AS_THEY_ARE
        ):
            continue
        elif (lines.table, line.column) in SEALED:
            values[line.column] = _sealed(lines, line, row, user_id)
        elif (canary := Canaries().of(table.c[line.column])) is not None:
            values[line.column] = canary
    mine = [column == row[column.name] for column in table.primary_key]
    if values:
        db.session.execute(update(table).where(*mine).values(values))


def _sealed(lines: Lines, line: Line, row: Any, user_id: int) -> bytes:
    column = SEALED[lines.table, line.column]
    Canaries.count += 1
    said = f'{{"years": {Canaries.count}}}' if line.words else f"kanari{Canaries.count}x"
    return keys.seal(user_id, ":".join((column.what, *(str(row[name]) for name in column.row))), said)


def _found(user_id: int) -> set[tuple[str, str]]:
    """What stands in the rows, read without the export, and found in both of its files."""
    copy = gather(db.session.get_one(User, user_id), NOW)
    machine, human = without_blanks(as_json(copy)), without_blanks(words_of(as_pdf(copy)))
    sections = {(s.table, s.part): s for s in copy.sections}
    found: set[tuple[str, str]] = set()
    for lines, whom in personal_tables():
        section = sections.get((lines.table, whom.title))
        if section is None:
            continue
        table = paths.table_of(lines)
        rows = db.session.execute(
            select(table).where(paths.known_to(lines, whom, user_id)).order_by(*table.primary_key)
        ).mappings()
        for row, values in zip(rows, section.rows, strict=True):
            for line, value in zip(lines.exported(whom), values, strict=True):
                stored = row[line.column]
                if stored is None or stored == "":
                    continue
                if not (line.shown or line.words or lines.opened or (lines.table, line.column) in SEALED):
                    assert value.value == plain(stored)
                    assert value.words == in_words(stored)
                assert value.words not in ("", "–"), f"{lines.table}.{line.column}"
                assert without_blanks(json.dumps(value.value, ensure_ascii=False)) in machine
                assert without_blanks(value.words) in human, f"{lines.table}.{line.column}: {value.words}"
                found.add((lines.table, line.column))
    return found
