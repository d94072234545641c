"""What no longer opens anything is forgotten."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, or_, update

from portal import jobs
from portal.accounts import notices
from portal.accounts.addresses import EmailChange
from portal.accounts.factors import Totp
from portal.accounts.models import LoginLink
from portal.accounts.notices import Notice
from portal.accounts.passkeys import Challenge
from portal.accounts.recoveries import OPEN_FOR, Recovery
from portal.accounts.sessions import LONGEST_IDLE, Session
from portal.extensions import db
from portal.notifications import OutboxMessage

SET_UP_WITHIN = timedelta(days=1)


def forget_old(now: datetime) -> int:
    """Delete links, questions and sessions that no longer open anything."""
    undoable = now - notices.LIFETIME
    done = 0
    for gone in (
        delete(LoginLink).where(LoginLink.expires_at < now),
        delete(Challenge).where(Challenge.expires_at < now),
        delete(Notice).where(Notice.expires_at < now),
        delete(EmailChange).where(EmailChange.expires_at < undoable),
        delete(Totp).where(Totp.confirmed_at.is_(None), Totp.created_at < now - SET_UP_WITHIN),
        delete(Session).where(
            or_(Session.expires_at < now, Session.ended_at < now, Session.seen_at < now - LONGEST_IDLE)
        ),
        # Written for addresses that nobody has.
        delete(OutboxMessage).where(
            OutboxMessage.address == "", OutboxMessage.created_at < now - SET_UP_WITHIN
        ),
    ):
        result: Any = db.session.execute(gone)  # a DELETE's result has a count
        done += int(result.rowcount)
    late = (Recovery.asked_at <= now - OPEN_FOR) & Recovery.approved_at.is_(None)
    db.session.execute(update(Recovery).where(late, Recovery.withdrawn_at.is_(None)).values(withdrawn_at=now))
    return done


def register(_app: Flask) -> None:
    jobs.register("forget old ways in")(forget_old)
