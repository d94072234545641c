"""The pool a round draws on: every mentor and mentee who can be proposed now, as the engine knows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Label, Select, func, literal, select, union_all

import matching
from portal import clock, consents, keys
from portal.accounts.models import User
from portal.consents import Purpose
from portal.extensions import db
from portal.members.models import ChallengeArea, Member, Tenure
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import (
    MenteeArea,
    MenteeProfile,
    MentorArea,
    MentorPlace,
    MentorProfile,
    Modes,
)
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import No, said_by_anyone
from portal.mentoring.text_vectors import Sealed, open_vectors, sealed_vectors

MODES = {
    Modes.EITHER: frozenset(matching.Mode),
    Modes.DIGITAL: frozenset({matching.Mode.DIGITAL}),
    Modes.IN_PERSON: frozenset({matching.Mode.IN_PERSON}),
}

WISHES = keys.sealed_column(MenteeProfile.wishes)


@dataclass(frozen=True)
class Pool:
    """What `matching.propose` draws on, all of it read: ids are member ids as text, so that one person is one id."""

    mentors: list[matching.Mentor]
    mentees: list[matching.Mentee]
    reservations: list[matching.Reservation]
    forbidden: list[matching.Link]
    texts: tuple[Sealed, ...] = ()
    open_texts: Mapping[str, list[float]] = field(
        default_factory=dict
    )  # the vectors as the engine compares them


def pool(now: datetime, to_compare: bool = True) -> Pool:
    """Everyone who can be proposed now: mentors with the places they have free, mentees who seek and wait for nobody.

    What only says who fits whom better is left out unless they are to be compared, and so is every confidential no: what
    has been said since they were compared must not show.
    """
    today = clock.today(now)
    noes = said_by_anyone() if to_compare else []
    avoiding = {no.member_id for no in noes if no.kind is ReservationKind.NEIGHBOURS}
    years, (known, faced), ranked = (_years(today), _areas(), _ranked()) if to_compare else ({}, ({}, {}), {})
    experienced, seekers = db.session.execute(_mentors()).all(), db.session.execute(_mentees()).all()
    keys.load(row.user_id for row in (*experienced, *seekers))
    texts = sealed_vectors() if to_compare else ()
    mentors = [_mentor(m, known, years, m.member_id in avoiding) for m in experienced]
    mentees = [
        _mentee(m, faced, years, m.member_id in avoiding, tuple(ranked.get(m.id, ()))) for m in seekers
    ]
    return Pool(
        mentors,
        mentees,
        [_reservation(no) for no in noes if no.kind is not ReservationKind.NEIGHBOURS],
        list(_forbidden()),
        texts,
        open_vectors(texts),
    )


def how_many() -> int:
    """How many mentors and mentees a round would have."""
    mentees = select(func.count()).select_from(_looking().subquery()).scalar_subquery()
    willing = select(func.count()).where(
        MentorProfile.paused_at.is_(None), MentorProfile.member_id.in_(_active())
    )
    return db.session.scalar(select(mentees + willing.scalar_subquery())) or 0


def how_many_seek() -> int:
    return db.session.scalar(select(func.count()).select_from(_looking().subquery())) or 0


def _looking() -> Select[tuple[int]]:
    return seeking().where(MenteeProfile.paused_at.is_(None))


def _ranked() -> dict[int, list[str]]:
    """By mentee, the mentors they have said yes to in earlier rounds that came to nothing without anybody's no: the latest
    round first, and in it the mentee's own order. What the mentee wanted then is still worth something now."""
    came_to_nothing = (
        Proposal.lapsed_at.is_not(None),
        Proposal.mentee_accepted_at.is_not(None),
        Proposal.mentor_declined_at.is_(None),
        Proposal.mentor_accepted_at.is_(None),
    )
    rows = select(Proposal.mentee_id, MentorProfile.member_id).join(Proposal.round).join(Proposal.mentor)
    rows = rows.where(*came_to_nothing, Proposal.mentee_id.in_(seeking()))
    rows = rows.order_by(MatchRound.released_at.desc(), Proposal.rank, Proposal.id)
    ranked: dict[int, list[str]] = {}
    for mentee_id, mentor in db.session.execute(rows):
        own = ranked.setdefault(mentee_id, [])
        own.extend([str(mentor)] if str(mentor) not in own else [])
    return ranked


def _years(today: date) -> Mapping[int, int | None]:
    """Years at the top by member; of someone without a history, those in the present position."""
    rows = select(Member.id, Member.in_position_since, Tenure.started_on, Tenure.ended_on)
    held: dict[int, list[tuple[date, date | None]]] = {}
    for member_id, since, started, ended in db.session.execute(rows.outerjoin(Tenure)):
        stretch = (started, ended) if started else (since, None)
        held.setdefault(member_id, []).extend([stretch] if stretch[0] else [])
    return {member_id: _whole_years(stretches, today) for member_id, stretches in held.items()}


def _areas() -> tuple[dict[int, dict[str, int]], dict[int, dict[str, int]]]:
    """How much of each area, by profile: the mentors', and the mentees'."""
    known = select(literal(0), MentorArea.mentor_id, ChallengeArea.code, MentorArea.strength)
    faced = select(literal(1), MenteeArea.mentee_id, ChallengeArea.code, MenteeArea.weight)
    found: tuple[dict[int, dict[str, int]], dict[int, dict[str, int]]] = ({}, {})
    both = union_all(known.join(ChallengeArea), faced.join(ChallengeArea))
    for side, profile_id, code, amount in db.session.execute(both):
        found[side].setdefault(profile_id, {})[code] = amount
    return found


def _active() -> Select[tuple[int]]:
    return select(Member.id).join(Member.user).where(User.deactivated_at.is_(None))


def _mentors() -> Select[Any]:
    columns = (MentorProfile.__table__, Member.municipality_number, Member.user_id, free_places())
    rows = select(*columns).select_from(MentorProfile).join(MentorProfile.member)
    return rows.where(MentorProfile.member_id.in_(_active())).order_by(MentorProfile.id)


def free_places() -> Label[int]:
    """How many of a mentor's places nobody has and no request waits for, as a column beside the mentor's own."""
    places = select(func.count()).where(MentorPlace.mentor_id == MentorProfile.id)
    live = select(func.count()).where(Mentorship.mentor_id == MentorProfile.id, Mentorship.ended_at.is_(None))
    asked = requests_waiting().with_only_columns(func.count()).where(Proposal.mentor_id == MentorProfile.id)
    all_places, taken, spoken_for = (
        count.correlate(MentorProfile).scalar_subquery() for count in (places, live, asked)
    )
    return (all_places - taken - spoken_for).label("free")


def seeking() -> Select[tuple[int]]:
    """The profiles of the mentees who look for a mentor and wait for nobody's answer, also those who have paused.

    Whose yes to the use of what they have told has lapsed, is not among them until it is said anew.
    """
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
        MenteeProfile.member_id.in_(_active().where(consents.condition(User.id, Purpose.OWN_WORDS))),
        MenteeProfile.id.not_in(paired),
        MenteeProfile.id.not_in(busy),
    )


def _mentees() -> Select[Any]:
    columns = (MenteeProfile.__table__, Member.municipality_number, Member.user_id)
    rows = select(*columns).select_from(MenteeProfile).join(MenteeProfile.member)
    return rows.where(MenteeProfile.id.in_(seeking())).order_by(MenteeProfile.id)


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
    years = _whole_years([(t.started_on, t.ended_on) for t in member.tenures], today)
    return member.years_in_position(today) if years is None else years


def _whole_years(stretches: list[tuple[date, date | None]], today: date) -> int | None:
    days = sum(((ended or today) - started).days for started, ended in stretches)
    return int(days / 365.25) if days > 0 else None


def _person(row: Any, areas: Mapping[int, dict[str, int]], years: Mapping[int, int | None]) -> dict[str, Any]:
    return {
        "id": str(row.member_id),
        "municipality": row.municipality_number,
        "areas": areas.get(row.id, {}),
        "years": years.get(row.member_id),
        "modes": MODES[row.modes],
        "paused": row.paused_at is not None,
    }


def _mentor(row: Any, areas: Any, years: Any, avoid_neighbours: bool) -> matching.Mentor:
    return matching.Mentor(
        **_person(row, areas, years),
        capacity=max(0, row.free),
        retired=row.retired,
        avoid_neighbours=avoid_neighbours,
    )


def _mentee(
    row: Any, areas: Any, years: Any, avoid_neighbours: bool, ranking: tuple[str, ...]
) -> matching.Mentee:
    return matching.Mentee(
        **_person(row, areas, years),
        wishes=matching.Wishes(**WISHES.read(row.user_id, row.wishes)),
        avoid_neighbours=avoid_neighbours,
        ranking=ranking,
    )


def _reservation(no: No) -> matching.Reservation:
    return matching.Reservation(str(no.member_id), matching.ReservationKind(no.kind.value), no.target)


def _forbidden() -> Iterator[matching.Link]:
    """The pairs that were declined, or that have been a pair: never proposed again."""
    ended = _between(select(Mentorship), Mentorship, matching.Rule.ENDED)
    held = _between(select(Proposal).join(Proposal.round), Proposal, matching.Rule.DECLINED)
    held = held.where(Proposal.lapsed_at.is_(None), MatchRound.released_at.is_not(None))
    # One who was both a no and a pair has been a pair.
    links: dict[tuple[int, int], str] = {}
    for mentee, mentor, rule in db.session.execute(union_all(ended, held)):
        links[mentee, mentor] = max(rule, links.get((mentee, mentor), rule))
    for (mentee, mentor), rule in sorted(links.items()):
        yield matching.Link(str(mentee), str(mentor), matching.Rule(rule))


def _between(rows: Select[Any], pair: type[Mentorship] | type[Proposal], rule: matching.Rule) -> Select[Any]:
    """The two members of each, mentee first, and what now stands between them."""
    rows = rows.join(pair.mentee).join(pair.mentor)
    return rows.with_only_columns(
        MenteeProfile.member_id.label("mentee"),
        MentorProfile.member_id.label("mentor"),
        literal(rule.value).label("rule"),
    )
