"""Shutting somebody out, and opening again: what they have done stays, and so does what they come in with."""

from datetime import datetime

from sqlalchemy import Select, select

from portal import audit
from portal.access import Role
from portal.accounts.factors import has_way_in
from portal.accounts.grants import lock_grants, require_somebody_else
from portal.accounts.models import LoginLink, User
from portal.accounts.notices import tell, tell_secretariat
from portal.accounts.recoveries import Recovery
from portal.accounts.sessions import end_all
from portal.database import lock
from portal.errors import DomainError
from portal.extensions import db
from portal.keys import PersonKey
from portal.language import lazy_gettext as _l
from portal.notifications import Kind, outbox

SHUT_OUT = audit.declare("shut out")
LET_IN = audit.declare("let in again")


class NotOwnAccount(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Din egen konto må en annen i sekretariatet sperre eller åpne."))


class Erased(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Personen er slettet og kan ikke slippes inn igjen."))


def handled_by(user: User) -> Select[tuple[User]]:
    """Whom somebody in the secretariat may shut out or let in: everybody who is not erased, but oneself."""
    return not_erased().where(User.id != user.id)


def shut_out() -> Select[tuple[User]]:
    """Everybody who is shut out and can be let in again."""
    return not_erased().where(User.deactivated_at.is_not(None)).order_by(User.sort_key, User.id)


def shut_by_themselves(but: User, now: datetime) -> Select[tuple[User]]:
    """Everybody who has said «det var ikke meg», shut out or not, and whom nobody has asked to let begin anew."""
    asked_for = select(Recovery.user_id).where(Recovery.is_open(now))
    return not_erased().where(User.locked_at.is_not(None), User.id != but.id, User.id.not_in(asked_for))


def not_erased() -> Select[tuple[User]]:
    """Everybody whom there is something left of."""
    erased = select(PersonKey.user_id).where(PersonKey.destroyed_at.is_not(None))
    return select(User).where(User.id.not_in(erased))


def shut(user: User, by: User | None, now: datetime) -> None:
    """Put the person out of every browser, and let nobody in as them. Raises NotOwnAccount or LastOfSecretariat.

    At the terminal (`by` is None) the last of the secretariat can be shut out too: whoever sits there can open again.
    """
    if by is not None and by.id == user.id:
        raise NotOwnAccount
    held_by = {grant.user_id for grant in lock_grants(Role.SECRETARIAT)}
    if by is not None and user.id in held_by:
        require_somebody_else(than=user)
    lock(user)
    if user.deactivated_at is not None:
        return
    tell(user, now)  # first: no other mail is written to somebody who is shut out
    if user.id in held_by:  # nobody puts a colleague out unseen
        tell_secretariat(now, about=user)
    user.deactivated_at = now
    Recovery.void_all(user, now)
    _end_every_way(user, now)
    audit.record(SHUT_OUT, by=by, on=user, at=now)


def let_in(user: User, by: User | None, now: datetime) -> None:
    """Let the person come in as before: by what they had, or anew by an invitation where nothing is left of that.

    Whoever has shut the account themselves still needs two of the secretariat. Raises NotOwnAccount, or Erased for
    whom there is nothing left of.
    """
    if by is not None and by.id == user.id:
        raise NotOwnAccount
    lock(user)
    if user.deactivated_at is None:
        return
    if db.session.scalar(not_erased().where(User.id == user.id)) is None:
        raise Erased
    user.deactivated_at = None
    _end_every_way(user, now)  # what was on its way in while the door was being shut does not come with it
    tell(user, now)
    if not has_way_in(user):
        outbox.send(Kind.INVITATION, user, now, path="/sign-in")
    audit.record(LET_IN, by=by, on=user, at=now)


def _end_every_way(user: User, now: datetime) -> None:
    LoginLink.void_all(user, now)
    end_all(user, now)
