"""The mentee's own order: it weighs when the engine chooses, and is never in the score."""

import dataclasses
from itertools import permutations

import pytest

import matching
from matching import InputError, Link, Mentee, Mentor, Reservation, ReservationKind, changes
from matching.ranking import BONUS
from tests.matching.people import GAUSDAL, LIERNE, LILLEHAMMER, OSLO, round_of

pytestmark = pytest.mark.pure

TWINS = [
    Mentor("astrid", GAUSDAL, years=9),
    Mentor("berit", GAUSDAL, years=9),
    Mentor("cato", GAUSDAL, years=9),
]


def test_among_equals_the_mentee_gets_the_first_choice() -> None:
    for order in permutations(("astrid", "berit", "cato")):
        (pair,) = matching.propose(TWINS, [Mentee("dina", OSLO, ranking=order)]).pairs
        assert (pair.mentor, pair.rank, pair.bonus) == (order[0], 1, BONUS)


def test_the_score_that_was_shown_stands_when_the_mentee_has_ranked() -> None:
    mentors, mentees = round_of(11, 20, 15)
    before = matching.matrix(matching.propose(mentors, mentees))
    ranked = [dataclasses.replace(one, ranking=tuple(mentor.id for mentor in mentors[:3])) for one in mentees]
    after = matching.propose(mentors, ranked)
    assert matching.matrix(after) == before
    for pair in after.pairs:
        assert sum(part.units for part in pair.parts) == pair.score


def test_a_far_better_mentor_for_somebody_outweighs_a_rank() -> None:
    strong = Mentor("astrid", LILLEHAMMER, areas={"mayor": 3}, years=15)
    weak = Mentor("berit", LIERNE, capacity=2)
    mentees = [
        Mentee("dina", GAUSDAL, areas={"mayor": 3}, years=1),
        Mentee("egil", OSLO, ranking=("astrid", "berit")),
    ]
    chosen = {pair.mentee: pair.mentor for pair in matching.propose([strong, weak], mentees).pairs}
    assert chosen == {"dina": "astrid", "egil": "berit"}


def test_a_rank_lifts_no_rule_and_tells_of_none() -> None:
    mentee = Mentee("dina", OSLO, ranking=("astrid", "somebody", "berit"))
    reserved = [Reservation("astrid", ReservationKind.PERSON, "dina")]
    outcome = matching.propose(TWINS[:2], [mentee], reserved)
    assert [(pair.mentor, pair.rank, pair.bonus) for pair in outcome.pairs] == [("berit", 3, BONUS // 3)]
    assert {pair.mentor for pair in outcome.proposals["dina"]} == {"berit"}


def test_suggestions_follow_the_mentees_own_order_among_equals() -> None:
    outcome = matching.propose(TWINS, [Mentee("dina", OSLO, ranking=("cato", "astrid", "berit"))])
    assert [pair.mentor for pair in outcome.proposals["dina"]] == ["cato", "astrid", "berit"]


def test_demand_goes_by_what_people_ask_for() -> None:
    mentees = [Mentee(name, OSLO, ranking=("cato",)) for name in ("dina", "egil", "frode")]
    assert matching.propose(TWINS, mentees).demand == {"astrid": 0, "berit": 0, "cato": 3}


def test_after_a_decline_the_ranks_still_count() -> None:
    mentees = [Mentee("dina", OSLO, ranking=("astrid", "cato"))]
    moved = changes.after(matching.propose(TWINS, mentees), [Link("dina", "astrid")])
    assert [(move.before, move.after) for move in moved.moves] == [("astrid", "cato")]


@pytest.mark.parametrize("objective", ["floor", "total", "leximin", "stable"])
def test_a_ranking_of_nobody_in_the_round_changes_nothing(objective: str) -> None:
    mentors, mentees = round_of(12, 20, 15)
    ranked = [dataclasses.replace(one, ranking=("somebody", "else")) for one in mentees]
    first = matching.propose(mentors, mentees, objective=objective)
    assert matching.propose(mentors, ranked, objective=objective) == first


@pytest.mark.parametrize(
    ("ranking", "words"),
    [(("astrid", "astrid"), "has astrid twice"), (("",), "must hold mentor ids"), ((3,), "must hold")],
)
def test_a_ranking_that_cannot_be_is_named(ranking: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=f"mentee dina: the ranking {words}"):
        matching.propose(TWINS, [Mentee("dina", OSLO, ranking=ranking)])
