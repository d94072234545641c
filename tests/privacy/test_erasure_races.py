"""Erasing while others are at work: whoever has thought better of it stays, and nothing comes back afterwards."""

from collections import Counter

from flask import Flask
from sqlalchemy import select

from portal import audit
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.extensions import db
from portal.privacy import erasure
from portal.privacy.models import WAIT, Erasure
from tests.coaching.programmes import NOW
from tests.support.people import new_member
from tests.support.racing import race


def those_who_wait(count: int) -> list[int]:
    """The numbers of so many people whose week is over."""
    people = [new_member(f"Medlem Nummer{number}").user for number in range(count)]
    for user in people:
        erasure.ask(user, user, NOW - WAIT)
    return [user.id for user in people]


def erase_all(_number: int) -> None:
    erasure.erase_due(NOW)


def test_two_workers_at_once_erase_each_person_once(app: Flask, database_url: str) -> None:
    waiting = those_who_wait(6)
    assert race(database_url, erase_all, [1, 2, 3, 4]) == {"done": 4}
    subjects = select(AuditEvent.subject).where(AuditEvent.event == "person erased")
    assert Counter(db.session.scalars(subjects)) == {f"user:{user_id}": 1 for user_id in waiting}
    assert audit.verify() == []


def erase_all_or_undo(number: int) -> None:
    if number == 0:
        erase_all(number)
    else:
        user = db.session.get_one(User, number)
        erasure.undo(user, user, NOW)
        db.session.commit()


def test_whoever_undoes_it_at_the_last_moment_is_not_erased(app: Flask, database_url: str) -> None:
    waiting = those_who_wait(8)
    race(database_url, erase_all_or_undo, [0, *reversed(waiting)])
    for user, wish in db.session.execute(select(User, Erasure).join(Erasure, Erasure.user_id == User.id)):
        assert (wish.undone_at is None) == (wish.done_at is not None)
        assert user.name.startswith("Slettet" if wish.done_at else "Medlem")
        assert user.is_active == (wish.done_at is None)
