"""The pool a round draws on: every mentor and mentee who can be proposed now, as the engine knows them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, lazyload, selectinload

import matching
from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.models import (
    MatchRound,
    MenteeProfile,
    MentorProfile,
    Mentorship,
    Modes,
    Proposal,
    Reservation,
    ReservationKind,
)

MODES = {
    Modes.EITHER: frozenset(matching.Mode),
    Modes.DIGITAL: frozenset({matching.Mode.DIGITAL}),
    Modes.IN_PERSON: frozenset({matching.Mode.IN_PERSON}),
}


class Pool(NamedTuple):
    """What `matching.propose` draws on. Ids are member ids as text, so that one person is one id."""

    mentors: list[matching.Mentor]
    mentees: list[matching.Mentee]
    reservations: list[matching.Reservation]
    forbidden: list[matching.Link]


def pool(now: datetime) -> Pool:
    """Everyone who can be proposed now: mentors with the places they have free, mentees who seek and wait for nobody."""
    mentors, mentees = list(db.session.scalars(_mentors())), list(db.session.scalars(_mentees()))
    reservations = list(db.session.scalars(select(Reservation).order_by(Reservation.id)))
    avoiding = {r.member_id for r in reservations if r.kind is ReservationKind.NEIGHBOURS}
    asked, today = _asked(), clock.today(now)
    return Pool(
        [_mentor(m, today, asked.get(m.id, 0), m.member_id in avoiding) for m in mentors],
        [_mentee(m, today, m.member_id in avoiding) for m in mentees],
        [_reservation(r) for r in reservations if r.kind is not ReservationKind.NEIGHBOURS],
        list(_forbidden()),
    )


def _with_member(row: Any) -> Any:
    """The member, with the positions held, and without the roles, which nobody asks for here."""
    member = joinedload(row.member, innerjoin=True)
    return member.options(
        selectinload(Member.tenures), joinedload(Member.user).options(lazyload(User.role_grants))
    )


def _active() -> Select[tuple[int]]:
    return select(Member.id).join(Member.user).where(User.deactivated_at.is_(None))


def _mentors() -> Select[tuple[MentorProfile]]:
    details = (
        selectinload(MentorProfile.areas),
        selectinload(MentorProfile.places),
        selectinload(MentorProfile.live),
    )
    rows = select(MentorProfile).where(MentorProfile.member_id.in_(_active()))
    return rows.options(_with_member(MentorProfile), *details).order_by(MentorProfile.id)


def seeking() -> Select[tuple[int]]:
    """The profiles of the mentees who look for a mentor and wait for nobody's answer, also those who have paused."""
    paired = select(Mentorship.mentee_id).where(Mentorship.ended_at.is_(None))
    busy = (
        select(Proposal.mentee_id)
        .join(Proposal.round)
        .where(
            MatchRound.released_at.is_not(None),
            MatchRound.closed_at.is_(None),
            Proposal.lapsed_at.is_(None),
            Proposal.mentee_declined_at.is_(None),
            Proposal.mentor_declined_at.is_(None),
            Proposal.mentor_accepted_at.is_(None),
        )
    )
    return select(MenteeProfile.id).where(
        MenteeProfile.seeking_since.is_not(None),
        MenteeProfile.member_id.in_(_active()),
        MenteeProfile.id.not_in(paired),
        MenteeProfile.id.not_in(busy),
    )


def _mentees() -> Select[tuple[MenteeProfile]]:
    rows = select(MenteeProfile).where(MenteeProfile.id.in_(seeking()))
    options = (_with_member(MenteeProfile), selectinload(MenteeProfile.areas))
    return rows.options(*options).order_by(MenteeProfile.id)


def _asked() -> Mapping[int, int]:
    """How many requests each mentor has waiting, by mentor profile: those places are spoken for."""
    waiting: dict[int, int] = {}
    for mentor_id in db.session.scalars(requests_waiting()):
        waiting[mentor_id] = waiting.get(mentor_id, 0) + 1
    return waiting


def requests_waiting() -> Select[tuple[int]]:
    """The mentor of every request that waits for a mentor's answer."""
    return select(Proposal.mentor_id).where(
        Proposal.mentor_asked_at.is_not(None),
        Proposal.mentor_accepted_at.is_(None),
        Proposal.mentor_declined_at.is_(None),
        Proposal.mentee_declined_at.is_(None),
        Proposal.lapsed_at.is_(None),
    )


def years_at_the_top(member: Member, today: date) -> int | None:
    """Whole years in the position, all municipalities together; None when nothing is known."""
    days = sum(((t.ended_on or today) - t.started_on).days for t in member.tenures)
    if days <= 0:
        return member.years_in_position(today)
    return int(days / 365.25)


def _mentor(profile: MentorProfile, today: date, asked: int, avoid_neighbours: bool) -> matching.Mentor:
    return matching.Mentor(
        id=str(profile.member_id),
        municipality=profile.member.municipality_number,
        areas={area.area.code: area.strength for area in profile.areas},
        capacity=max(0, len(profile.free_places) - asked),
        paused=profile.paused_at is not None,
        years=years_at_the_top(profile.member, today),
        modes=MODES[profile.modes],
        text=profile.text,
        retired=profile.retired,
        avoid_neighbours=avoid_neighbours,
    )


def _mentee(profile: MenteeProfile, today: date, avoid_neighbours: bool) -> matching.Mentee:
    return matching.Mentee(
        id=str(profile.member_id),
        municipality=profile.member.municipality_number,
        areas={area.area.code: area.weight for area in profile.areas},
        years=years_at_the_top(profile.member, today),
        modes=MODES[profile.modes],
        wishes=matching.Wishes(**profile.wishes),
        text=profile.text,
        paused=profile.paused_at is not None,
        avoid_neighbours=avoid_neighbours,
    )


def _reservation(row: Reservation) -> matching.Reservation:
    target = row.municipality_number or row.county_number or str(row.person_id)
    return matching.Reservation(str(row.member_id), matching.ReservationKind(row.kind.value), target)


def _forbidden() -> Iterator[matching.Link]:
    """The pairs that were declined, or that have been a pair: never proposed again."""
    ended = set(db.session.execute(select(Mentorship.mentee_id, Mentorship.mentor_id)).tuples())
    held = select(Proposal.mentee_id, Proposal.mentor_id).join(Proposal.round)
    held = held.where(Proposal.lapsed_at.is_(None), MatchRound.released_at.is_not(None))
    pairs = ended | set(db.session.execute(held).tuples())
    mentees = dict(db.session.execute(select(MenteeProfile.id, MenteeProfile.member_id)).tuples().all())
    mentors = dict(db.session.execute(select(MentorProfile.id, MentorProfile.member_id)).tuples().all())
    for mentee, mentor in sorted(pairs):
        rule = matching.Rule.ENDED if (mentee, mentor) in ended else matching.Rule.DECLINED
        yield matching.Link(str(mentees[mentee]), str(mentors[mentor]), rule)
