"""The secretariat's list of members: finding, filtering, ordering, taking it out."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import event

from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member, Membership
from tests.support.people import new_member

LIST = "/secretariat/members"


def names(page: Any) -> list[str]:
    return [str(name) for name in page.texts("tbody th")]


@pytest.fixture
def people(app: Any) -> list[Member]:
    return [
        new_member("Åse Aas", "Oslo"),
        new_member("Ærlend Zahl", "Nome"),
        new_member("Øyvind Bø", "Herøy (Nordland)", membership=Membership.NON_MEMBER),
        new_member("Zara Aas", "Utsira", since=None),
        new_member("Anne Vik", "Bergen"),
    ]


def test_the_order_is_norwegian(client: Any, eva: User, people: list[Member]) -> None:
    client.sign_in(eva)
    page = client.get(LIST)
    assert names(page) == ["Anne Vik", "Zara Aas", "Ærlend Zahl", "Øyvind Bø", "Åse Aas"]
    assert "5 medlemmer" in page.words
    assert page.one("th[aria-sort]").get("aria-sort") == "ascending"
    assert names(client.get(f"{LIST}?sort=population"))[:2] == ["Åse Aas", "Anne Vik"]
    assert names(client.get(f"{LIST}?sort=municipality"))[0] == "Anne Vik"
    assert names(client.get(f"{LIST}?sort=since"))[-1] == "Zara Aas"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=aas", ["Zara Aas", "Åse Aas"]),
        ("q=ås", ["Zara Aas", "Åse Aas"]),
        ("q=BERGEN", ["Anne Vik"]),
        ("q=vik+berg", ["Anne Vik"]),
        ("q=1818", ["Øyvind Bø"]),
        ("q=oyvind.bo%40example.org", ["Øyvind Bø"]),
        ("q=%25", []),
        ("q='%3B+DROP+TABLE+member", []),
        ("county=18", ["Øyvind Bø"]),
        ("size=over-45000", ["Anne Vik", "Åse Aas"]),
        ("size=under-2000", ["Zara Aas", "Øyvind Bø"]),
        ("membership=non_member", ["Øyvind Bø"]),
        ("invited=yes", []),
        ("invited=no&county=46", ["Anne Vik"]),
    ],
)
def test_the_list_is_searched_and_filtered(
    client: Any, eva: User, people: list[Member], query: str, found: list[str]
) -> None:
    client.sign_in(eva)
    page = client.get(f"{LIST}?{query}")
    assert names(page) == found
    if not found:
        assert "Ingen treff" in page.words


@pytest.mark.parametrize(
    "query",
    ["q=" + "x" * 4000, "q=%00&county=%00&sort=%00", "sort=drop", "size=x&county=xyz&membership=?&invited=9", "page=-1", "page=x",
     "page=99999999999999", "endpoint=x&_external=1&_scheme=javascript", "q=<script>alert(1)</script>"],
)  # fmt: skip
def test_odd_addresses_give_a_page(client: Any, eva: User, people: list[Member], query: str) -> None:
    client.sign_in(eva)
    assert not client.get(f"{LIST}?{query}").all("main script")


def test_the_filter_stays_in_the_address_and_htmx_gets_the_list_alone(
    client: Any, eva: User, people: list[Member]
) -> None:
    client.sign_in(eva)
    page = client.get(f"{LIST}?q=aas&county=03")
    assert page.one("input[name=q]").get("value") == "aas"
    assert page.texts("select[name=county] option[selected]") == ["Oslo"]
    assert "q=aas" in page.link("Excel") and "county=03" in page.link("Excel")
    block = client.htmx.get(f"{LIST}?q=aas")
    assert not block.is_whole and block.one("#found") is not None
    assert block.headers["Vary"].startswith("HX-Request")


def test_a_page_holds_fifty_and_a_fixed_number_of_queries(client: Any, eva: User) -> None:
    client.sign_in(eva)

    def queries() -> int:
        seen: list[str] = []

        def count(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        db.session.commit()
        event.listen(db.engine, "before_cursor_execute", count)
        client.get(LIST)
        event.remove(db.engine, "before_cursor_execute", count)
        return len([s for s in seen if s.startswith("SELECT")])

    new_member("Aa Aa", "Nome")
    client.get(LIST)  # the audit has its first event
    new_member("Aa Ab", "Nome")
    few = queries()
    for number in range(118):
        new_member(f"Person {number}", "Nome")
    assert queries() == few <= 12
    page = client.get(LIST)
    assert len(names(page)) == 50 and "120 medlemmer" in page.words
    assert len(names(client.get(f"{LIST}?page=3&endpoint=x"))) == 20


def test_the_empty_list_says_how_to_fill_it(client: Any, eva: User) -> None:
    client.sign_in(eva)
    page = client.get(LIST)
    assert "Ingen medlemmer ennå" in page.words and page.link("Importer en liste")


def test_the_list_goes_out_as_text_only_and_comes_back_unchanged(
    client: Any, eva: User, people: list[Member]
) -> None:
    client.sign_in(eva)
    people[0].title = "=HYPERLINK(1)"
    sheet = load_workbook(io.BytesIO(client.get(f"{LIST}.xlsx").data)).active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    assert [c.value for c in rows[0]][:3] == ["Navn", "E-post", "Kommunenummer"]
    assert {c.data_type for row in rows[1:] for c in row} <= {"s", "n"}  # n is an empty cell
    assert rows[5][4].value == "=HYPERLINK(1)" and rows[5][4].data_type == "s"
    text = client.get(f"{LIST}.csv?q=aas").data.decode("utf-8-sig")
    assert text.count("\r\n") == 3 and "'=HYPERLINK(1)" in text

    people[0].title = "Kommunedirektør"
    data = client.get(f"{LIST}.xlsx").data
    client.get(f"{LIST}/import")
    page = client.follow(client.post(f"{LIST}/import", {"file": (io.BytesIO(data), "medlemmer.xlsx")}))
    assert "0 nye, 0 endres, 5 er uendret" in page.words
