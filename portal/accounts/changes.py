"""What has been changed in people's access lately, for everybody in the secretariat to see."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from portal.access import Role
from portal.accounts.grants import GIVEN_BY_HAND
from portal.accounts.models import ROLE_GRANTED, ROLE_TAKEN, SETTLING, User
from portal.accounts.notices import NOT_ME
from portal.accounts.recoveries import RECOVERED, RECOVERY_ASKED, RECOVERY_WITHDRAWN
from portal.accounts.shutting import LET_IN, SHUT_OUT
from portal.audit import AuditEvent
from portal.extensions import db
from portal.language import gettext as _

ROLES = (ROLE_GRANTED, ROLE_TAKEN)
ACCOUNTS = (SHUT_OUT, LET_IN, NOT_ME, RECOVERY_ASKED, RECOVERY_WITHDRAWN, RECOVERED)
MOST = 50


@dataclass(frozen=True)
class Change:
    """`by` is None where it was done at the terminal."""

    at: datetime
    whom_id: int
    whom: str
    what: str
    is_of_role: bool
    by_id: int | None
    by: str | None


def lately(reader: User, now: datetime) -> list[Change]:
    """The changes of the time in which a new colleague settles, latest first; none that are about the reader, for
    whoever has stolen an account shall not see the help coming."""
    by_hand = AuditEvent.details["role"].as_string().in_([role.value for role in GIVEN_BY_HAND])
    rows = select(AuditEvent).where(
        or_(AuditEvent.event.in_(ACCOUNTS), AuditEvent.event.in_(ROLES) & by_hand),
        AuditEvent.at > now - SETTLING,
        AuditEvent.subject != _subject(reader.id),
    )
    events = db.session.scalars(rows.order_by(AuditEvent.id.desc()).limit(MOST)).all()
    ids = {event.actor_id for event in events} | {_user_id(event) for event in events}
    people = select(User.id, User.name).where(User.id.in_(ids - {None}))
    names = dict(db.session.execute(people).tuples().all()) if events else {}
    return [_change(event, names) for event in events]


def _change(event: AuditEvent, names: dict[int, str]) -> Change:
    whom, by = _user_id(event), event.actor_id
    is_of_role = event.event in ROLES
    return Change(event.at, whom, names.get(whom, ""), _in_words(event), is_of_role, by, names.get(by or 0))


def _subject(user_id: int) -> str:
    return f"{User.__tablename__}:{user_id}"


def _user_id(event: AuditEvent) -> int:
    return int(event.subject.partition(":")[2])


def _in_words(event: AuditEvent) -> str:
    if event.event in ROLES:
        role = Role(event.details["role"]).label
        return str(_("Fikk rollen %(role)s", role=role) if event.event == ROLE_GRANTED else _("Mistet rollen %(role)s", role=role))  # fmt: skip
    words = {
        SHUT_OUT: _("Ble sperret"),
        LET_IN: _("Ble sluppet inn igjen"),
        NOT_ME: _("Stengte kontoen selv: «det var ikke meg»"),
        RECOVERY_ASKED: _("Noen ba om hjelp til å begynne på nytt"),
        RECOVERY_WITHDRAWN: _("Hjelpen ble trukket tilbake"),
        RECOVERED: _("Fikk begynne på nytt, uten de gamle nøklene og kodene"),
    }
    return str(words[event.event])
