"""The doctor finds what is broken, row by row, when the database was changed behind the product's back."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text, update

from portal import keys
from portal.accounts.sessions import Session
from portal.coaching.models import Booking, Coach, Programme, Rate
from portal.doctor import examine
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from tests.coaching.programmes import NOW, booked, new_programme, participant
from tests.mentoring.pairing import new_mentee, new_mentor, propose
from tests.support.tampering import lift_guards
from tests.support.ways_in import with_app


def broken(now: datetime = NOW) -> set[str]:
    return {finding.rule for finding in examine(now) if not finding.holds}


def test_a_sound_database_breaks_no_rule(app: Flask, bjorn: Member, astrid: Member, cecilie: Coach) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW - timedelta(days=2)).confirm_held(
        cecilie.user, NOW
    )
    (proposal,) = propose(new_mentee(bjorn), new_mentor(astrid))
    proposal.parts = [{"name": "challenges", "units": proposal.score, "of": 100_000}]
    assert broken() == set()


def test_a_price_that_was_changed_afterwards_is_found(app: Flask, bjorn: Member, cecilie: Coach) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=2))
    db.session.execute(update(Booking).values(price=1))
    db.session.expire_all()
    assert broken() == {"A conversation keeps the price that held when it was booked"}


def test_a_theme_that_a_cancelled_conversation_kept_is_found(
    app: Flask, bjorn: Member, cecilie: Coach
) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=2), theme="En krevende sak")
    assert broken() == set()
    db.session.execute(update(Booking).values(cancelled_at=NOW, clip_returned_at=NOW))
    assert broken() == {"A conversation that was cancelled does not say what it was to be about"}


def test_a_clip_beyond_the_programmes_is_found(app: Flask, bjorn: Member) -> None:
    participant(bjorn, new_programme())
    db.session.execute(update(Programme).values(clips=1))
    assert "No participant has more clips than the programme gives" in broken()


def test_a_score_that_does_not_add_up_is_found(app: Flask, bjorn: Member, astrid: Member) -> None:
    propose(new_mentee(bjorn), new_mentor(astrid))
    db.session.execute(update(Proposal).values(score=Proposal.score + 1))
    assert "The parts of a score add up to it" in broken()


def test_a_session_made_to_last_is_found(app: Flask, bjorn: Member) -> None:
    session, _token = Session.start(bjorn.user, NOW)
    session.expires_at = NOW + timedelta(hours=1)  # halfway in, for an hour
    db.session.flush()
    assert "No session outlives its limit, and one without a second factor is short" in broken()


def test_the_secret_of_another_persons_app_is_found(app: Flask, bjorn: Member, astrid: Member) -> None:
    hers = with_app(astrid.user)
    with_app(bjorn.user).sealed_secret = hers.sealed_secret
    db.session.flush()
    assert broken() == {"The secret of an app opens for its owner"}


def test_an_event_rubbed_out_of_the_audit_is_found(app: Flask, bjorn: Member) -> None:
    participant(bjorn, new_programme())
    db.session.commit()
    lift_guards()
    db.session.execute(text("DELETE FROM audit_event WHERE id = 1"))
    assert "The audit chain is whole" in broken()


def test_the_command_says_a_line_for_each_rule_and_fails_when_one_is_broken(
    app: Flask, bjorn: Member, cecilie: Coach
) -> None:
    booked(participant(bjorn, new_programme()), cecilie, NOW + timedelta(days=2))
    db.session.commit()
    runner = app.test_cli_runner()
    well = runner.invoke(args=["doctor"])
    assert well.exit_code == 0
    assert all(line.startswith("ok") for line in well.output.splitlines())
    db.session.execute(update(Rate).values(amount=7))
    db.session.commit()
    ill = runner.invoke(args=["doctor"])
    assert ill.exit_code == 1
    assert "BROKEN" in ill.output


@pytest.mark.promise("Hele databasen kan leses og hver regel etterprøves", small=1, full=1)
def test_the_demonstration_breaks_no_rule(demo_application: Flask, promise: object) -> None:
    with demo_application.app_context():
        findings = list(examine(NOW))
        assert [f for f in findings if not f.holds] == []
        promise.saw(f"{len(findings)} regler, alle holdt")  # type: ignore[attr-defined]  # the promise fixture


def test_sealed_words_moved_to_somebody_else_are_found(app: Flask, bjorn: Member, astrid: Member) -> None:
    mine, other = new_mentee(bjorn), new_mentee(astrid)
    mine.text = other.text = "Noe fortrolig"
    db.session.flush()
    db.session.execute(
        update(MenteeProfile).where(MenteeProfile.id == other.id).values(text=vars(mine)["text_sealed"])
    )
    assert broken() == {"What is sealed opens with its owner's key, or the owner is erased"}


def test_a_lost_key_is_found_and_a_destroyed_one_is_as_it_should_be(
    app: Flask, bjorn: Member, astrid: Member
) -> None:
    for member in (bjorn, astrid):
        new_mentee(member).text = "Noe fortrolig"
    db.session.flush()
    keys.destroy(astrid.user_id, NOW)
    assert broken() == set()
    db.session.execute(text("DELETE FROM person_key WHERE wrapped IS NOT NULL"))
    db.session.commit()
    assert broken() == {"What is sealed opens with its owner's key, or the owner is erased"}
