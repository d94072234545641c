"""Giving people roles and taking them again. Nobody does it to themselves."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from portal.access import Role
from portal.accounts.models import RoleGrant, User
from portal.accounts.notices import tell, tell_secretariat
from portal.accounts.sessions import end_all
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.notifications import Kind, outbox

# The others come with what a person is: membership, and having offered oneself as a mentor.
GIVEN_BY_HAND = (Role.SECRETARIAT, Role.STEERING, Role.COACH)


class NotOwnRoles(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dine egne roller må en annen i sekretariatet endre."))


class LastOfSecretariat(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dette er den siste i sekretariatet. Gi en annen rollen først."))


class SomebodyElseDid(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Noen andre la til personen samtidig. Se over en gang til."))


def people_with_roles() -> Select[tuple[User]]:
    """Everyone who has a role that is given by hand."""
    ids = select(RoleGrant.user_id).where(RoleGrant.role.in_(GIVEN_BY_HAND))
    rows = select(User).where(User.id.in_(ids), User.deactivated_at.is_(None))
    return rows.options(selectinload(User.role_grants)).order_by(User.sort_key, User.id)


def give(email: str, name: str, role: Role, by: User, now: datetime) -> User:
    """Give the person with this address the role; one who is new is made, and invited."""
    user = db.session.scalar(User.by_email(email))
    if user is not None and user.id == by.id:
        raise NotOwnRoles
    is_new = user is None
    with refused({"uq_user_email": SomebodyElseDid, "uq_role_grant_user_id_role": SomebodyElseDid}):
        if user is None:
            user = User.create(email, name or email.split("@")[0], now)
            db.session.add(user)
            db.session.flush()
            outbox.send(Kind.INVITATION, user, now, path="/sign-in")
        if user.grant(role, by, now):
            if not is_new:
                tell(user, now)
            if role is Role.SECRETARIAT:  # nobody lets a colleague in unseen
                tell_secretariat(now, about=user)
        db.session.flush()
    return user


def take(user: User, role: Role, by: User, now: datetime) -> None:
    """Take the role away. The person is out at the next request, and comes in again without it."""
    if user.id == by.id:
        raise NotOwnRoles
    mine = next((grant for grant in lock_grants(role) if grant.user_id == user.id), None)
    if mine is None:
        return
    if role is Role.SECRETARIAT:
        require_somebody_else(than=user)
        tell_secretariat(now, about=user)  # nor puts one out
    user.lose(mine, by, now)
    end_all(user, now)
    tell(user, now)


def lock_grants(role: Role) -> list[RoleGrant]:
    """Everybody's, held in one order, so that two who put each other out do not leave the house empty."""
    held = select(RoleGrant).where(RoleGrant.role == role).order_by(RoleGrant.id).with_for_update()
    return list(db.session.scalars(held.execution_options(populate_existing=True)))


def require_somebody_else(than: User) -> None:
    """Raise LastOfSecretariat where nobody but this person could open the secretariat's door."""
    if is_last_of_secretariat(than):
        raise LastOfSecretariat


def is_last_of_secretariat(user: User) -> bool:
    """Whether the secretariat's door would be left with nobody who can open it, were this person gone."""
    others = User.who_can_act_as(Role.SECRETARIAT).where(User.id != user.id)
    return db.session.scalar(others.limit(1)) is None


def secretariat() -> list[User]:
    """Everybody who can open the secretariat's door."""
    there = User.who_can_act_as(Role.SECRETARIAT).options(selectinload(User.role_grants))
    return list(db.session.scalars(there))
