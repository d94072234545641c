"""What is kept of a round's runs: each one as it was, and the one that a worker is busy with."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import Base, Json, PrimaryKey, enum_type
from portal.language import gettext as _
from portal.mentoring.proposal_models import MatchRound


class Ground(StrEnum):
    """Why the secretariat rules a pair out: a choice from a list, for words of one's own would say too much."""

    CONFLICT = "conflict"
    ACQUAINTED = "acquainted"
    IMPRACTICAL = "impractical"
    JUDGEMENT = "judgement"

    @property
    def label(self) -> str:
        words = {
            Ground.CONFLICT: _("Habilitet"),
            Ground.ACQUAINTED: _("De kjenner hverandre fra før"),
            Ground.IMPRACTICAL: _("Vanskelig å få til i praksis"),
            Ground.JUDGEMENT: _("Sekretariatets skjønn"),
        }
        return str(words[self])


class Cause(StrEnum):
    """What made the round run."""

    RUN = "run"
    SWAP = "swap"
    LOCK = "lock"
    UNLOCK = "unlock"
    EXCLUSION = "exclusion"
    WEIGHTS = "weights"


class MatchRun(Base):
    """One run of a round, kept so that it can be compared with the one before, and taken back.

    `inputs` is what the engine was given, so that the page shows the round that was run, whatever is changed meanwhile;
    it goes when the round is released. `emptied_at` says that who was put with whom is gone, too: the figures stay.
    """

    __tablename__ = "match_run"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[PrimaryKey]
    round_id: Mapped[int] = mapped_column(ForeignKey("match_round.id", ondelete="CASCADE"))
    number: Mapped[int]
    ran_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    cause: Mapped[Cause] = mapped_column(enum_type(Cause, "cause"))
    mentee_id: Mapped[int | None] = mapped_column(ForeignKey("mentee_profile.id", ondelete="SET NULL"))
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("mentor_profile.id", ondelete="SET NULL"))
    decisions: Mapped[Json] = mapped_column(JSON)
    result: Mapped[Json] = mapped_column(JSON)
    inputs: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    emptied_at: Mapped[datetime | None]

    @property
    def mark(self) -> str:
        """What tells this run from every other: a number comes again when a decision is taken back."""
        return f"{self.number}-{self.ran_at:%Y%m%d%H%M%S%f}"

    @property
    def can_be_undone(self) -> bool:
        return self.cause is not Cause.RUN and self.number > 1

    @property
    def pairs(self) -> dict[int, tuple[int, int]]:
        """Mentee to mentor and units."""
        return {mentee: (mentor, units) for mentee, mentor, units in self.result.get("pairs", ())}


class Stage(StrEnum):
    """Where a worker has come with a round, in order."""

    WAITING = "waiting"
    READING = "reading"
    SOLVING = "solving"
    WRITING = "writing"

    @property
    def label(self) -> str:
        words = {
            Stage.WAITING: _("Venter på tur"),
            Stage.READING: _("Henter profilene"),
            Stage.SOLVING: _("Finner de beste parene"),
            Stage.WRITING: _("Legger forslagene i utkastet"),
        }
        return str(words[self])


class RunOrder(Base):
    """A run that is too large for a request: laid down for a worker, and gone when it has been done.

    A worker holds it until `held_until`; one that has died loses it then, and another begins anew. `hold` is drawn for each
    attempt, and only who still has it may write the result.
    """

    __tablename__ = "run_order"
    __table_args__ = (
        CheckConstraint('done BETWEEN 0 AND "of"', name="done"),
        CheckConstraint("(hold IS NULL) = (held_until IS NULL)", name="held_until"),
    )

    round_id: Mapped[int] = mapped_column(
        ForeignKey("match_round.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    cause: Mapped[Cause] = mapped_column(enum_type(Cause, "cause"))
    is_undoing: Mapped[bool] = mapped_column(default=False)  # then the rest is read from the runs
    decisions: Mapped[Json] = mapped_column(JSON)
    mentee_id: Mapped[int | None] = mapped_column(ForeignKey("mentee_profile.id", ondelete="SET NULL"))
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("mentor_profile.id", ondelete="SET NULL"))
    ordered_at: Mapped[datetime]
    ordered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    hold: Mapped[str | None] = mapped_column(String(32))
    held_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    stage: Mapped[Stage] = mapped_column(enum_type(Stage, "stage"), default=Stage.WAITING)
    done: Mapped[int] = mapped_column(default=0)
    of: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime | None]
    round: Mapped[MatchRound] = relationship(innerjoin=True)
