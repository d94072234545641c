"""What the portal holds at a moment, counted. It goes no further than into the suppression."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select

from portal.coaching.models import Booking, Enrolment, Payer, Programme
from portal.coaching.tally import COMMITTED, INCURRED, outcome_of
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member, Municipality
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorPlace, MentorProfile

QUIET_AFTER = timedelta(days=30)
# The first number of inhabitants that no longer belongs, and how the row is named.
SIZES: tuple[tuple[int, Any], ...] = (
    (5_000, _l("under 5 000")),
    (10_000, _l("5 000–9 999")),
    (20_000, _l("10 000–19 999")),
    (100_000_000, _l("20 000 og over, og fylker")),
)


def count(programme: Programme, now: datetime) -> dict[str, int]:
    """Every count of a report, by its name, in four queries."""
    return _seats(programme) | _sessions(programme, now) | _mentoring(now)


def _seats(programme: Programme) -> dict[str, int]:
    """For each size of municipality: how many have a seat, and how many of them have had a conversation."""
    size = case(*[(Municipality.population < limit, n) for n, (limit, _label) in enumerate(SIZES)], else_=0)
    held = select(Booking.id).where(Booking.enrolment_id == Enrolment.id, Booking.held_at.is_not(None))
    has_seat = Enrolment.seat_number.is_not(None)
    rows = (
        select(size.label("size"), has_seat.label("seat"), func.count(), func.count().filter(held.exists()))
        .select_from(Enrolment)
        .join(Enrolment.member)
        .join(Member.municipality)
        .where(Enrolment.programme_id == programme.id)
        .group_by("size", "seat")
    )
    counts = dict.fromkeys(("applied", "seated", "started"), 0)
    counts |= {f"{what}:{n}": 0 for n in range(len(SIZES)) for what in ("seated", "started")}
    for n, seat, persons, started in db.session.execute(rows):
        counts["applied"] += persons
        if seat:
            counts |= {f"seated:{n}": persons, f"started:{n}": started}
            counts["seated"] += persons
            counts["started"] += started
    return counts


def _sessions(programme: Programme, now: datetime) -> dict[str, int]:
    """What KDF pays: each takes one of the participant's clips, so nobody stands for more than they have."""
    outcome = outcome_of(now)
    used, booked = ([o.value for o in outcomes] for outcomes in (INCURRED, COMMITTED))
    rows = (
        select(func.count().filter(outcome.in_(used)), func.count().filter(outcome.in_(booked)))
        .select_from(Booking)
        .join(Booking.slot)
        .join(Booking.enrolment)
        .where(Enrolment.programme_id == programme.id, Booking.payer == Payer.KDF)
        .where(Booking.moved_to_id.is_(None))
    )
    return dict(zip(("used", "booked"), db.session.execute(rows).one(), strict=True))


def _mentoring(now: datetime) -> dict[str, int]:
    """Pairs, those who met lately and those who did not, mentees who seek one, and mentors who have room."""
    live = Mentorship.ended_at.is_(None)
    lately = select(Meeting.id).where(
        Meeting.mentorship_id == Mentorship.id,
        Meeting.held_logged_at.is_not(None),
        Meeting.starts_at > now - QUIET_AFTER,
    )
    paired = select(Mentorship.id).where(Mentorship.mentee_id == MenteeProfile.id, live)
    seeking = MenteeProfile.seeking_since.is_not(None) & MenteeProfile.paused_at.is_(None) & ~paired.exists()
    taken = select(Mentorship.id).where(
        Mentorship.mentor_id == MentorPlace.mentor_id, Mentorship.place == MentorPlace.number, live
    )
    room = select(MentorPlace.number).where(MentorPlace.mentor_id == MentorProfile.id, ~taken.exists())
    with_room = MentorProfile.paused_at.is_(None) & room.exists()
    counts = select(
        select(func.count()).select_from(Mentorship).where(live, lately.exists()).scalar_subquery(),
        select(func.count()).select_from(Mentorship).where(live, ~lately.exists()).scalar_subquery(),
        select(func.count()).select_from(MenteeProfile).where(seeking).scalar_subquery(),
        select(func.count()).select_from(MentorProfile).where(with_room).scalar_subquery(),
    )
    return dict(zip(("met", "quiet", "seeking", "mentors"), db.session.execute(counts).one(), strict=True))
