"""Hard rules: a pair that is ruled out is never chosen, whatever it would have scored."""

import dataclasses
import random

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

import matching
from matching import Link, Mentee, Mentor, Pair, Reservation, ReservationKind, Rule
from tests.matching.people import GAUSDAL, HOLE, LIERNE, LILLEHAMMER, OSLO, RINGERIKE, round_of

pytestmark = pytest.mark.pure

ASTRID, DINA = Mentor("astrid", GAUSDAL), Mentee("dina", LILLEHAMMER)


def rules(
    mentor: Mentor, mentee: Mentee, *reservations: Reservation, forbidden: tuple[Link, ...] = ()
) -> frozenset[Rule]:
    outcome = matching.propose([mentor], [mentee], reservations, forbidden=forbidden)
    found = outcome.round.rules_of(0, 0)
    assert bool(outcome.pairs) is not bool(found)
    assert isinstance(matching.pair(outcome, mentee.id, mentor.id), Pair) is not bool(found)
    return found


def rule(
    mentor: Mentor, mentee: Mentee, *reservations: Reservation, forbidden: tuple[Link, ...] = ()
) -> Rule | None:
    return next(iter(rules(mentor, mentee, *reservations, forbidden=forbidden)), None)


def test_the_same_municipality_is_out() -> None:
    assert rule(Mentor("astrid", LILLEHAMMER), DINA) is Rule.SAME_MUNICIPALITY


@pytest.mark.parametrize(("mentor_asks", "mentee_asks"), [(True, False), (False, True)])
def test_a_neighbour_is_out_where_either_asks(mentor_asks: bool, mentee_asks: bool) -> None:
    mentor = Mentor("astrid", GAUSDAL, avoid_neighbours=mentor_asks)
    mentee = Mentee("dina", LILLEHAMMER, avoid_neighbours=mentee_asks)
    assert rule(mentor, mentee) is Rule.NEIGHBOUR
    assert rule(ASTRID, DINA) is None
    assert rule(Mentor("astrid", LIERNE, avoid_neighbours=True), mentee) is None


def test_a_county_is_the_neighbour_of_its_municipalities() -> None:
    assert rule(Mentor("astrid", "34", avoid_neighbours=True), DINA) is Rule.NEIGHBOUR
    assert rule(Mentor("astrid", "34"), DINA) is None


@pytest.mark.parametrize(
    "reservation",
    [
        Reservation("dina", ReservationKind.PERSON, "astrid"),
        Reservation("astrid", ReservationKind.PERSON, "dina"),
        Reservation("dina", ReservationKind.MUNICIPALITY, GAUSDAL),
        Reservation("astrid", ReservationKind.MUNICIPALITY, LILLEHAMMER),
        Reservation("dina", ReservationKind.COUNTY, "34"),
        Reservation("astrid", ReservationKind.COUNTY, "34"),
    ],
)
def test_a_reservation_holds_from_both_sides(reservation: Reservation) -> None:
    assert rule(ASTRID, DINA, reservation) is Rule.RESERVATION


def test_a_tie_is_a_rule_of_its_own() -> None:
    assert rule(ASTRID, DINA, Reservation("dina", ReservationKind.TIE, "astrid")) is Rule.TIE


def test_a_reservation_against_somebody_else_says_nothing() -> None:
    assert rule(ASTRID, DINA, Reservation("dina", ReservationKind.PERSON, "somebody")) is None
    assert rule(ASTRID, DINA, Reservation("somebody", ReservationKind.PERSON, "astrid")) is None


@pytest.mark.parametrize("why", [Rule.DECLINED, Rule.ENDED, Rule.EXCLUDED])
def test_what_has_been_tried_or_taken_out_stays_out(why: Rule) -> None:
    assert rule(ASTRID, DINA, forbidden=(Link("dina", "astrid", why),)) is why


def test_paused_and_full_mentors_are_out() -> None:
    assert rule(Mentor("astrid", GAUSDAL, paused=True), DINA) is Rule.PAUSED
    assert rule(Mentor("astrid", GAUSDAL, capacity=0), DINA) is Rule.FULL


def test_nobody_is_their_own_mentor() -> None:
    assert rule(Mentor("dina", OSLO), DINA) is Rule.SAME_PERSON


def test_every_rule_that_holds_is_known() -> None:
    reservation = Reservation("dina", ReservationKind.PERSON, "astrid")
    declined = (Link("dina", "astrid", Rule.DECLINED),)
    assert rules(ASTRID, DINA, reservation, forbidden=declined) == {Rule.DECLINED, Rule.RESERVATION}
    full = Mentor("astrid", LILLEHAMMER, capacity=0)
    assert rules(full, DINA, reservation) == {Rule.SAME_MUNICIPALITY, Rule.FULL, Rule.RESERVATION}


def test_whom_the_rules_leave_without_anyone_is_told_with_the_rules() -> None:
    mentors = [ASTRID, Mentor("berit", LILLEHAMMER), Mentor("cato", RINGERIKE, paused=True)]
    outcome = matching.propose(mentors, [DINA], [Reservation("dina", ReservationKind.PERSON, "astrid")])
    (left,) = outcome.unmatched
    assert (left.mentee, left.legal, left.waiting, left.best) == ("dina", 0, None, None)
    assert {blocking.rule: blocking.mentors for blocking in left.blocking} == {
        Rule.SAME_MUNICIPALITY: 1,
        Rule.PAUSED: 1,
    }
    assert left.untold == 1


def test_a_forbidden_pair_never_costs_somebody_a_legal_one() -> None:
    """The Civil Service's mentor-match lets a forbidden pair win with score 0, and then drops it."""
    mentors = [Mentor("astrid", HOLE, areas={"mayor": 3}, years=15), Mentor("berit", LIERNE, years=1)]
    mentees = [
        Mentee("dina", RINGERIKE, areas={"mayor": 3}, years=1),
        Mentee("egil", OSLO, areas={"crisis": 3}),
    ]
    outcome = matching.propose(mentors, mentees, forbidden=[Link("egil", "berit", Rule.ENDED)])
    scores = matching.matrix(outcome)
    ways = [[("dina", "astrid"), ("egil", "berit")], [("dina", "berit"), ("egil", "astrid")]]
    theirs = max(ways, key=lambda way: sum(scores.get(cell, 0) for cell in way))
    assert [cell for cell in theirs if cell in scores] == [("dina", "astrid")]  # and nobody for Egil
    assert [(pair.mentee, pair.mentor) for pair in outcome.pairs] == ways[1]


@pytest.mark.parametrize("seed", range(20))
def test_as_many_are_served_as_the_rules_let_be_served(seed: int) -> None:
    """What mentor-match loses in random rounds, against a maximum matching of legal pairs alone."""
    draw = random.Random(seed)
    mentors, mentees = round_of(seed, 25, 20)
    forbidden = [Link(a.id, b.id) for a in mentees for b in mentors if draw.random() < 0.8]
    outcome = matching.propose(
        mentors, mentees, forbidden=forbidden, objective=draw.choice(["floor", "total"])
    )
    places = [mentor.id for mentor in mentors for _ in range(mentor.capacity)]
    legal = matching.matrix(outcome)
    graph = csr_array([[(mentee.id, place) in legal for place in places] for mentee in mentees])
    assert outcome.coverage == np.count_nonzero(maximum_bipartite_matching(graph, perm_type="column") >= 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_pair_is_allowed_where_the_round_could_have_it(seed: int) -> None:
    draw = random.Random(seed)
    mentors, mentees = round_of(seed, 25, 20)
    mentees = [dataclasses.replace(one, paused=draw.random() < 0.2) for one in mentees]
    every = [Link(mentee.id, mentor.id) for mentee in mentees for mentor in mentors]
    forbidden = [Link(link.mentee, link.mentor, Rule.DECLINED) for link in draw.sample(every, 60)]
    reservations = [
        *(Reservation(mentees[k].id, ReservationKind.TIE, mentors[k].id) for k in range(5)),
        *(Reservation(mentors[k].id, ReservationKind.COUNTY, "34") for k in range(10)),
    ]
    possible = matching.matrix(matching.propose(mentors, mentees, reservations, forbidden=forbidden))
    found = matching.allowed(mentors, mentees, every, reservations, forbidden=forbidden)
    assert {(link.mentee, link.mentor) for link in found} == set(possible)


def test_a_pair_with_somebody_who_is_not_there_is_not_allowed() -> None:
    links = [Link("dina", "astrid"), Link("dina", "somebody"), Link("somebody", "astrid")]
    assert matching.allowed([ASTRID], [DINA], links) == {links[0]}
