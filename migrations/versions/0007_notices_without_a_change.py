"""A notice no longer points at the change of address that it was about: nobody asked for it.

Revision ID: 0007
Revises: 0006

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_constraint('fk_notice_email_change_id_email_change', type_='foreignkey')
        batch_op.drop_column('email_change_id')


def downgrade():
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.add_column(sa.Column('email_change_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key('fk_notice_email_change_id_email_change', 'email_change', ['email_change_id'], ['id'], ondelete='CASCADE')
