"""The secretariat's first page: where the schemes stand, and what needs a hand."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.coaching.models import Programme
from portal.coaching.tally import Standing
from portal.costs import burn_up
from portal.costs.figures import Figures, figures
from portal.extensions import db
from portal.home.attention import Need, needs
from portal.members.models import Member
from portal.mentoring.mentorship_models import Mentorship


@dataclass(frozen=True)
class Coaching:
    """The programme that runs, as of now. `invited` counts members, whether or not they applied."""

    programme: Programme
    money: Figures
    course: burn_up.Course
    invited: int

    @property
    def people(self) -> Standing:
        return self.money.people

    @property
    def funnel(self) -> list[int]:
        """Persons: invited, applied, seated, and those who have had their first conversation."""
        return [self.invited, self.people.applied, self.people.seated, self.people.started]

    @property
    def affordable_seats(self) -> int:
        """How many of the free seats the budget can carry."""
        return min(self.money.new_seats, self.people.free_seats)


@dataclass(frozen=True)
class Overview:
    """Without a programme only the mentor scheme has figures."""

    coaching: Coaching | None
    pairs: int
    needs: list[Need]


def read(viewer: User, now: datetime) -> Overview:
    """The overview, in ten queries, and one more for each open round."""
    programme = db.session.scalar(Programme.current(clock.today(now)))
    invited, pairs = db.session.execute(select(_INVITED, _PAIRS)).one()
    coaching = _coaching(programme, invited, now) if programme is not None else None
    people = coaching.people if coaching is not None else None
    return Overview(coaching, pairs, needs(programme, people, viewer, now))


_INVITED = select(func.count()).where(Member.invited_at.is_not(None)).scalar_subquery()
_PAIRS = select(func.count()).where(Mentorship.ended_at.is_(None)).scalar_subquery()


def _coaching(programme: Programme, invited: int, now: datetime) -> Coaching:
    money = figures(programme, now)
    paid = burn_up.payments(programme, now)
    course = burn_up.course(programme, paid, money.budget, money.people, now)
    return Coaching(programme, money, course, invited)
