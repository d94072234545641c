"""A proposal as its mentee sees it: who it could be, why, one difference, and what can be done with it now."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload, lazyload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import ChallengeArea, Member
from portal.mentoring import wording
from portal.mentoring.profile_models import MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.status import Standing


class State(StrEnum):
    OPEN = "open"
    QUEUED = "queued"
    ASKED = "asked"
    PASSED = "passed"  # the mentor's no, silence and a full calendar look the same
    DECLINED = "declined"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class Card:
    proposal: Proposal
    state: State
    place: str
    headline: str
    reasons: list[tuple[str, str]]
    difference: str | None
    capacity: str | None
    word: str | None
    can_rise: bool
    can_sink: bool


def state_of(proposal: Proposal) -> State:
    if proposal.mentee_declined_at is not None:
        return State.DECLINED
    if proposal.awaits_mentor:
        return State.ASKED
    if proposal.mentor_asked_at is not None:
        return State.PASSED
    if proposal.lapsed_at is not None:
        return State.LAPSED
    return State.QUEUED if proposal.mentee_accepted_at is not None else State.OPEN


def areas_by_code() -> dict[str, ChallengeArea]:
    return {area.code: area for area in db.session.scalars(select(ChallengeArea))}


def cards(standing: Standing, now: datetime) -> list[Card]:
    """A card for each proposal, in the mentee's order."""
    _load_mentors(standing.proposals)
    areas, today = areas_by_code(), clock.today(now)
    states = {p.id: state_of(p) for p in standing.proposals}
    movable = [p for p in standing.proposals if states[p.id] in (State.OPEN, State.QUEUED)]
    shown = [p for p in standing.proposals if states[p.id] is not State.DECLINED]
    order = [*shown, *(p for p in standing.proposals if p not in shown)]
    return [
        _card(p, place, states[p.id], movable, areas, today, _word(states[p.id], set(states.values())))
        for place, p in enumerate(order, start=1)
    ]


def _card(
    proposal: Proposal,
    place: int,
    state: State,
    movable: list[Proposal],
    areas: dict[str, ChallengeArea],
    today: date,
    word: str | None,
) -> Card:
    at = movable.index(proposal) if proposal in movable else None
    return Card(
        proposal=proposal,
        state=state,
        place=str(_("%(number)s. valg", number=place)),
        headline=wording.headline(proposal.mentor, today),
        reasons=wording.reasons_for_mentee(proposal.reasons, areas),
        difference=wording.difference_for_mentee(proposal.difference or None, areas),
        capacity=wording.capacity(len(proposal.mentor.places)) if at is not None else None,
        word=word,
        can_rise=at is not None and at > 0,
        can_sink=at is not None and at < len(movable) - 1,
    )


def _word(state: State, all_states: set[State]) -> str | None:
    """What is said of a card in this state, when these are the states of all of them."""
    words = {
        State.QUEUED: _("Du har sagt ja. Vi spør når turen kommer."),
        State.ASKED: _("Du har sagt ja. Vi spør nå."),
        State.PASSED: _passed(all_states),
        State.DECLINED: _("Ikke nå."),
        State.LAPSED: _("Fristen er ute."),
    }
    return str(words[state]) if state in words else None


def _passed(all_states: set[State]) -> str:
    if State.ASKED in all_states:
        return str(_("Vi spør den neste."))
    if all_states & {State.OPEN, State.QUEUED}:
        return str(_("Det ble ikke noe denne gangen."))
    return str(_("Vi leter videre."))


def _load_mentors(proposals: list[Proposal]) -> None:
    """Everything that the cards say of the mentors, in a handful of queries whatever their number."""
    member = joinedload(MentorProfile.member, innerjoin=True)
    rows = (
        select(MentorProfile)
        .where(MentorProfile.id.in_([p.mentor_id for p in proposals]))
        .options(
            member.options(
                selectinload(Member.tenures),
                joinedload(Member.user, innerjoin=True).options(lazyload(User.role_grants)),
            ),
            selectinload(MentorProfile.places),
        )
    )
    for mentor in db.session.scalars(rows):
        for proposal in proposals:
            if proposal.mentor_id == mentor.id:
                set_committed_value(proposal, "mentor", mentor)
