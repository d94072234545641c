"""Pages that are made once and kept until something changes.

Every transaction that changes what people see adds one to a counter in the database. A page that was made for a
session, at a count, is shown again to the same session at the same count and minute; nobody else ever gets it.
"""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from flask import Response, g, request, session
from sqlalchemy import CheckConstraint, event, insert, select, update
from sqlalchemy.orm import Mapped, ORMExecuteState, SessionTransaction, scoped_session
from sqlalchemy.orm import Session as DatabaseSession

from portal import clock
from portal.extensions import Base, PrimaryKey, db, htmx

# What is written here is on no page that is kept.
QUIET = frozenset(
    {
        "session",
        "login_link",
        "challenge",
        "totp",
        "passkey",
        "recovery_code",
        "notice",
        "email_change",
        "identity",
    }
    | {"outbox_message", "audit_event", "audit_head", "revision"}
)
MOST = 256


class Revision(Base):
    """How many transactions have changed what people see."""

    __tablename__ = "revision"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[PrimaryKey]
    count: Mapped[int]


_COUNT = select(Revision.count)


class _Pages:
    """The pages last made: key to count, body and whose data it shows; the one longest unused given up first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], tuple[int, bytes, dict[Any, Any]]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[Any, ...], count: int) -> tuple[bytes, dict[Any, Any]] | None:
        with self._lock:
            made, body, reads = self._kept.get(key, (-1, b"", {}))
            if made != count:
                return None
            self._kept.move_to_end(key)
            return body, reads

    def keep(self, key: tuple[Any, ...], count: int, body: bytes, reads: dict[Any, Any]) -> None:
        with self._lock:
            self._kept[key] = (count, body, reads)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)


_pages = _Pages()


def kept(view: Callable[[], Response]) -> Callable[[], Response]:
    """Keep what this page's view makes for as long as nothing changes."""

    @wraps(view)
    def show() -> Response:
        if htmx or "_flashes" in session:
            return view()
        # Read before the page is: whatever is committed meanwhile makes the page newer than its count, never older.
        count = db.session.scalar(_COUNT) or 0
        found = _pages.get(_key(), count)
        if found is not None:
            body, reads = found
            if reads:  # shown again is read again, should the first reading not have been written
                g.reads = dict(reads)
            response = Response(body)
            response.headers["Vary"] = "HX-Request, Cookie"
            return response
        response = view()
        if response.status_code == 200:
            _pages.keep(_key(), count, response.get_data(), dict(g.get("reads", {})))
        return response

    return show


def _key() -> tuple[Any, ...]:
    """The session with its form token, the address, the hat, and the minute, for pages tell the time."""
    minute = int(clock.now().timestamp() // 60)
    return session.get("sid"), session.get("csrf_token"), request.full_path, g.hat, minute


def _after_flush(changing: DatabaseSession, _context: Any) -> None:
    rows = (*changing.new, *changing.dirty, *changing.deleted)
    if any(row.__tablename__ not in QUIET for row in rows):
        changing.info["changed"] = True


def _on_execute(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        table = getattr(state.statement, "table", None)
        if getattr(table, "name", None) not in QUIET:
            state.session.info["changed"] = True


def _count_up(changing: DatabaseSession) -> None:
    # As late as can be: everyone who changes something waits for the one row.
    if changing.in_nested_transaction():
        return
    changing.flush()
    if not changing.info.pop("changed", False):
        return
    counted: Any = changing.execute(update(Revision).values(count=Revision.count + 1))
    if not counted.rowcount:
        changing.execute(insert(Revision).values(id=1, count=1))


def _forget(changing: DatabaseSession, undone: SessionTransaction) -> None:
    while not undone.nested and undone.parent is not None:  # a flush that failed undoes what is round it
        undone = undone.parent
    if not undone.nested:  # what was changed before a savepoint holds, though the savepoint is undone
        changing.info.pop("changed", None)


def register(of: scoped_session[Any]) -> None:
    """Count the changes that this session makes. Called after the audit's own, which writes rows in the same moment."""
    event.listen(of, "after_flush", _after_flush)
    event.listen(of, "do_orm_execute", _on_execute)
    event.listen(of, "before_commit", _count_up)
    event.listen(of, "after_soft_rollback", _forget)
