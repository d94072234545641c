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
from portal.doctor import examine
from portal.extensions import db
from portal.mentoring import lapsing, mentorships, rounds
from portal.mentoring.mentorship_models import EndReason, Meeting, Mentorship
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_models import Ground, MatchRun
from portal.mentoring.round_release import close_round, release_round
from portal.mentoring.rounds import start_round
from portal.notifications import OutboxMessage
from portal.privacy import dates, retention
from portal.privacy.models import Erasure
from portal.privacy.terms import TERMS
from tests.coaching.programmes import NOW
from tests.mentoring.pairing import new_round, propose
from tests.mentoring.rounds import at, new_pool, pairs
from tests.privacy.lives import Life
from tests.support.client import CheckingClient

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


@pytest.mark.parametrize("closed", [True, False])
def test_who_was_put_with_whom_goes_with_it_and_the_rounds_own_figures_stay(
    app: Flask, client: CheckingClient, eva: User, closed: bool
) -> None:
    """Also of a round that nobody closed: then it counts from the deadline."""
    pool = new_pool()
    made = start_round("Høstrunden", eva, NOW)
    pair = next(iter(pairs(made).items()))
    rounds.exclude(made, pair, Ground.CONFLICT, eva, NOW)
    release_round(made, clock.today(NOW) + timedelta(days=9), eva, NOW)
    over = made.answer_by
    if closed:
        over = NOW + 11 * DAY
        close_round(made, eva, over)
    db.session.commit()
    assert over is not None
    before = {name: latest(made).result[name] for name in ("total", "seeking", "places", "mentors")}
    served = len(latest(made).pairs)
    goes(lambda: still_whole(made), over + 365 * DAY + timedelta(minutes=1))
    for run in db.session.scalars(select(MatchRun)):
        assert (run.decisions["exclusions"], run.decisions["locks"], run.inputs) == ([], [], None)
        assert (run.mentee_id, run.mentor_id) == (None, None)
        assert set(run.result) == {*before, "served", "report"}
        assert set(run.result["report"]) <= {"distribution"}
    assert {name: latest(made).result[name] for name in before} == before
    page = client.sign_in(eva).get(at(made))
    assert "Detaljene er slettet" in page.main
    report = client.get(at(made, "/report"))
    assert "Detaljene er slettet" in report.main
    assert report.texts(".facts dd")[1] == str(served)
    assert "Mentor Hitra" not in report.main
    for way in ("/report/tables/csv", "/report/data", "/tables/csv"):
        assert client.open(at(made, way)).status_code == 200
    client.get("/secretariat/rounds")
    assert pool.mentees


def still_whole(made: MatchRound) -> int:
    db.session.expire_all()
    rows = select(MatchRun).where(MatchRun.round_id == made.id, MatchRun.emptied_at.is_(None))
    return sum(1 for run in db.session.scalars(rows) if run.pairs or run.decisions["exclusions"])


def latest(made: MatchRound) -> MatchRun:
    (run,) = last_runs(made, 1)
    assert run is not None
    return run


def test_a_round_that_outlived_its_term_is_found(app: Flask, eva: User) -> None:
    new_pool()
    made = start_round("Høstrunden", eva, NOW)
    release_round(made, clock.today(NOW) + timedelta(days=9), eva, NOW)
    db.session.commit()
    day = NOW + timedelta(days=380)
    assert "runs" in broken_terms(day)
    retention.sweep(day)
    assert broken_terms(day) == ""


def broken_terms(now: datetime) -> str:
    found = {finding.rule: finding for finding in examine(now)}["Nothing is kept longer than its term"]
    return "" if found.holds else found.seen


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
    assert count(Consent) == 2  # they still hold
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
