"""A round is shaped with the keyboard alone; focus follows what was decided, and each view is whole for everybody."""

import pytest
from playwright.sync_api import expect

from tests.support.browsing import Visitor

VIEWS = ("", "?view=heatmap", "/report", "/weights", "/release")


@pytest.fixture
def hilde(own_visitor: Visitor) -> Visitor:
    """The secretariat, with a draft before her."""
    own_visitor.become("secretariat")
    own_visitor.go("/secretariat/rounds")
    own_visitor.press("Ny runde")
    own_visitor.sees("Utkast, kjøring 1")
    return own_visitor


def test_a_swap_takes_focus_to_the_pair_that_was_made_and_can_be_taken_back(hilde: Visitor) -> None:
    page, keys = hilde.page, hilde.page.keyboard
    page.locator(".pair-list a").first.focus()
    keys.press("Enter")
    expect(hilde.focused()).to_have_id("pair")
    page.locator(".round-choice .ds-button").first.focus()
    keys.press("Enter")
    hilde.sees("og paret er låst", at="#round")
    expect(hilde.focused()).to_have_id("pair")
    page.locator(".alert .ds-button").first.focus()
    keys.press("Enter")
    hilde.sees_no("og paret er låst", at="#round")
    expect(hilde.focused()).to_have_id("pair")


def test_the_exclusion_is_a_dialog_that_the_keyboard_opens_leaves_and_uses(hilde: Visitor) -> None:
    page, keys = hilde.page, hilde.page.keyboard
    opens = page.get_by_role("button", name="Utelukk, med grunn")
    opens.focus()
    keys.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert hilde.violations() == []
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(opens).to_be_focused()
    keys.press("Enter")
    page.locator("[name=ground]").first.focus()
    keys.press("Space")
    page.get_by_role("button", name="Utelukk paret").focus()
    keys.press("Enter")
    hilde.sees("ble utelukket", at="#round")
    expect(hilde.focused()).to_have_id("pair")


@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_of_a_draft_is_whole(hilde: Visitor, width: int) -> None:
    address = hilde.page.url.removeprefix(hilde.server).split("?")[0]
    hilde.page.set_viewport_size({"width": width, "height": 900})
    for view in VIEWS:
        hilde.go(address + view)
        assert hilde.violations() == [], view
        assert hilde.too_wide() == [], view
