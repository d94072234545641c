"""Whoever owns the database can lift its guards: what they can do then, the audit has to tell."""

from sqlalchemy import text

from portal.extensions import db


def lift_guards() -> None:
    """Let this transaction change the audit, as the database's owner could. SQLite stays so until the next test."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL session_replication_role = replica"))
        return
    triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%'")
    for name in list(db.session.scalars(triggers)):
        db.session.execute(text(f"DROP TRIGGER {name}"))
