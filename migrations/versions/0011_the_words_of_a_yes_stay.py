"""The words that somebody has said yes to stay as they were: the database refuses to change or remove them.

Revision ID: 0011
Revises: 0010

"""
from alembic import op


# revision identifiers, used by Alembic.
revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

SQLITE = {
    "consent_text_not_changed": "BEFORE UPDATE ON consent_text",
    "consent_text_not_removed": "BEFORE DELETE ON consent_text",
}
POSTGRESQL = {
    "consent_text_not_changed": "BEFORE UPDATE OR DELETE ON consent_text FOR EACH ROW",
    "consent_text_not_emptied": "BEFORE TRUNCATE ON consent_text FOR EACH STATEMENT",
}


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        for name, when in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'the words of a yes stay'); END")
        return
    op.execute(
        "CREATE FUNCTION words_of_a_yes_stay() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the words of a yes stay'; END $$"
    )
    for name, when in POSTGRESQL.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION words_of_a_yes_stay()")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name in POSTGRESQL:
        op.execute(f"DROP TRIGGER {name} ON consent_text")
    op.execute("DROP FUNCTION words_of_a_yes_stay()")
