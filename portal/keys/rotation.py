"""Another DATA_KEY: every person's key is wrapped anew, a few at a time, while the portal runs."""

from collections.abc import Iterator

from sqlalchemy import func, select, update

from portal.extensions import db
from portal.keys import keyring, ledger
from portal.keys.keyring import KeyringBroken
from portal.keys.ledger import LedgerBroken
from portal.keys.masters import UnknownMasterKey, masters
from portal.keys.models import PersonKey

AT_ONCE = 200


def rotate() -> int:
    """Wrap with DATA_KEY what an older key has wrapped; commits as it goes, and can be stopped and run again."""
    count = 0
    while wrapped := _wrap_some():
        count += wrapped
    ledger.seal_anew()
    keyring.write()
    return count


def _wrap_some() -> int:
    known = masters()
    old = select(PersonKey.user_id, PersonKey.wrapped, PersonKey.wrapped_by)
    old = old.where(PersonKey.wrapped.is_not(None), PersonKey.wrapped_by != known.present.id)
    rows = db.session.execute(old.order_by(PersonKey.user_id).limit(AT_ONCE)).all()
    for user_id, wrapped, by in rows:
        anew = known.present.wrap(known.by_id(by).unwrap(wrapped, user_id), user_id)
        # Only what is still as it was read: one that is destroyed meanwhile stays so.
        same = (PersonKey.user_id == user_id, PersonKey.wrapped == wrapped)
        change = update(PersonKey).where(*same).values(wrapped=anew, wrapped_by=known.present.id)
        db.session.execute(change.execution_options(synchronize_session=False))
    db.session.commit()
    return len(rows)


def wrapped_by() -> dict[str, int]:
    """How many living keys each master key has wrapped."""
    rows = select(PersonKey.wrapped_by, func.count()).where(PersonKey.wrapped.is_not(None))
    return {str(by): count for by, count in db.session.execute(rows.group_by(PersonKey.wrapped_by))}


def unknown_masters() -> list[str]:
    """The master keys that somebody's key is wrapped by and that the settings do not have."""
    return sorted(set(wrapped_by()) - {master.id for master in masters()})


def faults() -> Iterator[str]:
    """What is wrong with the keys, the ledger and the keyring file, a sentence for each."""
    rows = {row.user_id: row for row in db.session.execute(select(PersonKey.__table__))}
    for row in rows.values():
        if row.wrapped is None:
            continue
        try:
            masters().by_id(row.wrapped_by).unwrap(row.wrapped, row.user_id)
        except UnknownMasterKey as error:
            yield str(error)
    living = {user_id for user_id, row in rows.items() if row.wrapped is not None}
    yield from _ledger_faults(living)
    yield from _keyring_faults(living)


def _ledger_faults(living: set[int]) -> Iterator[str]:
    if ledger.place() is None:
        return
    try:
        gone = ledger.erased()
    except LedgerBroken as broken:
        yield str(broken)
        return
    users = PersonKey.metadata.tables["user"].c
    people = select(PersonKey.user_id, users.created_at).join_from(PersonKey, users.id.table)
    for user_id, created_at in db.session.execute(people.order_by(PersonKey.user_id)):
        is_erased = ledger.tells_of(gone, user_id, created_at)
        if is_erased and user_id in living:
            yield f"user {user_id} is erased in the ledger and has a key"
        if not is_erased and user_id not in living:
            yield f"user {user_id} is erased and not in the ledger"


def _keyring_faults(living: set[int]) -> Iterator[str]:
    try:
        kept = {row.user_id for row in keyring.read() if row.wrapped is not None}
    except KeyringBroken as broken:
        yield str(broken)
        return
    yield from (
        f"user {user_id} has no key, and the keyring file has one" for user_id in sorted(kept - living)
    )
