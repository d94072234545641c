"""Every option of a round against every possible way to pair it: objectives, ranking, even load, and what a pair lacked."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import matching
from matching import Mentor, Objective
from tests.matching.everything import every_way, key, rounds

pytestmark = pytest.mark.pure


def one_place_more(mentor: Mentor, wanted: object) -> Mentor:
    return dataclasses.replace(mentor, capacity=mentor.capacity + (mentor.id == wanted))


OPTIONS = [(objective, even) for objective in ("floor", "total", "leximin") for even in (False, True)]


@pytest.mark.parametrize(("objective", "even"), OPTIONS)
@given(given_=rounds())
@settings(deadline=None, max_examples=40)
def test_no_other_way_is_better(objective: str, even: bool, given_: dict[str, Any]) -> None:
    outcome = matching.propose(**given_, objective=objective, even_load=even)
    columns = tuple(outcome.round.assigned.tolist())
    assert columns in set(every_way(outcome))
    assert key(outcome, columns) == max(key(outcome, way) for way in every_way(outcome))


@pytest.mark.parametrize(("objective", "even"), OPTIONS)
@given(given_=rounds(mentees=5), data=st.data())
@settings(deadline=None, max_examples=25)
def test_no_other_way_that_keeps_the_fixed_pairs_is_better(
    objective: str, even: bool, given_: dict[str, Any], data: st.DataObject
) -> None:
    free = matching.propose(**given_)
    ways = [way for way in every_way(free) if any(to >= 0 for to in way)]
    if not ways:
        return
    way = data.draw(st.sampled_from(ways))
    row = data.draw(st.sampled_from([row for row, to in enumerate(way) if to >= 0]))
    fixed = [matching.Link(free.round.mentees[row].id, free.round.mentors[way[row]].id)]
    outcome = matching.propose(**given_, fixed=fixed, objective=objective, even_load=even)
    columns = tuple(outcome.round.assigned.tolist())
    assert columns[row] == way[row]
    assert key(outcome, columns) == max(key(outcome, way) for way in every_way(outcome))


@given(given_=rounds())
@settings(deadline=None, max_examples=60)
def test_no_two_would_rather_have_each_other_when_the_round_is_stable(given_: dict[str, Any]) -> None:
    """Counted with the mentees' own order, as everything else."""
    round_ = matching.propose(**given_, objective="stable").round
    column = round_.assigned.tolist()
    assert tuple(column) in set(every_way(matching.propose(**given_, objective="stable")))
    for row, to in np.argwhere(round_.legal).tolist():
        worth, own = round_.worth[row, to], column[row]
        held = [round_.worth[other, to] for other in range(len(column)) if column[other] == to]
        rather = own < 0 or worth > round_.worth[row, own]
        assert not (rather and (len(held) < round_.capacity[to] or min(held) < worth))


@pytest.mark.parametrize(("objective", "even"), OPTIONS)
@given(given_=rounds(mentees=5), data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_pair_lacks_exactly_what_it_is_said_to_lack(
    objective: str, even: bool, given_: dict[str, Any], data: st.DataObject
) -> None:
    outcome = matching.propose(**given_, objective=objective, even_load=even)
    legal = [
        cell for cell in matching.matrix(outcome) if cell not in {(p.mentee, p.mentor) for p in outcome.pairs}
    ]
    if not legal:
        return
    mentee, mentor = data.draw(st.sampled_from(legal))
    told = matching.counterfactual(outcome, mentee, mentor)
    cell = outcome.round.cell(mentee, mentor)
    with_it = [way for way in every_way(outcome) if way[cell[0]] == cell[1]]
    without = max(key(outcome, way) for way in every_way(outcome) if way[cell[0]] != cell[1])

    def sure(units: int) -> bool:
        return max(key(outcome, way, {cell: units}) for way in with_it) > without

    units = told.values.get("units")
    assert told.code in ("place", "points", "coverage", "worst")
    if units is None:
        assert told.code != "points"
        assert not with_it or not sure(10_000_000)
    else:
        assert isinstance(units, int)
        assert sure(units)
        assert not sure(units - 1)


@pytest.mark.parametrize("objective", list(Objective))
@given(given_=rounds(), data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_place_more_and_a_score_so_much_higher_do_what_was_said(
    objective: Objective, given_: dict[str, Any], data: st.DataObject
) -> None:
    outcome = matching.propose(**given_, objective=objective)
    if not (outcome.round.mentors and outcome.round.mentees):
        return
    mentee = data.draw(st.sampled_from(outcome.round.mentees)).id
    mentor = data.draw(st.sampled_from(outcome.round.mentors))
    told = matching.counterfactual(outcome, mentee, mentor.id)
    more = [one_place_more(one, mentor.id) for one in given_["mentors"]]
    after = matching.propose(**{**given_, "mentors": more}, objective=objective)
    has_it = (mentee, mentor.id) in {(pair.mentee, pair.mentor) for pair in after.pairs}
    if told.code == "place":
        assert has_it
    if told.code in ("points", "coverage", "worst") and mentor.capacity == list(outcome.round.assigned).count(
        outcome.round.column[mentor.id]
    ):
        assert not has_it


@given(given_=rounds(mentees=5), data=st.data())
@settings(deadline=None, max_examples=60)
def test_what_would_free_somebody_does(given_: dict[str, Any], data: st.DataObject) -> None:
    outcome = matching.propose(**given_)
    if not outcome.unmatched:
        return
    mentee = data.draw(st.sampled_from(outcome.unmatched)).mentee
    for way in matching.freed_by(outcome, mentee):
        if way.code == "places":
            continue
        changed = dict(given_)
        if way.code == "place":
            changed["mentors"] = [one_place_more(one, way.values["mentor"]) for one in given_["mentors"]]
        elif way.values["rule"] is matching.Rule.EXCLUDED:
            changed["forbidden"] = [
                link
                for link in given_["forbidden"]
                if (link.mentee, link.mentor) != (mentee, way.values["mentor"])
            ]
        else:
            continue
        after = {pair.mentee: pair.mentor for pair in matching.propose(**changed).pairs}
        assert after.get(mentee) == way.values["mentor"]
