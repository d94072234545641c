"""Identity: second factors, sessions that know whether one was proved, recovery by two, changes that can be undone.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-28 11:37:47.103772

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

BEFORE = ('invitation', 'sign_in', 'booking_made', 'booking_moved', 'booking_cancelled', 'booking_reminder',
          'proposal_waiting', 'mentor_request_waiting', 'paired', 'seat_given')
NEW = ('sign_in_changed', 'email_confirmation', 'access_waiting')


def on_sqlite():
    return op.get_bind().dialect.name == 'sqlite'


def allow_kinds(*kinds):
    """Let mails be of these kinds and no others."""
    names = "', '".join(kinds)
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_outbox_message_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_outbox_message_kind'), f"kind IN ('{names}')")


def upgrade():
    op.create_table('challenge',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.Enum('make', 'sign_in', 'confirm', name='purpose', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('holder_hash', sa.String(length=64), nullable=False),
    sa.Column('value', sa.LargeBinary(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_challenge')),
    sa.UniqueConstraint('value', name=op.f('uq_challenge_value'))
    )
    with op.batch_alter_table('challenge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_challenge_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenge_holder_hash'), ['holder_hash'], unique=False)

    op.create_table('email_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('old_email', sa.String(length=320), nullable=False),
    sa.Column('new_email', sa.String(length=320), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_email_change_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_email_change')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_email_change_token_hash'))
    )
    with op.batch_alter_table('email_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_email_change_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_email_change_user_id'), ['user_id'], unique=False)

    op.create_table('identity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('issuer', sa.String(length=300), nullable=False),
    sa.Column('subject', sa.String(length=300), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_identity_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity')),
    sa.UniqueConstraint('issuer', 'subject', name=op.f('uq_identity_issuer_subject')),
    sa.UniqueConstraint('user_id', 'issuer', name=op.f('uq_identity_user_id_issuer'))
    )
    op.create_table('passkey',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('handle', sa.LargeBinary(), nullable=False),
    sa.Column('credential_id', sa.LargeBinary(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.Integer(), nullable=False),
    sa.Column('device', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_passkey_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_passkey_credential_id'))
    )
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_passkey_user_id'), ['user_id'], unique=False)

    op.create_table('recovery',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('asked_by_id', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by_id', sa.Integer(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(approved_at IS NULL) = (approved_by_id IS NULL)', name=op.f('ck_recovery_approved_by_somebody')),
    sa.CheckConstraint('approved_at IS NULL OR withdrawn_at IS NULL', name=op.f('ck_recovery_one_ending')),
    sa.CheckConstraint('approved_by_id <> asked_by_id', name=op.f('ck_recovery_two_people')),
    sa.CheckConstraint('asked_by_id <> user_id AND approved_by_id <> user_id', name=op.f('ck_recovery_not_oneself')),
    sa.ForeignKeyConstraint(['approved_by_id'], ['user.id'], name=op.f('fk_recovery_approved_by_id_user')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['user.id'], name=op.f('fk_recovery_asked_by_id_user')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_recovery_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery'))
    )
    with op.batch_alter_table('recovery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_recovery_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_recovery_waiting', ['user_id'], unique=True, sqlite_where=sa.text('approved_at IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('approved_at IS NULL AND withdrawn_at IS NULL'))

    op.create_table('recovery_code',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_recovery_code_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code'))
    )
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.create_index('uq_recovery_code_user_id_code_hash', ['user_id', 'code_hash'], unique=True)

    op.create_table('totp',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('sealed_secret', sa.LargeBinary(), nullable=False),
    sa.Column('last_step', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_totp_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_totp'))
    )
    with op.batch_alter_table('totp', schema=None) as batch_op:
        batch_op.create_index('uq_totp_being_set_up', ['user_id'], unique=True, sqlite_where=sa.text('confirmed_at IS NULL'), postgresql_where=sa.text('confirmed_at IS NULL'))
        batch_op.create_index('uq_totp_in_use', ['user_id'], unique=True, sqlite_where=sa.text('confirmed_at IS NOT NULL'), postgresql_where=sa.text('confirmed_at IS NOT NULL'))

    op.create_table('notice',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('email_change_id', sa.Integer(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['email_change_id'], ['email_change.id'], name=op.f('fk_notice_email_change_id_email_change'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_notice_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_notice_token_hash'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_notice_user_id'), ['user_id'], unique=False)

    with op.batch_alter_table('login_link', schema=None) as batch_op:
        batch_op.alter_column('user_id',
               existing_type=sa.INTEGER(),
               nullable=True)

    # Whoever was signed in by a link alone proves a second factor first.
    op.execute('DELETE FROM session')
    with op.batch_alter_table('session', schema=None, recreate='always' if on_sqlite() else 'never') as batch_op:
        batch_op.add_column(sa.Column('proved_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('wrong_codes', sa.Integer(), nullable=False))

    op.add_column('user', sa.Column('locked_at', sa.DateTime(timezone=True), nullable=True))
    allow_kinds(*BEFORE, *NEW)


def downgrade():
    # Not by a new table: dropping the old one would take with it all that refers to people.
    op.execute('ALTER TABLE "user" DROP COLUMN locked_at')
    with op.batch_alter_table('session', schema=None) as batch_op:
        batch_op.drop_column('wrong_codes')
        batch_op.drop_column('proved_at')

    op.execute('DELETE FROM login_link WHERE user_id IS NULL')
    with op.batch_alter_table('login_link', schema=None) as batch_op:
        batch_op.alter_column('user_id',
               existing_type=sa.INTEGER(),
               nullable=False)

    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_user_id'))
        batch_op.drop_index(batch_op.f('ix_notice_expires_at'))

    op.drop_table('notice')
    with op.batch_alter_table('totp', schema=None) as batch_op:
        batch_op.drop_index('uq_totp_in_use', sqlite_where=sa.text('confirmed_at IS NOT NULL'), postgresql_where=sa.text('confirmed_at IS NOT NULL'))
        batch_op.drop_index('uq_totp_being_set_up', sqlite_where=sa.text('confirmed_at IS NULL'), postgresql_where=sa.text('confirmed_at IS NULL'))

    op.drop_table('totp')
    with op.batch_alter_table('recovery_code', schema=None) as batch_op:
        batch_op.drop_index('uq_recovery_code_user_id_code_hash')

    op.drop_table('recovery_code')
    with op.batch_alter_table('recovery', schema=None) as batch_op:
        batch_op.drop_index('uq_recovery_waiting', sqlite_where=sa.text('approved_at IS NULL AND withdrawn_at IS NULL'), postgresql_where=sa.text('approved_at IS NULL AND withdrawn_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_recovery_user_id'))

    op.drop_table('recovery')
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_passkey_user_id'))

    op.drop_table('passkey')
    op.drop_table('identity')
    with op.batch_alter_table('email_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_email_change_user_id'))
        batch_op.drop_index(batch_op.f('ix_email_change_expires_at'))

    op.drop_table('email_change')
    with op.batch_alter_table('challenge', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_challenge_holder_hash'))
        batch_op.drop_index(batch_op.f('ix_challenge_expires_at'))

    op.drop_table('challenge')
    op.execute("DELETE FROM outbox_message WHERE kind IN ('%s')" % "', '".join(NEW))
    allow_kinds(*BEFORE)
