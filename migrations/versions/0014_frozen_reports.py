"""The steering group's reports are frozen, one a quarter: the database refuses to change or remove one.

Revision ID: 0014
Revises: 0013

"""
from alembic import op
import sqlalchemy as sa

import portal.extensions


# revision identifiers, used by Alembic.
revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

SQLITE = {
    "steering_report_not_changed": "BEFORE UPDATE ON steering_report",
    "steering_report_not_removed": "BEFORE DELETE ON steering_report",
}
POSTGRESQL = {
    "steering_report_not_changed": "BEFORE UPDATE OR DELETE ON steering_report FOR EACH ROW",
    "steering_report_not_emptied": "BEFORE TRUNCATE ON steering_report FOR EACH STATEMENT",
}


def upgrade():
    op.create_table(
        'steering_report',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('year', sa.Integer(), nullable=False),
        sa.Column('quarter', sa.Integer(), nullable=False),
        sa.Column('opening', sa.Boolean(), nullable=False),
        sa.Column('as_of', sa.Date(), nullable=False),
        sa.Column('taken_at', portal.extensions.UtcDateTime(timezone=True), nullable=False),
        sa.Column('programme_id', sa.Integer(), nullable=False),
        sa.Column('programme_name', sa.String(), nullable=False),
        sa.Column('starts_on', sa.Date(), nullable=False),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('frame', sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column('price', sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column('seats', sa.Integer(), nullable=False),
        sa.Column('clips', sa.Integer(), nullable=False),
        sa.Column('figures', sa.JSON(), nullable=False),
        sa.CheckConstraint('quarter BETWEEN 1 AND 4', name=op.f('ck_steering_report_quarter')),
        sa.ForeignKeyConstraint(['programme_id'], ['programme.id'], name=op.f('fk_steering_report_programme_id_programme')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_steering_report')),
        sa.UniqueConstraint('year', 'quarter', 'opening', name=op.f('uq_steering_report_year_quarter_opening')),
    )
    op.create_index(
        'uq_steering_report_opening', 'steering_report', ['opening'],
        unique=True, sqlite_where=sa.text('opening'), postgresql_where=sa.text('opening'),
    )
    if op.get_bind().dialect.name == "sqlite":
        for name, when in SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'a report is frozen'); END")
        # REPLACE removes without telling the guard above.
        op.execute(
            "CREATE TRIGGER steering_report_not_replaced BEFORE INSERT ON steering_report "
            "WHEN EXISTS (SELECT 1 FROM steering_report WHERE id = NEW.id OR (year = NEW.year AND "
            "quarter = NEW.quarter AND opening = NEW.opening) OR (opening AND NEW.opening)) "
            "BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint failed: "
            "steering_report.year, steering_report.quarter, steering_report.opening'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION a_report_is_frozen() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a report is frozen'; END $$"
    )
    for name, when in POSTGRESQL.items():
        op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION a_report_is_frozen()")


def downgrade():
    op.drop_table('steering_report')
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION a_report_is_frozen()")
