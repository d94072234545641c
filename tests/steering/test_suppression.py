"""Small numbers stay hidden, also from whoever can subtract."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.steering.suppression import Cell, Split, Why, column, is_small, single, split

pytestmark = pytest.mark.pure


def values(cells: tuple[Cell, ...]) -> list[int | None]:
    return [cell.value for cell in cells]


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    cells, total = column([14, 13, 0, 9])
    assert (values(cells), total.value) == ([14, 13, 0, 9], 36)


def test_one_small_part_takes_the_next_smallest_with_it() -> None:
    cells, total = column([14, 13, 11, 3])
    assert (values(cells), total.value) == ([14, 13, None, None], 41)
    assert cells[2].why is cells[3].why is Why.GUARD  # which of the two is the small one is not said


def test_two_small_parts_that_are_few_together_take_a_third() -> None:
    cells, _total = column([20, 9, 2, 1])
    assert values(cells) == [20, None, None, None]


def test_where_nothing_can_cover_the_total_is_hidden() -> None:
    cells, total = column([0, 3])
    assert (values(cells), total.value) == ([0, None], None)


def test_a_remainder_of_few_is_hidden_too() -> None:
    assert single(55, 55 - 47).value == 55
    assert single(50, 50 - 47) == Cell(None, Why.GUARD)
    assert single(3) == Cell(None, Why.FEW)
    assert single(0).value == 0


def test_the_report_of_the_picture() -> None:
    """14/9, 13/8, 11/7 and 9/4: the last row is few, and another goes with it."""
    table = split([(14, 9), (13, 8), (11, 6), (9, 4)])
    assert values(tuple(whole for whole, _ in table.rows)) == [14, 13, 11, 9]
    assert values(tuple(part for _, part in table.rows)) == [9, 8, None, None]
    assert (table.whole.value, table.part.value) == (47, 27)


def test_a_small_remainder_hides_its_part() -> None:
    table = split([(20, 18), (20, 10), (20, 10)])
    assert table.rows[0][1].value is None


counts = st.integers(0, 14)
pairs = st.tuples(counts, counts).map(lambda p: (p[0] + p[1], p[0]))


@given(st.lists(counts, min_size=1, max_size=5))
def test_no_reader_can_compute_a_hidden_part_of_a_column(parts: list[int]) -> None:
    cells, total = column(parts)
    assert not any(is_small(cell.value) for cell in (*cells, total) if cell.value is not None)
    hidden = [i for i, cell in enumerate(cells) if cell.value is None]
    if total.value is None or not hidden:
        return
    # What the reader knows of the hidden ones is their sum: each can be anything from none to all of it.
    known = total.value - sum(cell.value or 0 for cell in cells)
    assert len(hidden) > 1
    assert known >= 5


@settings(max_examples=300, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=4))
def test_no_reader_can_compute_a_small_number_of_a_table(rows: list[tuple[int, int]]) -> None:
    table = split(rows)
    shown = [cell.value for pair in table.rows for cell in pair] + [table.whole.value, table.part.value]
    assert not any(is_small(n) for n in shown if n is not None)
    for (whole, part), (_cell, shown_part) in zip(rows, table.rows, strict=True):
        if shown_part.value is not None:
            assert not is_small(whole - part)
    for index, (whole, part) in enumerate(rows):
        for truth, seen in ((part, _parts(table, index)), (whole - part, _rests(table, index))):
            if is_small(truth):
                assert seen is None or len(seen) > 1, f"row {index} of {rows} is given away as {seen}"


def _bounds(table: Split, index: int, of_rest: bool) -> Iterator[int]:
    """The values that a row's hidden part (or remainder) can have, for a reader with the table and its sums."""
    whole = table.rows[index][0].value
    if table.part.value is None or table.whole.value is None:
        yield from range((whole if whole is not None else 14) + 1)
        return
    shown = [(w.value, p.value) for w, p in table.rows if w.value is not None and p.value is not None]
    part_left = table.part.value - sum(p for _, p in shown)
    rest_left = table.whole.value - table.part.value - sum(w - p for w, p in shown)
    mine, others = (rest_left, part_left) if of_rest else (part_left, rest_left)
    if whole is not None:
        yield from range(max(0, whole - others), min(whole, mine) + 1)
        return
    # Rows without a whole share what their wholes add up to; with two of them each can be all or nothing of it.
    blind = table.whole.value - sum(w.value or 0 for w, _ in table.rows)
    yield from range(min(mine, blind) + 1)


def _parts(table: Split, index: int) -> set[int] | None:
    return None if table.rows[index][1].value is not None else set(_bounds(table, index, of_rest=False))


def _rests(table: Split, index: int) -> set[int] | None:
    return None if table.rows[index][1].value is not None else set(_bounds(table, index, of_rest=True))
