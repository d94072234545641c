"""What the answers of those who let us learn from them say of the weights: proposed to the secretariat, never used by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from sqlalchemy import select

import matching
from portal import consents
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.round_parts import ROWS, row_labels

FEWEST = 5  # people: fewer answers say more of the one who answered than of the weights


@dataclass(frozen=True)
class Lesson:
    """One row's weight as it is, as the answers would have it, and how sure that is."""

    name: str
    label: str
    now: int
    learned: int
    low: int
    high: int


@dataclass(frozen=True)
class Lessons:
    rows: list[Lesson]
    answers: int
    people: int

    @property
    def text(self) -> str:
        return str(
            _(
                "%(answers)s svar fra %(people)s mentees peker mot disse vektene. Med nitti prosents sikkerhet ligger hver av dem "
                "innenfor spennet.",
                answers=self.answers,
                people=self.people,
            )
        )

    @property
    def as_weights(self) -> dict[str, int]:
        """For the preview's address."""
        return {row.name: row.learned for row in self.rows}


def lessons(now: Mapping[str, int]) -> Lessons | None:
    """What has been learned, beside the weights of today by row. None while too few have answered."""
    answered = Proposal.mentee_accepted_at.is_not(None) | Proposal.mentee_declined_at.is_not(None)
    lets = consents.condition(Member.user_id, consents.Purpose.LEARN_FROM_ANSWERS)
    rows = select(Proposal.mentee_id, Proposal.parts, Proposal.mentee_accepted_at.is_not(None))
    rows = rows.join(Proposal.mentee).join(MenteeProfile.member).where(answered, lets).order_by(Proposal.id)
    found = [row for row in db.session.execute(rows) if row[1]]
    people = len({mentee_id for mentee_id, _parts, _yes in found})
    if people < FEWEST:
        return None
    from matching.learning import Answer, learn  # loads numpy

    learned = learn(
        Answer(tuple(matching.Part(**part) for part in parts), bool(yes)) for _mentee, parts, yes in found
    )
    values = [sum(learned.intervals[part].weight for part in parts) for parts in ROWS.values()]
    whole, labels = _hundred(values), row_labels()
    spans = [[learned.intervals[part] for part in parts] for parts in ROWS.values()]
    return Lessons(
        [
            Lesson(
                name,
                labels[name][0],
                now[name],
                weight,
                # Two parts in one row: both at their lowest, both at their highest, which is wider than need be.
                max(0, floor(sum(part.low for part in span))),
                min(100, round(sum(part.high for part in span) + 0.5)),
            )
            for name, weight, span in zip(ROWS, whole, spans, strict=True)
        ],
        len(found),
        people,
    )


def _hundred(values: list[float]) -> list[int]:
    """Whole numbers that add up to 100, by the largest remainder."""
    scaled = [100 * value / sum(values) for value in values]
    whole = [floor(value) for value in scaled]
    order = sorted(range(len(scaled)), key=lambda k: (whole[k] - scaled[k], k))
    for k in order[: 100 - sum(whole)]:
        whole[k] += 1
    return whole
