"""A session remembers that the organisation has said whose it is.

Revision ID: 0009
Revises: 0008

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('session', sa.Column('vouched_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    # Not by a new table: dropping the old one would take with it what is being set up.
    op.execute('ALTER TABLE session DROP COLUMN vouched_at')
