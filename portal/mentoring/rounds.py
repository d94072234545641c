"""What the secretariat does with a round: start it, shape the draft, release it, remind, close it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from email.message import EmailMessage

from sqlalchemy import select

import matching
from portal import audit, clock
from portal.accounts.models import User
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.members.models import Member
from portal.mentoring.models import Ground, MatchRound, MenteeProfile, Proposal
from portal.mentoring.pool import pool
from portal.mentoring.proposals import lapse_unanswered
from portal.mentoring.round_reach import within_reach
from portal.mentoring.round_runs import (
    Cause,
    Decisions,
    MatchRun,
    Party,
    People,
    last_runs,
    run_round,
    take_back,
)
from portal.notifications import Kind, OutboxMessage, outbox
from portal.notifications.delivery import compose

STARTED = audit.declare("round started")
RAN = audit.declare("round run", "cause", "number")
UNDONE = audit.declare("round decision undone", "number")
DROPPED = audit.declare("draft round dropped")
RELEASED = audit.declare("round released", "mails", "left_out", "answer_by")
REMINDED = audit.declare("round reminder sent", "mails")
CLOSED = audit.declare("round closed", "lapsed")

PROPOSALS_PAGE = "/mentoring/"


class DraftExists(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l(
                "Det ligger alt en runde som utkast. Gjør den ferdig, eller forkast den, før du starter en ny."
            )
        )


class NobodySeeks(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Ingen søker mentor akkurat nå, så det er ingen å koble. Ingenting er laget."))


class NotADraft(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Runden er alt frigitt. Forslagene ligger hos mentees og kan ikke endres lenger.")
        )


class PairImpossible(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Disse to kan ikke kobles nå. Runden står som den sto."))


class NothingToRelease(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Det er ingen forslag å frigi. Kjør runden på nytt først."))


class DeadlineTooEarly(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Svarfristen må være i morgen eller senere, og innen et halvt år."))


def start_round(name: str, by: User, now: datetime) -> MatchRound:
    """A new round, run once. Raises DraftExists while another lies unreleased, NobodySeeks when there is nobody in it."""
    draft = select(MatchRound.id).where(MatchRound.released_at.is_(None), MatchRound.closed_at.is_(None))
    if db.session.scalar(draft) is not None:
        raise DraftExists
    round_ = MatchRound(name=name, created_at=now, created_by_id=by.id, weights={})
    # The pairs that a draft holds are the database's guard where two start one in the same moment.
    with refused({"uq_proposal_pair_held": DraftExists}):
        db.session.add(round_)
        db.session.flush()
        run = run_round(round_, by, now)
    if not run.result["seeking"]:
        raise NobodySeeks
    audit.record(STARTED, by=by, on=round_, at=now)
    return round_


def rerun(round_: MatchRound, by: User, now: datetime) -> MatchRun:
    """Run it again on today's profiles; what is locked and excluded stays."""
    return _decide(round_, Cause.RUN, None, None, by, now)


def swap(round_: MatchRound, mentee_id: int, mentor_id: int, by: User, now: datetime) -> MatchRun:
    """Give the mentee this mentor and lock it, so that the next run does not take it back."""
    return _pair_up(round_, Cause.SWAP, mentee_id, mentor_id, by, now)


def lock(round_: MatchRound, mentee_id: int, mentor_id: int, by: User, now: datetime) -> MatchRun:
    return _pair_up(round_, Cause.LOCK, mentee_id, mentor_id, by, now)


def unlock(round_: MatchRound, mentee_id: int, mentor_id: int, by: User, now: datetime) -> MatchRun:
    decisions = Decisions.of(round_).without_lock(mentee_id)
    return _decide(round_, Cause.UNLOCK, decisions, (mentee_id, mentor_id), by, now)


def exclude(
    round_: MatchRound, mentee_id: int, mentor_id: int, ground: Ground, by: User, now: datetime
) -> MatchRun:
    """Rule the pair out of this round and find the next best."""
    decisions = Decisions.of(round_).with_exclusion(mentee_id, mentor_id, ground)
    return _decide(round_, Cause.EXCLUSION, decisions, (mentee_id, mentor_id), by, now)


def reweigh(round_: MatchRound, weights: matching.Weights, by: User, now: datetime) -> MatchRun:
    decisions = replace(Decisions.of(round_), weights=weights)
    return _decide(round_, Cause.WEIGHTS, decisions, None, by, now)


def undo(round_: MatchRound, by: User, now: datetime) -> int | None:
    """Take back the last decision; where there is none, all stays. Returns the mentee that it was about, if any."""
    _require_draft(round_)
    (last,) = last_runs(round_, 1)
    if last is not None and People.load(without=by).is_own(last.mentee_id, last.mentor_id):
        raise PairImpossible
    about = last.mentee_id if last and last.can_be_undone else None
    run = take_back(round_, by, now)
    if run is not None:
        audit.record(UNDONE, by=by, on=round_, at=now, number=run.number + 1)
    return about


def drop(round_: MatchRound, by: User, now: datetime) -> None:
    """Throw the draft away. Nobody has seen it."""
    _require_draft(round_)
    audit.record(DROPPED, by=by, on=outbox.name(round_), at=now)
    db.session.delete(round_)


def _require_draft(round_: MatchRound) -> None:
    if round_.released_at is not None:
        raise NotADraft


def _pair_up(
    round_: MatchRound, cause: Cause, mentee_id: int, mentor_id: int, by: User, now: datetime
) -> MatchRun:
    _require_reach(round_, mentee_id, mentor_id)
    decisions = Decisions.of(round_).with_lock(mentee_id, mentor_id)
    run = _decide(round_, cause, decisions, (mentee_id, mentor_id), by, now)
    if run.pairs.get(mentee_id, (None,))[0] != mentor_id:
        raise PairImpossible
    return run


def _require_reach(round_: MatchRound, mentee_id: int, mentor_id: int) -> None:
    """Only what the page offers can be chosen: whoever tries the others learns nothing from the no."""
    (last,) = last_runs(round_, 1)
    link = People.load().link(mentee_id, mentor_id)
    if last is not None and link is not None and (link.mentee, link.mentor) not in within_reach(last.solve()):
        raise PairImpossible


def _decide(
    round_: MatchRound,
    cause: Cause,
    decisions: Decisions | None,
    about: tuple[int, int] | None,
    by: User,
    now: datetime,
) -> MatchRun:
    _require_draft(round_)
    if about is not None and People.load(without=by).link(*about) is None:
        raise PairImpossible
    run = run_round(round_, by, now, cause, decisions, about)
    audit.record(RAN, by=by, on=round_, at=now, cause=cause.value, number=run.number)
    return run


@dataclass(frozen=True)
class LeftOut:
    """Somebody in the draft who gets nothing, and why, in words that give nothing away."""

    party: Party
    why: str


@dataclass(frozen=True)
class Release:
    """What a release does: who gets a mail, which proposals are left out, and who gets none."""

    proposals: list[Proposal]
    gone: list[Proposal]
    receivers: list[Party]
    left_out: list[LeftOut]
    waiting: list[Party]

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
    """Look at the draft with today's profiles: whoever has paused, been paired or become impossible is left out."""
    people, present = People.load(), pool(now)
    (run,) = last_runs(round_, 1)
    outcome = matching.propose(
        present.mentors, present.mentees, present.reservations, forbidden=present.forbidden, proposals=1
    )
    seeking = {mentee.id for mentee in present.mentees if not mentee.paused}
    rows = list(
        db.session.scalars(
            select(Proposal).where(Proposal.round_id == round_.id).order_by(Proposal.mentee_id, Proposal.rank)
        )
    )
    kept: list[Proposal] = []
    gone: list[Proposal] = []
    for row in rows:
        link = people.link(row.mentee_id, row.mentor_id)
        holds = (
            link is not None
            and link.mentee in seeking
            and link.mentor in outcome.demand
            and isinstance(matching.pair(outcome, link.mentee, link.mentor), matching.Pair)
        )
        (kept if holds else gone).append(row)
    given = {row.mentee_id for row in kept}
    parties = people.mentees.by_id
    drafted = sorted({row.mentee_id for row in rows}, key=lambda mentee: parties[mentee].sort_key)
    return Release(
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


def release_round(round_: MatchRound, answer_by: date, by: User, now: datetime) -> Release | None:
    """Let the mentees see their proposals and tell each that something waits. The second time it does nothing."""
    if round_.released_at is not None:
        return None
    days = (answer_by - clock.today(now)).days
    if not 1 <= days <= 183:
        raise DeadlineTooEarly
    plan = prepare_release(round_, now)
    if not plan.receivers:
        raise NothingToRelease
    for row in plan.gone:
        db.session.delete(row)
    _close_ranks(plan.proposals)
    round_.released_at, round_.released_by_id = now, by.id
    round_.answer_by = clock.from_oslo(answer_by, time(23, 59))
    for run in db.session.scalars(select(MatchRun).where(MatchRun.round_id == round_.id)):
        run.inputs = None
    _mail(round_, {party.id for party in plan.receivers}, now)
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
    """Send each of these who has not answered one more mail, at most one a day. Returns how many were sent."""
    if round_.released_at is None or round_.closed_at is not None:
        return 0
    due = set(mentee_ids) & unanswered(round_) - mailed_today(round_, now)
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
        created_at=now,
        message_id="<draft@varde>",
    )
    return compose(draft)


def unanswered(round_: MatchRound) -> set[int]:
    """The mentees who have said neither yes nor no to anything."""
    rows = select(
        Proposal.mentee_id, Proposal.mentee_accepted_at, Proposal.mentee_declined_at, Proposal.lapsed_at
    ).where(Proposal.round_id == round_.id)
    found = list(db.session.execute(rows))
    answered = {row[0] for row in found if row[1] or row[2]}
    return {row[0] for row in found if row[3] is None} - answered


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
