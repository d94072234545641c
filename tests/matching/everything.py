"""Every legal way to pair a small round, and what each is worth by the objective: what the engine is held against."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TypeAlias

from hypothesis import strategies as st

from matching import Link, Mentee, Mentor, Objective, Outcome, Rule
from matching.assignment import UNSERVED
from matching.loads import MOST, STEP
from matching.ranking import BONUS
from tests.matching.people import GAUSDAL, HOLE, LIERNE, LILLEHAMMER, OSLO, RINGERIKE

Columns: TypeAlias = Sequence[int]
Key: TypeAlias = tuple[object, ...]

PLACES = st.sampled_from([GAUSDAL, HOLE, LIERNE, LILLEHAMMER, OSLO, RINGERIKE])
AREAS = st.dictionaries(st.sampled_from(["mayor", "crisis", "economy"]), st.integers(1, 3), max_size=2)
YEARS = st.none() | st.integers(0, 15)


@st.composite
def rounds(draw: st.DrawFn, mentees: int = 6, mentors: int = 3) -> dict[str, object]:
    """What `propose` takes, small enough to try every way; alike people and thereby ties are frequent."""
    names = [f"mentor-{k}" for k in range(draw(st.integers(0, mentors)))]
    seeking = [f"mentee-{k}" for k in range(draw(st.integers(0, mentees)))]
    forbidden = [
        Link(one, other, draw(st.sampled_from([Rule.DECLINED, Rule.EXCLUDED])))
        for one in seeking
        for other in names
        if draw(st.integers(0, 4)) == 0
    ]
    return {
        "mentors": [
            Mentor(
                name,
                draw(PLACES),
                draw(AREAS),
                capacity=draw(st.integers(0, 3)),
                years=draw(YEARS),
                avoid_neighbours=draw(st.booleans()),
            )
            for name in names
        ],
        "mentees": [
            Mentee(
                name,
                draw(PLACES),
                draw(AREAS),
                draw(YEARS),
                ranking=tuple(draw(st.permutations([*names, "somebody"]))[: draw(st.integers(0, 4))]),
            )
            for name in seeking
        ],
        "forbidden": forbidden,
    }


def every_way(outcome: Outcome) -> Iterator[Columns]:
    """All assignments that break no rule, keep the fixed pairs and fill no mentor beyond the places."""
    round_ = outcome.round
    open_ = [
        [round_.fixed[row]]
        if row in round_.fixed
        else [UNSERVED, *(to for to in range(len(round_.mentors)) if not round_.rules_of(row, to))]
        for row in range(len(round_.mentees))
    ]
    for columns in product(*open_):
        if all(columns.count(to) <= mentor.capacity for to, mentor in enumerate(round_.mentors)):
            yield columns


def key(outcome: Outcome, columns: Columns, more: dict[tuple[int, int], int] | None = None) -> Key:
    """The higher the better, by the round's own objective; `more` are units on top for some pairs."""
    round_ = outcome.round
    cells = [(row, to) for row, to in enumerate(columns) if to != UNSERVED and row not in round_.fixed]
    worth = sorted(_worth(outcome, cell) + (more or {}).get(cell, 0) for cell in cells)
    load = sum(
        min(STEP * earlier, MOST)
        for to in range(len(round_.mentors))
        for earlier in range(list(round_.fixed.values()).count(to), columns.count(to))
    )
    load *= round_.even_load
    if outcome.objective is Objective.TOTAL:
        return len(cells), sum(worth) - load
    if outcome.objective is Objective.FLOOR:
        return len(cells), min(worth, default=0), sum(worth) - load
    return len(cells), worth, -load


def _worth(outcome: Outcome, cell: tuple[int, int]) -> int:
    """From the definition: the score shown, and the bonus divided by the place in the mentee's own order."""
    round_ = outcome.round
    ranking, mentor = round_.mentees[cell[0]].ranking, round_.mentors[cell[1]].id
    bonus = BONUS // (ranking.index(mentor) + 1) if mentor in ranking else 0
    return int(round_.scores[cell]) + bonus
