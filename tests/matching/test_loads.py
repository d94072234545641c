"""An even load: the work is spread where there is room, and nobody is left out for it."""

import pytest

import matching
from matching import InputError, Link, Mentee, Mentor, changes
from matching.loads import MOST, STEP, cost
from tests.matching.people import GAUSDAL, LIERNE, OSLO, round_of

pytestmark = pytest.mark.pure


def loads(outcome: matching.Outcome) -> list[int]:
    chosen = [pair.mentor for pair in outcome.pairs]
    return sorted(chosen.count(mentor.id) for mentor in outcome.round.mentors)


def test_two_alike_share_the_work() -> None:
    mentors = [Mentor(name, GAUSDAL, capacity=4, years=9) for name in ("astrid", "berit")]
    mentees = [Mentee(f"mentee-{k}", OSLO) for k in range(4)]
    assert loads(matching.propose(mentors, mentees)) == [0, 4]
    assert loads(matching.propose(mentors, mentees, even_load=True)) == [2, 2]


def test_whoever_already_has_one_fixed_gets_the_next_one_last() -> None:
    mentors = [Mentor(name, GAUSDAL, capacity=2, years=9) for name in ("astrid", "berit")]
    mentees = [Mentee("dina", OSLO), Mentee("egil", OSLO)]
    outcome = matching.propose(mentors, mentees, fixed=[Link("dina", "astrid")], even_load=True)
    assert [(pair.mentee, pair.mentor) for pair in outcome.pairs] == [("dina", "astrid"), ("egil", "berit")]


def test_a_much_better_mentor_takes_two_all_the_same() -> None:
    mentors = [
        Mentor("astrid", GAUSDAL, areas={"mayor": 3}, capacity=2, years=15),
        Mentor("berit", LIERNE, capacity=2),
    ]
    mentees = [Mentee(name, "3443", areas={"mayor": 3}, years=1) for name in ("dina", "egil")]
    assert loads(matching.propose(mentors, mentees, even_load=True)) == [0, 2]


def test_leximin_counts_the_places_where_the_load_is_evened() -> None:
    mentors = [Mentor(f"mentor-{k}", GAUSDAL, capacity=20) for k in range(20)]
    mentees = [Mentee(f"mentee-{k}", OSLO) for k in range(113)]
    assert matching.propose(mentors, mentees[:112], objective="leximin", even_load=True).coverage == 112
    with pytest.raises(InputError, match="leximin takes at most 112 mentees with 400 to choose from"):
        matching.propose(mentors, mentees, objective="leximin", even_load=True)


@pytest.mark.parametrize("objective", ["floor", "total", "leximin"])
@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_left_out_and_the_floor_holds(seed: int, objective: str) -> None:
    mentors, mentees = round_of(seed, 18, 15, most=4)
    plain = matching.propose(mentors, mentees, objective=objective)
    even = matching.propose(mentors, mentees, objective=objective, even_load=True)
    assert even.coverage == plain.coverage
    assert even.total <= plain.total or objective != "total"
    assert sum(load**2 for load in loads(even)) <= sum(load**2 for load in loads(plain))
    if objective != "total":
        assert even.worst == plain.worst


def test_with_one_place_each_it_changes_nothing() -> None:
    mentors, mentees = round_of(3, 20, 15, most=1)
    even = matching.propose(mentors, mentees, even_load=True)
    assert even.pairs == matching.propose(mentors, mentees).pairs


def test_the_cost_of_one_more_rises_and_then_stands() -> None:
    assert cost(range(13)).tolist() == [*range(0, MOST, STEP), MOST, MOST, MOST]


def test_a_decline_is_solved_with_the_load_in_mind() -> None:
    mentors = [Mentor(name, GAUSDAL, capacity=3, years=9) for name in ("astrid", "berit", "cato")]
    mentees = [Mentee(f"mentee-{k}", OSLO) for k in range(3)]
    outcome = matching.propose(mentors, mentees, even_load=True)
    declined = outcome.pairs[0]
    moved = changes.after(outcome, [Link(declined.mentee, declined.mentor)])
    assert moved.coverage_change == 0
    assert moved.others <= 1


def test_what_cannot_be_weighed_is_refused() -> None:
    with pytest.raises(InputError, match="an even load does not go with the objective stable"):
        matching.propose(
            [Mentor("astrid", GAUSDAL)], [Mentee("dina", OSLO)], objective="stable", even_load=True
        )
