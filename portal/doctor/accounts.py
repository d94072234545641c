"""The rules of coming in, read from the rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select

from portal import keys
from portal.accounts import codes
from portal.accounts.factors import Totp
from portal.accounts.models import User
from portal.accounts.recoveries import Recovery
from portal.accounts.sessions import HALFWAY, LONGEST, MOST_WRONG_CODES, Session
from portal.doctor.rules import rule
from portal.extensions import db


@rule("No session outlives its limit, and one without a second factor is short")
def _session_ends(_now: datetime) -> Iterable[Any]:
    rows = db.session.execute(select(Session.id, Session.created_at, Session.expires_at, Session.proved_at))
    return [i for i, start, end, proved in rows if end - start > (HALFWAY if proved is None else LONGEST)]


@rule("After too many wrong codes a session is ended")
def _wrong_codes(_now: datetime) -> Select[Any]:
    return select(Session.id).where(Session.wrong_codes >= MOST_WRONG_CODES, Session.ended_at.is_(None))


@rule("Nobody is in whose account was shut by its owner")
def _shut(_now: datetime) -> Select[Any]:
    inside = select(Session.id).join(User, User.id == Session.user_id)
    return inside.where(User.locked_at.is_not(None), Session.ended_at.is_(None))


@rule("A lost way in is given back by two others")
def _two_people(_now: datetime) -> Select[Any]:
    alone = or_(Recovery.approved_by_id == Recovery.asked_by_id, Recovery.approved_by_id == Recovery.user_id)
    return select(Recovery.id).where(or_(alone, Recovery.asked_by_id == Recovery.user_id))


@rule("The secret of an app opens for its owner")
def _secrets(_now: datetime) -> Iterable[Any]:
    apps = list(db.session.scalars(select(Totp)))
    keys.load({app.user_id for app in apps})
    return [app.id for app in apps if not _opens(app)]


def _opens(app: Totp) -> bool:
    try:
        return bool(codes.secret_of(app))
    except keys.Unreadable:
        return False
