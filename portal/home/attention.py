"""What needs a hand today, most pressing first: each with one thing to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from sqlalchemy import Select, func, select

from portal.accounts.models import User
from portal.accounts.recoveries import Recovery
from portal.accounts.shutting import shut_by_themselves
from portal.coaching.models import Booking, Enrolment, Programme, Slot
from portal.coaching.tally import Outcome, Standing
from portal.extensions import db
from portal.language import gettext as _
from portal.language import ngettext
from portal.mentoring.pair_list import silent_pairs
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_release import unanswered
from portal.rendering import clock_time, spelled, weekday_date

CONFIRM_WITHIN = timedelta(hours=72)
SOON = timedelta(days=3)
UNBOOKED_AFTER = timedelta(days=30)


@dataclass(frozen=True)
class Need:
    """A line of the list. `tone` is a status tone: late, waiting or free."""

    tone: str
    word: str
    headline: str
    detail: str
    action: str
    url: str


def needs(programme: Programme | None, standing: Standing | None, viewer: User, now: datetime) -> list[Need]:
    """Everything that needs a hand, in one query and two for each open round. The viewer's own way in is not told of."""
    counts = db.session.execute(_counts(programme, viewer, now)).one()
    unconfirmed, oldest, silent, waited, to_approve, to_await, shut = counts
    found = [*_access(to_approve, to_await, shut), *_answers(now)]
    if unconfirmed:
        found.append(_unconfirmed(unconfirmed, oldest))
    if silent:
        found.append(_silent(silent))
    if standing is not None and standing.unbooked:
        found.append(_unbooked(standing.unbooked, waited))
    order = {"late": 0, "waiting": 1, "free": 2}
    return sorted(found, key=lambda need: order[need.tone])


def _counts(programme: Programme | None, viewer: User, now: datetime) -> Select[Any]:
    """Conversations not confirmed in time and the oldest of them, silent pairs, seats that wait for a booking, and
    people without a way in: those the viewer can let in, those a colleague must, and those nobody has asked for."""
    since = now - UNBOOKED_AFTER
    open_ = (Booking.cancelled_at.is_(None), Booking.held_at.is_(None), Booking.no_show_at.is_(None))
    late = (Booking.slot_id == Slot.id, Slot.ends_at <= now - CONFIRM_WITHIN, *open_)
    seated = (Enrolment.seat_number.is_not(None), Enrolment.seated_at < since)
    waiting = Recovery.visible_to(viewer).where(Recovery.is_open(now)).order_by(None)
    unbooked = ~Enrolment.bookings.any(Booking.cancelled_at.is_(None))
    return select(
        select(func.count()).select_from(Booking).where(*late).scalar_subquery(),
        select(func.min(Slot.starts_at)).select_from(Booking).where(*late).scalar_subquery(),
        _count(silent_pairs(viewer, now).order_by(None)),
        select(func.count())
        .select_from(Enrolment)
        .where(Enrolment.programme_id == (programme.id if programme is not None else None), *seated, unbooked)
        .scalar_subquery(),
        _count(waiting.where(Recovery.asked_by_id != viewer.id)),
        _count(waiting.where(Recovery.asked_by_id == viewer.id)),
        _count(shut_by_themselves(viewer, now).with_only_columns(User.id)),
    )


def _count(rows: Select[Any]) -> Any:
    return select(func.count()).select_from(rows.subquery()).scalar_subquery()


def _access(to_approve: int, to_await: int, shut: int) -> Iterator[Need]:
    """Nobody is named here: who it is stands on the page that the line leads to."""
    lines = (
        (
            to_approve,
            "late",
            _("Venter på deg"),
            ngettext("Én trenger hjelp til å komme inn", "%(number)s trenger hjelp til å komme inn", to_approve, number=spelled(to_approve).capitalize()),
            _("En kollega har bedt om det, og du kan godkjenne"),
        ),
        (
            to_await,
            "waiting",
            _("Venter på en kollega"),
            ngettext("Én trenger hjelp til å komme inn", "%(number)s trenger hjelp til å komme inn", to_await, number=spelled(to_await).capitalize()),
            _("Du har bedt om det, en annen må godkjenne"),
        ),
        (
            shut,
            "late",
            _("Stengt"),
            ngettext("Én har stengt kontoen sin", "%(number)s har stengt kontoene sine", shut, number=spelled(shut).capitalize()),
            _("De kommer inn igjen når to av dere er enige"),
        ),
    )  # fmt: skip
    for count, tone, word, headline, detail in lines:
        if count:
            yield Need(tone, word, headline, detail, _("Se tilgangene"), url_for("access.index"))


def _answers(now: datetime) -> Iterator[Need]:
    rounds = select(MatchRound).where(MatchRound.released_at.is_not(None), MatchRound.closed_at.is_(None))
    for released in db.session.scalars(rounds.order_by(MatchRound.answer_by)):
        waiting = len(unanswered(released, now))
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


def _unconfirmed(count: int, oldest: datetime) -> Need:
    return Need(
        "late",
        _("Over 72 timer"),
        ngettext(
            "Én samtale er ikke bekreftet",
            "%(number)s samtaler er ikke bekreftet",
            count,
            number=spelled(count).capitalize(),
        ),
        _("Den eldste var %(day)s", day=weekday_date(oldest)),
        _("Se samtalene"),
        url_for("enrolments.sessions", outcome=Outcome.UNCONFIRMED.value),
    )


def _silent(count: int) -> Need:
    return Need(
        "free",
        _("Stille"),
        ngettext(
            "Ett mentorpar har ikke møttes på over 30 dager",
            "%(number)s mentorpar har ikke møttes på over 30 dager",
            count,
            number=spelled(count).capitalize(),
        ),
        _("og har ingen avtale framover"),
        _("Se parene"),
        url_for("rounds.pairs", show="silent"),
    )


def _unbooked(count: int, waited: int) -> Need:
    return Need(
        "free",
        _("Ikke bestilt"),
        ngettext(
            "Én har plass, men har ikke bestilt",
            "%(number)s har plass, men har ikke bestilt",
            count,
            number=spelled(count).capitalize(),
        ),
        _since(count, waited),
        _("Se hvem"),
        url_for("enrolments.index", show="unbooked"),
    )


def _since(count: int, waited: int) -> str:
    """How many of them have had their seat for long."""
    if not waited:
        return str(_("de fikk plass i løpet av de siste 30 dagene"))
    if waited < count:
        return str(_("%(number)s av dem fikk plass for over 30 dager siden", number=spelled(waited)))
    return str(ngettext("plassen er over 30 dager gammel", "alle fikk plass for over 30 dager siden", count))
