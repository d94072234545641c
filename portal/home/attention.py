"""What needs a hand today, most pressing first: each with one thing to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from sqlalchemy import func, select

from portal.coaching.models import Booking, Enrolment, Programme, Slot
from portal.coaching.tally import Outcome, Standing
from portal.extensions import db
from portal.language import gettext as _
from portal.language import ngettext
from portal.mentoring.models import MatchRound, Meeting, Mentorship
from portal.mentoring.rounds import unanswered
from portal.rendering import clock_time, spelled, weekday_date

SILENT_AFTER = timedelta(days=30)
CONFIRM_WITHIN = timedelta(hours=72)
SOON = timedelta(days=3)


@dataclass(frozen=True)
class Need:
    """A line of the list. `tone` is a status tone: late, waiting or free."""

    tone: str
    word: str
    headline: str
    detail: str
    action: str
    url: str


def needs(programme: Programme | None, standing: Standing | None, now: datetime) -> list[Need]:
    """Everything that needs a hand, in four queries."""
    found = [*_answers(now), *_unconfirmed(now), *_silent(now)]
    if programme is not None and standing is not None:
        found += _unbooked(programme, standing, now)
    order = {"late": 0, "waiting": 1, "free": 2}
    return sorted(found, key=lambda need: order[need.tone])


def _answers(now: datetime) -> Iterator[Need]:
    rounds = select(MatchRound).where(MatchRound.released_at.is_not(None), MatchRound.closed_at.is_(None))
    for released in db.session.scalars(rounds.order_by(MatchRound.answer_by)):
        waiting = len(unanswered(released))
        if not waiting or released.answer_by is None:
            continue
        late = released.answer_by - now < SOON
        yield Need(
            "late" if late else "waiting",
            _("Går snart ut") if late else _("Venter på svar"),
            ngettext(
                "Én mentee har ikke svart",
                "%(count)s mentees har ikke svart",
                waiting,
                count=spelled(waiting).capitalize(),
            ),
            _(
                "%(name)s, frist %(day)s kl. %(time)s",
                name=released.name,
                day=weekday_date(released.answer_by),
                time=clock_time(released.answer_by),
            ),
            _("Følg svarene"),
            url_for("rounds.show", round_id=released.id),
        )


def _unconfirmed(now: datetime) -> Iterator[Need]:
    over = Slot.ends_at <= now - CONFIRM_WITHIN
    open_ = (Booking.cancelled_at.is_(None), Booking.held_at.is_(None), Booking.no_show_at.is_(None))
    query = select(func.count(), func.min(Slot.starts_at)).select_from(Booking).join(Booking.slot)
    count, first = db.session.execute(query.where(over, *open_)).one()
    if count:
        yield Need(
            "late",
            _("Over 72 timer"),
            ngettext(
                "Én samtale er ikke bekreftet",
                "%(number)s samtaler er ikke bekreftet",
                count,
                number=spelled(count).capitalize(),
            ),
            _("Den eldste var %(day)s", day=weekday_date(first)),
            _("Se samtalene"),
            url_for("enrolments.sessions", outcome=Outcome.UNCONFIRMED.value),
        )


def _silent(now: datetime) -> Iterator[Need]:
    """Pairs that have neither met for long nor agreed to."""
    since = now - SILENT_AFTER
    recent = Meeting.held_logged_at.is_not(None) & (Meeting.starts_at > since)
    ahead = Meeting.cancelled_at.is_(None) & (Meeting.starts_at > now)
    alive = select(Meeting.id).where(Meeting.mentorship_id == Mentorship.id, recent | ahead).exists()
    query = select(func.count(), func.min(Mentorship.started_at)).where(
        Mentorship.ended_at.is_(None), Mentorship.started_at < since, ~alive
    )
    count, _first = db.session.execute(query).one()
    if count:
        yield Need(
            "free",
            _("Stille"),
            ngettext(
                "Ett mentorpar har ikke møttes på over 30 dager",
                "%(number)s mentorpar har ikke møttes på over 30 dager",
                count,
                number=spelled(count).capitalize(),
            ),
            _("og har ingen avtale framover"),
            _("Se koblingene"),
            url_for("rounds.index"),
        )


def _unbooked(programme: Programme, standing: Standing, now: datetime) -> Iterator[Need]:
    if not standing.unbooked:
        return
    since = now - SILENT_AFTER
    long = select(func.count()).where(
        Enrolment.programme_id == programme.id,
        Enrolment.seat_number.is_not(None),
        Enrolment.seated_at < since,
        ~Enrolment.bookings.any(Booking.cancelled_at.is_(None)),
    )
    unbooked, waited = standing.unbooked, db.session.scalar(long) or 0
    yield Need(
        "free",
        _("Ikke bestilt"),
        ngettext(
            "Én har plass, men har ikke bestilt",
            "%(number)s har plass, men har ikke bestilt",
            unbooked,
            number=spelled(unbooked).capitalize(),
        ),
        _("%(number)s av dem fikk plass for over 30 dager siden", number=spelled(waited)),
        _("Se hvem"),
        url_for("enrolments.index", show="unbooked"),
    )
