"""A key for each person, and what people have written sealed with it.

Revision ID: 0003
Revises: 0002

The format that is written here is the first one of portal/keys; it is spelled out so that this stands on its own.
"""
import base64
import hashlib
import hmac
import json
import os
from datetime import UTC, datetime

from alembic import op
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

BLOCK = 128


class Keys:
    """People's keys, made as they are needed, or opened when going back."""

    def __init__(self, connection):
        self.connection, self.opened = connection, {}
        self.master = base64.b64decode(current_app.config['DATA_KEY'])
        self.masters = {_name(key): key for key in (self.master, *_older())}

    def of(self, user_id):
        if user_id not in self.opened:
            self.opened[user_id] = self.opened_from_table(user_id) or self.made(user_id)
        return self.opened[user_id]

    def opened_from_table(self, user_id):
        found = self.connection.execute(
            sa.text('SELECT wrapped, wrapped_by FROM person_key WHERE user_id = :id AND wrapped IS NOT NULL'),
            {'id': user_id},
        ).one_or_none()
        if found is None:
            return None
        about = f'person key|{found.wrapped_by}|{user_id}'.encode()
        wrapped = bytes(found.wrapped)
        return AESGCM(self.masters[found.wrapped_by]).decrypt(wrapped[:12], wrapped[12:], about)

    def made(self, user_id):
        key, nonce, name = os.urandom(32), os.urandom(12), _name(self.master)
        wrapped = nonce + AESGCM(self.master).encrypt(nonce, key, f'person key|{name}|{user_id}'.encode())
        now = datetime.now(UTC)
        self.connection.execute(person_key.insert().values(user_id=user_id, wrapped=wrapped, wrapped_by=name, made_at=now))
        return key

    def seal(self, user_id, what, text):
        content, nonce = text.encode(), os.urandom(12)
        padded = content + b'\x80' + bytes(-(len(content) + 1) % BLOCK)
        return b'\x01' + nonce + AESGCM(self.of(user_id)).encrypt(nonce, padded, f'{user_id}|{what}'.encode())

    def open(self, user_id, what, sealed):
        """The text, or None when the key is destroyed."""
        key = self.opened_from_table(user_id)
        if key is None:
            return None
        sealed = bytes(sealed)
        padded = AESGCM(key).decrypt(sealed[1:13], sealed[13:], f'{user_id}|{what}'.encode())
        return padded[:padded.rindex(b'\x80')].decode()

    def blind(self, user_id, what, value):
        own = hmac.digest(self.of(user_id), b'blind index', hashlib.sha256)
        return hmac.digest(own, f'{what}|{value}'.encode(), hashlib.sha256)


def _name(key):
    return hashlib.sha256(b'varde master key' + key).hexdigest()[:16]


def _older():
    return [base64.b64decode(text) for text in current_app.config['DATA_KEYS_OLD'].split(',') if text.strip()]


person_key = sa.table(
    'person_key',
    sa.column('user_id'), sa.column('wrapped', sa.LargeBinary), sa.column('wrapped_by'),
    sa.column('made_at', sa.DateTime(timezone=True)), sa.column('destroyed_at', sa.DateTime(timezone=True)),
)
member = sa.table('member', sa.column('id', sa.Integer), sa.column('user_id', sa.Integer))
enrolment = sa.table('enrolment', sa.column('id', sa.Integer), sa.column('member_id', sa.Integer))
booking = sa.table('booking', *(sa.column(name, sa.Integer) for name in ('id', 'slot_id', 'enrolment_id')))
reservation = sa.table(
    'reservation',
    *(sa.column(name) for name in ('id', 'member_id', 'kind', 'person_id', 'municipality_number', 'county_number')),
    sa.column('created_at', sa.DateTime(timezone=True)),
    sa.column('owner_mark', sa.LargeBinary), sa.column('mark', sa.LargeBinary), sa.column('content', sa.LargeBinary),
)
match_run = sa.table('match_run', sa.column('id', sa.Integer), sa.column('inputs', sa.JSON(none_as_null=True)))
PROFILES = (('mentee_profile', 'text', sa.Text()), ('mentee_profile', 'wishes', sa.JSON()), ('mentor_profile', 'text', sa.Text()))


def upgrade():
    connection = op.get_bind()
    if connection.dialect.name == 'sqlite':
        op.execute('PRAGMA secure_delete=ON')  # what was plain is overwritten, not only let go
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
    keys = Keys(connection)
    for table, name, kind in PROFILES:
        _seal_profiles(connection, keys, table, name, kind)
    _seal_themes(connection, keys)
    _seal_proposals(connection, keys)
    _seal_reservations(connection, keys)
    _seal_runs(connection, keys)


def downgrade():
    connection = op.get_bind()
    keys = Keys(connection)
    _open_runs(connection, keys)
    _open_reservations(connection, keys)
    _open_proposals(connection, keys)
    _open_themes(connection, keys)
    for table, name, kind in reversed(PROFILES):
        _open_profiles(connection, keys, table, name, kind)
    op.drop_table('person_key')


def _owned(connection, table, *columns):
    """The rows of a table that names a member, with the member's user."""
    rows = sa.table(table, sa.column('id', sa.Integer), sa.column('member_id', sa.Integer), *columns)
    found = sa.select(rows.c.id, member.c.user_id, *(rows.c[c.name] for c in columns))
    return rows, connection.execute(found.join_from(rows, member, rows.c.member_id == member.c.id)).all()


def _replace(connection, table, name, old, new, values):
    """Another type for a column: these values (by row) in place of what it held."""
    op.drop_column(table, name)
    op.add_column(table, new)
    rows = sa.table(table, sa.column('id', sa.Integer), sa.column(name, new.type))
    for row_id, value in values.items():
        connection.execute(rows.update().where(rows.c.id == row_id).values({name: value}))


def _seal_profiles(connection, keys, table, name, kind):
    _, found = _owned(connection, table, sa.column(name, kind))
    sealed = {}
    for row_id, user_id, said in found:
        if said:
            text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, sort_keys=True)
            sealed[row_id] = keys.seal(user_id, f'{table}.{name}', text)
    _replace(connection, table, name, kind, sa.Column(name, sa.LargeBinary(), nullable=True), sealed)


def _open_profiles(connection, keys, table, name, kind):
    json_kind = isinstance(kind, sa.JSON)
    _, found = _owned(connection, table, sa.column(name, sa.LargeBinary()))
    said = {}
    for row_id, user_id, sealed in found:
        text = keys.open(user_id, f'{table}.{name}', sealed) if sealed else None
        if text:
            said[row_id] = json.loads(text) if json_kind else text
    nothing = '{}' if json_kind else ''
    _replace(connection, table, name, kind, sa.Column(name, kind, nullable=False, server_default=nothing), said)
    _forget_default(connection, table, name)


def _forget_default(connection, table, name):
    # SQLite cannot let go of a default without making the table anew; there it stays, and does no harm.
    if connection.dialect.name != 'sqlite':
        op.alter_column(table, name, server_default=None)


def _themes(connection, kind):
    theme = sa.column('theme', kind)
    rows = sa.table('booking', *(sa.column(c.name, sa.Integer) for c in booking.c), theme)
    found = sa.select(rows.c.id, member.c.user_id, rows.c.slot_id, rows.c.enrolment_id, rows.c.theme)
    joined = sa.join(rows, enrolment, rows.c.enrolment_id == enrolment.c.id).join(
        member, enrolment.c.member_id == member.c.id
    )
    return connection.execute(found.select_from(joined).where(rows.c.theme.is_not(None))).all()


def _seal_themes(connection, keys):
    sealed = {
        row_id: keys.seal(user_id, f'booking.theme:{slot_id}:{enrolment_id}', said)
        for row_id, user_id, slot_id, enrolment_id, said in _themes(connection, sa.Text())
        if said
    }
    _replace(connection, 'booking', 'theme', sa.Text(), sa.Column('theme', sa.LargeBinary(), nullable=True), sealed)


def _open_themes(connection, keys):
    said = {
        row_id: keys.open(user_id, f'booking.theme:{slot_id}:{enrolment_id}', sealed)
        for row_id, user_id, slot_id, enrolment_id, sealed in _themes(connection, sa.LargeBinary())
    }
    _replace(connection, 'booking', 'theme', sa.LargeBinary(), sa.Column('theme', sa.Text(), nullable=True), said)


def _proposals(connection, kind):
    """Why somebody was proposed: both columns, with what each is sealed as."""
    rows = sa.table('proposal', *(sa.column(c, sa.Integer) for c in ('id', 'round_id', 'mentee_id', 'mentor_id')),
                    sa.column('reasons', kind), sa.column('difference', kind))
    mentee = sa.table('mentee_profile', sa.column('id', sa.Integer), sa.column('member_id', sa.Integer))
    joined = sa.join(rows, mentee, rows.c.mentee_id == mentee.c.id).join(member, mentee.c.member_id == member.c.id)
    for row in connection.execute(sa.select(*rows.c, member.c.user_id).select_from(joined)).all():
        where = f'{row.round_id}:{row.mentee_id}:{row.mentor_id}'
        for name in ('reasons', 'difference'):
            if row._mapping[name]:
                yield name, row.id, row.user_id, f'proposal.{name}:{where}', row._mapping[name]


def _seal_proposals(connection, keys):
    sealed = {'reasons': {}, 'difference': {}}
    for name, row_id, user_id, what, said in _proposals(connection, sa.JSON()):
        sealed[name][row_id] = keys.seal(user_id, what, json.dumps(said, ensure_ascii=False, sort_keys=True))
    for name, values in sealed.items():
        _replace(connection, 'proposal', name, sa.JSON(), sa.Column(name, sa.LargeBinary(), nullable=True), values)


def _open_proposals(connection, keys):
    said = {'reasons': {}, 'difference': {}}
    for name, row_id, user_id, what, sealed in _proposals(connection, sa.LargeBinary()):
        text = keys.open(user_id, what, sealed)
        if text:
            said[name][row_id] = json.loads(text)
    for name, column in (
        ('reasons', sa.Column('reasons', sa.JSON(), nullable=False, server_default='[]')),
        ('difference', sa.Column('difference', sa.JSON(), nullable=True)),
    ):
        _replace(connection, 'proposal', name, sa.LargeBinary(), column, said[name])
    _forget_default(connection, 'proposal', 'reasons')


def _seal_reservations(connection, keys):
    rows = reservation
    found = connection.execute(
        sa.select(
            rows.c.id, member.c.user_id, rows.c.kind, rows.c.person_id, rows.c.municipality_number,
            rows.c.county_number, rows.c.created_at,
        ).join_from(rows, member, rows.c.member_id == member.c.id).order_by(rows.c.id)
    ).all()
    op.drop_table('reservation')
    op.create_table('reservation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('owner_mark', sa.LargeBinary(length=32), nullable=False),
    sa.Column('mark', sa.LargeBinary(length=32), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reservation')),
    sa.UniqueConstraint('mark', name=op.f('uq_reservation_mark'))
    )
    op.create_index(op.f('ix_reservation_owner_mark'), 'reservation', ['owner_mark'], unique=False)
    marks = set()
    for row in found:
        target = row.municipality_number or row.county_number or str(row.person_id or '')
        mark = keys.blind(row.user_id, 'reservation.mark', f'{row.kind}:{target}')
        if mark in marks:  # said twice in one moment, which nothing hindered before
            continue
        marks.add(mark)
        at = row.created_at.replace(tzinfo=UTC) if row.created_at.tzinfo is None else row.created_at
        said = json.dumps({'kind': row.kind, 'target': target, 'at': at.astimezone(UTC).isoformat()})
        connection.execute(rows.insert().values(
            owner_mark=keys.blind(row.user_id, 'reservation.owner_mark', ''),
            mark=mark,
            content=keys.seal(row.user_id, f'reservation.content:{mark.hex()}', said),
        ))


def _open_reservations(connection, keys):
    rows = reservation
    found = connection.execute(sa.select(rows.c.mark, rows.c.owner_mark, rows.c.content).order_by(rows.c.id)).all()
    members = connection.execute(
        sa.select(member.c.id, member.c.user_id)
        .join_from(member, person_key, member.c.user_id == person_key.c.user_id)
        .where(person_key.c.wrapped.is_not(None))
    ).all()
    owners = {keys.blind(user_id, 'reservation.owner_mark', ''): (member_id, user_id) for member_id, user_id in members}
    op.drop_table('reservation')
    op.create_table('reservation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('member_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Enum('person', 'tie', 'municipality', 'county', 'neighbours', name='kind', native_enum=False, create_constraint=True, length=40), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('municipality_number', sa.String(length=4), nullable=True),
    sa.Column('county_number', sa.String(length=2), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(kind = 'county') = (county_number IS NOT NULL)", name=op.f('ck_reservation_county')),
    sa.CheckConstraint("(kind = 'municipality') = (municipality_number IS NOT NULL)", name=op.f('ck_reservation_municipality')),
    sa.CheckConstraint("(kind IN ('person', 'tie')) = (person_id IS NOT NULL)", name=op.f('ck_reservation_person')),
    sa.CheckConstraint('person_id <> member_id', name=op.f('ck_reservation_somebody_else')),
    sa.ForeignKeyConstraint(['member_id'], ['member.id'], name=op.f('fk_reservation_member_id_member'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['municipality_number'], ['municipality.number'], name=op.f('fk_reservation_municipality_number_municipality')),
    sa.ForeignKeyConstraint(['person_id'], ['member.id'], name=op.f('fk_reservation_person_id_member'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reservation'))
    )
    op.create_index(op.f('ix_reservation_member_id'), 'reservation', ['member_id'], unique=False)
    op.create_index(op.f('ix_reservation_person_id'), 'reservation', ['person_id'], unique=False)
    there = {member_id for member_id in connection.scalars(sa.select(member.c.id))}
    for mark, owner_mark, content in found:
        if bytes(owner_mark) not in owners:
            continue
        member_id, user_id = owners[bytes(owner_mark)]
        said = json.loads(keys.open(user_id, f'reservation.content:{bytes(mark).hex()}', content))
        person = int(said['target']) if said['kind'] in ('person', 'tie') else None
        if person is not None and person not in there:
            continue
        connection.execute(rows.insert().values(
            member_id=member_id,
            kind=said['kind'],
            person_id=person,
            municipality_number=said['target'] if said['kind'] == 'municipality' else None,
            county_number=said['target'] if said['kind'] == 'county' else None,
            created_at=datetime.fromisoformat(said['at']),
        ))


def _users(connection):
    return {str(member_id): user_id for member_id, user_id in connection.execute(sa.select(member.c.id, member.c.user_id))}


def _seal_runs(connection, keys):
    users = _users(connection)
    for row_id, inputs in connection.execute(sa.select(match_run.c.id, match_run.c.inputs)).all():
        if inputs is None:
            continue
        kept = [m for m in inputs['mentees'] if m['id'] in users]
        mentees = []
        for mentee in kept:
            user_id = users[mentee['id']]
            blocked = [to for who, to in inputs['blocked'] if who == mentee['id']]
            secret = json.dumps({'wishes': mentee['wishes'], 'blocked': blocked})
            rest = {name: value for name, value in mentee.items() if name != 'wishes'}
            sealed = base64.b64encode(keys.seal(user_id, 'match_run.inputs', secret)).decode()
            mentees.append(rest | {'owner': user_id, 'sealed': sealed})
        changed = {name: value for name, value in inputs.items() if name != 'blocked'} | {'mentees': mentees}
        connection.execute(match_run.update().where(match_run.c.id == row_id).values(inputs=changed))


def _open_runs(connection, keys):
    for row_id, inputs in connection.execute(sa.select(match_run.c.id, match_run.c.inputs)).all():
        if inputs is None:
            continue
        mentees, blocked = [], []
        for mentee in inputs['mentees']:
            text = keys.open(mentee['owner'], 'match_run.inputs', base64.b64decode(mentee['sealed']))
            if text is None:
                continue
            secret = json.loads(text)
            rest = {name: value for name, value in mentee.items() if name not in ('owner', 'sealed')}
            mentees.append(rest | {'wishes': secret['wishes']})
            blocked += [[mentee['id'], to] for to in secret['blocked']]
        changed = inputs | {'mentees': mentees, 'blocked': blocked}
        connection.execute(match_run.update().where(match_run.c.id == row_id).values(inputs=changed))
