"""The rules of privacy: who is erased is gone, nothing outlives its term, and nobody's consent changes its words."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select

from portal.accounts.models import User
from portal.consents import TEXTS, ConsentText
from portal.doctor.rules import rule
from portal.extensions import db
from portal.privacy import left_behind, too_old
from portal.privacy.models import Erasure

PATIENCE = timedelta(days=2)  # the worker may have been down


@rule("Of whoever is erased nothing is left that the register says is deleted or replaced")
def _erased(_now: datetime) -> Iterable[Any]:
    erased = db.session.scalars(select(Erasure.user_id).where(Erasure.done_at.is_not(None)).distinct()).all()
    for user_id in erased:
        yield from (f"{table} of user {user_id}" for table in left_behind.tables_with(user_id))


@rule("Whoever asked to be erased is erased in time")
def _in_time(now: datetime) -> Select[Any]:
    return select(Erasure.user_id).where(Erasure.is_due(now - PATIENCE))


@rule("Nothing is kept longer than its term")
def _terms(now: datetime) -> Iterable[Any]:
    for name, rows in too_old.EVERYTHING.items():
        if db.session.scalar(select(rows(now - PATIENCE).exists())):
            yield name


@rule("The words of a consent are those that were agreed to")
def _words(_now: datetime) -> Iterable[Any]:
    ours = {(wording.purpose, wording.version): wording.text for wording in TEXTS}
    kept = db.session.scalars(select(ConsentText))
    return [text.id for text in kept if ours.get((text.purpose, text.version), text.text) != text.text]


@rule("Whoever is erased cannot sign in")
def _shut_out(_now: datetime) -> Select[Any]:
    done = select(Erasure.user_id).where(Erasure.done_at.is_not(None))
    return select(User.id).where(User.id.in_(done), User.deactivated_at.is_(None))
