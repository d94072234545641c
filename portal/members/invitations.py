"""Inviting members into the portal: the mail says that they can sign in, and nothing else."""

from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update

from portal import audit
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member
from portal.notifications import Kind, outbox

INVITED = audit.declare("member invited")
AGAIN_AFTER = timedelta(hours=1)


class JustInvited(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Invitasjonen er nettopp sendt. Vent en time før du sender en ny."))


class CannotSignIn(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Personen er sperret og kan ikke logge inn. Invitasjonen er ikke sendt."))


def not_invited(by: User) -> Select[tuple[Member]]:
    """Members who can sign in and have not been told so; whoever asks is a colleague's to invite."""
    uninvited = select(Member).join(Member.user).where(Member.invited_at.is_(None), Member.user_id != by.id)
    return uninvited.where(User.deactivated_at.is_(None), User.locked_at.is_(None))


def count_not_invited(by: User) -> int:
    return db.session.scalar(select(func.count()).select_from(not_invited(by).subquery())) or 0


def invite(member: Member, by: User, now: datetime) -> None:
    """Invite one, also again, but not twice within the hour: a double click sends one mail."""
    if not member.user.is_active:
        raise CannotSignIn
    rested = Member.invited_at.is_(None) | (Member.invited_at < now - AGAIN_AFTER)
    first = update(Member).where(Member.id == member.id, rested).values(invited_at=now).returning(Member.id)
    if db.session.scalar(first) is None:
        raise JustInvited
    _write(member, by, now)


def invite_all(by: User, now: datetime) -> int:
    """Invite everyone who has not been; returns how many."""
    members = list(db.session.scalars(not_invited(by).with_for_update(of=Member, skip_locked=True)))
    for member in members:
        member.invited_at = now
        _write(member, by, now)
    return len(members)


def _write(member: Member, by: User, now: datetime) -> None:
    outbox.send(Kind.INVITATION, member.user, now, path="/sign-in", about=member)
    audit.record(INVITED, by=by, on=member, at=now)
