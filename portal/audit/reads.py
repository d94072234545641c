"""Who has seen whose data: noted by the views that show it, written when the page is made, before it is given away.

A person, role and purpose are written once a day for each reader, however often the page is opened: that is what
"who has seen my data" shows, and it keeps reading cheap. Those who are seen together are one event, and only those
who stood on the page are in it. A page whose reading cannot be written is not shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy import ColumnElement, Text, and_, cast, or_, select

from portal import clock
from portal.audit.chain import declare, record
from portal.audit.models import AuditEvent
from portal.extensions import db

READ = declare("personal data read", "person", "role", "purpose")
READ_TOGETHER = declare("personal data of several read", "people", "role", "purpose")
TAKEN_OUT = declare("list taken out", "list", "kind", "count", "role")
# In the reader's copy of their own data each of these is there or not: see portal.mentoring.apart.
ONE_BY_ONE = frozenset({"mentoring"})
WRITES = "varde.writes"  # says that a request which only looks is about to write after all


@dataclass(frozen=True)
class _Reader:
    id: int


def has_read(people: Iterable[int], by: Any, purpose: str) -> None:
    """Note that `by` is shown something personal about these users, in the hat worn; what is one's own is no news."""
    noted = g.setdefault("reads", {})
    noted.update(((person, g.hat.value, purpose), _Reader(by.id)) for person in people if person != by.id)


def has_taken_out(name: str, kind: str, people: Iterable[int], by: Any) -> None:
    """Note that `by` takes out the list `name` as a file of this kind, and whom it is about."""
    found = list(people)
    details = {"list": name, "kind": kind, "count": len(found), "role": g.hat.value}
    g.setdefault("taken_out", []).append((_Reader(by.id), details))
    has_read(found, by, f"{name}-list")


def _write(response: Response) -> Response:
    noted, taken_out, now = g.pop("reads", None), g.pop("taken_out", []), clock.now()
    # Looked up also where nobody was shown: how long a page takes must not tell whether there is somebody behind it.
    fresh = _not_yet(noted, now) if noted is not None else {}
    if not fresh and not taken_out:
        return response
    # The page has been read and made: a transaction of its own, that takes the lock for the few rows it writes.
    db.session.remove()
    request.environ[WRITES] = True
    try:
        _record(fresh, now)
        for reader, details in taken_out:
            record(TAKEN_OUT, by=reader, on=f"list:{details['list']}", at=now, **details)
        db.session.commit()
    finally:
        request.environ.pop(WRITES)
    return response


def _record(fresh: dict[Any, _Reader], now: datetime) -> None:
    """One event for each role and purpose, however many the people are; of the few on a mentor's desk one for each."""
    together: dict[tuple[_Reader, str, str, int | None], list[int]] = {}
    for (person, role, purpose), reader in fresh.items():
        alone = person if purpose in ONE_BY_ONE else None
        together.setdefault((reader, role, purpose, alone), []).append(person)
    for (reader, role, purpose, _alone), people in together.items():
        known: dict[str, Any] = {"by": reader, "at": now, "role": role, "purpose": purpose}
        if len(people) == 1:
            record(READ, on=f"user:{people[0]}", person=people[0], **known)
        else:
            ids = "".join(f"{person}," for person in sorted(people))
            record(READ_TOGETHER, on=f"list:{purpose}", people=f",{ids}", **known)


def _not_yet(noted: dict[Any, _Reader], now: datetime) -> dict[Any, _Reader]:
    """Those that have not been written on this Norwegian day."""
    midnight = clock.from_oslo(clock.today(now), time())
    rows = select(AuditEvent.details).where(
        AuditEvent.event.in_((READ, READ_TOGETHER)),
        AuditEvent.actor_id == next((reader.id for reader in noted.values()), None),
        AuditEvent.at >= midnight,
    )
    known = {
        (person, details["role"], details["purpose"])
        for details in db.session.scalars(rows)
        for person in people_in(details)
    }
    return {read: reader for read, reader in noted.items() if read not in known}


def people_in(details: dict[str, Any]) -> Iterator[int]:
    """Whose data the event says were read."""
    if "person" in details:
        yield details["person"]
    yield from map(int, details.get("people", "").split(",")[1:-1])


def is_about(person: int) -> ColumnElement[bool]:
    """Whether an event is a reading of this person's data."""
    alone = AuditEvent.details["person"].as_integer() == person
    among = cast(AuditEvent.details, Text).contains(f",{person},")  # many: the text as it is, unparsed
    return or_(
        and_(AuditEvent.event == READ, alone),
        and_(AuditEvent.event == READ_TOGETHER, among),
    )


def register(app: Flask) -> None:
    """Write what the views have noted, before the page is given away."""
    app.after_request(_write)
