"""Small numbers and small changes stay hidden, also from whoever can subtract, has kept every report and knows the rule."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.steering import suppression
from portal.steering.suppression import Block, Figures, Line, Table, is_small, shown

pytestmark = pytest.mark.pure

SESSIONS = Line({"bound": ("used", "booked")}, ("bound", "used", "booked"), ("bound",))
PAIRS = Line(
    {"live": ("met", "quiet")},
    ("live", "met", "quiet", "seeking"),
    ("live", "seeking"),
    ("live", "met", "quiet"),
    ("live",),
    ("seeking",),
)
World = tuple[int, ...]
Pinned = dict[tuple[int, ...], int]


def seats(*rows: tuple[int, int], beside: int = 0) -> dict[str, int]:
    """Counts of (seated, started) by size, and those who asked and have no seat."""
    seated, started = sum(s for s, _ in rows), sum(p for _, p in rows)
    counts = {"seated": seated, "started": started, "applied": seated + beside}
    for i, (whole, part) in enumerate(rows):
        counts |= {f"seated:{i}": whole, f"started:{i}": part}
    return counts


# What is said of one report


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    counts = seats((14, 9), (13, 8), (11, 5), (10, 0), beside=6)
    assert shown(Table(4), counts) == counts


def test_one_small_row_takes_the_smallest_other_with_it() -> None:
    found = shown(Table(4), seats((24, 14), (13, 8), (11, 6), (3, 1)))
    assert {name for name in found if ":" in name} == {"seated:0", "seated:1", "started:0", "started:1"}


def test_a_remainder_of_few_is_hidden_too() -> None:
    """Of 20 with a seat 18 have begun: two have not."""
    found = shown(Table(3), seats((20, 18), (20, 10), (20, 10)))
    assert "started:0" not in found
    assert found["started"] == 38
    assert "started" not in shown(Table(1), seats((20, 18)))


def test_with_few_in_all_nothing_is_shown() -> None:
    assert shown(Table(2), seats((0, 0), (3, 2))) == {}
    assert shown(SESSIONS, {"used": 2, "booked": 1}) == {}


def test_nobody_at_all_can_be_said() -> None:
    assert shown(PAIRS, {"met": 0, "quiet": 0, "seeking": 9})["live"] == 0


def test_five_conversations_of_three_persons_are_few() -> None:
    counts = {"used": 9, "booked": 8}
    assert shown(SESSIONS, counts, each=2) == {"bound": 17}
    assert shown(SESSIONS, {"used": 4, "booked": 4}, each=2) == {}


# What is said of one after another


def test_one_more_first_conversation_in_a_size_is_not_told() -> None:
    """(13, 7) one day and (13, 8) the next."""
    first = seats((20, 12), (20, 10), (13, 7))
    second = seats((20, 12), (20, 10), (13, 8))
    before = shown(Table(3), first)
    assert before == first
    after = shown(Table(3), second, [before])
    assert "started" not in after
    assert not [name for name in after if name.startswith("started:")]
    assert after["seated:2"] == 13


def test_one_more_pair_is_not_told() -> None:
    before = shown(PAIRS, {"met": 12, "quiet": 6, "seeking": 18})
    assert shown(PAIRS, {"met": 13, "quiet": 6, "seeking": 17}, [before]) == {}


def test_a_figure_hidden_in_between_is_held_against_the_last_that_was_shown() -> None:
    reports: list[Figures] = []
    for used in (10, 12, 14, 15):
        reports.append(shown(SESSIONS, {"used": used, "booked": 30}, reports))
    assert [found.get("used") for found in reports] == [10, None, None, 15]


def test_a_figure_is_held_against_the_old_ones_too() -> None:
    """From 10 to 20 and back to 12: two more than the first time."""
    reports: list[Figures] = []
    for used in (10, 20, 12, 10):
        reports.append(shown(SESSIONS, {"used": used, "booked": 30}, reports))
    assert [found.get("used") for found in reports] == [10, 20, None, 10]


def test_a_total_tells_no_change_that_its_parts_hide() -> None:
    before = shown(SESSIONS, {"used": 20, "booked": 20})
    assert shown(SESSIONS, {"used": 26, "booked": 15}, [before]) == {}


def test_where_all_have_begun_each_row_tells_how_many() -> None:
    """Ten of a size had begun, then nine: said by no figure of theirs, but by their seats when all have begun."""
    before = shown(Table(2), seats((15, 10), (20, 10)))
    assert "started:0" in before
    after = shown(Table(2), seats((9, 9), (40, 40)), [before])
    assert "seated" in after
    assert not {"started", "seated:0"} <= set(after)


# The attacker

Atoms = Mapping[str, tuple[int, ...]]  # the places in a world that a figure is the sum of


@cache
def all_worlds(size: int, most: int) -> Any:
    return np.indices((most + 1,) * size, dtype=np.int16).reshape(size, -1).T


def sums(atoms: Atoms, world: Iterable[int]) -> dict[str, int]:
    found = [int(n) for n in world]
    return {name: sum(found[i] for i in places) for name, places in atoms.items()}


def consistent(atoms: Atoms, figures: Figures, worlds: Any) -> Any:
    """Of all worlds, those with these figures."""
    for name, n in figures.items():
        worlds = worlds[worlds[:, list(atoms[name])].sum(axis=1) == n]
    return worlds


def pinned(groups: Iterable[tuple[int, ...]], worlds: Any) -> Pinned:
    """The groups that have the same number in all these worlds."""
    counts = {group: worlds[:, list(group)].sum(axis=1) for group in groups}
    return {group: int(n[0]) for group, n in counts.items() if n.min() == n.max()}


def left_by_the_rule(groups: set[tuple[int, ...]], truth: World, worlds: Any, gives: Any) -> Pinned:
    """The same, of the worlds that the rule would have told of in the same way.

    Some hundreds near the truth are looked at; what is the same in those counts as known, to the attacker's favour.
    """
    same = {group: sum(truth[i] for i in group) for group in groups}
    near = np.abs(worlds - np.array(truth)).sum(axis=1).argsort(kind="stable")
    for world in worlds[near[:400]]:
        if any(world[list(group)].sum() != n for group, n in same.items()) and gives(world):
            same = {group: n for group, n in same.items() if world[list(group)].sum() == n}
    return same


def attack(
    block: Block,
    atoms: Atoms,
    groups: Sequence[tuple[int, ...]],
    truths: Sequence[World],
    most: int,
    knows_the_rule: bool,
) -> None:
    """Nothing small is the same in every world that could have given these reports, and no change between two of them."""
    reports: list[Figures] = []
    sure: list[Pinned] = []
    for truth in truths:
        found = shown(block, sums(atoms, truth), reports)
        worlds = consistent(atoms, found, all_worlds(len(truth), most))
        now = pinned(groups, worlds)
        if knows_the_rule:
            told = partial(_gives, block, atoms, tuple(reports), found)
            now |= left_by_the_rule(set(groups) - set(now), truth, worlds, told)
        assert not [g for g, n in now.items() if is_small(n)], (truths, found)
        # Reports tell of one moment each, so a change is known exactly where both numbers are.
        for earlier in sure:
            known = [g for g, n in now.items() if g in earlier and is_small(n - earlier[g])]
            assert not known, (truths, reports, found, known)
        reports.append(found)
        sure.append(now)


def _gives(block: Block, atoms: Atoms, reports: Sequence[Figures], found: Figures, world: Any) -> bool:
    return shown(block, sums(atoms, world), reports) == found


PAIR_ATOMS = {"met": (0,), "quiet": (1,), "live": (0, 1), "seeking": (2,)}
PAIR_GROUPS = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


@pytest.mark.parametrize("knows_the_rule", [False, True])
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 12)] * 3), min_size=2, max_size=4))
def test_no_small_number_or_change_of_pairs_can_be_computed(
    knows_the_rule: bool, truths: list[World]
) -> None:
    attack(PAIRS, PAIR_ATOMS, PAIR_GROUPS, truths, 14, knows_the_rule)


@pytest.mark.parametrize("knows_the_rule", [False, True])
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 16)] * 2), min_size=2, max_size=5))
def test_no_small_number_or_change_of_conversations_can_be_computed(
    knows_the_rule: bool, truths: list[World]
) -> None:
    atoms = {"used": (0,), "booked": (1,), "bound": (0, 1)}
    groups = [(0,), (1,), (0, 1)]
    attack(SESSIONS, atoms, groups, truths, 34, knows_the_rule)


def table(rows: int) -> tuple[Atoms, list[tuple[int, ...]]]:
    """A world has for each row those who have begun and those who have not; last, those without a seat."""
    begun, rest = range(rows), range(rows, 2 * rows)
    atoms = {"seated": (*begun, *rest), "started": (*begun,), "applied": (*begun, *rest, 2 * rows)}
    for i in range(rows):
        atoms |= {f"seated:{i}": (begun[i], rest[i]), f"started:{i}": (begun[i],)}
    unions = [[i for i in range(rows) if chosen >> i & 1] for chosen in range(1, 2**rows)]
    groups = [(2 * rows,), atoms["applied"]]
    for union in unions:
        part, left = tuple(begun[i] for i in union), tuple(rest[i] for i in union)
        groups += [part, left, (*part, *left)]
    return atoms, groups


@st.composite
def histories(draw: st.DrawFn, rows: int, most: int) -> list[World]:
    """Reports that change a little, as they do."""
    size = 2 * rows + 1
    worlds = [draw(st.tuples(*[st.integers(0, most)] * size))]
    for _ in range(draw(st.integers(1, 3))):
        steps = draw(st.tuples(*[st.sampled_from((0, 0, 0, 1, -1, 2, 3, -3))] * size))
        worlds.append(tuple(min(max(n + s, 0), most) for n, s in zip(worlds[-1], steps, strict=True)))
    return worlds


# Rows, the largest group, and the largest that the attacker thinks of. Three are many here, or the worlds would be too.
SIZES = [(2, 5, 10), (3, 4, 6)]
FEW = 3


@pytest.mark.parametrize("knows_the_rule", [False, True])
@pytest.mark.parametrize(("rows", "most", "thinkable"), SIZES)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_small_number_or_change_of_seats_can_be_computed(
    rows: int, most: int, thinkable: int, knows_the_rule: bool, data: st.DataObject
) -> None:
    atoms, groups = table(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppression, "K", FEW)
        attack(Table(rows), atoms, groups, data.draw(histories(rows, most)), thinkable, knows_the_rule)
