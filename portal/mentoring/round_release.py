"""Letting a round out to its mentees: looked at first, mailed once, reminded of, and closed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from email.message import EmailMessage

from sqlalchemy import select, update

import matching
from portal import audit, clock
from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.lapsing import lapse_unanswered
from portal.mentoring.pool import pool
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_figures import freeze
from portal.mentoring.round_inputs import solve_again
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_people import Party, People
from portal.mentoring.round_refusals import DeadlineTooEarly, HasChanged, NothingToRelease
from portal.mentoring.rounds import require_draft
from portal.notifications import Kind, OutboxMessage, outbox
from portal.notifications.delivery import compose

RELEASED = audit.declare("round released", "mails", "left_out", "answer_by")
REMINDED = audit.declare("round reminder sent", "mails")
CLOSED = audit.declare("round closed", "lapsed")

PROPOSALS_PAGE = "/mentoring/"


@dataclass(frozen=True)
class LeftOut:
    """Somebody in the draft who gets nothing, and why, in words that give nothing away."""

    party: Party
    why: str


@dataclass(frozen=True)
class Release:
    """What a release does: who gets a mail, which proposals are left out, and who gets none. `mark` is the run's."""

    mark: str
    proposals: list[Proposal]
    gone: list[Proposal]
    receivers: list[Party]
    left_out: list[LeftOut]
    waiting: list[Party]

    @property
    def users(self) -> set[int]:
        """Everybody whom it names."""
        parties = [*self.receivers, *(row.party for row in self.left_out), *self.waiting]
        return {party.user_id for party in parties}

    def seen_by(self, viewer: User) -> "Release":
        """The same with a bare line where the viewer's own name would stand."""
        bare = Party(0, "", viewer.id, str(_("Deg selv")), "", "", 0)

        def seen(party: Party) -> Party:
            return bare if party.user_id == viewer.id else party

        return replace(
            self,
            receivers=[seen(party) for party in self.receivers],
            left_out=[
                LeftOut(seen(row.party), row.why if row.party.user_id != viewer.id else "")
                for row in self.left_out
            ],
            waiting=[seen(party) for party in self.waiting],
        )


def prepare_release(round_: MatchRound, now: datetime) -> Release:
    """Look at the draft with today's profiles: whoever has paused, been paired or become impossible is left out.

    A confidential no that is newer than the run changes nothing here, since what it took out would name the two. Their
    proposal is given like the others, and the mentor never hears of it (see `apart`). The mentee's card is without a name,
    so that also one who has said no to that very mentor sees a card like the others; were it gone, it would tell who
    it had been.
    """
    people, present = People.load(), pool(now, to_compare=False)
    (run,) = last_runs(round_, 1)
    seeking = {mentee.id for mentee in present.mentees if not mentee.paused}
    rows = list(
        db.session.scalars(
            select(Proposal).where(Proposal.round_id == round_.id).order_by(Proposal.mentee_id, Proposal.rank)
        )
    )
    links = {row: people.link(row.mentee_id, row.mentor_id) for row in rows}
    allowed = matching.allowed(
        present.mentors,
        present.mentees,
        filter(None, links.values()),
        forbidden=present.forbidden,
    )
    kept = [row for row in rows if links[row] in allowed]
    gone = [row for row in rows if links[row] not in allowed]
    given = {row.mentee_id for row in kept}
    parties = people.mentees.by_id
    drafted = sorted({row.mentee_id for row in rows}, key=lambda mentee: parties[mentee].sort_key)
    return Release(
        run.mark if run else "",
        kept,
        gone,
        [parties[mentee] for mentee in drafted if mentee in given],
        [
            LeftOut(parties[mentee], _why_left_out(parties[mentee].member_id in seeking))
            for mentee in drafted
            if mentee not in given
        ],
        [parties[mentee] for mentee in (run.result["unmatched"] if run else ()) if mentee in parties],
    )


def _why_left_out(still_seeks: bool) -> str:
    if still_seeks:
        return str(
            _("Ingen av mentorene i forslagene kan kobles lenger. Kjør runden på nytt for å finne andre.")
        )
    return str(_("Søker ikke mentor nå: har satt søket på pause eller fått mentor siden kjøringen."))


def release_round(
    round_: MatchRound, answer_by: date, by: User, now: datetime, seen: str | None = None
) -> Release | None:
    """Let the mentees see their proposals and tell each that something waits. The second time it does nothing.

    `seen` is the mark of the run that was looked over, where somebody has looked. Raises HasChanged where it is not the last.
    """
    if round_.released_at is not None:
        return None
    require_draft(round_)
    days = (answer_by - clock.today(now)).days
    if not 1 <= days <= 183:
        raise DeadlineTooEarly
    plan = prepare_release(round_, now)
    if seen is not None and plan.mark != seen:
        raise HasChanged
    if not plan.receivers:
        raise NothingToRelease
    for row in plan.gone:
        db.session.delete(row)
    _close_ranks(plan.proposals)
    round_.released_at, round_.released_by_id = now, by.id
    round_.answer_by = clock.from_oslo(answer_by, time(23, 59))
    _forget_inputs(round_)
    receivers = {party.id for party in plan.receivers}
    _have_been_given_others(receivers)
    _mail(round_, receivers, now)
    audit.record(
        RELEASED,
        by=by,
        on=round_,
        at=now,
        mails=len(plan.receivers),
        left_out=len(plan.left_out),
        answer_by=answer_by.isoformat(),
    )
    db.session.flush()
    return plan


def _forget_inputs(round_: MatchRound) -> None:
    """What the runs were made of goes; the last one's figures stay."""
    runs = list(
        db.session.scalars(
            select(MatchRun).where(MatchRun.round_id == round_.id).order_by(MatchRun.number.desc())
        )
    )
    if runs and "report" not in runs[0].result:
        freeze(runs[0], solve_again(runs[0]))
    for run in runs:
        run.inputs = None


def _have_been_given_others(mentee_ids: Iterable[int]) -> None:
    wanted = update(MenteeProfile).where(MenteeProfile.id.in_(mentee_ids))
    db.session.execute(wanted.values(others_wanted_at=None))


def _close_ranks(proposals: list[Proposal]) -> None:
    seen: dict[int, int] = {}
    for row in proposals:
        row.rank = seen[row.mentee_id] = seen.get(row.mentee_id, 0) + 1


def _mail(round_: MatchRound, mentee_ids: Iterable[int], now: datetime) -> None:
    users = (
        select(User)
        .join(Member, Member.user_id == User.id)
        .join(MenteeProfile, MenteeProfile.member_id == Member.id)
        .where(MenteeProfile.id.in_(list(mentee_ids)), User.deactivated_at.is_(None))
    )
    for user in db.session.scalars(users):
        outbox.send(Kind.PROPOSAL_WAITING, user, now, path=PROPOSALS_PAGE, about=round_)


def remind(round_: MatchRound, mentee_ids: Iterable[int], by: User, now: datetime) -> int:
    """Send each of these whom we wait for one more mail, at most one a day. Returns how many were sent."""
    due = set(mentee_ids) & unanswered(round_, now) - mailed_today(round_, now)
    if due:
        _mail(round_, due, now)
        audit.record(REMINDED, by=by, on=round_, at=now, mails=len(due))
    return len(due)


def mail_text(now: datetime) -> EmailMessage:
    """The mail as each mentee gets it, word for word."""
    draft = OutboxMessage(
        kind=Kind.PROPOSAL_WAITING,
        address="",
        path=PROPOSALS_PAGE,
        message_id="<draft@varde>",
    )
    return compose(draft, now)


def unanswered(round_: MatchRound, now: datetime) -> set[int]:
    """The mentees whom we wait for: something can still be answered, and no mentor is or will be asked meanwhile."""
    if round_.released_at is None or round_.closed_at is not None or _is_over(round_, now):
        return set()
    held = select(Proposal.mentee_id).where(Proposal.round_id == round_.id, Proposal.lapsed_at.is_(None))
    no_answer = Proposal.mentee_accepted_at.is_(None) & Proposal.mentee_declined_at.is_(None)
    yes = Proposal.mentee_accepted_at.is_not(None) & Proposal.mentor_declined_at.is_(None)
    return set(db.session.scalars(held.where(no_answer))) - set(db.session.scalars(held.where(yes)))


def _is_over(round_: MatchRound, now: datetime) -> bool:
    return round_.answer_by is not None and round_.answer_by < now


def mailed_today(round_: MatchRound, now: datetime) -> set[int]:
    """The mentees who have been written to about the round on this Norwegian day."""
    midnight = clock.from_oslo(clock.today(now), time())
    rows = (
        select(MenteeProfile.id)
        .join(MenteeProfile.member)
        .join(OutboxMessage, OutboxMessage.user_id == Member.user_id)
        .where(OutboxMessage.about == outbox.name(round_), OutboxMessage.created_at >= midnight)
    )
    return set(db.session.scalars(rows))


def close_round(round_: MatchRound, by: User, now: datetime) -> int:
    """End the round: what has not come to an answer lapses, and may be proposed again. Returns how many did."""
    if round_.released_at is None or round_.closed_at is not None:
        return 0
    lapsed = lapse_unanswered(round_, now)
    round_.closed_at, round_.closed_by_id = now, by.id
    outbox.withdraw(Kind.PROPOSAL_WAITING, round_, now)
    audit.record(CLOSED, by=by, on=round_, at=now, lapsed=lapsed)
    return lapsed
