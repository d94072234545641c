"""One draft of a round at a time, also where two start one in the same moment.

Revision ID: 0010
Revises: 0009

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

DRAFT = sa.text('released_at IS NULL')
# Where two drafts were started at once, the one that was run last stays. Nobody has seen the other.
OTHERS = """
    SELECT id FROM match_round WHERE released_at IS NULL AND id <> (
        SELECT id FROM match_round WHERE released_at IS NULL
        ORDER BY CASE WHEN run_at IS NULL THEN 1 ELSE 0 END, run_at DESC, id LIMIT 1
    )
"""


def upgrade():
    others = list(op.get_bind().scalars(sa.text(OTHERS)))
    for table, column in (('proposal', 'round_id'), ('match_run', 'round_id'), ('run_order', 'round_id'), ('match_round', 'id')):
        for number in others:
            op.get_bind().execute(sa.text(f'DELETE FROM {table} WHERE {column} = :number'), {'number': number})
    op.create_index(
        'uq_match_round_draft', 'match_round', [sa.text('(released_at IS NULL)')],
        unique=True, sqlite_where=DRAFT, postgresql_where=DRAFT,
    )


def downgrade():
    op.drop_index('uq_match_round_draft', table_name='match_round')
