"""A whole round: what comes out, and that nothing hangs on the order it came in."""

import dataclasses
import random
from collections import Counter

import pytest

import matching
from matching import InputError, Link, Mentee, Mentor, Objective, Pair
from tests.matching.people import GAUSDAL, LIERNE, LILLEHAMMER, OSLO, RINGERIKE, round_of

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("objective", list(Objective))
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_rows_changes_nothing(seed: int, objective: Objective) -> None:
    mentors, mentees = round_of(seed, 25, 15)
    first = matching.propose(mentors, mentees, objective=objective)
    draw = random.Random(seed)
    draw.shuffle(mentors)
    draw.shuffle(mentees)
    assert matching.propose(mentors, mentees, objective=objective) == first


@pytest.mark.parametrize("seed", range(6))
def test_everyone_is_either_in_a_pair_or_accounted_for(seed: int) -> None:
    mentors, mentees = round_of(seed, 30, 12)
    outcome = matching.propose(mentors, mentees)
    paired, left = {pair.mentee for pair in outcome.pairs}, {left.mentee for left in outcome.unmatched}
    assert paired | left == {mentee.id for mentee in mentees}
    assert not paired & left
    places = {mentor.id: mentor.capacity for mentor in mentors}
    assert all([pair.mentor for pair in outcome.pairs].count(id_) <= places[id_] for id_ in places)
    waiting = sorted(one.waiting for one in outcome.unmatched if one.waiting)
    assert waiting == list(range(1, len(waiting) + 1))


def test_proposals_begin_with_the_assigned_mentor_and_are_all_legal() -> None:
    mentors, mentees = round_of(2, 30, 25)
    outcome = matching.propose(mentors, mentees)
    assigned = {pair.mentee: pair.mentor for pair in outcome.pairs}
    for mentee, pairs in outcome.proposals.items():
        assert len({pair.mentor for pair in pairs}) == len(pairs) <= 3
        assert all(isinstance(matching.pair(outcome, mentee, pair.mentor), Pair) for pair in pairs)
        if mentee in assigned:
            assert pairs[0].mentor == assigned[mentee]


@pytest.mark.parametrize(("seed", "places"), [(8, 40), (1, 40), (3, 60), (5, 80)])
def test_suggestions_spread_where_the_best_mentors_would_be_everybodys(seed: int, places: int) -> None:
    """Second and third suggestions by score alone pile up on a few; by score beyond price they reach more mentors."""
    mentors, mentees = round_of(seed, 60, places)
    outcome = matching.propose(mentors, mentees)
    spread = Counter(pair.mentor for pairs in outcome.proposals.values() for pair in pairs)
    scores = matching.matrix(outcome)
    alone: Counter[str] = Counter()
    for mentee in mentees:
        own = sorted(((units, who) for (one, who), units in scores.items() if one == mentee.id), reverse=True)
        alone.update(who for _, who in own[:3])
    assert len(spread) > len(alone)
    assert max(spread.values()) <= 0.75 * max(alone.values())
    assert sum(outcome.demand.values()) == len(outcome.proposals)


def test_a_fixed_pair_stays_and_takes_its_place() -> None:
    mentors, mentees = round_of(5, 20, 15)
    free = matching.propose(mentors, mentees)
    other = matching.alternatives(free, free.pairs[0].mentee)[0].pair
    outcome = matching.propose(mentors, mentees, fixed=[Link(other.mentee, other.mentor)])
    kept = next(pair for pair in outcome.pairs if pair.mentee == other.mentee)
    assert (kept.mentor, kept.fixed) == (other.mentor, True)
    held = [pair.mentor for pair in outcome.pairs].count(other.mentor)
    assert held <= next(mentor.capacity for mentor in mentors if mentor.id == other.mentor)


def test_a_mentor_whose_places_are_all_fixed_is_suggested_to_nobody_else() -> None:
    mentors, mentees = round_of(2, 30, 25)
    free = matching.propose(mentors, mentees)
    fixed = [Link(pair.mentee, pair.mentor) for pair in free.pairs[::2]]
    outcome = matching.propose(mentors, mentees, fixed=fixed)
    held = Counter(link.mentor for link in fixed)
    full = {mentor.id for mentor in mentors if mentor.capacity == held[mentor.id] > 0}
    assert full
    for mentee, pairs in outcome.proposals.items():
        assert all(pair.mentor not in full or Link(mentee, pair.mentor) in fixed for pair in pairs)
        assert len(pairs) == 3


def test_as_many_alternatives_are_given_however_many_mentors_are_fixed_full() -> None:
    mentors = [Mentor(f"mentor-{k}", GAUSDAL, areas={"mayor": 3}) for k in range(6)]
    mentors += [Mentor("astrid", LIERNE), Mentor("berit", LIERNE)]
    mentees = [Mentee(f"mentee-{k}", OSLO) for k in range(6)] + [Mentee("dina", OSLO, areas={"mayor": 3})]
    fixed = [Link(f"mentee-{k}", f"mentor-{k}") for k in range(6)]
    outcome = matching.propose(mentors, mentees, fixed=fixed)
    assert [one.pair.mentor for one in matching.alternatives(outcome, "dina")] == ["berit"]


def test_an_alternative_tells_exactly_what_the_round_becomes() -> None:
    mentors, mentees = round_of(6, 25, 20)
    outcome = matching.propose(mentors, mentees)
    for mentee in (outcome.pairs[0].mentee, outcome.pairs[-1].mentee):
        for found in matching.alternatives(outcome, mentee):
            again = matching.propose(mentors, mentees, fixed=[Link(mentee, found.pair.mentor)])
            assert again.total - outcome.total == found.change
            assert again.coverage - outcome.coverage == found.coverage_change
            assert (again.worst or 0) - (outcome.worst or 0) == found.worst_change
            after = {pair.mentee: pair.mentor for pair in again.pairs}
            before = {pair.mentee: pair.mentor for pair in outcome.pairs}
            moved = {id_ for id_ in before.keys() | after.keys() if before.get(id_) != after.get(id_)} - {
                mentee
            }
            assert {move.mentee for move in found.moves} == moved
            own = found.pair.score - next(pair.score for pair in outcome.pairs if pair.mentee == mentee)
            assert own + sum(move.change for move in found.moves) == found.change


def test_one_more_mentor_never_serves_fewer() -> None:
    mentors, mentees = round_of(7, 20, 12)
    before = matching.propose(mentors[:-1], mentees, objective="total")
    after = matching.propose(mentors, mentees, objective="total")
    assert (after.coverage, after.total) >= (before.coverage, before.total)


def test_reasons_are_the_strongest_and_the_difference_the_largest() -> None:
    mentor = Mentor("astrid", LILLEHAMMER, areas={"mayor": 3, "economy": 1}, years=11)
    mentee = Mentee("dina", RINGERIKE, areas={"mayor": 3, "economy": 1, "crisis": 3}, years=2)
    (pair,) = matching.propose([mentor], [mentee]).pairs
    assert (pair.reasons[0].code, pair.reasons[0].values) == (
        "area",
        {"area": "mayor", "strength": 3, "weight": 3},
    )
    assert [reason.code for reason in pair.reasons[1:]] == ["size", "experience"]
    assert pair.difference is not None
    assert (pair.difference.code, pair.difference.values) == ("missing_area", {"area": "crisis", "weight": 3})


def test_nobody_at_all_is_an_outcome() -> None:
    outcome = matching.propose([], [])
    assert (outcome.coverage, outcome.total, outcome.worst, outcome.unmatched) == (0, 0, None, ())
    assert matching.propose([Mentor("astrid", OSLO)], []).coverage == 0
    (left,) = matching.propose([], [Mentee("dina", OSLO)]).unmatched
    assert (left.legal, left.blocking) == (0, ())


def test_a_paused_mentee_takes_no_part() -> None:
    outcome = matching.propose([Mentor("astrid", OSLO)], [Mentee("dina", LIERNE, paused=True)])
    assert (outcome.seeking, outcome.pairs, outcome.unmatched) == (0, (), ())


@pytest.mark.parametrize(
    ("mentor", "mentee", "words"),
    [
        ({"municipality": "9999"}, {}, "mentor astrid: unknown municipality '9999'"),
        ({"capacity": -1}, {}, "mentor astrid: capacity is -1"),
        ({"capacity": 1.5}, {}, "mentor astrid: capacity is 1.5"),
        ({"years": -2}, {}, "mentor astrid: years is -2"),
        ({"years": float("nan")}, {}, "mentor astrid: years is nan"),
        ({"areas": {"mayor": 4}}, {}, "mentor astrid: area mayor has 4"),
        ({"areas": {"mayor": 2.0}}, {}, "mentor astrid: area mayor has 2.0"),
        ({"areas": {"": 2}}, {}, "mentor astrid: area '' must be a code"),
        ({"areas": {"mayor": float("nan")}}, {}, "mentor astrid: area mayor has nan"),
        ({"municipality": ""}, {}, "mentor astrid: unknown municipality ''"),
        ({"capacity": float("nan")}, {}, "mentor astrid: capacity is nan"),
        ({"capacity": 1001}, {}, "mentor astrid: capacity is 1001"),
        ({"modes": frozenset()}, {}, "mentor astrid: modes"),
        ({}, {"id": 7}, "mentee 7: the id must be text"),
        ({}, {"ranking": "astrid"}, "mentee dina: the ranking must hold mentor ids"),
        ({}, {"wishes": matching.Wishes(years=-1)}, "mentee dina: wishes for -1 years"),
        ({}, {"id": ""}, "the id is empty"),
        ({}, {"text": "x" * 10_000_000}, "10000000 characters"),
    ],
)
def test_what_cannot_be_used_is_named(
    mentor: dict[str, object], mentee: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        matching.propose(
            [dataclasses.replace(Mentor("astrid", GAUSDAL), **mentor)],  # type: ignore[arg-type]
            [dataclasses.replace(Mentee("dina", OSLO), **mentee)],  # type: ignore[arg-type]
        )


def test_duplicates_bad_weights_and_impossible_fixes_are_named() -> None:
    astrid, dina = Mentor("astrid", GAUSDAL), Mentee("dina", OSLO)
    with pytest.raises(InputError, match="mentor astrid: the id is used more than once"):
        matching.propose([astrid, astrid], [dina])
    with pytest.raises(InputError, match="weights: size is nan"):
        matching.propose([astrid], [dina], weights=matching.Weights(size=float("nan")))
    with pytest.raises(InputError, match="weights: size is 1000000000"):
        matching.propose([astrid], [dina], weights=matching.Weights(size=10**400))
    with pytest.raises(InputError, match="proposals is -1"):
        matching.propose([astrid], [dina], proposals=-1)
    with pytest.raises(InputError, match="the vector of dina holds a value that is no number"):
        matching.propose([astrid], [dina], texts={"dina": [float("nan")], "astrid": [1.0]})
    with pytest.raises(InputError, match="every weight is zero"):
        matching.propose([astrid], [dina], weights=matching.Weights(0, 0, 0, 0, 0, 0, 0))
    with pytest.raises(InputError, match="mentee dina and mentor astrid cannot be a pair: excluded"):
        matching.propose(
            [astrid],
            [dina],
            forbidden=[Link("dina", "astrid")],
            fixed=[Link("dina", "astrid")],
        )
    with pytest.raises(InputError, match="more fixed pairs than places"):
        matching.propose(
            [astrid], [dina, Mentee("egil", LIERNE)], fixed=[Link("dina", "astrid"), Link("egil", "astrid")]
        )
