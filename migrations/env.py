"""Alembic's environment: the models' metadata, on the application's own engine."""

from typing import Any

from alembic import context
from flask import current_app

from portal.extensions import UtcDateTime, db


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Migrations stand on their own: our column types are written as what they are in the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def configure(**options: Any) -> None:
    context.configure(
        target_metadata=db.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
        include_object=_ours,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


def _ours(_item: Any, name: str | None, kind: str, *_: Any) -> bool:
    return not (kind == "table" and name == "alembic_version")


if context.is_offline_mode():
    configure(url=current_app.config["SQLALCHEMY_DATABASE_URI"], literal_binds=True)
else:
    with db.engine.connect() as connection:
        configure(connection=connection)
