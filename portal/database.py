"""How the portal speaks with its database: SQLite's manners, and constraints turned into sentences."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Connection, Engine, Index, PrimaryKeyConstraint, UniqueConstraint, event
from sqlalchemy.exc import IntegrityError

from portal.errors import DomainError
from portal.extensions import Base, db

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def prepare(engine: Engine) -> None:
    """Give SQLite write-ahead logging, foreign keys and transactions that take the write lock at once."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # What is deleted is overwritten, so that a file that is copied does not hold what was forgotten.
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=15000", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later cannot wait for the lock, so writers take it first.
        reading = connection.get_execution_options().get("reading") or (
            has_request_context() and request.method in _SAFE and "varde.writes" not in request.environ
        )
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def refused(reasons: Mapping[str, Callable[[], DomainError]]) -> Iterator[None]:
    """Turn the database's no to a named constraint into the domain's no; what was flushed inside is undone.

    `reasons` maps constraint or index names to exceptions. Any other violation is raised as it is.
    """
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError as error:
        for name, reason in reasons.items():
            if _violates(error, name):
                raise reason() from error
        raise


def lock(row: Any) -> None:
    """Hold the row until the transaction ends, and read it afresh: what others did to it meanwhile is known."""
    db.session.flush()
    columns = [attribute.key for attribute in row.__mapper__.column_attrs]
    db.session.refresh(row, attribute_names=columns, with_for_update={"key_share": True})


def hold(row: Any) -> None:
    """Keep the row as it is until the transaction ends, beside others who do the same, and read it afresh."""
    db.session.flush()
    columns = [attribute.key for attribute in row.__mapper__.column_attrs]
    db.session.refresh(row, attribute_names=columns, with_for_update={"read": True})


def _violates(error: IntegrityError, name: str) -> bool:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return bool(diagnosis.constraint_name == name)
    text = str(error.orig)
    if name in text:
        return True
    if name.startswith("fk_"):
        return text.startswith("FOREIGN KEY")
    # SQLite names the columns of a broken unique rule, not the rule.
    columns = _unique_columns(name)
    return bool(columns) and text == f"UNIQUE constraint failed: {', '.join(columns)}"


def _unique_columns(name: str) -> list[str]:
    for table in Base.metadata.tables.values():
        rules: list[Any] = [
            *table.indexes,
            *(c for c in table.constraints if isinstance(c, UniqueConstraint | PrimaryKeyConstraint)),
        ]
        for rule in rules:
            if rule.name == name and (not isinstance(rule, Index) or rule.unique):
                return [f"{table.name}.{column.name}" for column in rule.columns]
    return []
