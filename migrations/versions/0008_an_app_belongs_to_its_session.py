"""An authenticator app that is being set up belongs to the session that began it.

Revision ID: 0008
Revises: 0007

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

UNCONFIRMED = sa.text('confirmed_at IS NULL')


def being_set_up(of):
    op.drop_index('uq_totp_being_set_up', 'totp')
    with op.batch_alter_table('totp', schema=None) as batch_op:
        batch_op.create_index('uq_totp_being_set_up', [of], unique=True, sqlite_where=UNCONFIRMED, postgresql_where=UNCONFIRMED)


def upgrade():
    # Nobody knows which browser began it: whoever is in the middle of it begins anew.
    op.execute('DELETE FROM totp WHERE confirmed_at IS NULL')
    with op.batch_alter_table('totp', schema=None) as batch_op:
        batch_op.add_column(sa.Column('session_id', sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f('fk_totp_session_id_session'), 'session', ['session_id'], ['id'], ondelete='CASCADE')
        batch_op.create_check_constraint(op.f('ck_totp_set_up_in_a_session'), '(confirmed_at IS NULL) = (session_id IS NOT NULL)')
    being_set_up(of='session_id')


def downgrade():
    op.execute('DELETE FROM totp WHERE confirmed_at IS NULL')
    being_set_up(of='user_id')
    with op.batch_alter_table('totp', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_totp_set_up_in_a_session'), type_='check')
        batch_op.drop_constraint(op.f('fk_totp_session_id_session'), type_='foreignkey')
        batch_op.drop_column('session_id')
