import hashlib
import secrets
from datetime import datetime, timedelta

from flask_login import UserMixin
from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    bindparam,
    select,
    update,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from portal.access import Role
from portal.extensions import Base, PrimaryKey, SortKey, db, enum_type
from portal.sorting import sort_key

LINK_LIFETIME = timedelta(minutes=10)
SESSION_IDLE = timedelta(hours=12)
SESSION_LONGEST = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=10)


def digest(token: str) -> str:
    """What is stored in place of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


class RoleGrant(Base):
    """A hat given to a person."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("user_id", "role"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    role: Mapped[Role] = mapped_column(enum_type(Role, "role"))
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))


class User(UserMixin, Base):
    """A person who can sign in."""

    __tablename__ = "user"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    sort_key: Mapped[str] = mapped_column(SortKey, index=True)
    language: Mapped[str] = mapped_column(String(5), default="nb")
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
    role_grants: Mapped[list[RoleGrant]] = relationship(
        foreign_keys=RoleGrant.user_id, cascade="all, delete-orphan"
    )

    @classmethod
    def create(cls, email: str, name: str, now: datetime) -> "User":
        return cls(
            email=fold_email(email), name=name, sort_key=sort_key(name), created_at=now, role_grants=[]
        )

    @classmethod
    def by_email(cls, email: str) -> Select[tuple["User"]]:
        return select(cls).where(cls.email == fold_email(email))

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.role_grants)

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    def rename(self, name: str) -> None:
        self.name, self.sort_key = name, sort_key(name)

    def grant(self, role: Role, by: "User | None", now: datetime) -> None:
        if role not in self.roles:
            self.role_grants.append(
                RoleGrant(role=role, granted_at=now, granted_by_id=by.id if by is not None else None)
            )


def fold_email(email: str) -> str:
    """One spelling for each address: people do not mind capitals, so neither do we."""
    return email.strip().casefold().lower()


class LoginLink(Base):
    """A way in that was mailed: only its hash is kept, it works once, in the browser that asked, for ten minutes."""

    __tablename__ = "login_link"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()

    @classmethod
    def use(cls, token: str, browser: str, now: datetime) -> "User | None":
        """The person the link is for, and the link is spent; None when it is spent, late, or another browser's."""
        mine = (cls.token_hash == digest(token)) & (cls.browser_hash == digest(browser))
        fresh = cls.used_at.is_(None) & (cls.expires_at > now)
        # One statement decides who was first: of many at once, the database lets a single one change the row.
        spent = update(cls).where(mine & fresh).values(used_at=now).returning(cls.user_id)
        user_id = db.session.scalar(spent.execution_options(synchronize_session=False))
        user = db.session.get(User, user_id) if user_id is not None else None
        return user if user is not None and user.is_active else None


class Session(Base):
    """A signed-in browser. The cookie holds the token, the database its hash; ending it works at the next request."""

    __tablename__ = "session"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()

    @classmethod
    def start(cls, user: User, now: datetime, device: str = "") -> tuple["Session", str]:
        """A new session and the token that opens it, which is shown this once."""
        token = secrets.token_urlsafe(32)
        session = cls(
            user=user,
            token_hash=digest(token),
            device=device[:80],
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_LONGEST,
        )
        db.session.add(session)
        return session, token

    @classmethod
    def open_with(cls, token: str, now: datetime) -> "Session | None":
        """The living session that the token opens, with its user and roles, in one query."""
        found = {"token_hash": digest(token), "now": now, "idle_since": now - SESSION_IDLE}
        session = db.session.scalars(_LIVING, found).unique().one_or_none()
        return session if session is not None and session.user.is_active else None

    @classmethod
    def is_living(cls, now: datetime) -> ColumnElement[bool]:
        """The condition that a session still opens the portal."""
        return cls.ended_at.is_(None) & (cls.expires_at > now) & (cls.seen_at > now - SESSION_IDLE)

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Session"]]:
        return select(cls).where(cls.user_id == user.id, cls.ended_at.is_(None)).order_by(cls.seen_at.desc())

    def end(self, now: datetime) -> None:
        self.ended_at = self.ended_at or now


# Built once: every request asks it.
_LIVING = (
    select(Session)
    .where(
        Session.token_hash == bindparam("token_hash"),
        Session.ended_at.is_(None),
        Session.expires_at > bindparam("now"),
        Session.seen_at > bindparam("idle_since"),
    )
    .options(joinedload(Session.user, innerjoin=True).joinedload(User.role_grants))
)
