"""A yes in the words that were shown, as easily taken back as given."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import consents
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.consents import Consent, ConsentText, Purpose
from portal.extensions import db
from portal.members.models import Member

AREAS = Purpose.SECRETARIAT_SEES_AREAS


def test_nobody_has_said_yes_to_anything_from_the_start(bjorn: Member) -> None:
    assert not any(consents.holds(bjorn.user_id, purpose) for purpose in Purpose)


def test_a_yes_holds_for_that_person_and_purpose_alone(bjorn: Member, daniel: Member, now: datetime) -> None:
    consents.give(bjorn.user, AREAS, 1, now)
    assert consents.holds(bjorn.user_id, AREAS)
    assert not consents.holds(daniel.user_id, AREAS)
    assert not consents.holds(bjorn.user_id, Purpose.LEARN_FROM_ANSWERS)


def test_a_list_shows_only_those_who_said_yes(bjorn: Member, daniel: Member, now: datetime) -> None:
    consents.give(daniel.user, AREAS, 1, now)
    shown = select(User.name).where(consents.condition(User.id, AREAS))
    assert db.session.scalars(shown).all() == ["Daniel Ås"]


def test_taking_it_back_works_at_once_and_is_remembered(bjorn: Member, now: datetime) -> None:
    consents.give(bjorn.user, AREAS, 1, now)
    later = now + timedelta(days=3)
    consents.withdraw(bjorn.user, AREAS, later)
    assert not consents.holds(bjorn.user_id, AREAS)
    consents.give(bjorn.user, AREAS, 1, later + timedelta(hours=1))
    assert consents.holds(bjorn.user_id, AREAS)
    said = consents.history(bjorn.user_id)
    assert [(c.version, c.withdrawn_at) for c in said] == [(1, None), (1, later)]
    assert said[0].wording.text == consents.current(AREAS).text


def test_saying_it_twice_is_saying_it_once(bjorn: Member, now: datetime) -> None:
    for _ in range(2):
        consents.give(bjorn.user, AREAS, 1, now)
    for _ in range(2):
        consents.withdraw(bjorn.user, AREAS, now)
    db.session.commit()
    assert len(consents.history(bjorn.user_id)) == 1
    told = db.session.scalars(select(AuditEvent.event).where(AuditEvent.event.like("consent%"))).all()
    assert told == ["consent given", "consent withdrawn"]


def test_a_yes_to_other_words_than_those_that_hold_is_refused(bjorn: Member, now: datetime) -> None:
    with pytest.raises(consents.NotTheText):
        consents.give(bjorn.user, AREAS, 2, now)


def test_a_yes_to_words_that_promised_less_no_longer_holds(
    bjorn: Member, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    consents.give(bjorn.user, AREAS, 1, now)
    wider = consents.Wording(AREAS, 2, "Sekretariatet kan se områdene og fylket mitt.", covers=2)
    monkeypatch.setattr("portal.consents.texts.TEXTS", (*consents.TEXTS, wider))
    assert not consents.holds(bjorn.user_id, AREAS)
    consents.give(bjorn.user, AREAS, 2, now)
    assert consents.holds(bjorn.user_id, AREAS)
    assert db.session.scalars(select(Consent.version).where(Consent.withdrawn_at.is_(None))).all() == [2]
    assert set(db.session.scalars(select(ConsentText.version))) == {1, 2}


def test_the_words_are_kept_as_they_were_said(bjorn: Member, now: datetime) -> None:
    consents.give(bjorn.user, AREAS, 1, now)
    assert db.session.scalars(select(ConsentText.text)).all() == [consents.current(AREAS).text]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE consent_text SET text = 'Alle kan se alt.'",
        "UPDATE consent_text SET version = 2",
        "DELETE FROM consent_text",
    ],
)
def test_the_database_itself_refuses_to_change_the_words_of_a_yes(
    bjorn: Member, now: datetime, tampering: str
) -> None:
    consents.give(bjorn.user, AREAS, 1, now)
    db.session.commit()
    with pytest.raises(DBAPIError, match="the words of a yes stay"):
        db.session.execute(text(tampering))
    db.session.rollback()
    assert db.session.scalars(select(ConsentText.text)).all() == [consents.current(AREAS).text]
