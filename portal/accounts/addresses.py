"""Changing one's own address: the new one is proved by a link, the old one is told."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import audit
from portal.accounts.models import User, digest, fold_email
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import Base, PrimaryKey, db
from portal.language import lazy_gettext as _l
from portal.notifications import Kind, outbox

LIFETIME = timedelta(hours=1)
EMAIL_CHANGED = audit.declare("e-mail changed")
EMAIL_CHANGED_BACK = audit.declare("e-mail changed back")


class LinkVoid(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Lenken virker ikke lenger. Adressen er som før."))


class EmailChange(Base):
    """A change of address that its owner has asked for. It holds once the link to the new address is opened."""

    __tablename__ = "email_change"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    old_email: Mapped[str] = mapped_column(String(320))
    new_email: Mapped[str] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    @classmethod
    def void_all(cls, user: User, now: datetime) -> None:
        """Links that are on their way open nothing any more."""
        open_ones = (cls.user_id == user.id) & cls.confirmed_at.is_(None) & (cls.expires_at > now)
        db.session.execute(update(cls).where(open_ones).values(expires_at=now))

    @classmethod
    def confirm(cls, token: str, user: User, now: datetime) -> "EmailChange":
        """Give the person the new address. Raises LinkVoid for a link that is spent, late or somebody else's.

        The person's row is locked by the caller, so that no link is opened behind the back of whoever voids it.
        """
        mine = (cls.token_hash == digest(token)) & (cls.user_id == user.id)
        fresh = cls.confirmed_at.is_(None) & (cls.expires_at > now)
        spent = update(cls).where(mine & fresh).values(confirmed_at=now).returning(cls.id)
        found = db.session.scalar(spent.execution_options(synchronize_session=False))
        if found is None:
            raise LinkVoid
        change = db.session.get_one(cls, found)
        # Somebody who has the address already keeps it, and nobody is told that they have.
        with refused({"uq_user_email": LinkVoid}):
            user.move_to(change.new_email)
            db.session.flush()
        audit.record(EMAIL_CHANGED, by=user, on=user, at=now)
        return change

    @classmethod
    def undo_since(cls, since: datetime, user: User, now: datetime) -> None:
        """Give the person back the address from before every change that took hold since then, however many there were."""
        held = (cls.user_id == user.id) & (cls.confirmed_at >= since) & cls.undone_at.is_(None)
        changes = db.session.scalars(select(cls).where(held).order_by(cls.confirmed_at, cls.id)).all()
        if not changes:
            return
        for change in changes:
            change.undone_at = now
        old = changes[0].old_email
        if db.session.scalar(select(User.id).where(User.email == old, User.id != user.id)) is None:
            user.move_to(old)
            audit.record(EMAIL_CHANGED_BACK, by=user, on=user, at=now)


def ask_to_change(user: User, email: str, now: datetime) -> None:
    """Mail a link to the new address. One that somebody has already gets none, and nobody is told."""
    EmailChange.void_all(user, now)
    new, nonce = fold_email(email), secrets.token_urlsafe(32)
    change = EmailChange(
        user_id=user.id,
        old_email=user.email,
        new_email=new,
        token_hash=digest(outbox.one_time_token(nonce)),
        expires_at=now + LIFETIME,
    )
    db.session.add(change)
    taken = db.session.scalar(User.by_email(new)) is not None
    outbox.send_to_address(Kind.EMAIL_CONFIRMATION, user.id, new, now, path="/email", nonce=nonce, void=taken)
