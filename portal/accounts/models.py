import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta

from flask_login import UserMixin
from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import audit
from portal.access import Role
from portal.extensions import Base, PrimaryKey, SortKey, db, enum_type
from portal.sorting import sort_key

LINK_LIFETIME = timedelta(minutes=10)
# Longer than a holiday: so long has everybody who was mailed about a new colleague to say that it is none.
SETTLING = timedelta(days=30)
ROLE_GRANTED = audit.declare("role granted", "role")
ROLE_TAKEN = audit.declare("role taken", "role")


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

    @property
    def vouches_from(self) -> datetime | None:
        """From when its holder may vouch for others; None when it was given at the terminal, and always counts."""
        return self.granted_at + SETTLING if self.granted_by_id is not None else None


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
    locked_at: Mapped[datetime | None]
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

    @classmethod
    def who_can_act_as(cls, role: Role) -> Select[tuple["User"]]:
        """Everyone who has the role and may come in."""
        holders = select(RoleGrant.user_id).where(RoleGrant.role == role)
        return select(cls).where(cls.id.in_(holders), cls.deactivated_at.is_(None), cls.locked_at.is_(None))

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset(grant.role for grant in self.role_grants)

    @property
    def is_active(self) -> bool:
        """Whether the person may come in: neither shut out, nor locked since a change was not theirs."""
        return self.deactivated_at is None and self.locked_at is None

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    def may_vouch(self, now: datetime) -> bool:
        """Whether the person has been in the secretariat long enough to let others begin anew."""
        places = (grant for grant in self.role_grants if grant.role is Role.SECRETARIAT)
        return any(grant.vouches_from is None or grant.vouches_from <= now for grant in places)

    def rename(self, name: str) -> None:
        self.name, self.sort_key = name, sort_key(name)

    def move_to(self, email: str) -> None:
        self.email = fold_email(email)

    def grant(self, role: Role, by: "User | None", now: datetime) -> bool:
        """Give the person the role, and record it. Returns whether it is new to them."""
        if role in self.roles:
            return False
        giver = by.id if by is not None else None
        self.role_grants.append(RoleGrant(role=role, granted_at=now, granted_by_id=giver))
        audit.record(ROLE_GRANTED, by=by, on=self, at=now, role=role.value)
        return True

    def lose(self, grant: RoleGrant, by: "User", now: datetime) -> None:
        """Take the role away, and record it."""
        self.role_grants.remove(grant)
        audit.record(ROLE_TAKEN, by=by, on=self, at=now, role=grant.role.value)


def grant_to_many(user_ids: Collection[int], role: Role, by: User | None, now: datetime) -> None:
    """The same for many who do not have the role, in one statement."""
    giver = by.id if by is not None else None
    rows = [{"user_id": i, "role": role, "granted_at": now, "granted_by_id": giver} for i in user_ids]
    if rows:
        db.session.execute(insert(RoleGrant), rows)
    for user_id in user_ids:
        audit.record(ROLE_GRANTED, by=by, on=f"{User.__tablename__}:{user_id}", at=now, role=role.value)


def fold_email(email: str) -> str:
    """One spelling for each address: people do not mind capitals, so neither do we."""
    return email.strip().casefold().lower()


class LoginLink(Base):
    """A way in that was mailed: only its hash is kept, it works once, in the browser that asked, for ten minutes."""

    __tablename__ = "login_link"

    id: Mapped[PrimaryKey]
    # None for an address that nobody has: the same row is written, so that asking takes the same time.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    @classmethod
    def void_all(cls, user: User, now: datetime) -> None:
        """Links that are on their way open nothing any more."""
        open_ones = (cls.user_id == user.id) & (cls.expires_at > now)
        db.session.execute(update(cls).where(open_ones).values(expires_at=now))

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
