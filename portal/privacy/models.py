from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey

WAIT = timedelta(days=7)
_OPEN = sql("undone_at IS NULL AND done_at IS NULL")


class Erasure(Base):
    """A person's wish to be erased: it waits a week, can be undone until then, and stays as proof that it was done."""

    __tablename__ = "erasure"
    __table_args__ = (
        Index("uq_erasure_open", "user_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        CheckConstraint("undone_at IS NULL OR done_at IS NULL", name="one_ending"),
        CheckConstraint("due_at >= asked_at", name="order"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    asked_at: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    due_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    done_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(foreign_keys=user_id)

    @classmethod
    def waiting(cls) -> Select[tuple["Erasure"]]:
        return select(cls).where(cls.is_waiting()).order_by(cls.due_at, cls.id)

    @classmethod
    def waiting_for(cls, user_id: int) -> Select[tuple["Erasure"]]:
        return cls.waiting().where(cls.user_id == user_id)

    @classmethod
    def is_waiting(cls) -> ColumnElement[bool]:
        """The condition that nothing has been done about it."""
        return cls.undone_at.is_(None) & cls.done_at.is_(None)

    @classmethod
    def is_due(cls, now: datetime) -> ColumnElement[bool]:
        """The condition that the wait is over, and that nobody's "this was not me" is being looked into."""
        open_door = select(User.id).where(User.id == cls.user_id, User.locked_at.is_(None)).exists()
        return cls.is_waiting() & (cls.due_at <= now) & open_door
