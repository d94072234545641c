from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base


class PersonKey(Base):
    """What opens one person's sealed content, itself sealed by a key from the environment. Destroyed, it is nothing."""

    __tablename__ = "person_key"
    __table_args__ = (
        CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="destroyed_is_gone"),
        CheckConstraint("(wrapped IS NULL) = (wrapped_by IS NULL)", name="wrapped_by_something"),
    )

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapped_by: Mapped[str | None] = mapped_column(String(16))
    made_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]
