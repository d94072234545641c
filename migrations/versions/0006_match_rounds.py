"""Match rounds: the vectors of people's own words, and rounds that a worker runs.

Revision ID: 0006
Revises: 0005

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('text_vector',
    sa.Column('member_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('side', sa.Enum('mentee', 'mentor', name='side', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('saves', sa.Integer(), nullable=False),
    sa.Column('fit', sa.String(length=32), nullable=True),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_text_vector_member_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('member_id', 'side', name=op.f('pk_text_vector'))
    )
    op.create_table('run_order',
    sa.Column('round_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('cause', sa.Enum('run', 'swap', 'lock', 'unlock', 'exclusion', 'weights', name='cause', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('is_undoing', sa.Boolean(), nullable=False),
    sa.Column('decisions', sa.JSON(), nullable=False),
    sa.Column('mentee_id', sa.Integer(), nullable=True),
    sa.Column('mentor_id', sa.Integer(), nullable=True),
    sa.Column('ordered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ordered_by_id', sa.Integer(), nullable=True),
    sa.Column('hold', sa.String(length=32), nullable=True),
    sa.Column('held_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('stage', sa.Enum('waiting', 'reading', 'solving', 'writing', name='stage', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('of', sa.Integer(), nullable=False),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('done BETWEEN 0 AND "of"', name=op.f('ck_run_order_done')),
    sa.CheckConstraint('(hold IS NULL) = (held_until IS NULL)', name=op.f('ck_run_order_held_until')),
    sa.ForeignKeyConstraint(['mentee_id'], ['mentee_profile.id'], name=op.f('fk_run_order_mentee_id_mentee_profile'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['mentor_id'], ['mentor_profile.id'], name=op.f('fk_run_order_mentor_id_mentor_profile'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['ordered_by_id'], ['user.id'], name=op.f('fk_run_order_ordered_by_id_user'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['round_id'], ['match_round.id'], name=op.f('fk_run_order_round_id_match_round'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('round_id', name=op.f('pk_run_order'))
    )
    # Everybody who has told something already waits for the first fit.
    for side in ('mentee', 'mentor'):
        op.execute(f"INSERT INTO text_vector (member_id, side, saves) SELECT member_id, '{side}', 1 FROM {side}_profile")


def downgrade():
    op.drop_table('run_order')
    op.drop_table('text_vector')
