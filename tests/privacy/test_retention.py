"""What is too old goes by itself on its day, and not a day before."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from portal import clock, consents, jobs
from portal.accounts.models import User
from portal.coaching.models import Booking, Enrolment, Slot
from portal.consents import Consent, Purpose
from portal.extensions import db
from portal.mentoring import lapsing, mentorships
from portal.mentoring.mentorship_models import EndReason, Meeting, Mentorship
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.notifications import OutboxMessage
from portal.privacy import dates, retention
from portal.privacy.models import Erasure
from portal.privacy.terms import TERMS
from tests.coaching.programmes import NOW
from tests.mentoring.pairing import new_round, propose
from tests.privacy.lives import Life

DAY = timedelta(days=1)
MIDNIGHT = datetime.min.time()


def count(table: type) -> int:
    db.session.expire_all()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def how_many_are_called(name: str) -> int:
    return db.session.scalar(select(func.count()).where(User.name == name)) or 0


def goes(what: Callable[[], int], day: datetime) -> None:
    """Not on the day before, on the day, and never more than once."""
    before = what()
    assert before
    retention.sweep(day - DAY)
    assert what() == before
    assert retention.sweep(day + timedelta(hours=1)) >= 1
    assert what() < before
    assert retention.sweep(day + timedelta(hours=1)) == 0


def midnight(year: int, month: int, day: int) -> datetime:
    return clock.from_oslo(datetime(year, month, day).date(), MIDNIGHT)


def themes() -> int:
    return db.session.scalar(select(func.count()).where(Booking.theme.is_not(None))) or 0


def test_mails_go_ninety_days_after_they_were_sent(life: Life) -> None:
    db.session.execute(update(OutboxMessage).values(sent_at=NOW))
    goes(lambda: count(OutboxMessage), NOW + 90 * DAY)


def test_a_mail_that_still_waits_is_never_too_old(life: Life) -> None:
    before = count(OutboxMessage)
    retention._mails(NOW + 400 * DAY)
    assert count(OutboxMessage) == before


def test_what_was_to_be_talked_about_goes_ninety_days_after_the_programme(life: Life) -> None:
    goes(themes, midnight(2027, 10, 30))
    assert count(Booking) == 2


def test_conversations_go_five_years_after_their_accounting_year(life: Life) -> None:
    retention._themes(NOW + 4000 * DAY)
    goes(lambda: count(Booking), midnight(2032, 1, 1))
    assert (count(Slot), count(Enrolment)) == (
        0,
        1,
    )  # the programme lasts into 2027, so its seats stay a year more
    retention.sweep(midnight(2033, 1, 1))
    assert count(Enrolment) == 0


def test_the_words_of_a_proposal_go_a_year_after_its_round(life: Life) -> None:
    made = new_round()
    (open_one,) = propose(life.mentee, life.other, within=made)
    lapsed = open_one.id
    lapsing.lapse_unanswered(made, NOW)
    db.session.execute(update(MatchRound).values(closed_at=NOW))
    goes(lambda: db.session.scalar(select(func.count()).where(Proposal.score > 0)) or 0, NOW + 365 * DAY)
    db.session.expire_all()
    assert db.session.get(Proposal, lapsed) is None
    kept = db.session.scalars(select(Proposal)).one()
    assert not any((kept.reasons, kept.difference, kept.parts))
    assert kept.mentor_accepted_at is not None


def test_a_draft_that_nobody_finished_goes_after_ninety_days(life: Life) -> None:
    new_round(released=False)
    goes(lambda: count(MatchRound) - 1, NOW + 90 * DAY)


def test_meetings_go_three_years_after_the_pair_and_the_pair_stays(life: Life) -> None:
    mentorships.end(life.pair, EndReason.DONE, life.bjorn.user, NOW)
    db.session.flush()
    goes(lambda: count(Meeting), NOW + 3 * 365 * DAY)
    assert count(Mentorship) == 1


def test_a_consent_goes_three_years_after_it_was_taken_back(life: Life) -> None:
    retention.sweep(NOW + 3 * 365 * DAY)
    assert count(Consent) == 1  # it still holds
    consents.withdraw(life.bjorn.user, Purpose.SECRETARIAT_SEES_AREAS, NOW)
    for old in ("_mails", "_accounts", "_meetings", "_themes"):
        getattr(retention, old)(NOW + 3 * 365 * DAY)
    goes(lambda: count(Consent), NOW + 3 * 365 * DAY)


def test_whoever_is_shut_out_for_two_years_is_erased(life: Life) -> None:
    life.daniel.user.deactivated_at = NOW
    db.session.flush()
    goes(lambda: how_many_are_called("Daniel Ås"), NOW + 730 * DAY)
    assert count(Erasure) == 1
    assert how_many_are_called("Bjørn Haugland") == 1


def test_the_worker_does_it_and_the_page_had_promised_the_day(life: Life) -> None:
    """What the page says is the day on which the worker does it."""
    promised = {kept.title: kept.goes for kept in dates.kept_about(life.bjorn.user_id) if kept.has_date}
    theme = next(str(term.title) for term in TERMS if term.code == "themes")
    assert promised[theme] == "30.\u00a0oktober 2027"
    with time_machine.travel(midnight(2027, 10, 29), tick=False):
        jobs.run_due(clock.now())
        assert themes() == 2
    with time_machine.travel(midnight(2027, 10, 30), tick=False):
        jobs.run_due(clock.now())
        assert themes() == 0


@pytest.mark.parametrize("term", TERMS, ids=lambda t: t.code)
def test_every_term_says_when_and_why(app: Flask, term: object) -> None:
    assert str(term.rule)  # type: ignore[attr-defined]
    assert str(term.because).endswith(".")  # type: ignore[attr-defined]
