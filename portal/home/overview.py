"""The secretariat's first page: where the schemes stand, and what needs a hand."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select

from portal import clock
from portal.coaching.budget import Budget
from portal.coaching.models import Programme, RateKind
from portal.coaching.refusals import NoPrice
from portal.coaching.tally import Count, Outcome, Standing, standing, tally
from portal.extensions import db
from portal.home.attention import Need, needs
from portal.members.models import Member
from portal.mentoring.models import Mentorship


@dataclass(frozen=True)
class Funnel:
    """Persons who came so far."""

    invited: int
    applied: int
    seated: int
    started: int


@dataclass(frozen=True)
class Overview:
    """Figures as of now. Without a programme only the mentor scheme has any."""

    programme: Programme | None
    standing: Standing | None
    budget: Budget | None
    funnel: Funnel | None
    used: int
    booked: int
    pairs: int
    needs: list[Need]

    @property
    def seats_the_money_holds(self) -> int:
        """How many of the free seats the budget can carry."""
        if self.budget is None or self.standing is None:
            return 0
        return min(self.budget.new_seats(self.standing.free_clips), self.standing.free_seats)

    @property
    def can_seat(self) -> int:
        """How many of those who wait can be given a seat today."""
        return min(self.seats_the_money_holds, self.standing.waiting) if self.standing else 0


def read(now: datetime) -> Overview:
    """The overview, in eight queries."""
    programme = db.session.scalar(Programme.current(clock.today(now)))
    pairs = db.session.scalar(select(func.count()).where(Mentorship.ended_at.is_(None))) or 0
    if programme is None:
        return Overview(None, None, None, None, 0, 0, pairs, needs(None, None, now))
    counts, where = tally(programme, now), standing(programme)
    invited = db.session.scalar(select(func.count()).where(Member.invited_at.is_not(None))) or 0
    return Overview(
        programme,
        where,
        Budget.of(programme.budget, counts, _price(programme, now), programme.clips),
        Funnel(invited, where.applied, where.seated, where.started),
        _sessions(counts, {o for o in Outcome if o.is_incurred}),
        _sessions(counts, {o for o in Outcome if o.is_committed}),
        pairs,
        needs(programme, where, now),
    )


def _price(programme: Programme, now: datetime) -> Decimal | None:
    try:
        return programme.rate_for(RateKind.MEMBER, clock.today(now))
    except NoPrice:
        return None


def _sessions(counts: list[Count], outcomes: set[Outcome]) -> int:
    return sum(count.sessions for count in counts if count.outcome in outcomes)
