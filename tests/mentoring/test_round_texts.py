"""People's own words are compared by the worker, kept sealed, and read by nobody."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock, jobs, keys
from portal.accounts.models import User
from portal.extensions import db
from portal.mentoring import profiles
from portal.mentoring.pool import pool
from portal.mentoring.profile_models import MenteeProfile, MentorProfile, Modes
from portal.mentoring.round_models import MatchRun
from portal.mentoring.rounds import start_round
from portal.mentoring.text_vectors import TextVector, fit_due, open_vectors, sealed_vectors
from tests.mentoring.pairing import areas, new_mentee, new_mentor
from tests.mentoring.rounds import at
from tests.support.client import CheckingClient
from tests.support.people import agree, new_member

COUNCIL = "Ordføreren og kommunestyret strides, og jeg står midt i det"
SCHOOLS = "Skolestrukturen må endres, og foreldrene demonstrerer"


def told(mentee: MenteeProfile, text: str) -> None:
    profiles.seek(mentee.member, {}, text, {}, Modes.EITHER, mentee.member.user, clock.now())
    # Only the text is told anew.
    profiles.seek(mentee.member, areas("mayor"), text, {}, Modes.EITHER, mentee.member.user, clock.now())
    db.session.flush()


def been_through(mentor: MentorProfile, text: str) -> None:
    agree(mentor.member)
    profiles.tell_experience(mentor, areas("mayor", "economy"), text, Modes.EITHER, False, clock.now())
    db.session.flush()


@pytest.fixture
def written(app: Flask) -> SimpleNamespace:
    """A mentee with a council at war, and two mentors: one who has been there, and one who has closed schools."""
    mentee = new_mentee(new_member("Mentee Nome", "Nome"))
    council = new_mentor(new_member("Mentor Hitra", "Hitra"))
    schools = new_mentor(new_member("Mentor Frøya", "Frøya"))
    told(mentee, COUNCIL)
    been_through(council, COUNCIL + ", hver uke")
    been_through(schools, SCHOOLS)
    return SimpleNamespace(mentee=mentee, council=council, schools=schools)


def vectors() -> list[TextVector]:
    db.session.expire_all()
    return list(db.session.scalars(select(TextVector).order_by(TextVector.member_id)))


def test_a_saved_profile_waits_for_the_worker_which_makes_its_vector(written: SimpleNamespace) -> None:
    assert [row.sealed for row in vectors()] == [None, None, None]
    assert jobs.run_due(clock.now())["compare texts"] == 3
    assert all(row.sealed for row in vectors())
    assert len({row.fit for row in vectors()}) == 1
    assert jobs.run_due(clock.now())["compare texts"] == 0


def test_the_round_takes_the_words_into_account(written: SimpleNamespace) -> None:
    fit_due(clock.now())
    db.session.commit()
    opened = pool(clock.now()).open_texts
    mine, alike, unlike = (
        opened[str(profile.member_id)] for profile in (written.mentee, written.council, written.schools)
    )

    def likeness(one: list[float], other: list[float]) -> float:
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert likeness(mine, alike) > 0.8 > 0.5 > likeness(mine, unlike)


def test_a_text_that_is_changed_takes_its_old_vector_away_at_once(written: SimpleNamespace) -> None:
    fit_due(clock.now())
    db.session.commit()
    been_through(written.council, SCHOOLS)
    kept = {vector.person for vector in sealed_vectors()}
    assert kept == {str(written.mentee.member_id), str(written.schools.member_id)}
    first = {row.fit for row in vectors()} - {None}
    fit_due(clock.now())
    assert first.isdisjoint({row.fit for row in vectors()})
    assert len(sealed_vectors()) == 3


def test_a_text_that_is_saved_while_the_worker_fits_is_fitted_again(
    written: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matching import text

    fit = text.vectors

    def meanwhile(texts: dict[str, str]) -> dict[str, list[float]]:
        been_through(written.schools, COUNCIL)
        db.session.commit()
        return fit(texts)

    with monkeypatch.context() as patch:
        patch.setattr(text, "vectors", meanwhile)
        fit_due(clock.now())
    db.session.commit()
    assert str(written.schools.member_id) not in {vector.person for vector in sealed_vectors()}
    assert fit_due(clock.now()) == 3


def test_only_vectors_of_one_fit_are_compared(written: SimpleNamespace) -> None:
    fit_due(clock.now())
    db.session.commit()
    stray = vectors()[2]
    stray.fit = "another"
    db.session.commit()
    assert len(sealed_vectors()) == 2
    assert fit_due(clock.now()) == 3  # and they are soon of one fit again
    assert len(sealed_vectors()) == 3


def test_a_text_that_says_nothing_has_no_vector_and_is_not_tried_again(written: SimpleNamespace) -> None:
    told(written.mentee, "")
    assert fit_due(clock.now()) == 2
    assert fit_due(clock.now()) == 0


def test_who_is_both_is_compared_as_neither(written: SimpleNamespace) -> None:
    both = new_mentor(written.mentee.member)
    been_through(both, SCHOOLS)
    fit_due(clock.now())
    assert str(both.member_id) not in {vector.person for vector in sealed_vectors()}


def test_the_vectors_are_sealed_and_go_with_the_key(written: SimpleNamespace, now: datetime) -> None:
    fit_due(now)
    db.session.commit()
    row = vectors()[0]
    assert row.sealed
    assert b"[" not in row.sealed[:1]
    kept = sealed_vectors()
    keys.destroy(written.mentee.member.user_id, now)
    db.session.commit()
    assert str(written.mentee.member_id) not in open_vectors(kept)
    assert len(vectors()) == 2


def test_nobody_sees_a_word_or_a_vector(client: CheckingClient, eva: User, written: SimpleNamespace) -> None:
    fit_due(clock.now())
    made = start_round("Høstrunden", eva, clock.now())
    first = next(iter(open_vectors(sealed_vectors()).values()))[0]
    run = db.session.scalars(select(MatchRun).where(MatchRun.round_id == made.id)).one()
    assert str(first) not in str(run.inputs)
    assert run.inputs is not None
    assert len(run.inputs["texts"]) == 3
    client.sign_in(eva)
    mentee = written.mentee.id
    for rest in ("", f"?mentee={mentee}", "?view=heatmap", "/report", "/report/data", "/tables/csv"):
        page = client.get(at(made, rest)).get_data(as_text=True)
        assert COUNCIL[:20] not in page
        assert str(first) not in page


def test_the_draft_is_the_same_after_the_texts_have_changed(eva: User, written: SimpleNamespace) -> None:
    fit_due(clock.now())
    made = start_round("Høstrunden", eva, clock.now())
    from portal.mentoring.round_board import Board

    before = Board(made).outcome.total
    been_through(written.council, SCHOOLS)
    fit_due(clock.now())
    assert Board(made).outcome.total == before == Board(made).result["total"]
