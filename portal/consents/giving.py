"""Saying yes, taking it back, and what was said before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload

from portal import audit
from portal.accounts.models import User
from portal.consents.models import Consent, ConsentText, holds
from portal.consents.texts import Purpose, current
from portal.database import hold, lock
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l

GIVEN = audit.declare("consent given", "purpose", "version")
WITHDRAWN = audit.declare("consent withdrawn", "purpose", "version")
LAPSED = audit.declare("consents lapsed at a restore", "consents")


class NotTheText(DomainError):
    """The page showed other words than those that hold now."""

    def __init__(self) -> None:
        super().__init__(_l("Teksten er endret siden du åpnet siden. Les den en gang til før du sier ja."))


class NotAgreed(DomainError):
    """What may tell of somebody's health is kept only with that person's own yes."""

    def __init__(self) -> None:
        super().__init__(
            _l("Kryss av for samtykket, så kan vi ta vare på dette. Det du har fylt ut, står her fortsatt.")
        )


def require(user: User, purpose: Purpose) -> None:
    """Let go on only whoever has said yes, and hold the yes until the transaction ends. Raises NotAgreed."""
    hold(user)
    if not holds(user.id, purpose):
        raise NotAgreed


def give(user: User, purpose: Purpose, version: int, now: datetime) -> None:
    """Record the yes to the words that were shown. Saying it twice changes nothing."""
    if version != current(purpose).version:
        raise NotTheText
    _keep_text(purpose, now)
    _end(user, purpose, now, but=version)
    row = {"user_id": user.id, "purpose": purpose, "version": version, "given_at": now}
    added = _insert(Consent).values(row).on_conflict_do_nothing().returning(Consent.id)
    if db.session.scalar(added) is not None:
        audit.record(GIVEN, by=user, on=user, at=now, purpose=purpose.value, version=version)


def withdraw(user: User, purpose: Purpose, now: datetime) -> None:
    """Take the yes back: `holds` says no from this moment. Taking it back twice changes nothing."""
    lock(user)  # whoever saves in the same moment what the yes was for, is before this or after it
    for version in _end(user, purpose, now):
        audit.record(WITHDRAWN, by=user, on=user, at=now, purpose=purpose.value, version=version)


def lapse_all(now: datetime) -> int:
    """After a restore no yes counts before it is said anew: it may have been taken back since. Returns how many ended."""
    living = update(Consent).where(Consent.withdrawn_at.is_(None))
    # A clock may have been put back since somebody's yes.
    ended = case((Consent.given_at > now, Consent.given_at), else_=literal(now, Consent.given_at.type))
    done: Any = db.session.execute(
        living.values(withdrawn_at=ended, lapsed_at=ended).execution_options(synchronize_session=False)
    )
    count = int(done.rowcount)
    if count:
        audit.record(LAPSED, by=None, on=Consent.__tablename__, at=now, consents=count)
    return count


def history(user_id: int) -> Sequence[Consent]:
    """Everything this person has said yes to and taken back, latest first, with the words."""
    rows = select(Consent).where(Consent.user_id == user_id).options(joinedload(Consent.wording))
    return db.session.scalars(rows.order_by(Consent.given_at.desc(), Consent.id.desc())).all()


def _end(user: User, purpose: Purpose, now: datetime, but: int | None = None) -> Sequence[int]:
    live = (Consent.user_id == user.id) & (Consent.purpose == purpose) & Consent.withdrawn_at.is_(None)
    if but is not None:
        live &= Consent.version != but
    return db.session.scalars(
        update(Consent).where(live).values(withdrawn_at=now).returning(Consent.version)
    ).all()


def _keep_text(purpose: Purpose, now: datetime) -> None:
    wording = current(purpose)
    row = {"purpose": purpose, "version": wording.version, "text": wording.text, "first_used_at": now}
    db.session.execute(_insert(ConsentText).values(row).on_conflict_do_nothing())


def _insert(table: Any) -> Any:
    dialect = postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
