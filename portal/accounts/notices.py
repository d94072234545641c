"""Telling a person that their way in was changed, and the way to say that it was not they who changed it."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import audit
from portal.access import Role
from portal.accounts.addresses import EmailChange
from portal.accounts.models import User, digest
from portal.accounts.recoveries import Recovery
from portal.accounts.sessions import end_all
from portal.database import lock
from portal.extensions import Base, PrimaryKey, db
from portal.notifications import Kind, outbox

LIFETIME = timedelta(days=30)
NOT_ME = audit.declare("account locked by its owner")


Act = Callable[[User, datetime], None]
_also_undone: list[Act] = []


def when_it_was_not_me(act: Act) -> Act:
    """Let a subject take back what may have been asked for in the person's name."""
    _also_undone.append(act)
    return act


class Notice(Base):
    """A mail about a change, with a link that undoes it once."""

    __tablename__ = "notice"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    @classmethod
    def use(cls, token: str, now: datetime) -> "Notice | None":
        """The notice of the token, and it is spent; None when it is spent already, or late."""
        fresh = (cls.token_hash == digest(token)) & cls.used_at.is_(None) & (cls.expires_at > now)
        spent = update(cls).where(fresh).values(used_at=now).returning(cls.id)
        found = db.session.scalar(spent.execution_options(synchronize_session=False))
        return db.session.get(cls, found) if found is not None else None


def tell(user: User, now: datetime, change: EmailChange | None = None) -> None:
    """Mail the person that their sign-in was changed: at the address from before the change."""
    nonce = secrets.token_urlsafe(32)
    notice = Notice(
        user_id=user.id,
        token_hash=digest(outbox.one_time_token(nonce)),
        expires_at=now + LIFETIME,
    )
    db.session.add(notice)
    address = change.old_email if change is not None else user.email
    outbox.send_to_address(Kind.SIGN_IN_CHANGED, user.id, address, now, path="/not-me", nonce=nonce)


def was_not_me(token: str, now: datetime) -> bool:
    """Lock the account that the notice is about: everyone is out, nobody comes in, and the secretariat hears of it.

    Nothing the intruder set up opens anything: to come back, two of the secretariat let the person begin anew.
    """
    notice = Notice.use(token, now)
    if notice is None:
        return False
    user = db.session.get_one(User, notice.user_id)
    lock(user)
    for act in _also_undone:
        act(user, now)
    since = notice.expires_at - LIFETIME
    EmailChange.undo_since(since, user, now)
    EmailChange.void_all(user, now)
    # Later notices may have gone to an address that was the intruder's.
    later = (Notice.user_id == user.id) & Notice.used_at.is_(None) & (Notice.expires_at >= notice.expires_at)
    db.session.execute(update(Notice).where(later).values(used_at=now))
    Recovery.void_all(user, now)
    end_all(user, now)
    user.locked_at = user.locked_at or now
    audit.record(NOT_ME, by=user, on=user, at=now)
    tell_secretariat(now, about=user)
    return True


def tell_secretariat(now: datetime, about: User) -> None:
    """Tell those who can help that something waits; not the person it is about."""
    for member in db.session.scalars(User.who_can_act_as(Role.SECRETARIAT).where(User.id != about.id)):
        outbox.send(Kind.ACCESS_WAITING, member, now, path="/secretariat/access")
