"""What the secretariat decides in a draft, and takes back: swaps, locks, exclusions, and the draft itself."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve
from portal.mentoring.round_decisions import Decisions
from portal.mentoring.round_release import close_round, release_round
from portal.mentoring.rounds import lock, start_round
from tests.mentoring.rounds import (
    at,
    new_pool,
    other_mentor,
    pairs,
    proposed,
)
from tests.support.client import CheckingClient
from tests.support.people import new_user


@pytest.fixture
def pool(app: Flask) -> SimpleNamespace:
    return new_pool()


@pytest.fixture
def made(pool: SimpleNamespace, eva: User) -> MatchRound:
    """A draft."""
    return start_round("Høstrunden", eva, clock.now())


def test_a_swap_shows_its_cost_first_and_then_holds(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    page = client.sign_in(eva).get(at(made, f"?mentee={mentee.id}"))
    assert "Hva et bytte koster" in page.main
    swap = next(f for f in page.forms if f.action.endswith("/swaps"))
    wanted = int(swap.fields["mentor"][0])
    page = client.submit(swap)
    assert pairs(made)[mentee.id] == wanted
    assert "og paret er låst" in page.main
    client.submit("/runs")
    assert pairs(made)[mentee.id] == wanted


def test_a_swap_is_taken_back_with_one_press(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    before, mentee = proposed(made), pool.mentees[0]
    client.sign_in(eva).get(at(made))
    wanted = other_mentor(made, mentee, pool)
    client.post(at(made, "/swaps"), {"mentee": mentee.id, "mentor": wanted.id})
    client.get(at(made))
    client.submit("/undoings")
    assert proposed(made) == before
    assert "Angre" not in client.get(at(made)).main


def test_what_a_colleague_decided_meanwhile_is_not_taken_back_unseen(
    client: CheckingClient,
    new_client: Callable[[], CheckingClient],
    eva: User,
    made: MatchRound,
    pool: SimpleNamespace,
) -> None:
    locked, excluded = ({"mentee": m.id, "mentor": pairs(made)[m.id]} for m in pool.mentees[:2])
    client.sign_in(eva).post(at(made, "/locks"), locked)
    seen = client.get(at(made)).form("/undoings")
    kari = new_client().sign_in(new_user("Kari Kollega", Role.SECRETARIAT))
    kari.post(at(made, "/exclusions"), {**excluded, "ground": "conflict"})
    page = client.submit(seen, status=422)
    assert "endret etter at du åpnet siden" in page.main
    assert (excluded["mentee"], excluded["mentor"]) not in proposed(made)
    client.get(at(made))
    client.submit("/undoings")  # now that it says what is undone
    assert (excluded["mentee"], excluded["mentor"]) in proposed(made)


def test_a_decision_with_the_number_of_one_that_was_taken_back_is_another(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    first, second = ({"mentee": m.id, "mentor": pairs(made)[m.id]} for m in pool.mentees[:2])
    client.sign_in(eva).post(at(made, "/locks"), first)
    seen = client.get(at(made)).form("/undoings")
    client.submit("/undoings")
    client.post(at(made, "/locks"), second)
    client.submit(seen, status=422)
    client.submit(seen, status=422)
    assert Decisions.of(made).locks == {second["mentee"]: second["mentor"]}


def test_the_swap_answers_htmx_with_the_round_itself(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    data = {"mentee": mentee.id, "mentor": other_mentor(made, mentee, pool).id}
    client.sign_in(eva).get(at(made))
    block = client.htmx.post(at(made, "/swaps"), data, status=200)
    assert block.one("#round") is not None
    assert "Siden kjøring 1" in block.words


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"mentee": "1"},
        {"mentee": "x", "mentor": "y"},
        {"mentee": "1000000000000", "mentor": "1000000000000"},
        {"mentee": "4711", "mentor": "4712"},
        {"mentee": "<script>", "mentor": "\x00"},
    ],
)
@pytest.mark.parametrize("action", ["/swaps", "/locks"])
def test_a_pair_that_does_not_exist_is_refused_and_nothing_moves(
    client: CheckingClient, eva: User, made: MatchRound, data: dict[str, str], action: str
) -> None:
    before = proposed(made)
    client.sign_in(eva).post(at(made, action), data, status=422)
    assert proposed(made) == before


def test_an_excluded_pair_is_not_proposed_and_only_the_secretariat_knows_the_ground(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    mentor_id = pairs(made)[mentee.id]
    client.sign_in(eva).get(at(made, f"?mentee={mentee.id}"))
    page = client.submit("/exclusions", ground="conflict")
    assert (mentee.id, mentor_id) not in proposed(made)
    assert "ble utelukket" in page.main
    client.submit("/undoings")
    assert (mentee.id, mentor_id) in proposed(made)


def test_an_exclusion_without_a_ground_says_so_at_the_field(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee, before = pool.mentees[0], proposed(made)
    data = {"mentee": mentee.id, "mentor": pairs(made)[mentee.id]}
    page = client.sign_in(eva).post(at(made, "/exclusions"), data, status=422)
    assert "Velg en grunn" in page.main
    assert proposed(made) == before
    client.post(at(made, "/exclusions"), {**data, "ground": "hearsay"}, status=422)


def test_a_locked_pair_stays_when_the_round_is_run_again(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[1]
    mentor_id = pairs(made)[mentee.id]
    client.sign_in(eva).get(at(made, f"?mentee={mentee.id}"))
    page = client.submit("/locks")
    assert "Lås opp" in page.main
    client.post(
        at(made, "/weights"),
        dict.fromkeys(("challenges", "size", "experience", "practicalities"), 0) | {"wishes": 100},
    )
    assert pairs(made)[mentee.id] == mentor_id
    client.get(at(made, f"?mentee={mentee.id}"))
    page = client.submit("/unlockings")
    assert "Lås paret" in page.main


def test_a_lock_gives_way_when_the_pair_becomes_impossible(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    mentee = pool.mentees[0]
    mentor_id = pairs(made)[mentee.id]
    client.sign_in(eva).post(at(made, "/locks"), {"mentee": mentee.id, "mentor": mentor_id})
    mentor = db.session.get_one(MentorProfile, mentor_id)
    _reserve(mentee, mentor)
    client.post(at(made, "/runs"))
    assert (mentee.id, mentor_id) not in proposed(made)


def _reserve(mentee: MenteeProfile, mentor: MentorProfile) -> None:
    reserve(mentee.member, ReservationKind.PERSON, str(mentor.member_id), clock.now())


def test_a_reserved_pair_is_never_proposed_and_the_page_does_not_say_why(
    client: CheckingClient, eva: User, pool: SimpleNamespace
) -> None:
    for mentor in pool.mentors:
        _reserve(pool.mentees[0], mentor)
    made = start_round("Høstrunden", eva, clock.now())
    assert pool.mentees[0].id not in {mentee for mentee, _mentor in proposed(made)}
    page = client.sign_in(eva).get(at(made, f"?mentee={pool.mentees[0].id}"))
    assert "Uten forslag" in page.main
    assert "eserva" not in page.main
    heat_map = client.get(at(made, "?view=heatmap"))
    assert "kan ikke kobles" not in heat_map.main
    assert "eserva" not in heat_map.main


def test_a_declined_pair_is_never_proposed_again(eva: User, made: MatchRound) -> None:
    now = clock.now()
    release_round(made, clock.today(now).replace(year=now.year + 1, month=1, day=31), eva, now)
    rows = list(db.session.scalars(select(Proposal).where(Proposal.round_id == made.id)))
    declined = {(row.mentee_id, row.mentor_id) for row in rows if row.rank == 1}
    for row in rows:
        if row.rank == 1:
            row.mentee_declined_at = now
    close_round(made, eva, now)
    again = start_round("Vårrunden", eva, now)
    assert proposed(again)
    assert not declined & proposed(again)


def test_a_draft_can_be_thrown_away(client: CheckingClient, eva: User, made: MatchRound) -> None:
    address = at(made)
    client.sign_in(eva).get(address)
    page = client.submit("/removal")
    assert "Utkastet er forkastet" in page.words
    assert db.session.scalar(select(func.count()).select_from(Proposal)) == 0
    client.get(address, status=404)


def test_what_a_colleague_has_done_meanwhile_is_not_thrown_away(
    client: CheckingClient, eva: User, made: MatchRound, pool: SimpleNamespace
) -> None:
    client.sign_in(eva).get(at(made))
    lock(made, (pool.mentees[0].id, pairs(made)[pool.mentees[0].id]), eva, clock.now())
    db.session.commit()
    assert "endret etter at du åpnet siden" in client.submit("/removal", status=422).words
    assert made in db.session.scalars(select(MatchRound))
    assert "Utkastet er forkastet" in client.submit("/removal").words
