"""The upload in the browser: look first, confirm once, and only by the person who uploaded it."""

import io
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from portal import audit, clock, jobs
from portal.access import Role
from portal.extensions import db
from portal.members.models import ImportPreview, Member
from portal.notifications.models import OutboxMessage
from tests.accounts.test_confirmation import grow_old
from tests.members.files import KARI, OLA, csv_of, many, xlsx_of
from tests.support.people import new_user
from tests.support.ways_in import code_of, with_app

PAGE = "/secretariat/members/import"
BAD = ("", "nei", "Herøy", "", "", "ja")


def upload(client: Any, data: bytes, name: str = "liste.csv", **kwargs: Any) -> Any:
    return client.post(PAGE, {"file": (io.BytesIO(data), name)}, **kwargs)


def members() -> int:
    return db.session.scalar(select(func.count()).select_from(Member)) or 0


def test_a_list_is_looked_at_and_then_imported(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.get(PAGE)
    page = client.follow(upload(client, csv_of(KARI, OLA)))
    assert page.heading == "Se over listen" and "2 rader er klare" in page.words
    assert "liste.csv. Ingenting er importert ennå." in page.words
    assert members() == 0
    page = client.submit("Importer alle 2 radene")
    assert "2 nye er lagt til. Ingen invitasjoner er sendt ennå." in page.words
    assert page.texts("tbody th") == ["Kari Vik", "Ola Nes"]
    assert members() == 2
    assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 0
    assert not audit.verify()


def test_a_list_that_lets_somebody_in_needs_fresh_proof_and_waits_for_it(client: Any, eva: Any) -> None:
    app = with_app(eva)
    client.sign_in(eva)
    preview = client.follow(upload(client, csv_of(KARI))).request.path
    form = client.page.form("confirmation").filled()
    grow_old()
    page = client.post(
        f"{preview}/confirmation", form, status=403, headers={"Referer": f"http://localhost{preview}"}
    )
    assert page.heading == "Det ble ikke sendt" and members() == 0
    assert not page.all("#typed"), "nobody has composed the list's fingerprint"
    (way,) = [link for link in page.links if link.startswith("/confirmation")]
    client.get(way)
    client.submit("confirmation", code=code_of(app))
    assert client.page.heading == "Se over listen"
    client.submit("confirmation")
    assert members() == 1


def test_the_proof_is_asked_for_before_one_looks_through_the_list(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    preview = upload(client, csv_of(KARI)).headers["Location"]
    grow_old()
    assert client.get(preview, status=303).headers["Location"] == f"/confirmation?next={preview}"


def test_a_list_that_lets_nobody_in_needs_none(client: Any, eva: Any, bjorn: Member) -> None:
    client.sign_in(eva)
    grow_old()
    client.follow(upload(client, csv_of((bjorn.name, bjorn.user.email, "Hamar", "", "", "ja"))))
    assert "Én er oppdatert." in client.submit("confirmation").words


def test_changes_are_shown_with_before_and_after(client: Any, eva: Any, bjorn: Member) -> None:
    client.sign_in(eva)
    row = (bjorn.name, bjorn.user.email, "Hamar", "Kommunedirektør", "01.10.2026", "ja")
    page = client.follow(upload(client, xlsx_of(row), "liste.xlsx"))
    assert "Kommune: Nome Hamar" in page.words and "1. november" not in page.words
    page = client.submit("confirmation")
    assert "Én er oppdatert." in page.words
    db.session.refresh(bjorn)
    assert [t.ended_on is None for t in bjorn.tenures] == [False, True]


def test_bad_rows_must_be_mended_or_left_out_by_a_tick(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    page = client.follow(upload(client, csv_of(KARI, BAD, OLA)))
    assert "Én rad har feil" in page.words and "1818 Herøy (Nordland)" in page.words
    assert "La raden med feil stå utenfor" in page.words
    page = client.submit("Importer de 2 gode radene", status=422)
    assert "Kryss av for at radene med feil skal stå utenfor" in page.words
    assert members() == 0
    client.submit("Importer de 2 gode radene", leave_out="y")
    assert members() == 2


def test_a_list_with_nothing_good_in_it_has_nothing_to_import(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    page = client.follow(upload(client, csv_of(BAD)))
    assert "Ingen rader kan importeres" in page.words
    assert not [f for f in page.forms if f.action.endswith("confirmation")]


def test_an_unreadable_file_is_refused_at_the_field(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.get(PAGE)
    page = upload(client, b"%PDF-1.7", "liste.pdf", status=422)
    assert page.texts("#file-error") == ["Dette er en PDF-fil. Vi leser .xlsx og .csv."]
    page = client.post(PAGE, status=422)
    assert page.texts("#file-error") == ["Velg en fil først."]
    block = client.htmx.post(PAGE, {"file": (io.BytesIO(b""), "tom.csv")}, status=422)
    assert not block.is_whole and "Filen er tom." in block.words
    assert db.session.scalar(select(func.count()).select_from(ImportPreview)) == 0


def test_a_file_beyond_the_limit_gets_a_page_that_says_so(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.get(PAGE)
    page = upload(client, b"x" * (9 * 1024 * 1024), status=413)
    assert "Ingenting er lagret" in page.words


def test_htmx_is_sent_on_to_the_preview(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.get(PAGE)
    answer = client.htmx.post(PAGE, {"file": (io.BytesIO(csv_of(KARI)), "a.csv")})
    assert "/secretariat/members/imports/" in answer.headers["HX-Redirect"]


def test_only_the_uploader_may_look_and_confirm(client: Any, eva: Any, bjorn: Member) -> None:
    client.sign_in(eva)
    page = client.follow(upload(client, csv_of(KARI)))
    address = page.request.path
    client.sign_in(new_user("Gro Vik", Role.SECRETARIAT))
    client.get(address, status=404)
    client.post(f"{address}/confirmation", status=404)
    client.post(f"{address}/removal", status=404)
    client.sign_in(bjorn)
    client.get(address, status=403)
    client.post(f"{address}/confirmation", status=403)
    assert members() == 1


def test_confirming_twice_imports_once(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    page = client.follow(upload(client, csv_of(KARI)))
    form = page.form("confirmation")
    client.submit(form)
    page = client.submit(form)
    assert "Denne listen er alt importert" in page.words
    assert members() == 1
    page = client.follow(client.get(form.action.removesuffix("/confirmation"), status=303))
    assert "Denne listen er alt importert" in page.words


def test_what_has_changed_since_the_preview_must_be_looked_at_again(
    client: Any, new_client: Any, eva: Any
) -> None:
    client.sign_in(eva)
    page = client.follow(upload(client, csv_of(KARI, OLA)))
    form = page.form("confirmation")
    other = new_client().sign_in(new_user("Gro Vik", Role.SECRETARIAT))
    other.follow(upload(other, csv_of(KARI)))
    other.submit("confirmation")
    page = client.submit(form, status=422)
    assert "Noe er endret siden du så på listen." in page.words and "1 er uendret" in page.words
    assert members() == 1
    client.submit("confirmation")
    assert members() == 2


def test_a_list_can_be_put_away_and_is_forgotten_in_time(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.follow(upload(client, csv_of(KARI)))
    page = client.submit("Legg bort listen")
    assert "Ingenting er importert" in page.words
    assert db.session.scalar(select(func.count()).select_from(ImportPreview)) == 0

    page = client.follow(upload(client, csv_of(KARI)))
    jobs.run_due(clock.now() + timedelta(hours=1))
    assert db.session.scalar(select(func.count()).select_from(ImportPreview)) == 1
    jobs.run_due(clock.now() + timedelta(hours=3))
    assert db.session.scalar(select(func.count()).select_from(ImportPreview)) == 0
    client.get(page.request.path, status=404)


def test_a_confirmed_list_keeps_no_personal_data(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.follow(upload(client, csv_of(KARI)))
    client.submit("confirmation")
    assert db.session.scalars(select(ImportPreview)).one().content == {}


def test_a_long_list_is_shown_in_pages_and_by_what_it_does(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    page = client.follow(upload(client, xlsx_of(*many(250)), "l.xlsx"))
    assert len(page.all("tbody tr")) == 100
    page = client.get(f"{page.request.path}?show=new&page=3")
    assert len(page.all("tbody tr")) == 50
    for odd in ("page=0", "page=999999999999", "page=x", "show=<script>", "page=3&endpoint=x&_external=1"):
        client.get(f"{page.request.path}?{odd}")


def test_hostile_cells_are_shown_as_text(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    client.get(PAGE)
    row = ("<script>alert(1)</script>", "x@y", "'; DROP TABLE member;--", "=1+1", "<b>", "\x07")
    page = client.follow(upload(client, csv_of(row), "<img src=x>.csv"))
    assert not page.all("main script") and "<script>alert(1)</script>" in page.words


def test_the_sample_is_a_list_that_the_import_reads(client: Any, eva: Any) -> None:
    client.sign_in(eva)
    data = client.get(f"{PAGE}/sample.xlsx").data
    client.get(PAGE)
    page = client.follow(upload(client, data, "medlemmer-eksempel.xlsx"))
    assert "3 rader er klare" in page.words
