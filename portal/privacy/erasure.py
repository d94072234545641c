"""Erasing a person: asked for, undone while it waits, and done for good."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import audit, clock, jobs, keys
from portal.access import Role
from portal.accounts.grants import is_last_of_secretariat, lock_grants
from portal.accounts.models import User
from portal.accounts.notices import tell, when_it_was_not_me
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import Base, db
from portal.language import lazy_gettext as _l
from portal.members.models import NOWHERE, ImportPreview, Municipality, MunicipalityKind
from portal.privacy import leaving, left_behind, traces
from portal.privacy.models import WAIT, Erasure
from portal.privacy.paths import about, table_of
from portal.privacy.register import REGISTER, Lines, Whom

ASKED = audit.declare("erasure asked for", "due")
UNDONE = audit.declare("erasure undone")
ERASED = audit.declare("person erased")
WATCHED = timedelta(days=1)  # what began before an erasure has ended long before this
LONGEST_RUN = timedelta(hours=1)  # and so has a round's run, which may bear a later moment
log = structlog.get_logger("varde.privacy")


class AlreadyAsked(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Slettingen er alt bestilt. Ingenting er endret."))


class TooLateToUndo(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Det er ingen sletting å angre."))


class LastOfTheSecretariat(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Du er den eneste i sekretariatet. Gi en annen tilgang først, så ingen blir stengt ute.")
        )


def ask(user: User, by: User, now: datetime) -> Erasure:
    """Ask for the person to be erased when the wait is over. Raises AlreadyAsked and LastOfTheSecretariat."""
    _require_somebody_left(user)
    wish = Erasure(user_id=user.id, asked_at=now, asked_by_id=by.id, due_at=now + WAIT)
    with refused({"uq_erasure_open": AlreadyAsked}):
        db.session.add(wish)
    tell(user, now)  # whoever asked: a week is enough to say no, for one who knows of it
    audit.record(ASKED, by=by, on=user, at=now, due=wish.due_at.date().isoformat())
    return wish


@when_it_was_not_me
def _take_back_what_was_asked(user: User, now: datetime) -> None:
    # Whoever asked: the locked door keeps the person from undoing it, and the secretariat can ask anew.
    with suppress(TooLateToUndo):
        undo(user, user, now)


def undo(user: User, by: User, now: datetime) -> None:
    """Take the wish back. Raises TooLateToUndo when there is none."""
    # The row's own conditions, which the database reads again where an erasure was done while this waited for it.
    waiting = update(Erasure).where(Erasure.user_id == user.id, Erasure.is_waiting())
    done = waiting.values(undone_at=now, undone_by_id=by.id).returning(Erasure.id)
    if db.session.scalar(done.execution_options(synchronize_session=False)) is None:
        raise TooLateToUndo
    db.session.expire_all()
    audit.record(UNDONE, by=by, on=user, at=now)


@jobs.register("erase those who asked")
def erase_due(now: datetime) -> int:
    """Erase everybody whose wait is over. Commits."""
    return erase_each(select(Erasure.user_id).where(Erasure.is_due(now)), now)


@jobs.register("erase what came afterwards")
def erase_what_came_after(now: datetime) -> int:
    """Erase once more whoever was erased in the last day and has something here again: it was on its way meanwhile. Commits."""
    done = select(Erasure.user_id, Erasure.done_at).where(Erasure.done_at > now - WATCHED)
    erased_at = {user_id: at for user_id, at in db.session.execute(done) if at is not None}

    def came_back(user_id: int) -> bool:
        user = db.session.get_one(User, user_id)
        return left_behind.anything_of(user, now, erased_at[user_id] + LONGEST_RUN)

    return _erase_each([user_id for user_id in erased_at if came_back(user_id)], came_back, now)


def erase_each(whom: Select[tuple[int]], now: datetime) -> int:
    """Erase those whom the query finds, each in a transaction of its own; commits, so that the traces can go.

    One that fails is tried again another time, and holds up nobody. Returns how many were erased.
    """
    found = db.session.scalars(whom).all()
    return _erase_each(found, lambda user_id: user_id in db.session.scalars(whom).all(), now)


def _erase_each(found: Iterable[int], still: Callable[[int], bool], now: datetime) -> int:
    db.session.commit()
    done = 0
    try:
        for user_id in found:
            done += _erase_if(still, user_id, now)
    finally:
        if done:
            traces.sweep()
    return done


def _erase_if(still: Callable[[int], bool], user_id: int, now: datetime) -> bool:
    """Erase the person unless somebody has done it, or has thought better of it, since they were found."""
    try:
        user = _hold(user_id)
        if not still(user_id):
            db.session.rollback()
            return False
        erase(user, None, now)
        db.session.commit()
    except LastOfTheSecretariat:  # waits until somebody else can open the door
        db.session.rollback()
        return False
    except Exception:
        db.session.rollback()
        _tell_once_a_day(user_id, now)
        return False
    return True


_TOLD: dict[
    int, date
] = {}  # the worker's own memory: the doctor finds whoever waits, however often it is begun anew


def _tell_once_a_day(user_id: int, now: datetime) -> None:
    """Why a person was not erased, in the log: it is tried again at every turn, and need not be told each time."""
    day = clock.today(now)
    if _TOLD.get(user_id) != day:
        _TOLD[user_id] = day
        log.exception("a person was not erased, and is tried again", user=user_id)


def _hold(user_id: int) -> User:
    """The person and their wish as they are now, and nobody else's to change until this is over.

    The secretariat's roles first, as whoever shuts somebody out does: two who go at once do not leave the house empty.
    """
    lock_grants(Role.SECRETARIAT)
    user = db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    wish = Erasure.waiting_for(user_id).with_for_update()
    db.session.scalars(wish.execution_options(populate_existing=True)).all()
    return user


def erase(user: User, by: User | None, now: datetime) -> None:
    """Take everything of the person out of the portal, and leave the counts, the costs and the audit whole.

    What runs is ended first by its own rules, so that the others get their mails; then the register decides,
    column by column. Doing it twice changes nothing more.
    """
    _hold(user.id)
    _require_somebody_left(user)
    _erase(user, by, now)


def _erase(user: User, by: User | None, now: datetime) -> None:
    leaving.end_everything(user, now)
    db.session.flush()
    _make_nowhere()
    _forget_uploads_that_name(user)
    db.session.expire_all()
    for table in _children_first():
        for whom in table.whom:
            _erase_from(table, whom, user.id)
    keys.destroy(user.id, now)  # after the rows that only the key could find
    now_shut = func.coalesce(User.deactivated_at, now)
    db.session.execute(update(User).where(User.id == user.id).values(deactivated_at=now_shut))
    if _settle(user.id, by, now):
        audit.record(ERASED, by=by, on=user, at=now)
    db.session.expire_all()


@keys.on_replay
def erase_again(user_id: int, now: datetime) -> None:
    """After a restore: whoever was erased since the backup was taken is erased once more."""
    if db.session.get(User, user_id) is not None:
        _erase(_hold(user_id), None, now)


def is_erased() -> ColumnElement[bool]:
    """The condition that a user has been erased."""
    return select(Erasure.id).where(Erasure.user_id == User.id, Erasure.done_at.is_not(None)).exists()


def _require_somebody_left(user: User) -> None:
    if Role.SECRETARIAT in user.roles and is_last_of_secretariat(user):
        raise LastOfTheSecretariat


def _children_first() -> list[Lines]:
    order = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
    return sorted(REGISTER, key=lambda lines: -order[lines.table])


def _erase_from(lines: Lines, whom: Whom, user_id: int) -> None:
    table = table_of(lines)
    mine = about(table, whom, user_id)
    if lines.deletes(whom):
        db.session.execute(delete(table).where(mine))
        return
    values = {line.column: line.erasure.for_user(user_id) for line in lines.replaces(whom)}
    if values:
        db.session.execute(update(table).where(mine).values(values))


def _settle(user_id: int, by: User | None, now: datetime) -> bool:
    """The proof that it is done, also where nobody had asked. False where it is there already."""
    if db.session.scalar(select(Erasure.id).where(Erasure.user_id == user_id, Erasure.done_at.is_not(None))):
        return False
    wish = db.session.scalar(Erasure.waiting_for(user_id))
    if wish is None:
        wish = Erasure(user_id=user_id, asked_at=now, asked_by_id=by.id if by else None, due_at=now)
        db.session.add(wish)
    wish.done_at = now
    db.session.flush()
    return True


def _forget_uploads_that_name(user: User) -> None:
    for preview in db.session.scalars(select(ImportPreview)):
        rows = preview.content.get("rows", ())
        if user.email in str(rows) or user.name in str(preview.content):
            db.session.delete(preview)
    db.session.flush()


def _make_nowhere() -> None:
    """The place that whoever is erased comes from."""
    dialect: Any = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    row = {
        "number": NOWHERE, "name": "Slettet", "display_name": "Slettet", "sort_key": "slettet",
        "kind": MunicipalityKind.MUNICIPALITY, "county_number": "00", "county_name": "Slettet", "population": 0,
        "neighbours": "",
    }  # fmt: skip
    db.session.execute(dialect.insert(Municipality).values(row).on_conflict_do_nothing())
