"""The steering group's reports, as they were frozen."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Select, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import Base, PrimaryKey
from portal.steering.quarters import Quarter


class Report(Base):
    """What may be shown of one moment. What is hidden is not here, and the database refuses to change a row.

    Besides the figures it keeps the terms of its day, which tell of nobody: frame, price, seats and clips.
    The first report of an installation is an opening one; every other belongs to a quarter that has ended.
    """

    __tablename__ = "steering_report"
    __table_args__ = (
        UniqueConstraint("year", "quarter", "opening"),
        CheckConstraint("quarter BETWEEN 1 AND 4", name="quarter"),
        Index(
            "uq_steering_report_opening",
            "opening",
            unique=True,
            sqlite_where=text("opening"),
            postgresql_where=text("opening"),
        ),
    )

    id: Mapped[PrimaryKey]
    year: Mapped[int]
    quarter: Mapped[int]
    opening: Mapped[bool]
    as_of: Mapped[date]
    taken_at: Mapped[datetime]
    programme_id: Mapped[int] = mapped_column(ForeignKey("programme.id"))
    programme_name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    frame: Mapped[Decimal]
    price: Mapped[Decimal | None]
    seats: Mapped[int]
    clips: Mapped[int]
    figures: Mapped[dict[str, int]] = mapped_column(JSON)

    @classmethod
    def in_order(cls) -> Select[tuple["Report"]]:
        """All of them, the oldest first."""
        return select(cls).order_by(cls.taken_at, cls.id)

    @property
    def of(self) -> Quarter:
        return Quarter(self.year, self.quarter)
