"""Where a person stands in the programme: outside, in the queue, or with a seat and a clip card."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select

from portal import consents
from portal.accounts.models import User
from portal.coaching import clip_card
from portal.coaching.clip_card import ClipCard
from portal.coaching.models import Enrolment, Programme
from portal.consents import Purpose
from portal.extensions import db


@dataclass(frozen=True)
class Participation:
    programme: Programme | None = None
    enrolment: Enrolment | None = None
    card: ClipCard = field(default_factory=ClipCard)
    agreed: bool = False  # to the use of what the person tells of their challenges

    @property
    def has_seat(self) -> bool:
        return self.enrolment is not None and self.enrolment.has_seat

    @property
    def is_waiting(self) -> bool:
        return self.enrolment is not None and self.enrolment.is_waiting


def read(user: User, today: date) -> Participation:
    """The person's place in the programme that runs, and the clip card."""
    programme = db.session.scalar(Programme.current(today))
    if programme is None:
        return Participation()
    agreed = consents.condition(user.id, Purpose.OWN_WORDS)
    found = db.session.execute(Enrolment.of(user, programme).add_columns(agreed)).one_or_none()
    enrolment, is_agreed = found if found is not None else (None, False)
    card = clip_card.read(enrolment, today) if enrolment is not None and enrolment.has_seat else ClipCard()
    return Participation(programme, enrolment, card, bool(is_agreed))


def place_in_queue(enrolment: Enrolment) -> int:
    """1 for the one who has waited longest."""
    ahead = select(func.count()).where(
        Enrolment.programme_id == enrolment.programme_id,
        Enrolment.seat_number.is_(None),
        Enrolment.withdrawn_at.is_(None),
        (Enrolment.applied_at < enrolment.applied_at)
        | ((Enrolment.applied_at == enrolment.applied_at) & (Enrolment.id < enrolment.id)),
    )
    return 1 + (db.session.scalar(ahead) or 0)
