"""What the secretariat has laid down for a round by hand, and how each decision follows from the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select

import matching
from portal.extensions import Json, db
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_models import Ground, MatchRun
from portal.mentoring.round_refusals import NotEvenAndStable, TooLargeForAim


@dataclass(frozen=True)
class Aim:
    """What the best round is, apart from the weights."""

    weights: matching.Weights = matching.DEFAULT
    objective: matching.Objective = matching.Objective.FLOOR
    even_load: bool = False

    def require_possible(self, mentees: int, mentors: int, places: int) -> None:
        """Raises TooLargeForAim or NotEvenAndStable where the engine cannot aim at this with so many."""
        if self.objective is matching.Objective.STABLE and self.even_load:
            raise NotEvenAndStable
        if self.objective is matching.Objective.LEXIMIN:
            from matching.assignment import leximin_takes  # loads numpy

            most = leximin_takes(places if self.even_load else mentors)
            if mentees > most:
                raise TooLargeForAim(most)


@dataclass(frozen=True)
class Decisions:
    """Locks, exclusions and the aim; pairs by profile ids."""

    locks: Mapping[int, int] = field(default_factory=dict)  # mentee to mentor
    exclusions: Mapping[tuple[int, int], Ground] = field(default_factory=dict)
    aim: Aim = Aim()

    @classmethod
    def of(cls, round_: MatchRound) -> "Decisions":
        (last,) = last_runs(round_, 1)
        return cls.stored(last.decisions) if last else cls()

    @classmethod
    def stored(cls, data: Json) -> "Decisions":
        return cls(
            dict(data["locks"]),
            {(mentee, mentor): Ground(ground) for mentee, mentor, ground in data["exclusions"]},
            aim_of(data),
        )

    def as_data(self) -> Json:
        return {
            "locks": [list(pair) for pair in self.locks.items()],
            "exclusions": [[*pair, ground.value] for pair, ground in self.exclusions.items()],
            "weights": self.aim.weights.as_dict(),
            "objective": self.aim.objective.value,
            "even_load": self.aim.even_load,
        }

    def with_lock(self, mentee_id: int, mentor_id: int) -> "Decisions":
        return replace(self, locks={**self.locks, mentee_id: mentor_id})

    def without_lock(self, mentee_id: int) -> "Decisions":
        return replace(self, locks={mentee: to for mentee, to in self.locks.items() if mentee != mentee_id})

    def with_exclusion(self, mentee_id: int, mentor_id: int, ground: Ground) -> "Decisions":
        freed = self if self.locks.get(mentee_id) != mentor_id else self.without_lock(mentee_id)
        return replace(freed, exclusions={**self.exclusions, (mentee_id, mentor_id): ground})

    def without_exclusion(self, mentee_id: int, mentor_id: int) -> "Decisions":
        kept = {pair: ground for pair, ground in self.exclusions.items() if pair != (mentee_id, mentor_id)}
        return replace(self, exclusions=kept)


def aim_of(data: Json) -> Aim:
    """The aim as a run has it stored; the earliest ones had weights alone."""
    return Aim(
        matching.Weights(**data["weights"]),
        matching.Objective(data.get("objective", matching.Objective.FLOOR)),
        data.get("even_load", False),
    )


def last_runs(round_: MatchRound, count: int) -> list[MatchRun | None]:
    """The last runs, newest first; None where there have been fewer."""
    rows = select(MatchRun).where(MatchRun.round_id == round_.id).order_by(MatchRun.number.desc())
    found: list[MatchRun | None] = list(db.session.scalars(rows.limit(count)))
    return found + [None] * (count - len(found))
