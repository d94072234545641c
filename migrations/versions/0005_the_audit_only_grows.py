"""The audit only grows: the database itself refuses to change or remove what was written.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-28 11:40:00

"""
from alembic import op


# revision identifiers, used by Alembic.
revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# Name, moment and table of each guard on SQLite, with what it refuses.
SQLITE = {
    "audit_event_not_changed": ("BEFORE UPDATE ON audit_event", ""),
    "audit_event_not_removed": ("BEFORE DELETE ON audit_event", ""),
    # REPLACE removes without telling the guard above.
    "audit_event_at_the_end": (
        "BEFORE INSERT ON audit_event", "WHEN NEW.id <= (SELECT max(id) FROM audit_event)",
    ),
    "audit_head_not_removed": ("BEFORE DELETE ON audit_head", ""),
    "audit_head_forwards": ("BEFORE UPDATE ON audit_head", "WHEN NEW.count <= OLD.count OR NEW.id <> OLD.id"),
    "audit_head_once": ("BEFORE INSERT ON audit_head", "WHEN EXISTS (SELECT 1 FROM audit_head)"),
}
POSTGRESQL = {
    "audit_event_not_changed": ("BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW", ""),
    "audit_event_not_emptied": ("BEFORE TRUNCATE ON audit_event FOR EACH STATEMENT", ""),
    "audit_head_not_removed": ("BEFORE DELETE ON audit_head FOR EACH ROW", ""),
    "audit_head_not_emptied": ("BEFORE TRUNCATE ON audit_head FOR EACH STATEMENT", ""),
    "audit_head_forwards": (
        "BEFORE UPDATE ON audit_head FOR EACH ROW", "WHEN (NEW.count <= OLD.count OR NEW.id <> OLD.id)",
    ),
}


def upgrade():
    # "Who has read what today" is asked by every page about people.
    op.drop_index("ix_audit_event_actor_id", "audit_event")
    op.create_index("ix_audit_event_actor_id_at", "audit_event", ["actor_id", "at"])
    if op.get_bind().dialect.name == "sqlite":
        for name, (when, condition) in SQLITE.items():
            op.execute(
                f"CREATE TRIGGER {name} {when} {condition} "
                "BEGIN SELECT RAISE(ABORT, 'the audit only grows'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit only grows'; END $$"
    )
    for name, (when, condition) in POSTGRESQL.items():
        op.execute(f"CREATE TRIGGER {name} {when} {condition} EXECUTE FUNCTION audit_only_grows()")


def downgrade():
    op.drop_index("ix_audit_event_actor_id_at", "audit_event")
    op.create_index("ix_audit_event_actor_id", "audit_event", ["actor_id"])
    if op.get_bind().dialect.name == "sqlite":
        for name in SQLITE:
            op.execute(f"DROP TRIGGER {name}")
        return
    for name, (when, _condition) in POSTGRESQL.items():
        op.execute(f"DROP TRIGGER {name} ON {when.split(' ON ')[1].split()[0]}")
    op.execute("DROP FUNCTION audit_only_grows()")
