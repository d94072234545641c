"""A mail says that somebody tried to sign in and did not get in.

Revision ID: 0012
Revises: 0011

"""
from alembic import op


# revision identifiers, used by Alembic.
revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

BEFORE = ('invitation', 'sign_in', 'booking_made', 'booking_moved', 'booking_cancelled', 'booking_reminder',
          'proposal_waiting', 'mentor_request_waiting', 'paired', 'seat_given', 'sign_in_changed',
          'email_confirmation', 'access_waiting')
NEW = ('sign_in_tried',)


def allow_kinds(*kinds):
    """Let mails be of these kinds and no others."""
    names = "', '".join(kinds)
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_outbox_message_kind'), type_='check')
        batch_op.create_check_constraint(op.f('ck_outbox_message_kind'), f"kind IN ('{names}')")


def upgrade():
    allow_kinds(*BEFORE, *NEW)


def downgrade():
    op.execute("DELETE FROM outbox_message WHERE kind = 'sign_in_tried'")
    allow_kinds(*BEFORE)
