"""A reservation and a tie are told to the one whose they are, and nothing anybody else is told betrays them."""

import dataclasses
import json

import pytest

import matching
from matching import InputError, Link, Mentee, Mentor, Reservation, ReservationKind, Rule
from tests.matching.people import GAUSDAL, HOLE, LILLEHAMMER, OSLO, RINGERIKE

pytestmark = pytest.mark.pure

PERSON, TIE = ReservationKind.PERSON, ReservationKind.TIE
ASTRID, DINA = Mentor("astrid", GAUSDAL), Mentee("dina", OSLO)
HIDDEN = [
    ([Reservation("dina", PERSON, "astrid")], []),
    ([Reservation("astrid", PERSON, "dina")], []),
    ([Reservation("astrid", TIE, "dina")], []),
    ([Reservation("astrid", ReservationKind.COUNTY, "03")], []),
    ([], [Link("dina", "astrid", Rule.DECLINED)]),
    ([], [Link("dina", "astrid", Rule.ENDED)]),
]


@pytest.mark.parametrize("capacity", [0, 1])
@pytest.mark.parametrize("seen_by", [None, "egil"])
def test_nobody_else_can_tell_a_reservation_from_a_no_or_an_old_pair(
    seen_by: str | None, capacity: int
) -> None:
    answers = set()
    for reservations, forbidden in HIDDEN:
        astrid = dataclasses.replace(ASTRID, capacity=capacity)
        outcome = matching.propose([astrid], [DINA], reservations, forbidden=forbidden)
        (left,) = outcome.unmatched
        told = (
            matching.pair(outcome, "dina", "astrid", seen_by),
            matching.counterfactual(outcome, "dina", "astrid", seen_by),
            matching.freed_by(outcome, "dina", seen_by),
            left,
        )
        answers.add(repr(told))
    assert len(answers) == 1


@pytest.mark.parametrize("kind", [PERSON, TIE])
@pytest.mark.parametrize(("owner", "other"), [("dina", "astrid"), ("astrid", "dina")])
def test_the_owner_is_told_and_the_other_is_not(kind: ReservationKind, owner: str, other: str) -> None:
    rule = Rule.TIE if kind is TIE else Rule.RESERVATION
    outcome = matching.propose([ASTRID], [DINA], [Reservation(owner, kind, other)])
    assert matching.pair(outcome, "dina", "astrid", seen_by=owner) is rule
    assert matching.counterfactual(outcome, "dina", "astrid", seen_by=owner).values["rule"] is rule
    assert [way.code for way in matching.freed_by(outcome, "dina", seen_by=owner)] == ["lifted"]
    assert matching.pair(outcome, "dina", "astrid", seen_by=other) is None
    assert matching.counterfactual(outcome, "dina", "astrid", seen_by=other).code == "not_possible"
    assert matching.freed_by(outcome, "dina", seen_by=other) == ()


def test_an_owner_learns_nothing_of_the_others_reservation() -> None:
    both = [Reservation("dina", PERSON, "astrid"), Reservation("astrid", TIE, "dina")]
    outcome = matching.propose([ASTRID], [DINA], both)
    assert matching.pair(outcome, "dina", "astrid", seen_by="dina") is Rule.RESERVATION
    assert matching.pair(outcome, "dina", "astrid", seen_by="astrid") is Rule.TIE


def test_that_the_other_would_not_have_a_neighbour_is_not_told() -> None:
    mentor, mentee = Mentor("astrid", HOLE, avoid_neighbours=True), Mentee("dina", RINGERIKE)
    outcome = matching.propose([mentor], [mentee])
    assert matching.pair(outcome, "dina", "astrid", seen_by="dina") is None
    assert matching.pair(outcome, "dina", "astrid", seen_by="astrid") is Rule.NEIGHBOUR
    assert matching.pair(outcome, "dina", "astrid") is Rule.NEIGHBOUR


def test_a_full_mentor_with_a_reservation_is_never_promised() -> None:
    outcome = matching.propose(
        [Mentor("astrid", GAUSDAL, capacity=0)], [DINA], [Reservation("astrid", PERSON, "dina")]
    )
    assert matching.counterfactual(outcome, "dina", "astrid").code == "rule"
    assert matching.freed_by(outcome, "dina") == ()


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize(("reservations", "forbidden"), HIDDEN)
def test_a_fixed_pair_lifts_no_rule_but_the_pause_and_the_refusal_does_not_say_which(
    paused: bool, reservations: list[Reservation], forbidden: list[Link]
) -> None:
    astrid, fixed = dataclasses.replace(ASTRID, paused=paused), [Link("dina", "astrid")]
    assert matching.propose([astrid], [DINA], fixed=fixed).coverage == 1
    with pytest.raises(InputError) as refused:
        matching.propose([astrid], [DINA], reservations, forbidden=forbidden, fixed=fixed)
    assert str(refused.value) == "fixed: mentee dina and mentor astrid cannot be a pair"


def test_nothing_written_of_the_round_holds_a_confidential_rule() -> None:
    reservations = [Reservation("dina", PERSON, "astrid"), Reservation("berit", TIE, "egil")]
    mentors = [ASTRID, Mentor("berit", LILLEHAMMER), Mentor("cato", RINGERIKE, paused=True)]
    outcome = matching.propose(mentors, [DINA, Mentee("egil", GAUSDAL), Mentee("frode", HOLE)], reservations)
    told = [dataclasses.asdict(left) for left in outcome.unmatched] + [
        matching.as_data(pair) for pair in outcome.pairs
    ]
    told += [
        dataclasses.asdict(matching.counterfactual(outcome, mentee.id, mentor.id))
        for mentee in outcome.round.mentees
        for mentor in outcome.round.mentors
    ]
    words = json.dumps(told)
    assert not any(word in words for word in ("reservation", '"tie"', "declined"))
    assert "reservation" not in repr(outcome)


def test_the_confidential_rules_are_marked() -> None:
    assert {rule for rule in Rule if rule.is_confidential} == {Rule.TIE, Rule.RESERVATION}
