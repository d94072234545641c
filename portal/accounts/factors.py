"""The second factors: passkeys, the authenticator app, and recovery codes."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    delete,
    exists,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.errors import DomainError
from portal.extensions import Base, PrimaryKey, db
from portal.language import lazy_gettext as _l


class LastFactor(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dette er den eneste måten du har. Legg til en ny før du fjerner den."))


class Passkey(Base):
    """A key on the person's own device, opened by finger, face or code: two factors in one."""

    __tablename__ = "passkey"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    # What the device knows the person by: random, and the same for all keys of one person.
    handle: Mapped[bytes] = mapped_column(LargeBinary)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    device: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Passkey"]]:
        return select(cls).where(cls.user_id == user.id).order_by(cls.created_at)


class Totp(Base):
    """An authenticator app that shows a new code every half minute. One in use; and while one is being set up it
    belongs to the session that began it, for whoever reads its secret there can make its codes."""

    __tablename__ = "totp"
    __table_args__ = (
        CheckConstraint("(confirmed_at IS NULL) = (session_id IS NOT NULL)", name="set_up_in_a_session"),
        Index(
            "uq_totp_in_use",
            "user_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NOT NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        Index(
            "uq_totp_being_set_up",
            "session_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    # The half minute whose code was last used: that code and those before it are spent.
    last_step: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id", ondelete="CASCADE"))

    @classmethod
    def in_use(cls, user: User) -> Select[tuple["Totp"]]:
        return select(cls).where(cls.user_id == user.id, cls.confirmed_at.is_not(None))

    @classmethod
    def being_set_up(cls, here: Session) -> Select[tuple["Totp"]]:
        return select(cls).where(cls.session_id == here.id)

    def confirm(self, now: datetime) -> None:
        """A code of it was given: it is in use, wherever it was set up."""
        self.confirmed_at, self.session_id = now, None


class RecoveryCode(Base):
    """A way in for whoever has lost the rest: only its hash is kept, and it works once."""

    __tablename__ = "recovery_code"
    __table_args__ = (Index("uq_recovery_code_user_id_code_hash", "user_id", "code_hash", unique=True),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    code_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Identity(Base):
    """Whom the organisation means by a subject. Set once, by a verified address; after that the address is nothing."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("user_id", "issuer"))

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(300))
    subject: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]


def has_factor(user: User) -> bool:
    """Whether the person has a second factor, so that nobody can set one up by the mailed link alone."""
    passkey = exists().where(Passkey.user_id == user.id)
    app = exists().where(Totp.user_id == user.id, Totp.confirmed_at.is_not(None))
    return bool(db.session.scalar(select(passkey | app)))


def has_way_in(user: User) -> bool:
    """Whether the person has come in before, by a factor of their own or the organisation's word, and can again."""
    vouched = select(Identity.id).where(Identity.user_id == user.id)
    return has_factor(user) or db.session.scalar(vouched.limit(1)) is not None


def has_something_to_prove(here: Session) -> bool:
    """Whether more stands behind the account than the mailbox, so that whoever is halfway in must show that first.

    Where the organisation vouches for the person and nothing else does, only a session that it has vouched for may
    set up the first factor of ours.
    """
    linked = exists().where(Identity.user_id == here.user_id)
    return has_factor(here.user) or (here.vouched_at is None and bool(db.session.scalar(select(linked))))


def require_another(user: User, than: Passkey | Totp) -> None:
    """Raise LastFactor when the person would be left with none. The person's row is locked by the caller."""
    passkeys = set(db.session.scalars(select(Passkey.id).where(Passkey.user_id == user.id)))
    app = db.session.scalar(Totp.in_use(user))
    others = len(passkeys - ({than.id} if isinstance(than, Passkey) else set()))
    if not others and (app is None or isinstance(than, Totp)):
        raise LastFactor


def forget_factors(user: User) -> None:
    """Take every second factor away, and what the organisation vouched for: the person begins anew."""
    for kind in (Passkey, Totp, RecoveryCode, Identity):
        db.session.execute(delete(kind).where(kind.user_id == user.id))
