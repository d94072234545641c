"""After a decline the round is as good as it can be, and hardly anybody else notices."""

import statistics
import tracemalloc

import pytest

import matching
from matching import InputError, Link, Reservation, ReservationKind, Rule, changes
from tests.matching.people import round_of

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("objective", ["floor", "total"])
@pytest.mark.parametrize("seed", range(4))
def test_without_a_bonus_it_is_the_round_solved_again(seed: int, objective: str) -> None:
    mentors, mentees = round_of(seed, 30, 22, most=3)
    outcome = matching.propose(mentors, mentees, objective=objective)
    for pair in outcome.pairs[:6]:
        declined = [Link(pair.mentee, pair.mentor, Rule.DECLINED)]
        again = matching.propose(mentors, mentees, forbidden=declined, objective=objective)
        found = changes.after(outcome, declined, stay=0)
        assert found.coverage_change == again.coverage - outcome.coverage
        assert found.change == again.total - outcome.total


def test_a_decline_neither_changes_nor_copies_the_round() -> None:
    mentors, mentees = round_of(1, 150, 150, most=3)
    outcome = matching.propose(mentors, mentees, objective="total")
    before, pair = outcome.round.worth.copy(), outcome.pairs[0]
    tracemalloc.start()
    first = changes.after(outcome, [Link(pair.mentee, pair.mentor)])
    assert tracemalloc.get_traced_memory()[1] < before.nbytes
    tracemalloc.stop()
    assert (outcome.round.worth == before).all()
    assert changes.after(outcome, [Link(pair.mentee, pair.mentor)]) == first


def test_with_the_bonus_few_others_move() -> None:
    moved = []
    for seed in range(4):
        mentors, mentees = round_of(seed, 30, 25, most=3)
        outcome = matching.propose(mentors, mentees)
        moved += [changes.after(outcome, [Link(pair.mentee, pair.mentor)]).others for pair in outcome.pairs]
    assert statistics.median(moved) <= 1


@pytest.mark.parametrize("seed", range(4))
def test_a_lost_mentor_leaves_nobody_behind_who_can_be_served(seed: int) -> None:
    mentors, mentees = round_of(seed, 25, 25, most=3)
    outcome = matching.propose(mentors, mentees, objective="total")
    lost = outcome.pairs[0].mentor
    again = matching.propose([one for one in mentors if one.id != lost], mentees, objective="total")
    found = changes.after(outcome, lost=[lost], stay=0)
    assert (found.coverage_change, found.change) == (
        again.coverage - outcome.coverage,
        again.total - outcome.total,
    )
    assert all(move.after != lost for move in found.moves)


def test_accepted_pairs_are_frozen() -> None:
    mentors, mentees = round_of(3, 30, 25)
    first = matching.propose(mentors, mentees)
    fixed = [Link(pair.mentee, pair.mentor) for pair in first.pairs[::2]]
    outcome = matching.propose(mentors, mentees, fixed=fixed)
    declined = next(pair for pair in outcome.pairs if not pair.fixed)
    found = changes.after(outcome, [Link(declined.mentee, declined.mentor)], stay=0)
    assert not {move.mentee for move in found.moves} & {link.mentee for link in fixed}
    with pytest.raises(InputError, match="has a fixed pair"):
        changes.after(outcome, [fixed[0]])


@pytest.mark.parametrize("objective", ["floor", "total", "leximin"])
@pytest.mark.parametrize("seed", range(4))
def test_somebody_new_makes_the_round_that_it_would_have_been_with_them(seed: int, objective: str) -> None:
    mentors, mentees = round_of(seed, 25, 18, most=2)
    outcome = matching.propose(mentors[:-1], mentees[:-1], objective=objective)
    whole = matching.propose(mentors, mentees, objective=objective)
    found = changes.joined(outcome, mentors[-1:], mentees[-1:], stay=0)
    assert found.coverage_change == whole.coverage - outcome.coverage
    assert found.change == whole.total - outcome.total


@pytest.mark.parametrize("seed", range(6))
def test_a_newcomer_moves_nobody_who_has_agreed_and_fewer_for_the_bonus(seed: int) -> None:
    mentors, mentees = round_of(seed, 30, 25, most=3)
    first = matching.propose(mentors, mentees[:-1])
    agreed = [Link(pair.mentee, pair.mentor) for pair in first.pairs[::3]]
    outcome = matching.propose(mentors, mentees[:-1], fixed=agreed)
    found = changes.joined(outcome, mentees=mentees[-1:])
    assert not {move.mentee for move in found.moves} & {link.mentee for link in agreed}
    assert found.others <= changes.joined(outcome, mentees=mentees[-1:], stay=0).others


@pytest.mark.parametrize("kind", [ReservationKind.PERSON, ReservationKind.TIE])
@pytest.mark.parametrize("by_the_newcomer", [True, False])
def test_a_newcomers_no_holds_and_so_does_a_no_to_them(kind: ReservationKind, by_the_newcomer: bool) -> None:
    mentors, mentees = round_of(2, 20, 30, most=3)
    outcome, new = matching.propose(mentors, mentees[:-1]), mentees[-1].id
    (first,) = (move for move in changes.joined(outcome, mentees=mentees[-1:]).moves if move.mentee == new)
    assert first.after
    by, target = (new, first.after) if by_the_newcomer else (first.after, new)
    found = changes.joined(outcome, mentees=mentees[-1:], reservations=[Reservation(by, kind, target)])
    (second,) = (move for move in found.moves if move.mentee == new)
    assert second.after not in (None, first.after)


def test_who_is_there_already_cannot_join() -> None:
    mentors, mentees = round_of(1, 8, 6)
    outcome = matching.propose(mentors, mentees)
    with pytest.raises(InputError, match=mentors[0].id):
        changes.joined(outcome, mentors[:1])
