"""The rules of the keys: what is sealed opens for its owner's key, and for nothing else."""

from base64 import b64decode
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import keys
from portal.doctor.rules import rule
from portal.extensions import db
from portal.keys import PersonKey
from portal.mentoring import round_secrets
from portal.mentoring.reservation_models import Reservation
from portal.mentoring.reservations import said_by_anyone
from portal.mentoring.round_models import MatchRun


@rule("What is sealed opens with its owner's key, or the owner is erased")
def _opens(_now: datetime) -> list[str]:
    erased = _erased()
    return [where for where, owner in _that_does_not_open() if owner not in erased]


@rule("A destroyed key has left nothing that opens, here or in the keyring file")
def _gone(_now: datetime) -> list[str]:
    erased, shut = _erased(), set(_that_does_not_open())
    opening = [f"{where}" for where, owner in _everything() if owner in erased and (where, owner) not in shut]
    return [*opening, *keys.faults()]


@rule("Every reservation is somebody's")
def _owned(_now: datetime) -> Iterable[Any]:
    known = {no.id for no in said_by_anyone()}
    return [row_id for row_id in db.session.scalars(select(Reservation.id)) if row_id not in known]


def _erased() -> set[int]:
    return set(db.session.scalars(select(PersonKey.user_id).where(PersonKey.wrapped.is_(None))))


def _everything() -> Iterator[tuple[str, int]]:
    yield from ((where, owner) for where, owner, _place, _sealed in _sealed_values())


def _that_does_not_open() -> Iterator[tuple[str, int]]:
    values = list(_sealed_values())
    keys.load({owner for _where, owner, _place, _sealed in values})
    for where, owner, place, sealed in values:
        try:
            keys.open_bytes(owner, place, sealed)
        except keys.Unreadable:
            yield where, owner


def _sealed_values() -> Iterator[tuple[str, int, str, bytes]]:
    """Each value: its name for whoever reads the finding, its owner, what it was sealed as, and the bytes."""
    for column in keys.every_sealed_column():
        for row in db.session.execute(column.rows()):
            yield f"{column.what} of {row.id}", row.owner_id, column.place(row._asdict()), row.sealed
    for run_id, inputs in db.session.execute(select(MatchRun.id, MatchRun.inputs)):
        for mentee in (inputs or {"mentees": []})["mentees"]:
            where = f"{round_secrets.PLACE} of {run_id}/{mentee['id']}"
            yield where, mentee["owner"], round_secrets.PLACE, b64decode(mentee["sealed"])
