"""The migrations lead to the models, and back, with people's rows in the tables."""

from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError

import config
from portal import clock, consents, create_app, use_migrations
from portal.coaching.models import Booking
from portal.consents import Consent, ConsentText, Purpose
from portal.extensions import Base, db
from portal.members.reference import load_challenge_areas, load_municipalities
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_models import Cause, MatchRun
from tests.coaching.programmes import NOW, booked, new_coach, new_programme, participant
from tests.support.people import new_member, new_user


def test_the_migrations_give_the_tables_that_the_models_describe(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert not [d for d in compare_metadata(context, Base.metadata) if "pristine" not in str(d)]


def test_constraints_all_have_names(app: Flask) -> None:
    unnamed = [str(c) for t in Base.metadata.tables.values() for c in t.constraints if not c.name]
    assert not unnamed


def test_migrations_go_down_and_up_again_with_rows_in_the_tables(new_bed: Any) -> None:
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = new_bed("migrations").url
    app = create_app(settings)
    use_migrations(app)
    with app.app_context():
        upgrade()
        load_municipalities()
        load_challenge_areas()
        new_member("Bjørn Haugland", "Nome")
        db.session.commit()
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert set(Base.metadata.tables) <= set(inspect(db.engine).get_table_names())
        db.session.remove()
        db.engine.dispose()


def test_a_yes_from_before_stays_word_for_word_nobody_gets_a_new_one_and_a_cancelled_theme_goes(
    new_bed: Any,
) -> None:
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = new_bed("consents").url
    app = create_app(settings)
    use_migrations(app)
    with app.app_context():
        upgrade()
        load_municipalities()
        load_challenge_areas()
        bjorn, cecilie = new_member("Bjørn Haugland", "Nome"), new_coach(new_user("Cecilie Strand"))
        for purpose in (Purpose.SECRETARIAT_SEES_AREAS, Purpose.LEARN_FROM_ANSWERS):
            consents.give(bjorn.user, purpose, 1, NOW)
        consents.withdraw(bjorn.user, Purpose.LEARN_FROM_ANSWERS, NOW)
        seat = participant(bjorn, new_programme())
        kept, cancelled = (booked(seat, cecilie, NOW + timedelta(days=n), theme="Noe") for n in (3, 4))
        before = [
            (text.purpose, text.text)
            for text in db.session.scalars(select(ConsentText))
            if text.purpose is not Purpose.OWN_WORDS
        ]
        cancelled.cancelled_at = cancelled.clip_returned_at = NOW
        ids = kept.id, cancelled.id
        db.session.commit()
        downgrade(revision="0011")
        upgrade()
        said = {(c.purpose, c.withdrawn_at) for c in db.session.scalars(select(Consent))}
        assert said == {(Purpose.SECRETARIAT_SEES_AREAS, None), (Purpose.LEARN_FROM_ANSWERS, NOW)}
        assert [(text.purpose, text.text) for text in db.session.scalars(select(ConsentText))] == before
        assert [db.session.get_one(Booking, number).theme for number in ids] == ["Noe", ""]
        with pytest.raises(DatabaseError):
            db.session.execute(update(ConsentText).values(text="Noe annet"))
        db.session.rollback()
        consents.give(bjorn.user, Purpose.OWN_WORDS, 1, NOW)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def test_of_two_drafts_from_before_there_was_a_rule_the_one_that_was_run_last_stays(new_bed: Any) -> None:
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = new_bed("drafts").url
    app = create_app(settings)
    use_migrations(app)
    with app.app_context():
        upgrade(revision="0006")
        now = clock.now()
        later, deadline = now + timedelta(days=1), now + timedelta(days=14)
        rows: list[dict[str, Any]] = [
            {"name": "Ute", "released_at": now, "answer_by": deadline, "run_at": now},
            {"name": "Kjørt først", "run_at": now},
            {"name": "Kjørt sist", "run_at": later},
            {"name": "Aldri kjørt"},
        ]
        for row in rows:
            made = db.session.scalars(
                insert(MatchRound).values(created_at=now, weights={}, **row).returning(MatchRound.id)
            ).one()
            run = {"number": 1, "ran_at": now, "cause": Cause.RUN, "decisions": {}, "result": {}}
            db.session.execute(insert(MatchRun).values(round_id=made, **run))
        db.session.commit()
        upgrade()
        assert set(db.session.scalars(select(MatchRound.name))) == {"Ute", "Kjørt sist"}
        assert db.session.scalar(select(func.count()).select_from(MatchRun)) == 2
        db.session.remove()
        db.engine.dispose()
