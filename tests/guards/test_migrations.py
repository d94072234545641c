"""The migrations lead to the models, and back, with people's rows in the tables."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

import config
from portal import create_app, use_migrations
from portal.extensions import Base, db
from portal.members.reference import load_challenge_areas, load_municipalities
from tests.support.people import new_member


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
