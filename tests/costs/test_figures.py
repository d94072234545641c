"""Money that adds up to the øre."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.coaching.budget import Budget
from portal.coaching.models import Coach, Payer, Programme, Rate, RateKind
from portal.coaching.tally import Count, Outcome, Standing
from portal.costs import burn_up
from portal.costs.burn_up import Payment
from portal.costs.figures import figures
from portal.members.models import Member
from tests.coaching.programmes import NOW, at, booked, new_programme, participant

PEOPLE = Standing(60, 47, 3, 5, 26, 94, 44, 13, NOW)


def counted(sessions: int, outcome: Outcome, price: str = "2300", payer: Payer = Payer.KDF) -> Count:
    return Count(date(2026, 8, 1), outcome, payer, Decimal(price), sessions)


def budget(*counts: Count, frame: str = "250000", price: str | None = "2300") -> Budget:
    return Budget.of(Decimal(frame), counts, Decimal(price) if price else None, 2)


@pytest.mark.pure
def test_the_pilots_arithmetic() -> None:
    whole = budget()
    assert whole.in_all() == (108, 54)
    assert whole.in_all(with_vat=True) == (86, 43)
    assert whole.seats_held(0, 0) == 54


@pytest.mark.pure
def test_what_is_left_carries_the_free_clips_first_and_then_new_seats() -> None:
    used = budget(counted(33, Outcome.HELD), counted(11, Outcome.BOOKED))
    assert (used.free, used.sessions_left, used.remainder) == (Decimal(148_800), 64, Decimal(1_600))
    assert (used.new_seats(50), used.seats_held(47, 50)) == (7, 54)
    assert (used.new_seats(70), used.seats_held(47, 70)) == (0, 44)


@pytest.mark.pure
def test_the_frame_carries_only_what_kdf_pays_and_what_was_not_cancelled_in_time() -> None:
    spent = budget(
        counted(3, Outcome.HELD),
        counted(2, Outcome.NO_SHOW),
        counted(1, Outcome.LATE),
        counted(4, Outcome.CANCELLED),
        counted(5, Outcome.UNCONFIRMED),
        counted(6, Outcome.BOOKED),
        counted(7, Outcome.HELD, payer=Payer.MUNICIPALITY),
    )
    assert (spent.incurred, spent.committed) == (Decimal(6 * 2300), Decimal(11 * 2300))


@pytest.mark.pure
def test_a_frame_that_is_burst_says_by_how_much() -> None:
    burst = budget(counted(109, Outcome.BOOKED))
    assert (burst.free, burst.sessions_left, burst.new_seats(0)) == (Decimal(-700), 0, 0)


@pytest.mark.pure
@pytest.mark.parametrize("price", [None, "0"])
def test_without_a_price_nothing_is_divided(price: str | None) -> None:
    unpriced = budget(price=price)
    assert (unpriced.sessions_left, unpriced.in_all(), unpriced.new_seats(0)) == (0, (0, 0), 0)


amounts = st.decimals(0, 99_999, places=2)
rows = st.builds(
    lambda price, n, outcome, payer: Count(date(2026, 8, 1), outcome, payer, price, n),
    amounts,
    st.integers(0, 60),
    st.sampled_from(Outcome),
    st.sampled_from(Payer),
)


@pytest.mark.pure
@pytest.mark.promise("Rammen er alltid påløpt, bestilt og ledig til sammen, på øret", small=1, full=1)
@given(st.lists(rows), amounts)
def test_the_frame_is_the_sum_of_its_parts(counts: list[Count], frame: Decimal) -> None:
    found = Budget.of(frame, counts, Decimal(2300), 2)
    assert found.incurred + found.committed + found.free == frame
    assert found.sessions_left * 2300 <= max(found.free, Decimal(0))


@pytest.fixture
def programme(app: Any) -> Programme:
    return new_programme()


@pytest.fixture
def history(programme: Programme, bjorn: Member, daniel: Member, cecilie: Coach) -> Programme:
    """Held in August at 2 300, missed in October at 2 450,50, one ahead; the municipality pays for one."""
    programme.rates.append(
        Rate(kind=RateKind.MEMBER, amount=Decimal("2450.50"), valid_from=date(2026, 10, 1))
    )
    me, other = participant(bjorn, programme), participant(daniel, programme)
    held = booked(me, cecilie, at(date(2026, 8, 31), 23))
    held.confirm_held(cecilie.user, held.slot.ends_at)
    missed = booked(other, cecilie, at(date(2026, 10, 1), 0))
    missed.confirm_no_show(cecilie.user, missed.slot.ends_at)
    booked(me, cecilie, NOW + timedelta(days=7))
    paid = booked(other, cecilie, at(date(2026, 11, 2), 9), Payer.MUNICIPALITY)
    paid.confirm_held(cecilie.user, paid.slot.ends_at)
    return programme


def test_figures_add_up_line_by_line_and_month_by_month(history: Programme) -> None:
    found = figures(history, NOW)
    assert found.incurred == Decimal("4750.50")
    assert found.committed == Decimal("2450.50")
    assert found.free == Decimal(250_000) - Decimal("7201.00")
    assert [(m.first, m.amount) for m in found.months] == [
        (date(2026, 8, 1), Decimal("2300.00")),
        (date(2026, 10, 1), Decimal("2450.50")),
    ]
    assert sum(m.amount for m in found.months) == found.incurred
    assert (found.used, found.booked) == (2, 1)
    assert (found.outside_in_all.sessions, found.outside[Payer.MUNICIPALITY].amount) == (
        1,
        Decimal("2450.50"),
    )


def test_no_show_with_its_clip_given_back_is_still_paid(
    programme: Programme, bjorn: Member, cecilie: Coach
) -> None:
    programme.no_show_forfeits = False
    missed = booked(participant(bjorn, programme), cecilie, at(date(2026, 11, 2), 9))
    missed.confirm_no_show(cecilie.user, missed.slot.ends_at)
    assert missed.clip_returned_at is not None
    assert figures(programme, NOW).incurred == Decimal(2300)


def test_the_course_ends_where_the_figures_are(history: Programme) -> None:
    found = figures(history, NOW)
    course = burn_up.course(history, burn_up.payments(history, NOW), found.budget, found.people, NOW)
    assert course.incurred == found.incurred
    assert [s.total for s in course.steps] == [Decimal("2300.00"), Decimal("4750.50")]


def payments(*days: tuple[date, int]) -> list[Payment]:
    return [Payment(day, Decimal(2300)) for day, _who in days]


@pytest.mark.pure
def test_there_is_no_forecast_before_there_is_a_pace() -> None:
    start, end = date(2026, 8, 1), date(2027, 7, 31)
    used = budget(counted(33, Outcome.HELD), counted(11, Outcome.BOOKED))
    assert burn_up.forecast(used, PEOPLE.free_clips, start, date(2026, 8, 20), end) is None
    assert burn_up.forecast(used, PEOPLE.free_clips, start, end, end) is None
    ahead = burn_up.forecast(used, PEOPLE.free_clips, start, NOW.date(), end)
    assert ahead is not None
    assert (ahead.low, ahead.high) == (Decimal(44 * 2300), Decimal(94 * 2300))
    assert ahead.low <= ahead.middle <= ahead.high


@pytest.mark.pure
@given(
    st.lists(st.tuples(st.integers(0, 364), st.integers(0, 10)), max_size=30),
    st.integers(0, 400),
    st.decimals(1, 400_000, places=2),
)
def test_any_course_can_be_drawn(days: list[tuple[int, int]], day: int, frame: Decimal) -> None:
    start = date(2026, 8, 1)
    programme = Programme(
        starts_on=start, ends_on=date(2027, 7, 31), clips_valid_until=date(2027, 7, 31), budget=frame
    )
    paid = payments(*sorted((start + timedelta(days=n), who) for n, who in days))
    used = budget(counted(len(paid), Outcome.HELD), frame=str(frame))
    now = at(start + timedelta(days=max([day, *(n for n, _ in days)])), 12)
    chart = burn_up.draw(burn_up.course(programme, paid, used, PEOPLE, now), 620, 300)
    assert 0 <= chart.limit <= chart.bottom
    assert len(chart.grid) <= 6
    assert chart.left <= chart.today[0] <= chart.right
    assert all(b.y - a.y > 15.9 for a, b in pairwise(chart.ends))
