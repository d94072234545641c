"""What a person has sealed opens with that person's key, in its place, and nowhere else."""

from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select

from portal import keys
from portal.accounts.models import User
from portal.coaching.models import Coach
from portal.extensions import db
from portal.keys import PersonKey
from portal.members.models import Member
from tests.support.crawl import counted
from tests.support.racing import race

SECRET = "Ordføreren og jeg snakker ikke sammen lenger. Æ, ø, å."
WHERE = "note.text:7"


def sealed_by_racers(user_id: int) -> None:
    """Seal something as one of many who are the first at once."""
    keys.seal(user_id, WHERE, SECRET)
    db.session.commit()


def test_what_is_sealed_opens_again(bjorn: Member) -> None:
    sealed = keys.seal(bjorn.user_id, WHERE, SECRET)
    assert keys.open(bjorn.user_id, WHERE, sealed) == SECRET
    assert SECRET.encode() not in sealed
    assert (
        keys.open_bytes(bjorn.user_id, WHERE, keys.seal(bjorn.user_id, WHERE, b"\x00\x80\x00"))
        == b"\x00\x80\x00"
    )


def test_the_same_words_are_never_sealed_the_same_way(bjorn: Member) -> None:
    assert len({keys.seal(bjorn.user_id, WHERE, SECRET) for _ in range(50)}) == 50


def test_how_long_a_short_text_is_cannot_be_told(bjorn: Member) -> None:
    lengths = {len(keys.seal(bjorn.user_id, WHERE, "x" * count)) for count in range(128)}
    assert len(lengths) == 1


def test_moved_to_another_person_column_or_row_it_does_not_open(bjorn: Member, daniel: Member) -> None:
    sealed = keys.seal(bjorn.user_id, WHERE, SECRET)
    keys.seal(daniel.user_id, WHERE, "Noe annet")
    for user_id, what in (
        (daniel.user_id, WHERE),
        (bjorn.user_id, "note.title:7"),
        (bjorn.user_id, "note.text:8"),
    ):
        with pytest.raises(keys.Unreadable):
            keys.open(user_id, what, sealed)


def test_changed_by_one_bit_it_does_not_open(bjorn: Member) -> None:
    sealed = keys.seal(bjorn.user_id, WHERE, "Kort")
    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(keys.Unreadable):
            keys.open(bjorn.user_id, WHERE, changed)


def test_a_destroyed_key_is_dead_at_once_and_no_other_is_made(bjorn: Member, now: datetime) -> None:
    sealed = keys.seal(bjorn.user_id, WHERE, SECRET)
    keys.destroy(bjorn.user_id, now)
    for attempt in (
        lambda: keys.open(bjorn.user_id, WHERE, sealed),
        lambda: keys.seal(bjorn.user_id, WHERE, "Nytt"),
    ):
        with pytest.raises(keys.Destroyed):
            attempt()
    row = db.session.execute(select(PersonKey.__table__).filter_by(user_id=bjorn.user_id)).one()
    assert (row.wrapped, row.wrapped_by, row.destroyed_at is not None) == (None, None, True)
    keys.destroy(bjorn.user_id, now)


def test_one_who_never_wrote_anything_can_be_forgotten_too(bjorn: Member, now: datetime) -> None:
    keys.destroy(bjorn.user_id, now)
    with pytest.raises(keys.Destroyed):
        keys.seal(bjorn.user_id, WHERE, SECRET)


def test_a_key_made_in_what_was_undone_never_was(bjorn: Member) -> None:
    nested = db.session.begin_nested()
    keys.seal(bjorn.user_id, WHERE, SECRET)
    nested.rollback()
    sealed = keys.seal(bjorn.user_id, WHERE, SECRET)
    db.session.commit()
    assert keys.open(bjorn.user_id, WHERE, sealed) == SECRET


def test_opened_keys_last_no_longer_than_the_transaction(bjorn: Member) -> None:
    keys.seal(bjorn.user_id, WHERE, SECRET)
    assert db.session().info["keys"]
    db.session.commit()
    assert "keys" not in db.session().info


def test_the_key_itself_is_not_in_the_table(bjorn: Member) -> None:
    keys.seal(bjorn.user_id, WHERE, SECRET)
    (opened,) = db.session().info["keys"].values()
    (wrapped,) = db.session.scalars(select(PersonKey.wrapped))
    assert len(opened) == 32
    assert wrapped is not None
    assert opened not in wrapped


def test_many_keys_are_fetched_in_one_query(
    app: Flask, bjorn: Member, daniel: Member, cecilie: Coach
) -> None:
    people = [bjorn.user_id, daniel.user_id, cecilie.user_id]
    sealed = {user_id: keys.seal(user_id, WHERE, SECRET) for user_id in people}
    db.session.commit()
    with counted(app) as queries:
        keys.load(people)
        assert {keys.open(user_id, WHERE, what) for user_id, what in sealed.items()} == {SECRET}
    assert len(queries) == 1


def test_a_blind_index_is_the_owners_own(bjorn: Member, daniel: Member) -> None:
    mine = keys.blind(bjorn.user_id, "reservation", "person:3")
    assert mine == keys.blind(bjorn.user_id, "reservation", "person:3")
    assert mine not in (
        keys.blind(daniel.user_id, "reservation", "person:3"),
        keys.blind(bjorn.user_id, "reservation", "person:4"),
    )


def test_looking_for_what_somebody_never_wrote_makes_no_key(bjorn: Member) -> None:
    assert keys.blind_if_known(bjorn.user_id, "reservation", "") is None
    assert db.session.scalars(select(PersonKey)).all() == []


def test_many_who_need_the_key_first_get_the_same_one(eva: User, database_url: str) -> None:
    assert race(database_url, sealed_by_racers, [eva.id] * 12) == {"done": 12}
    assert len(db.session.scalars(select(PersonKey)).all()) == 1
