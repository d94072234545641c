"""A yes to what one tells of one's own challenges; a yes that lapsed at a restore; what a closed round forgets.

Nobody is given a yes that they have not said: whoever has told something already is asked at their next visit, and
until then it is kept and not used. What a conversation that was cancelled was to be about, goes at once.

Revision ID: 0013
Revises: 0012

"""
from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

BEFORE = ('secretariat_sees_areas', 'learn_from_answers', 'contact_for_evaluation')
NEW = 'own_words'
CHECK = 'ck_consent_text_purpose'
LIVE = sa.text('withdrawn_at IS NULL')
TRIGGERS = {
    "consent_text_not_changed": "BEFORE UPDATE ON consent_text",
    "consent_text_not_removed": "BEFORE DELETE ON consent_text",
}


def upgrade():
    _rebuild((NEW, *BEFORE), lapses=True)
    op.execute("UPDATE booking SET theme = NULL WHERE cancelled_at IS NOT NULL AND theme IS NOT NULL")
    op.add_column('match_run', sa.Column('emptied_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    with op.batch_alter_table('match_run', schema=None) as batch_op:
        batch_op.drop_column('emptied_at')
    _rebuild(BEFORE, lapses=False)


def _rebuild(purposes, lapses):
    """Both tables with these purposes. SQLite changes no rule of a table, so what refers to the words is laid aside meanwhile."""
    connection = op.get_bind()
    found = sa.MetaData()
    consent = sa.Table('consent', found, autoload_with=connection)
    rows = [dict(row) for row in connection.execute(sa.select(consent).order_by(consent.c.id)).mappings()]
    op.drop_table('consent')
    if connection.dialect.name == 'sqlite':
        words = sa.Table('consent_text', sa.MetaData(), autoload_with=connection)
        texts = [dict(row) for row in connection.execute(sa.select(words).order_by(words.c.id)).mappings()]
        op.drop_table('consent_text')  # and its triggers with it
        _create_texts(purposes)
        _fill('consent_text', [text for text in texts if text['purpose'] in purposes])
        for name, when in TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, 'the words of a yes stay'); END")
    else:
        _change_texts(purposes)
    _create_consents(purposes, lapses)
    _fill('consent', [row for row in rows if row['purpose'] in purposes])


def _change_texts(purposes):
    op.execute(f"ALTER TABLE consent_text DROP CONSTRAINT {CHECK}")
    if NEW not in purposes:
        op.execute("ALTER TABLE consent_text DISABLE TRIGGER consent_text_not_changed")
        op.execute(f"DELETE FROM consent_text WHERE purpose = '{NEW}'")
        op.execute("ALTER TABLE consent_text ENABLE TRIGGER consent_text_not_changed")
    names = ", ".join(f"'{purpose}'" for purpose in purposes)
    op.execute(f"ALTER TABLE consent_text ADD CONSTRAINT {CHECK} CHECK (purpose IN ({names}))")


def _fill(name, rows):
    if not rows:
        return
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    known = set(table.c.keys())
    connection.execute(table.insert(), [{key: row[key] for key in row if key in known} for row in rows])
    if connection.dialect.name == 'postgresql':
        op.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")


def _purpose(purposes):
    return sa.Enum(*purposes, name='purpose', native_enum=False, create_constraint=True, length=40)


def _create_texts(purposes):
    op.create_table('consent_text',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('purpose', _purpose(purposes), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('first_used_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('version >= 1', name=op.f('ck_consent_text_from_one')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_text')),
    sa.UniqueConstraint('purpose', 'version', name='uq_consent_text_version')
    )


def _create_consents(purposes, lapses):
    since = [sa.Column('lapsed_at', sa.DateTime(timezone=True), nullable=True),
             sa.CheckConstraint('lapsed_at IS NULL OR withdrawn_at IS NOT NULL', name=op.f('ck_consent_lapsed_is_ended'))]
    op.create_table('consent',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('purpose', _purpose(purposes), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    *(since if lapses else ()),
    sa.CheckConstraint('withdrawn_at IS NULL OR withdrawn_at >= given_at', name=op.f('ck_consent_order')),
    sa.ForeignKeyConstraint(['purpose', 'version'], ['consent_text.purpose', 'consent_text.version'], name='fk_consent_text'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_consent_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent'))
    )
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consent_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_consent_live', ['user_id', 'purpose'], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
