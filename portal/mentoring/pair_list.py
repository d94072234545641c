"""The pairs as the secretariat sees them: that they exist, since when, and when they last met. Never what about."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, lazyload, selectinload

from portal import clock
from portal.accounts.models import User
from portal.export import Cell
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.mentorship_models import Meeting, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile

SILENT_AFTER = timedelta(days=30)

Pairs = Select[tuple[Mentorship]]


def live_pairs(viewer: User) -> Pairs:
    """Those that go on, the ones that met longest ago first; the viewer's own are a colleague's to see to."""
    held = select(func.max(Meeting.starts_at)).where(
        Meeting.mentorship_id == Mentorship.id, Meeting.held_logged_at.is_not(None)
    )
    since = func.coalesce(held.scalar_subquery(), Mentorship.started_at)
    rows = Mentorship.of_others(viewer).where(Mentorship.ended_at.is_(None))
    return rows.order_by(since, Mentorship.id)


def silent_pairs(viewer: User, now: datetime) -> Pairs:
    """Those that have neither met for long nor agreed to."""
    since = now - SILENT_AFTER
    recent = Meeting.held_logged_at.is_not(None) & (Meeting.starts_at > since)
    ahead = Meeting.cancelled_at.is_(None) & (Meeting.starts_at > now)
    alive = select(Meeting.id).where(Meeting.mentorship_id == Mentorship.id, recent | ahead).exists()
    return live_pairs(viewer).where(Mentorship.started_at < since, ~alive)


def how_many_own(viewer: User) -> int:
    """How many of those that go on the viewer is one of the two in."""
    own = Mentorship.of(viewer).where(Mentorship.ended_at.is_(None)).subquery()
    return db.session.scalar(select(func.count()).select_from(own)) or 0


def with_people(pairs: Pairs) -> Pairs:
    """With all that a line of the list says of the two."""
    sides = (
        joinedload(Mentorship.mentee, innerjoin=True).joinedload(MenteeProfile.member, innerjoin=True),
        joinedload(Mentorship.mentor, innerjoin=True).joinedload(MentorProfile.member, innerjoin=True),
    )
    users = [way.joinedload(Member.user, innerjoin=True).options(lazyload(User.role_grants)) for way in sides]
    places = [way.joinedload(Member.municipality, innerjoin=True) for way in sides]
    return pairs.options(*users, *places, selectinload(Mentorship.meetings))


def people_in(pairs: Sequence[Mentorship]) -> set[int]:
    """The users whom these are."""
    return {side.member.user_id for pair in pairs for side in (pair.mentee, pair.mentor)}


def last_met(pair: Mentorship) -> date | None:
    return clock.today(pair.last_held.starts_at) if pair.last_held else None


def heads() -> list[str]:
    return [_("Mentee"), _("Kommune"), _("Mentor"), _("Mentors kommune"), _("Startet"), _("Sist møttes")]


def lines(pairs: Sequence[Mentorship]) -> Iterator[list[Cell]]:
    """The list to take away."""
    for pair in pairs:
        two = [
            cell
            for side in (pair.mentee.member, pair.mentor.member)
            for cell in (side.name, side.municipality.display_name)
        ]
        yield [*two, clock.today(pair.started_at), last_met(pair)]
