"""Who waits, in what order, and the reason each of them is given."""

import dataclasses

import pytest

import matching
from matching import Link, Mentee, Mentor, Reason, Rule
from tests.matching.people import GAUSDAL, HOLE, LIERNE, LILLEHAMMER, OSLO, RINGERIKE, round_of

pytestmark = pytest.mark.pure


def reasons(outcome: matching.Outcome) -> dict[str, Reason | None]:
    return {left.mentee: left.reason for left in outcome.unmatched}


def test_more_who_seek_than_places_is_a_crowd() -> None:
    mentors = [Mentor("astrid", GAUSDAL, capacity=2), Mentor("berit", LIERNE)]
    outcome = matching.propose(mentors, [Mentee(f"mentee-{k}", OSLO) for k in range(5)])
    assert sorted(one.waiting or 0 for one in outcome.unmatched) == [1, 2]
    assert set(map(str, reasons(outcome).values())) == {
        str(Reason("crowded", {"mentees": 4, "mentors": 2, "places": 3}))
    }


def test_a_crowd_is_only_those_who_stand_in_each_others_way() -> None:
    mentors = [Mentor("astrid", HOLE), Mentor("berit", LIERNE, capacity=5)]
    mentees = [Mentee(name, LIERNE) for name in ("dina", "egil")] + [Mentee("frode", OSLO)]
    outcome = matching.propose(mentors, mentees)
    (reason,) = reasons(outcome).values()
    assert reason == Reason("crowded", {"mentees": 2, "mentors": 1, "places": 1})


def test_with_a_place_more_than_those_in_the_crowd_one_more_is_served() -> None:
    for seed in range(8):
        mentors, mentees = round_of(seed, 30, 12)
        for left in matching.propose(mentors, mentees).unmatched:
            if left.waiting:
                assert left.reason is not None
                values = left.reason.values
                assert left.reason.code == "crowded"
                assert int(values["mentees"] or 0) > int(values["places"] or 0)


def test_whom_the_rules_leave_without_anyone_is_told_the_one_that_takes_most() -> None:
    mentors = [Mentor("astrid", HOLE), Mentor("berit", RINGERIKE), Mentor("cato", RINGERIKE)]
    outcome = matching.propose(mentors, [Mentee("dina", RINGERIKE, avoid_neighbours=True)])
    assert reasons(outcome) == {"dina": Reason("ruled_out", {"mentors": 3, "rule": Rule.SAME_MUNICIPALITY})}
    assert [
        (way.code, way.values["mentor"], way.values["rule"]) for way in matching.freed_by(outcome, "dina")
    ] == [("lifted", "astrid", Rule.NEIGHBOUR)]


def test_a_place_is_waited_for_whether_it_is_taken_in_this_round_or_was_before() -> None:
    mentors = [Mentor("astrid", GAUSDAL), Mentor("berit", LIERNE, paused=True)]
    mentees = [Mentee("dina", OSLO), Mentee("egil", LILLEHAMMER)]
    taken = matching.propose(mentors, [*mentees, Mentee("frode", OSLO)], fixed=[Link("frode", "astrid")])
    full = matching.propose([dataclasses.replace(mentors[0], capacity=0), mentors[1]], mentees)
    assert full.unmatched == taken.unmatched
    assert sorted(left.waiting or 0 for left in full.unmatched) == [1, 2]
    crowd = Reason("crowded", {"mentees": 1, "mentors": 1, "places": 0})
    assert reasons(full) == {"dina": crowd, "egil": crowd}
    assert {left.blocking for left in full.unmatched} == {(matching.Blocking(Rule.PAUSED, 1),)}


def test_what_would_free_somebody_is_named() -> None:
    mentors = [
        Mentor("astrid", LILLEHAMMER, paused=True),
        Mentor("berit", LIERNE),
        Mentor("cato", GAUSDAL, capacity=0),
    ]
    mentees = [Mentee("dina", OSLO, areas={"mayor": 3})]
    outcome = matching.propose(mentors, mentees, forbidden=[Link("dina", "berit")])
    ways = {
        (way.code, way.values["mentor"], way.values.get("rule")) for way in matching.freed_by(outcome, "dina")
    }
    assert ways == {
        ("lifted", "astrid", Rule.PAUSED),
        ("lifted", "berit", Rule.EXCLUDED),
        ("place", "cato", None),
    }


def test_who_waits_behind_others_is_told_how_many_places_it_takes() -> None:
    mentors, mentees = round_of(4, 30, 12)
    outcome = matching.propose(mentors, mentees)
    behind = 0
    for left in outcome.unmatched:
        for way in matching.freed_by(outcome, left.mentee):
            if way.code == "places":
                behind += 1
                for fewer in (0, 1):
                    places = int(way.values["places"] or 0) - fewer
                    more = [
                        dataclasses.replace(
                            one, capacity=one.capacity + places * (one.id == way.values["mentor"])
                        )
                        for one in mentors
                    ]
                    served = {pair.mentee for pair in matching.propose(more, mentees).pairs}
                    assert (left.mentee in served) is not bool(fewer)
    assert behind


def test_the_served_need_nothing() -> None:
    outcome = matching.propose([Mentor("astrid", GAUSDAL)], [Mentee("dina", OSLO)])
    assert matching.freed_by(outcome, "dina") == ()
    assert matching.counterfactual(outcome, "dina", "astrid").code == "chosen"


def test_a_round_without_mentors_says_so() -> None:
    assert reasons(matching.propose([], [Mentee("dina", OSLO)])) == {"dina": Reason("no_mentors", {})}


def test_under_stable_somebody_can_be_left_where_another_objective_would_serve_them() -> None:
    mentors = [Mentor("astrid", LILLEHAMMER, areas={"mayor": 3}), Mentor("berit", HOLE)]
    mentees = [
        Mentee("dina", GAUSDAL, areas={"mayor": 3}),
        Mentee("egil", HOLE, areas={"crisis": 3}),
    ]
    assert matching.propose(mentors, mentees).coverage == 2
    outcome = matching.propose(mentors, mentees, objective="stable")
    assert outcome.coverage + len(outcome.unmatched) == 2
    assert all(reason and reason.code in ("not_chosen", "crowded") for reason in reasons(outcome).values())


def test_somebody_who_is_fixed_elsewhere_is_told_so() -> None:
    mentors = [Mentor("astrid", LILLEHAMMER), Mentor("berit", LIERNE)]
    outcome = matching.propose(mentors, [Mentee("dina", OSLO)], fixed=[Link("dina", "berit")])
    assert matching.counterfactual(outcome, "dina", "astrid") == matching.Counterfactual(
        "fixed", {"mentor": "berit"}
    )
    assert matching.counterfactual(outcome, "dina", "astrid", seen_by="astrid").values == {"mentor": None}
