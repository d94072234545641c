"""A conversation is booked with the keyboard alone; focus and title follow what happens on the page."""

import re

from playwright.sync_api import expect

from tests.support.browsing import Visitor

MOST_STEPS = 40


def tab_to(visitor: Visitor, css: str) -> None:
    """Press Tab until this has focus."""
    for _ in range(MOST_STEPS):
        visitor.page.keyboard.press("Tab")
        if visitor.focused().first.evaluate("(element, css) => element.matches(css)", css):
            return
    raise AssertionError(f"{css} is not reached by Tab")


def test_a_conversation_is_booked_with_the_keyboard_alone(own_visitor: Visitor) -> None:
    own_visitor.become("mentee")
    page, keys = own_visitor.page, own_visitor.page.keyboard
    own_visitor.go("/coaching/slots")
    keys.press("Tab")
    expect(own_visitor.focused()).to_have_text("Hopp til innholdet")
    keys.press("Enter")
    tab_to(own_visitor, "input[name=mode]")
    tab_to(own_visitor, ".slot")
    hour = own_visitor.focused().locator("b").inner_text()
    keys.press("Enter")
    expect(own_visitor.focused()).to_contain_text(f"kl. {hour}")
    expect(own_visitor.focused()).to_have_class(re.compile("confirmation__title"))
    expect(page).to_have_title(re.compile("^Bestill en samtale"))
    tab_to(own_visitor, "#choice button[type=submit]")
    keys.press("Enter")
    own_visitor.sees("Samtalen er bestilt", at="#status")
    expect(page).to_have_title(re.compile(re.escape(page.locator("h1").inner_text())))


def test_focus_goes_to_what_must_be_mended(own_visitor: Visitor) -> None:
    own_visitor.become("coach")
    own_visitor.go("/coach/availability")
    own_visitor.press("Legg til")
    expect(own_visitor.focused()).to_have_id("error-summary")
    own_visitor.page.keyboard.press("Tab")
    own_visitor.page.keyboard.press("Enter")
    expect(own_visitor.focused()).to_have_attribute("name", "first")
