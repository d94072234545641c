"""Consents in the words they were given, and requests to be erased.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-28 11:40:00

"""
from alembic import op
import sqlalchemy as sa


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

PURPOSES = ('secretariat_sees_areas', 'learn_from_answers', 'contact_for_evaluation')


def _purpose():
    return sa.Enum(*PURPOSES, name='purpose', native_enum=False, create_constraint=True, length=40)


def upgrade():
    op.create_table('consent_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('purpose', _purpose(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('first_used_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('version >= 1', name=op.f('ck_consent_text_from_one')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_text')),
    sa.UniqueConstraint('purpose', 'version', name='uq_consent_text_version')
    )
    op.create_table('consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('purpose', _purpose(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('withdrawn_at IS NULL OR withdrawn_at >= given_at', name=op.f('ck_consent_order')),
    sa.ForeignKeyConstraint(['purpose', 'version'], ['consent_text.purpose', 'consent_text.version'], name='fk_consent_text'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_consent_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent'))
    )
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consent_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_consent_live', ['user_id', 'purpose'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))

    op.create_table('erasure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by_id', sa.Integer(), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('due_at >= asked_at', name=op.f('ck_erasure_order')),
    sa.CheckConstraint('undone_at IS NULL OR done_at IS NULL', name=op.f('ck_erasure_one_ending')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['user.id'], name=op.f('fk_erasure_asked_by_id_user'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['undone_by_id'], ['user.id'], name=op.f('fk_erasure_undone_by_id_user'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_erasure_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure'))
    )
    with op.batch_alter_table('erasure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_erasure_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_erasure_open', ['user_id'], unique=True, sqlite_where=sa.text('undone_at IS NULL AND done_at IS NULL'), postgresql_where=sa.text('undone_at IS NULL AND done_at IS NULL'))


def downgrade():
    op.drop_table('erasure')
    op.drop_table('consent')
    op.drop_table('consent_text')
