"""A key for each person.

Revision ID: 0003
Revises: 0001

"""
from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('person_key',
    sa.Column('user_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('wrapped', sa.LargeBinary(), nullable=True),
    sa.Column('wrapped_by', sa.String(length=16), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('destroyed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(wrapped IS NULL) = (destroyed_at IS NOT NULL)', name=op.f('ck_person_key_destroyed_is_gone')),
    sa.CheckConstraint('(wrapped IS NULL) = (wrapped_by IS NULL)', name=op.f('ck_person_key_wrapped_by_something')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_person_key_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_person_key'))
    )


def downgrade():
    op.drop_table('person_key')
