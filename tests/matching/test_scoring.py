"""What a score is: seven parts, each with its meaning, that add up to the unit."""

import dataclasses

import numpy as np
import pytest

import matching
from matching import FULL_SCORE, Mentee, Mentor, Mode, Pair, Weights, Wishes, municipalities, places, scoring
from tests.matching.people import GAUSDAL, HOLE, LIERNE, LILLEHAMMER, OSLO, RINGERIKE, round_of

pytestmark = pytest.mark.pure


def the_pair(mentor: Mentor, mentee: Mentee, weights: Weights = matching.DEFAULT) -> Pair:
    return matching.propose([mentor], [mentee], weights=weights).pairs[0]


def units(pair: Pair, name: str) -> int:
    return next(part.units for part in pair.parts if part.name == name)


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_of_every_pair_add_up_to_its_score(seed: int) -> None:
    mentors, mentees = round_of(seed, 40, 30)
    people = [mentor.id for mentor in mentors] + [mentee.id for mentee in mentees]
    texts = {person: [seed + 1.0, k % 3 - 1, k % 5] for k, person in enumerate(people) if k % 4}
    round_ = matching.propose(mentors, mentees, texts=texts).round
    rows, columns = np.indices(round_.scores.shape).reshape(2, -1)
    parts = round_.scoring.parts(rows, columns)
    limits = np.array(list(round_.scoring.limits.values()))
    assert (parts.sum(axis=1) == round_.scores.ravel()).all()
    assert (parts >= 0).all()
    assert (parts <= limits).all()
    assert limits.sum() == FULL_SCORE


def test_whole_points_add_up_too() -> None:
    mentors, mentees = round_of(3, 30, 30)
    for pair in matching.propose(mentors, mentees).pairs:
        shown = matching.whole_points(pair).values()
        assert sum(points for points, _ in shown) == matching.points(pair.score)
        assert sum(of for _, of in shown) == 100
        assert all(points <= of for points, of in shown)


def test_scaling_the_weights_changes_nothing() -> None:
    mentors, mentees = round_of(4, 12, 10)
    tenfold = Weights(**{name: 10 * value for name, value in matching.DEFAULT.as_dict().items()})
    assert (
        matching.propose(mentors, mentees).pairs == matching.propose(mentors, mentees, weights=tenfold).pairs
    )


HAUGESUND, KARMOY, BOKN, TYSVAER = "1106", "1149", "1145", "1146"  # bokmål, neutral, nynorsk, not known


@pytest.mark.parametrize(
    ("here", "there", "told"),
    [
        (HAUGESUND, BOKN, {"mentee": "bokmål", "mentor": "nynorsk"}),
        (HAUGESUND, KARMOY, None),
        (KARMOY, BOKN, None),
        (BOKN, TYSVAER, None),
    ],
)
def test_another_written_form_is_a_difference_only_where_it_costs_points(
    here: str, there: str, told: dict[str, str] | None
) -> None:
    only = Weights(**{**dict.fromkeys(matching.PARTS, 0), "practicalities": 1})
    mentor = Mentor("astrid", there, modes=frozenset({Mode.IN_PERSON}))
    difference = the_pair(mentor, Mentee("dina", here), only).difference
    assert (difference and (difference.code, difference.values)) == (told and ("language", told))


def test_a_wish_that_is_nearly_met_is_a_small_difference() -> None:
    even = Weights(**{**dict.fromkeys(matching.PARTS, 0), "challenges": 1, "wishes": 1})
    mentor = Mentor("astrid", LILLEHAMMER, areas={"mayor": 3, "council": 3}, years=9)
    mentee = Mentee("dina", LIERNE, {"mayor": 3, "council": 3, "economy": 1}, wishes=Wishes(years=10))
    difference = the_pair(mentor, mentee, even).difference
    assert difference and difference.code == "missing_area"
    far_from = the_pair(dataclasses.replace(mentor, years=2), mentee, even).difference
    assert far_from and far_from.values == {"wish": "years"}


def test_years_that_are_not_known_are_not_said_to_be_too_few() -> None:
    only = Weights(**{**dict.fromkeys(matching.PARTS, 0), "wishes": 1})
    pair = the_pair(Mentor("astrid", LILLEHAMMER), Mentee("dina", LIERNE, wishes=Wishes(years=10)), only)
    assert (units(pair, "wishes"), pair.difference) == (FULL_SCORE // 2, None)


def test_covering_what_the_mentee_needs_is_what_counts() -> None:
    mentee = Mentee("dina", LIERNE, areas={"mayor": 3, "economy": 1})
    narrow = Mentor("astrid", LILLEHAMMER, areas={"mayor": 3, "economy": 3})
    broad = dataclasses.replace(narrow, areas={"mayor": 3, "economy": 3, "crisis": 3, "media": 3})
    half = dataclasses.replace(narrow, areas={"economy": 3})
    assert units(the_pair(narrow, mentee), "challenges") == 40_000
    assert units(the_pair(broad, mentee), "challenges") == 40_000
    assert units(the_pair(half, mentee), "challenges") == 10_000


def test_the_best_mentor_sits_in_a_somewhat_larger_municipality() -> None:
    known = [place for place in municipalities().values() if place.kind == "municipality"]
    own = min(known, key=lambda place: abs(place.population - 9_800))
    values = places.size([own], known)[0]
    best = known[int(values.argmax())]
    assert 1.15 < best.population / own.population < 1.35
    half, double = (min(known, key=lambda p: abs(p.population - own.population * k)) for k in (0.5, 2))
    assert values[known.index(half)] < values[known.index(double)]


@pytest.mark.parametrize(
    ("mentee", "mentor", "share"),
    [
        (0, 12, 1.0),
        (0, 8, 0.5 + 0.5 * 8 / 12),
        (10, 5, 0.5 * 5 / 12),
        (10, 14, 0.75),
        (None, 12, 0.75),
        (3, None, 0.5),
    ],
)
def test_experience_is_a_gap_and_a_length(mentee: int | None, mentor: int | None, share: float) -> None:
    assert scoring.experience(mentee, mentor) == pytest.approx(share)


def test_somebody_close_who_meets_as_one_wants_is_practical() -> None:
    near = the_pair(Mentor("astrid", HOLE), Mentee("dina", RINGERIKE))
    far = the_pair(Mentor("astrid", LIERNE), Mentee("dina", RINGERIKE))
    apart = the_pair(
        Mentor("astrid", HOLE, modes=frozenset({Mode.DIGITAL})),
        Mentee("dina", RINGERIKE, modes=frozenset({Mode.IN_PERSON})),
    )
    assert (
        units(near, "practicalities") > 9_000 > units(far, "practicalities") > units(apart, "practicalities")
    )


def test_each_wish_counts_the_same() -> None:
    mentor = Mentor("astrid", GAUSDAL, years=4, retired=True)
    mentee = Mentee("dina", LILLEHAMMER, wishes=Wishes(other_county=True, retired=True, years=8))
    assert units(the_pair(mentor, mentee), "wishes") == pytest.approx(10_000 * (0 + 1 + 0.5) / 3, abs=1)
    assert units(the_pair(mentor, Mentee("dina", LILLEHAMMER)), "wishes") == 10_000


def test_the_same_words_score_and_a_missing_text_counts_as_half() -> None:
    mentors = [Mentor("astrid", OSLO), Mentor("berit", LIERNE), Mentor("cato", GAUSDAL)]
    texts = {"dina": [1.0, 0.0], "astrid": [2.0, 0.0], "berit": [0.0, 1.0]}
    outcome = matching.propose(mentors, [Mentee("dina", LILLEHAMMER)], texts=texts)
    found = {who: matching.pair(outcome, "dina", who) for who in ("astrid", "berit", "cato")}
    shares = {who: units(pair, "text") for who, pair in found.items() if isinstance(pair, Pair)}
    assert shares == {"astrid": 5_000, "berit": 2_500, "cato": 2_500}


def test_without_texts_their_share_goes_to_the_challenges() -> None:
    pair = the_pair(Mentor("astrid", OSLO), Mentee("dina", LILLEHAMMER))
    assert {part.name: part.of for part in pair.parts}["challenges"] == 40_000


def test_one_distance_is_the_same_as_many() -> None:
    known = list(municipalities().values())[::20]
    table = places.kilometres(known, known)
    for (row, column), kilometres in np.ndenumerate(table):
        assert places.distance(known[row], known[column]) == pytest.approx(kilometres, abs=1e-6)


def test_what_two_municipalities_have_in_common_has_a_word() -> None:
    known = [place for place in municipalities().values() if place.kind == "municipality"]
    said = {places.alike(here, there) for here in known[::7] for there in known[::5]}
    assert said == {"kostra", "centrality", "decline", "growth", "all"}
    assert places.alike(municipalities()[OSLO], municipalities()[OSLO]) == "kostra"


def test_size_and_kind_are_told_with_what_words_need() -> None:
    weights = Weights(0, 0, 40, 60, 0, 0, 0)
    gausdal, nord_aurdal = municipalities()[GAUSDAL], municipalities()["3451"]
    pair = the_pair(Mentor("astrid", nord_aurdal.number), Mentee("dina", GAUSDAL), weights)
    told = {reason.code: reason.values for reason in pair.reasons}
    assert told["size"]["mentee_band"] == told["size"]["mentor_band"] == 2
    assert told["kind"]["alike"] == places.alike(gausdal, nord_aurdal)
