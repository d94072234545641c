"""The steering group's report: totals of both schemes, with small numbers hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import case, func, select

from portal.coaching.models import Booking, Enrolment, Payer, Programme
from portal.coaching.tally import COMMITTED, INCURRED, outcome_of
from portal.costs import burn_up
from portal.costs.burn_up import Course
from portal.costs.figures import Figures, figures
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member, Municipality
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorPlace, MentorProfile
from portal.steering.suppression import Cell, K, Split, column, is_small, single, split

QUIET_AFTER = timedelta(days=30)
# The first number of inhabitants that no longer belongs, and how the row is named.
SIZES: tuple[tuple[int, Any], ...] = (
    (5_000, _l("under 5 000")),
    (10_000, _l("5 000–9 999")),
    (20_000, _l("10 000–19 999")),
    (100_000_000, _l("20 000 og over, og fylker")),
)


@dataclass(frozen=True)
class Sessions:
    """Conversations that KDF pays; None where fewer than five persons stand behind, or would show by subtraction."""

    used: int | None
    booked: int | None
    bound: int | None

    @property
    def is_split(self) -> bool:
        return self.used is not None and self.booked is not None


@dataclass(frozen=True)
class Pairs:
    """Where the mentor scheme stands: pairs, those of them who met lately and who did not, mentees who seek one."""

    live: Cell
    met: Cell
    quiet: Cell
    seeking: Cell
    free_places: int


@dataclass(frozen=True)
class Report:
    """Everything on the page. `course` is None where its steps would rest on too few."""

    programme: Programme
    figures: Figures
    seated: Cell
    applied: Cell
    sessions: Sessions
    by_size: Split
    pairs: Pairs
    course: Course | None

    @property
    def shortfall(self) -> Decimal:
        """What lacks for every seat to be filled and every clip used; zero when the frame holds it."""
        found = self.figures
        clips = found.people.free_clips + found.people.free_seats * self.programme.clips
        return max(found.budget.bound + clips * (found.budget.price or 0) - found.budget.frame, Decimal(0))

    @property
    def seats_held(self) -> int:
        return min(self.figures.seats_held, self.figures.people.seats)

    @property
    def sizes(self) -> list[tuple[Any, Cell, Cell]]:
        return [(label, *cells) for (_limit, label), cells in zip(SIZES, self.by_size.rows, strict=True)]


def read(programme: Programme, now: datetime) -> Report:
    """The report as of now, in six queries besides the programme's rates."""
    found = figures(programme, now)
    people, sessions = found.people, _sessions(programme, found, now)
    table = split(_by_size(programme))
    course = None
    if sessions.is_split:
        paid = burn_up.payments(programme, now)
        course = burn_up.course(programme, paid, found.budget, people, now, persons=K)
    return Report(
        programme,
        found,
        table.whole,
        single(people.applied, people.applied - people.seated),
        sessions,
        table,
        _pairs(now),
        course if course is not None and course.steps else None,
    )


def _sessions(programme: Programme, found: Figures, now: datetime) -> Sessions:
    """Used and booked, unless one of them rests on so few that it must be hidden, and the other with it."""
    outcome = outcome_of(now)
    used = case((outcome.in_([o.value for o in INCURRED]), Booking.enrolment_id))
    booked = case((outcome.in_([o.value for o in COMMITTED]), Booking.enrolment_id))
    either = case((outcome.in_([o.value for o in INCURRED | COMMITTED]), Booking.enrolment_id))
    counts = [func.count(who.distinct()) for who in (used, booked, either)]
    rows = (
        select(*counts)
        .select_from(Booking)
        .join(Booking.slot)
        .join(Booking.enrolment)
        .where(Enrolment.programme_id == programme.id, Booking.payer == Payer.KDF)
        .where(Booking.moved_to_id.is_(None))
    )
    with_used, with_booked, with_either = db.session.execute(rows).one()
    if is_small(with_either):
        return Sessions(None, None, None)
    bound = found.used + found.booked
    if is_small(with_used) or is_small(with_booked):
        return Sessions(None, None, bound)
    return Sessions(found.used, found.booked, bound)


def _by_size(programme: Programme) -> Sequence[tuple[int, int]]:
    """For each size of municipality: how many have a seat, and how many of them have had a conversation."""
    size = case(*[(Municipality.population < limit, n) for n, (limit, _label) in enumerate(SIZES)], else_=0)
    held = select(Booking.id).where(Booking.enrolment_id == Enrolment.id, Booking.held_at.is_not(None))
    rows = (
        select(size.label("size"), func.count(), func.count().filter(held.exists()))
        .select_from(Enrolment)
        .join(Enrolment.member)
        .join(Member.municipality)
        .where(Enrolment.programme_id == programme.id, Enrolment.seat_number.is_not(None))
        .group_by("size")
    )
    found = {n: (seated, started) for n, seated, started in db.session.execute(rows)}
    return [found.get(n, (0, 0)) for n in range(len(SIZES))]


def _pairs(now: datetime) -> Pairs:
    live = Mentorship.ended_at.is_(None)
    lately = select(Meeting.id).where(
        Meeting.mentorship_id == Mentorship.id,
        Meeting.held_logged_at.is_not(None),
        Meeting.starts_at > now - QUIET_AFTER,
    )
    paired = select(Mentorship.id).where(Mentorship.mentee_id == MenteeProfile.id, live)
    seeking = MenteeProfile.seeking_since.is_not(None) & MenteeProfile.paused_at.is_(None) & ~paired.exists()
    places = (
        select(func.count())
        .select_from(MentorPlace)
        .join(MentorProfile, MentorPlace.mentor_id == MentorProfile.id)
        .where(MentorProfile.paused_at.is_(None))
    )
    taken = select(Mentorship.id).where(
        Mentorship.mentor_id == MentorPlace.mentor_id, Mentorship.place == MentorPlace.number
    )
    counts = select(
        select(func.count()).select_from(Mentorship).where(live, lately.exists()).scalar_subquery(),
        select(func.count()).select_from(Mentorship).where(live, ~lately.exists()).scalar_subquery(),
        select(func.count()).select_from(MenteeProfile).where(seeking).scalar_subquery(),
        places.where(~taken.exists()).scalar_subquery(),
    )
    met, quiet, waiting, free = db.session.execute(counts).one()
    (met_cell, quiet_cell), total = column([met, quiet])
    return Pairs(total, met_cell, quiet_cell, single(waiting), free)
