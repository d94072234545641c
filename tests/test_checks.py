"""The client that finds fault with pages finds the faults it is there for."""

import pytest
from werkzeug.test import EnvironBuilder

from tests.support.checks import faults
from tests.support.page import Page

pytestmark = pytest.mark.pure

GOOD = """<!doctype html><html lang="nb"><head><title>Samtaler – Varde</title></head><body><main><h1>Samtaler</h1>
<form method="post" action="/x"><input type="hidden" name="csrf_token" value="t"><label for="a">Tema</label>
<select id="a" name="theme"><option value="1">En</option><option value="2" selected>To</option></select>
<label><input type="checkbox" name="agree" value="yes" checked> Ja</label><textarea aria-label="Tekst" name="text">
Hei</textarea><button>Bestill</button></form></main></body></html>"""


def page(source: str) -> Page:
    request = EnvironBuilder("/somewhere").get_request()
    return Page([source.encode()], "200 OK", [("Content-Type", "text/html; charset=utf-8")], request)  # type: ignore[arg-type]


def test_a_good_page_has_no_faults() -> None:
    assert not faults(page(GOOD))


@pytest.mark.parametrize(
    ("right", "wrong", "fault"),
    [
        ("<h1>Samtaler</h1>", "", "0 h1"),
        ("<h1>Samtaler</h1>", "<h1>Samtaler</h1><h1>To</h1>", "2 h1"),
        ("<title>Samtaler", "<title>Noe annet", "does not begin with"),
        ('lang="nb"', 'lang="en"', "'en'"),
        ("<label for", "<p id=a></p><label for", "used 2 times"),
        ('name="csrf_token"', 'name="token"', "no csrf_token"),
        ('<label for="a">Tema</label>', "Tema", "'theme' has no label"),
        ("<button>Bestill", "<button>Submit", "'Submit'"),
        ("<button>", '<button title="Not a valid choice">', "Not a valid"),
        ("<h1>", '<h1 style="color: red">', "inline style"),
        ("<h1>", '<h1 onclick="x()">', "onclick"),
        ("<main>", "<main><script>x()</script>", "inline <script>"),
        ("> Ja<", "> {{ ja }}<", "{{"),
    ],
)
def test_each_fault_is_found(right: str, wrong: str, fault: str) -> None:
    assert right in GOOD
    assert any(fault in found for found in faults(page(GOOD.replace(right, wrong, 1))))


def test_what_a_person_has_written_may_be_in_any_language() -> None:
    assert not faults(page(GOOD.replace("Hei", "Search and Submit")))


def test_a_form_is_sent_as_the_browser_would_send_it() -> None:
    form = page(GOOD).form("Bestill")
    assert form.filled(text="Nytt", agree=None) == {"csrf_token": ["t"], "theme": ["2"], "text": "Nytt"}
