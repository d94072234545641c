"""Signed-in browsers: how long they stay so, and what ends them."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, bindparam, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from portal.access import Role
from portal.accounts.models import User, digest
from portal.extensions import Base, PrimaryKey, db

HALFWAY = timedelta(minutes=15)  # to find the phone and the code
RECENT = timedelta(minutes=30)
MOST_WRONG_CODES = 5
CAREFUL = frozenset({Role.SECRETARIAT, Role.STEERING, Role.COACH})


def idle_limit(roles: Collection[Role]) -> timedelta:
    """How long an unused session lives. Of several roles the strictest decides."""
    return timedelta(minutes=30) if CAREFUL & set(roles) else timedelta(hours=12)


def longest(roles: Collection[Role]) -> timedelta:
    """How long a session lives at most, however much it is used."""
    return timedelta(hours=12) if CAREFUL & set(roles) else timedelta(days=30)


LONGEST_IDLE, LONGEST = idle_limit(()), longest(())


class Session(Base):
    """A browser that has come in. The cookie holds the token, the database its hash; ending it works at the next request.

    Until the second factor is proved it is halfway: it opens only the pages where that is done.
    """

    __tablename__ = "session"

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    proved_at: Mapped[datetime | None]
    # When the organisation said whose session this is; None where a mailed link or a passkey did.
    vouched_at: Mapped[datetime | None]
    wrong_codes: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()

    @classmethod
    def start(
        cls, user: User, now: datetime, device: str = "", *, proved_at: datetime | None = None
    ) -> tuple["Session", str]:
        """A new session and the token that opens it, which is shown this once. `proved_at`: when both factors were."""
        token = secrets.token_urlsafe(32)
        session = cls(
            user=user,
            token_hash=digest(token),
            device=device[:80],
            created_at=now,
            seen_at=now,
            expires_at=now + (HALFWAY if proved_at is None else longest(user.roles)),
            proved_at=proved_at,
            wrong_codes=0,
        )
        db.session.add(session)
        return session, token

    @classmethod
    def open_with(cls, token: str, now: datetime) -> "Session | None":
        """The living session that the token opens, with its user and roles, in one query."""
        session = db.session.scalars(_BY_TOKEN, {"token_hash": digest(token)}).unique().one_or_none()
        return session if session is not None and session.is_living(now) else None

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Session"]]:
        return select(cls).where(cls.user_id == user.id, cls.ended_at.is_(None)).order_by(cls.seen_at.desc())

    @property
    def is_complete(self) -> bool:
        return self.proved_at is not None

    def is_living(self, now: datetime) -> bool:
        """Whether the session still opens the portal, by the roles that the person has now."""
        roles = self.user.roles
        until = min(self.expires_at, self.created_at + longest(roles))
        in_use = now - self.seen_at < idle_limit(roles)
        return self.ended_at is None and now < until and in_use and self.user.is_active

    def is_recent(self, now: datetime) -> bool:
        """Whether who is here was proved lately enough for what must not be done by a borrowed machine."""
        return self.proved_at is not None and now - self.proved_at <= RECENT

    def is_due_to_be_seen(self, now: datetime) -> bool:
        """Whether its use should be noted: often enough for the limit, seldom enough for the database."""
        return now - self.seen_at > idle_limit(self.user.roles) / 30

    def prove(self, now: datetime, proved_at: datetime | None = None) -> str:
        """The second factor is proved, now or when somebody else says that it was: returns the new token, and the old one
        opens nothing any more."""
        if not self.is_complete:
            self.expires_at = self.created_at + longest(self.user.roles)
        self.proved_at, self.seen_at, self.wrong_codes = proved_at or now, now, 0
        token = secrets.token_urlsafe(32)
        self.token_hash = digest(token)
        return token

    def end(self, now: datetime) -> None:
        self.ended_at = self.ended_at or now


def end_all(user: User, now: datetime) -> None:
    """Every browser of the person's is out at its next request."""
    living = (Session.user_id == user.id) & Session.ended_at.is_(None)
    db.session.execute(update(Session).where(living).values(ended_at=now))


# Built once: every request asks it.
_BY_TOKEN = (
    select(Session)
    .where(Session.token_hash == bindparam("token_hash"))
    .options(joinedload(Session.user, innerjoin=True).joinedload(User.role_grants))
)
