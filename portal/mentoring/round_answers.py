"""How a released round goes: where each mentee stands, counted and listed."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import aliased

import matching
from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.language import ngettext
from portal.members.models import Member, Municipality
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_people import People
from portal.mentoring.round_release import mailed_today, unanswered
from portal.rendering import long_date


class State(StrEnum):
    """Where a mentee stands, the one who needs us most first."""

    SILENT = "silent"
    WAITING = "waiting"
    UNPAIRED = "unpaired"
    DECLINED = "declined"
    YES = "yes"
    ASKING = "asking"
    PAIRED = "paired"

    @property
    def label(self) -> str:
        words = {
            State.SILENT: _("Ingen svar"),
            State.WAITING: _("Venter på svar"),
            State.UNPAIRED: _("Fikk ikke mentor"),
            State.DECLINED: _("Sa nei"),
            State.YES: _("Sa ja"),
            State.ASKING: _("Spør mentor"),
            State.PAIRED: _("Paret"),
        }
        return str(words[self])

    @property
    def tone(self) -> str:
        tones = {
            State.SILENT: "late",
            State.WAITING: "waiting",
            State.UNPAIRED: "late",
            State.DECLINED: "out",
            State.YES: "part",
            State.ASKING: "part",
            State.PAIRED: "happened",
        }
        return tones[self]


@dataclass(frozen=True)
class Answer:
    """One mentee in a released round."""

    mentee_id: int
    users: list[int]  # those whose names are here
    name: str
    place: str
    state: State
    proposals: int
    points: int
    mentor: str | None  # the one who is asked, or has said yes
    mentor_answer_by: datetime | None
    mailed_today: bool

    @property
    def can_be_reminded(self) -> bool:
        return self.state is State.WAITING and not self.mailed_today


class Answers:
    """All of a round's mentees with their answers."""

    def __init__(self, round_: MatchRound, now: datetime, viewer: User | None = None) -> None:
        self.round = round_
        mailed, waited_for = mailed_today(round_, now), unanswered(round_, now)
        by_mentee: dict[int, list[Row[Any]]] = {}
        for row in db.session.execute(_rows(round_)):
            by_mentee.setdefault(row[0].mentee_id, []).append(row)
        # What concerns the one who looks, as mentee or as one of the mentors, is neither listed nor counted.
        own = People.load(without=viewer)
        about_me = {
            mentee
            for mentee, rows in by_mentee.items()
            if any(own.is_own(mentee, row[0].mentor_id) for row in rows)
        }
        self.kept_back = len(about_me)
        by_mentee = {mentee: rows for mentee, rows in by_mentee.items() if mentee not in about_me}
        answers = [
            self._answer(rows, mentee in waited_for, mentee in mailed) for mentee, rows in by_mentee.items()
        ]
        (last,) = last_runs(round_, 1)
        self.are_emptied = last is not None and last.emptied_at is not None
        self.rows = sorted(answers, key=lambda answer: list(State).index(answer.state))
        self.counts = Counter(answer.state for answer in self.rows)

    def _answer(self, rows: list[Row[Any]], waited_for: bool, mailed: bool) -> Answer:
        proposals = [row[0] for row in rows]
        asked = next((row for row in rows if row[0].awaits_mentor or row[0].mentor_accepted_at), None)
        return Answer(
            mentee_id=proposals[0].mentee_id,
            users=[rows[0].mentee, *([asked.mentor] if asked else [])],
            name=rows[0][1],
            place=rows[0][2],
            state=State.WAITING if waited_for else _settled(proposals),
            proposals=len(proposals),
            points=matching.points(max(proposal.score for proposal in proposals)),
            mentor=asked[3] if asked else None,
            mentor_answer_by=asked[0].mentor_answer_by if asked and asked[0].awaits_mentor else None,
            mailed_today=mailed,
        )

    @property
    def users(self) -> set[int]:
        """Everybody who is named in the round's answers."""
        return {user for answer in self.rows for user in answer.users}

    @property
    def remindable(self) -> int:
        """How many can be reminded now."""
        return sum(answer.can_be_reminded for answer in self.rows)

    def of(self, state: State | None) -> list[Answer]:
        return [answer for answer in self.rows if state is None or answer.state is state]

    @property
    def parts(self) -> list[tuple[str, int]]:
        """For the bar: paired is solid, on the way striped, waiting amber, and the rest hollow."""
        return [
            ("happened", self.counts[State.PAIRED]),
            ("promised", self.counts[State.ASKING] + self.counts[State.YES]),
            ("wait", self.counts[State.WAITING]),
            ("free", sum(self.counts[state] for state in (State.UNPAIRED, State.DECLINED, State.SILENT))),
        ]

    @property
    def in_words(self) -> str:
        return ", ".join(f"{state.label}: {self.counts[state]}" for state in State)

    @property
    def summary(self) -> str:
        released, answer_by, closed = self.round.released_at, self.round.answer_by, self.round.closed_at
        text = _("Frigitt %(day)s", day=long_date(released) if released else "")
        if closed:
            return f"{text} · {_('lukket %(day)s', day=long_date(closed))}"
        return f"{text} · {_('svarfrist %(day)s', day=long_date(answer_by) if answer_by else '')}"

    @property
    def closing(self) -> str:
        """What closing the round would do, before it is done."""
        open_ones = self.counts[State.WAITING] + self.counts[State.YES] + self.counts[State.ASKING]
        return str(
            ngettext(
                "Forslagene til %(num)s mentee uten endelig svar faller bort, også der en mentor er spurt. "
                "De kan gis på nytt i neste runde. Par som er blitt til, fortsetter.",
                "Forslagene til %(num)s mentees uten endelig svar faller bort, også der en mentor er spurt. "
                "De kan gis på nytt i neste runde. Par som er blitt til, fortsetter.",
                open_ones,
            )
        )


def _settled(proposals: list[Proposal]) -> State:
    """Where one stands whom we do not wait for."""
    if any(p.mentor_accepted_at for p in proposals):
        return State.PAIRED
    if any(p.awaits_mentor for p in proposals):
        return State.ASKING
    if any(p.is_queued for p in proposals):
        return State.YES
    if any(p.mentee_accepted_at for p in proposals):
        return State.UNPAIRED
    return State.DECLINED if any(p.mentee_declined_at for p in proposals) else State.SILENT


def _rows(round_: MatchRound) -> Select[Any]:
    mentee, mentor = aliased(Member), aliased(Member)
    mentee_user, mentor_user = aliased(User), aliased(User)
    return (
        select(
            Proposal,
            mentee_user.name,
            Municipality.display_name,
            mentor_user.name,
            mentee_user.id.label("mentee"),
            mentor_user.id.label("mentor"),
        )
        .join(MenteeProfile, MenteeProfile.id == Proposal.mentee_id)
        .join(mentee, mentee.id == MenteeProfile.member_id)
        .join(mentee_user, mentee_user.id == mentee.user_id)
        .join(Municipality, Municipality.number == mentee.municipality_number)
        .join(MentorProfile, MentorProfile.id == Proposal.mentor_id)
        .join(mentor, mentor.id == MentorProfile.member_id)
        .join(mentor_user, mentor_user.id == mentor.user_id)
        .where(Proposal.round_id == round_.id)
        .order_by(mentee_user.sort_key, Proposal.mentee_id, Proposal.rank)
    )
