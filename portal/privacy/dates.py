"""What we have about a person, in plain words, and the day each kind of it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import case, exists, func, select

from portal import clock
from portal.accounts.models import LoginLink
from portal.accounts.sessions import Session
from portal.coaching.models import Booking, Enrolment, Programme, Slot
from portal.consents import Consent
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import ImportPreview, Member
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.notifications import OutboxMessage
from portal.privacy.paths import known_to, table_of
from portal.privacy.register import REGISTER
from portal.privacy.terms import ACCOUNTING_YEARS, BY_CODE, TERMS, Term
from portal.rendering import long_date

Moments = Callable[
    [int], Any
]  # a user's id to a select of the earliest and the latest moment that the term counts from
_MOMENTS: dict[str, Moments] = {}


@dataclass(frozen=True)
class Kept:
    """A kind of data that we have about the person, and when it goes."""

    title: str
    because: str
    goes: str
    has_date: bool


def _counts_from(code: str, column: Any, rows: Callable[[int], Any]) -> None:
    # What `rows` selects from is reached by joins of its own, so that the database answers for all terms at once.
    _MOMENTS[code] = lambda user_id: (
        rows(user_id).with_only_columns(func.min(column)).scalar_subquery(),
        rows(user_id).with_only_columns(func.max(column)).scalar_subquery(),
    )


def _bookings(user_id: int) -> Any:
    rows = select(Booking.id).join(Booking.slot).join(Booking.enrolment).join(Enrolment.programme)
    return rows.join(Enrolment.member).where(Member.user_id == user_id)


_LAST_DAY = case(
    (Programme.ends_on > Programme.clips_valid_until, Programme.ends_on), else_=Programme.clips_valid_until
)
_counts_from("accounts", Slot.starts_at, _bookings)
_counts_from("themes", _LAST_DAY, lambda user_id: _bookings(user_id).where(Booking.theme.is_not(None)))
_counts_from(
    "proposals", func.coalesce(MatchRound.closed_at, MatchRound.answer_by),
    lambda user_id: select(Proposal.id).join(Proposal.round).join(Proposal.mentee).join(MenteeProfile.member)
    .where(Member.user_id == user_id),
)  # fmt: skip
_counts_from(
    "meetings", Mentorship.ended_at,
    lambda user_id: select(Mentorship.id).join(Mentorship.mentee).join(MenteeProfile.member)
    .where(Member.user_id == user_id),
)  # fmt: skip
_counts_from(
    "mails",
    OutboxMessage.sent_at,
    lambda user_id: select(OutboxMessage.id).where(OutboxMessage.user_id == user_id),
)
_counts_from(
    "links", LoginLink.expires_at, lambda user_id: select(LoginLink.id).where(LoginLink.user_id == user_id)
)
_counts_from(
    "sessions", Session.expires_at, lambda user_id: select(Session.id).where(Session.user_id == user_id)
)
_counts_from(
    "previews",
    ImportPreview.expires_at,
    lambda user_id: select(ImportPreview.id).where(ImportPreview.by_id == user_id),
)
_counts_from(
    "consents", Consent.withdrawn_at, lambda user_id: select(Consent.id).where(Consent.user_id == user_id)
)


def kept_about(user_id: int) -> list[Kept]:
    """Every kind of data that there is about the person; two questions to the database, however much there is."""
    there = _kinds_there(user_id)
    terms = [term for term in TERMS if term.code in there]
    dated = [term for term in terms if term.code in _MOMENTS]
    asked = [moment for term in dated for moment in _MOMENTS[term.code](user_id)]
    found = list(db.session.execute(select(*asked)).one()) if asked else []
    spans = {term.code: (found[2 * n], found[2 * n + 1]) for n, term in enumerate(dated)}
    return [_kept(term, *spans.get(term.code, (None, None))) for term in terms]


def _kinds_there(user_id: int) -> set[str]:
    questions: dict[str, list[Any]] = {}
    for lines in REGISTER:
        for whom in lines.whom:
            found = exists().select_from(table_of(lines)).where(known_to(lines, whom, user_id))
            questions.setdefault(lines.term, []).append(found)
            for line in lines.lines:
                if line.term and whom.name in line.about:
                    said = found.where(table_of(lines).c[line.column].is_not(None))
                    questions.setdefault(line.term, []).append(said)
    asked = [(code, condition) for code, conditions in questions.items() for condition in conditions]
    answers = db.session.execute(select(*(condition for _code, condition in asked))).one()
    return {code for (code, _condition), answer in zip(asked, answers, strict=True) if answer}


def _kept(term: Term, first: Any, last: Any) -> Kept:
    if first is None or last is None:
        return Kept(str(term.title), str(term.because), str(term.rule), False)
    days = _goes(term, first), _goes(term, last)
    if days[0] == days[1]:
        return Kept(str(term.title), str(term.because), long_date(days[0]), True)
    words = _("%(first)s til %(last)s, etter hvert", first=long_date(days[0]), last=long_date(days[1]))
    return Kept(str(term.title), str(term.because), str(words), True)


def _goes(term: Term, counted_from: date | datetime | str) -> date:
    """The Norwegian day on which the sweep takes it."""
    if isinstance(counted_from, str):  # SQLite computes with days as text
        counted_from = date.fromisoformat(counted_from)
    day = clock.today(counted_from) if isinstance(counted_from, datetime) else counted_from
    if term.code == "accounts":
        return date(day.year + ACCOUNTING_YEARS + 1, 1, 1)
    if term.code == "themes":
        return day + BY_CODE["themes"].lasts + timedelta(days=1)
    return day + term.lasts
