"""Every role that somebody has stands in the audit, whichever way it came."""

import ast
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import audit
from portal.access import Role
from portal.accounts import grants
from portal.accounts.models import ROLE_GRANTED, ROLE_TAKEN, RoleGrant, User
from portal.audit import AuditEvent
from portal.coaching.models import Coach
from portal.extensions import db
from portal.members.importing import import_file
from portal.members.models import Member
from portal.mentoring import profiles
from tests.members.files import KARI, OLA, csv_of
from tests.support.people import user_of

PORTAL = Path(__file__).parents[2] / "portal"
# Where a role is given or taken, and recorded in the same breath.
THE_PLACE = "accounts/models.py"


def told(person: Any) -> list[tuple[str, str, int | None]]:
    """What the audit has on the person's roles: the event, the role, and who did it."""
    db.session.commit()
    about = (AuditEvent.subject == f"user:{user_of(person).id}") & AuditEvent.event.like("role %")
    rows = db.session.scalars(select(AuditEvent).where(about).order_by(AuditEvent.id))
    return [(row.event, row.details["role"], row.actor_id) for row in rows]


def test_membership_by_the_form(client: Any, eva: User, cecilie: Coach) -> None:
    client.sign_in(eva).get("/secretariat/members/new")
    client.submit(
        "members/new",
        name="Cecilie Strand",
        email=cecilie.user.email,
        municipality="3403",
        title="Kommunedirektør",
        membership="member",
    )
    assert told(cecilie) == [(ROLE_GRANTED, "member", eva.id)]


def test_membership_by_a_list(app: Flask, eva: User, cecilie: Coach, now: datetime) -> None:
    known = ("Cecilie Strand", cecilie.user.email, "Hamar", "", "", "ja")
    for _ in range(2):
        assert import_file("l.csv", csv_of(KARI, OLA, known), by=eva, now=now).is_clean
        assert told(cecilie) == [(ROLE_GRANTED, "member", eva.id)]
    for row in (KARI, OLA):
        newcomer = db.session.scalars(User.by_email(row[1])).one()
        assert told(newcomer) == [(ROLE_GRANTED, "member", eva.id)]
    assert not audit.verify()


def test_offering_oneself_as_a_mentor(app: Flask, bjorn: Member, now: datetime) -> None:
    for _ in range(2):
        profiles.become_mentor(bjorn, 1, bjorn.user, now)
    assert told(bjorn) == [(ROLE_GRANTED, "mentor", bjorn.user.id)]


def test_given_and_taken_by_hand(app: Flask, eva: User, fredrik: User, now: datetime) -> None:
    grants.give(fredrik.email, "", Role.COACH, eva, now)
    grants.take(fredrik, Role.COACH, eva, now)
    assert told(fredrik) == [(ROLE_GRANTED, "coach", eva.id), (ROLE_TAKEN, "coach", eva.id)]


def test_at_the_terminal_only_what_is_new(app: Flask, fredrik: User) -> None:
    db.session.commit()
    for _ in range(2):
        roles = ["--role", "steering", "--role", "coach"]
        app.test_cli_runner().invoke(args=["users", "create", fredrik.email, *roles])
    assert told(fredrik) == [(ROLE_GRANTED, "coach", None)]


def _handles_roles(node: ast.AST) -> bool:
    """Whether this makes, changes or removes the row of a role, or a person's list of them."""
    if isinstance(node, ast.Assign):
        return any(ast.unparse(target).endswith(".role_grants") for target in node.targets)
    if not isinstance(node, ast.Call):
        return False
    called, first = ast.unparse(node.func), ast.unparse(node.args[0]) if node.args else ""
    changes = called.rpartition(".")[0].endswith(".role_grants")
    statement = first == "RoleGrant" and not called.endswith("select")
    return changes or statement or called.endswith("RoleGrant")


def _handled_elsewhere() -> Iterator[str]:
    for path in sorted(PORTAL.rglob("*.py")):
        name = str(path.relative_to(PORTAL))
        if name != THE_PLACE:
            nodes = ast.walk(ast.parse(path.read_text()))
            yield from (f"{name}:{ast.unparse(node)}" for node in nodes if _handles_roles(node))


@pytest.mark.pure
def test_no_role_is_given_or_taken_beside_the_one_place() -> None:
    """Erasing takes the rows by the register of personal columns, and records that the person was erased."""
    assert not list(_handled_elsewhere())


def test_nobody_in_the_demonstration_has_a_role_that_nobody_gave(demo_application: Flask) -> None:
    given = select(AuditEvent.subject, AuditEvent.details).where(AuditEvent.event == ROLE_GRANTED)
    with demo_application.app_context():
        has = {(f"user:{grant.user_id}", grant.role.value) for grant in db.session.scalars(select(RoleGrant))}
        recorded = {(subject, details["role"]) for subject, details in db.session.execute(given)}
    assert has and has == recorded
