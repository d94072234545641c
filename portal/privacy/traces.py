"""What a database keeps of a value after it is gone: the log that was written first, and rows that nobody sees."""

from sqlalchemy import text

from portal.extensions import Base, db


def sweep() -> None:
    """Make what was erased leave the files too. After a commit; harmless to repeat."""
    db.session.remove()
    if db.engine.dialect.name == "sqlite":
        raw = db.engine.raw_connection()  # outside any transaction, where alone the log can be emptied
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            raw.close()
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(text(f'VACUUM "{table.name}"'))
