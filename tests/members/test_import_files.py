"""What the import makes of a file: every way people's programs write one, and everything that can be wrong with it."""

import io
import time
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.members.import_plan import Effect, ImportReport
from portal.members.importing import import_file
from portal.members.models import Member, Membership
from tests.members.files import HEADINGS, KARI, OLA, csv_of, many, written, xlsx_of

NOW = datetime.fromisoformat("2026-11-24T09:00:00+01:00")


def read(data: bytes, name: str = "liste.csv") -> ImportReport:
    return import_file(name, data, by=None, now=NOW, dry_run=True)


def reasons(report: ImportReport) -> list[tuple[int, str, str]]:
    """Line, column and value of everything that is wrong."""
    return [(bad.line, p.column, p.value) for bad in report.bad for p in bad.problems]


def reason(*row: str) -> str:
    """What the import says of a single row; only one thing may be wrong with it."""
    report = read(csv_of(row))
    assert report.error is None, report.error
    assert len(report.bad) == 1 and len(report.bad[0].problems) == 1, report
    return report.bad[0].problems[0].reason


def people(report: ImportReport) -> list[tuple[str, str, str, str | None, str | None, str | None]]:
    rows = [p.row for p in report.planned]
    return [(r.name, r.email, r.municipality, r.title, r.since, r.membership) for r in rows]


KARI_READ = ("Kari Vik", "kari.vik@nome.example", "4018", "Kommunedirektør", "2021-08-01", "member")
OLA_READ = ("Ola Nes", "ola.nes@alta.example", "5601", "Rådmann", "2019-03-15", "non_member")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_text_file_is_read_however_it_was_written(app: Flask, encoding: str, mark: str) -> None:
    data = csv_of(KARI, OLA, mark=mark).decode().encode(encoding)
    assert people(read(data)) == [KARI_READ, OLA_READ]


def test_a_workbook_is_read_with_its_dates_and_figures(app: Flask) -> None:
    data = xlsx_of(
        (*KARI[:4], datetime(2021, 8, 1), True),
        ("Ola Nes", "Ola.Nes@Alta.example ", 5601.0, "Rådmann", 43539, 0),
        ("Oda By", "oda@oslo.example", 301, None, None, "nei"),
    )
    read_rows = people(read(data, "liste.xlsx"))
    assert read_rows[:2] == [KARI_READ, OLA_READ]
    assert read_rows[2] == ("Oda By", "oda@oslo.example", "0301", None, None, "non_member")


@pytest.mark.parametrize(
    "headings",
    [
        ("medlem", "I STILLINGEN SIDEN", "stilling", "kommunenr", "Epost", "NAVN"),
        ("Member", "In position since", "Title", "Municipality number", "E-mail", "Name"),
        ("Member ", "tiltrådt", "Stillingstittel", "Kommune:", "e-postadresse", "Fullt  navn"),
    ],
)
def test_columns_are_known_by_name_in_any_order(app: Flask, headings: tuple[str, ...]) -> None:
    row = ("1", "1. august 2021", "Kommunedirektør", "4018", "kari.vik@nome.example", "Kari Vik")
    assert people(read(csv_of(row, headings=headings))) == [KARI_READ]


def test_first_and_last_name_may_have_a_column_each_and_other_columns_are_left_alone(app: Flask) -> None:
    headings = ("Fornavn", "Etternavn", "Telefon", "E-post", "Kommunenummer", "Kommune")
    report = read(csv_of(("Kari", "Vik", "911", "k@nome.example", "4018", "Nome"), headings=headings))
    assert [p.row.name for p in report.planned] == ["Kari Vik"]
    assert "Disse kolonnene er ikke lest: Telefon." in report.notes


def test_what_stands_above_the_headings_is_passed_over_and_lines_are_counted_as_in_the_file(
    app: Flask,
) -> None:
    def fill(sheet: Any) -> None:
        sheet["A1"] = "Medlemsliste 2026"
        for number, row in ((3, HEADINGS), (4, KARI), (9, (*OLA[:2], "Atlantis"))):
            for column, cell in enumerate(row, start=1):
                sheet.cell(number, column, cell)

    report = read(written(fill))
    assert len(report.planned) == 1
    assert [(line, column) for line, column, _value in reasons(report)] == [(9, "Kommune"), (9, "Medlem")]


@pytest.mark.parametrize(
    ("written_as", "number"),
    [
        ("0301", "0301"), ("301", "0301"), ("Oslo", "0301"), ("OSLO KOMMUNE", "0301"), ("3", "03"), ("46", "46"),
        ("Vestland fylkeskommune", "46"), ("Vestland", "46"), ("vestland fylke", "46"), ("Tråante", "5001"),
        ("Guovdageaidnu", "5612"), ("kautokeino", "5612"), ("Herøy (Nordland)", "1818"),
        ("Herøy i Nordland", "1818"), ("våler, innlandet", "3419"), ("Vestvagoy", "1860"), ("Aalesund", "1508"),
        ("1818 Herøy", "1818"), ("Herøy, 1818" , None), ("Finnmárku fylkkasuohkan", None), ("Nordre  Land", "3448"),
        ("Raane", "1833"), ("Unjárga", "5636"), ("Romsa", "55"),
    ],
)  # fmt: skip
def test_a_municipality_is_known_by_number_and_by_all_its_names(
    app: Flask, written_as: str, number: str | None
) -> None:
    report = read(csv_of((KARI[0], KARI[1], f'"{written_as}"', *KARI[3:])))
    found = [p.row.municipality for p in report.planned]
    assert found == ([number] if number else [])


def test_two_municipalities_of_one_name_must_be_told_apart(app: Flask) -> None:
    assert "1515 Herøy (Møre og Romsdal) eller 1818 Herøy (Nordland)" in reason(*KARI[:2], "Herøy", *KARI[3:])
    assert "3114 Våler (Østfold) eller 3419 Våler (Innlandet)" in reason(*KARI[:2], "våler", *KARI[3:])


def test_a_misspelt_municipality_is_answered_with_the_likely_one(app: Flask) -> None:
    assert "3405 Lillehammer" in reason(*KARI[:2], "Lilehamer", *KARI[3:])
    assert "Ingen kommune har nummeret 1243" in reason(*KARI[:2], "1243", *KARI[3:])
    assert "3405 er Lillehammer" in reason(*KARI[:2], "3405 Hamar", *KARI[3:])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (0, "", "Navnet mangler."),
        (0, "=HYPERLINK(1)", "Dette ser ikke ut som et navn."),
        (0, "12345", "Dette ser ikke ut som et navn."),
        (0, "#REF!", "Formelen i cellen har feilet."),
        (0, "x" * 100_000, "100000 tegn, høyst 200"),
        (1, "", "E-postadressen mangler."),
        (1, "kari(at)nome", "Dette er ikke en e-postadresse."),
        (1, "kåre@nome.example", "ikke æ, ø, å"),
        (1, "x" * 100_000, "100000 tegn, høyst 254"),
        (2, "", "Kommunen mangler."),
        (2, "x" * 100_000, "100000 tegn"),
        (3, "x" * 121, "121 tegn, høyst 120"),
        (3, "@SUM(A1)", "Dette ser ikke ut som en tittel."),
        (4, "i fjor", "Skriv datoen slik: 24.11.2021."),
        (4, "31.02.2021", "Skriv datoen slik"),
        (4, "2019", "Skriv datoen slik"),
        (4, "25.11.2026", "Datoen er ikke kommet ennå."),
        (4, "01.01.1890", "så langt tilbake"),
        (5, "kanskje", "Skriv ja eller nei."),
        (5, "", "Skriv ja eller nei."),
    ],
)
def test_a_bad_cell_is_reported_with_line_column_value_and_reason(
    app: Flask, column: int, value: str, said: str
) -> None:
    row = list(KARI)
    row[column] = value
    report = read(csv_of(OLA, row))
    assert len(report.planned) == 1
    ((line, name, shown),) = reasons(report)
    assert (line, name) == (3, HEADINGS[column])
    assert shown == (value if len(value) <= 60 else value[:60] + "…")
    assert said in report.bad[0].problems[0].reason
    assert not report.is_clean


def test_every_fault_of_a_row_is_told_at_once(app: Flask) -> None:
    report = read(csv_of(("", "nei", "Herøy", "", "snart", "?")))
    assert [p.column for p in report.bad[0].problems] == [
        "Navn", "E-post", "Kommune", "I stillingen siden", "Medlem"
    ]  # fmt: skip


def test_one_address_in_two_rows_stops_both(app: Flask) -> None:
    report = read(csv_of(KARI, OLA, ("Kari Vik", "KARI.VIK@nome.example", *OLA[2:])))
    assert [line for line, _column, _value in reasons(report)] == [2, 4]
    assert "linje 4" in report.bad[0].problems[0].reason
    assert len(report.planned) == 1


def test_a_formula_counts_by_its_answer_and_one_without_an_answer_is_refused(app: Flask) -> None:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate((HEADINGS, KARI)):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    sheet.write_formula(1, 0, '="Kari"&" Vik"', None, "Kari Vik")
    book.close()
    assert people(read(out.getvalue()))[0] == KARI_READ

    report = read(xlsx_of(('="Kari"&" Vik"', *KARI[1:])))  # openpyxl computes nothing
    assert "en formel uten svar" in report.bad[0].problems[0].reason


def broken(data: bytes) -> bytes:
    return data[: len(data) // 2]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (70 * 1024 * 1024))
    return out.getvalue()


def entities(part: str = "sheet1.xml", before: str = "", encoding: str = "utf-8") -> bytes:
    """A workbook of which one part unfolds to a thousand million letters, were it read."""
    laughs = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 9))
    source = io.BytesIO(xlsx_of(KARI))
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith(part):
                text = f'{before}<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]><x><t>&a8;</t></x>'.encode(encoding)
            new.writestr(name, text)
    return out.getvalue()


def merged_heading() -> bytes:
    def fill(sheet: Any) -> None:
        sheet.append(["Navn", "", "E-post", "Kommune"])
        sheet.append(["Kari", "Vik", "kari@nome.example", "Nome"])
        sheet.merge_cells("A1:B1")

    return written(fill)


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Filen er tom."),
        (b"  \r\n ", "Filen er tom."),
        (b"\xef\xbb\xbf", "Filen er tom."),
        (csv_of(), "ingen rader under overskriftene"),
        (b"Navn;Telefon\nKari;911\n", "Vi mangler kolonnen e-post og kommune. Overskriftene vi fant, er: Navn, Telefon."),
        (b"Kari;kari@x.no;Nome\n", "Vi mangler kolonnen navn og e-post"),
        (b"Navn;E-post;Epost;Kommune\nK;k@x.no;k@x.no;Nome\n", "To kolonner sier det samme: E-post og Epost."),
        (b"%PDF-1.7 hei", "Dette er en PDF-fil."),
        (b"\x89PNG\r\n\x1a\n", "Dette er en PNG-fil."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "gammel Excel-fil (.xls), eller den har passord"),
        (bytes(range(256)) * 20, "ikke en tekstfil eller et regneark"),
        (broken(xlsx_of(*many(200))), "skadet"),
        (zipped("word/document.xml"), "ikke et Excel-regneark"),
        (zipped("mimetype"), "ikke et Excel-regneark"),
        (zipped("xl/workbook.xml"), "skadet"),
        (bomb(), "for stort når det pakkes ut"),
        (entities(), "noe vi ikke åpner"),
        (entities(before=f"<!-- {'x' * 3000} -->"), "noe vi ikke åpner"),
        (entities(encoding="utf-16"), "noe vi ikke åpner"),
        (entities("xl/workbook.xml"), "noe vi ikke åpner"),
        (entities("styles.xml"), "noe vi ikke åpner"),
        (entities("[Content_Types].xml"), "noe vi ikke åpner"),
        (merged_heading(), "Overskriften i A–B, linje 1 er slått sammen"),
        (csv_of(*(KARI for _ in range(5_020))), "mer enn 5 000 rader"),
        (b"x" * (8 * 1024 * 1024 + 1), "større enn 8 MB"),
        (b'Navn;E-post;Kommune\n"Kari;k@x.no;Nome\n' + b"y" * 200_000, "Mangler det et anf\u00f8rselstegn"),
    ],
    ids=lambda v: v[:30] if isinstance(v, str) else None,
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(app: Flask, data: bytes, said: str) -> None:
    report = read(data)
    assert report.error is not None
    assert said in report.error
    assert not report.is_clean and list(report.lines()) == [f"liste.csv: {report.error}"]


def test_an_unused_sheet_and_a_nameless_column_are_told_of(app: Flask) -> None:
    def fill(sheet: Any) -> None:
        for row in ((*HEADINGS, ""), (*KARI, "ring henne")):
            sheet.append(row)
        sheet.parent.create_sheet("Gamle").append(["x"])

    notes = read(written(fill)).notes
    assert "Kolonne G har ingen overskrift og er ikke lest." in notes
    assert any("Vi leste bare arket" in note for note in notes)


def test_a_sheet_that_claims_a_million_empty_rows_is_read_quickly(app: Flask) -> None:
    def fill(sheet: Any) -> None:
        for row in (HEADINGS, KARI):
            sheet.append(row)
        sheet.cell(1_048_576, 16_384, " ")

    assert len(read(written(fill)).planned) == 1


# What it does


def test_nothing_is_imported_while_a_row_is_wrong(app: Flask) -> None:
    report = import_file("l.csv", csv_of(KARI, ("", *OLA[1:])), by=None, now=NOW)
    assert not report.is_clean
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0
    assert list(report.lines())[0] == "Linje 3, Navn: Navnet mangler."


def test_a_new_person_becomes_a_user_with_the_member_hat_and_a_tenure_and_gets_no_mail(app: Flask) -> None:
    from portal.notifications.models import OutboxMessage

    report = import_file("l.csv", csv_of(KARI, OLA), by=None, now=NOW)
    assert [p.effect for p in report.planned] == [Effect.NEW, Effect.NEW]
    db.session.commit()
    ola = db.session.scalars(select(Member).join(User).where(User.name == "Ola Nes")).one()
    assert ola.user.roles == {"member"}
    assert ola.membership is Membership.NON_MEMBER and ola.invited_at is None
    assert [(t.municipality_number, t.started_on, t.ended_on) for t in ola.tenures] == [
        ("5601", date(2019, 3, 15), None)
    ]
    assert db.session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


@pytest.mark.promise("Den samme medlemslisten to ganger endrer ingenting", small=60, full=2000)
def test_the_same_list_twice_changes_nothing(app: Flask, promise: Any) -> None:
    data = xlsx_of(*many(promise.size))
    import_file("l.xlsx", data, by=None, now=NOW)
    db.session.commit()
    report = import_file("l.xlsx", data, by=None, now=NOW)
    assert not db.session.dirty and not db.session.new
    unchanged = report.count(Effect.UNCHANGED)
    assert unchanged == promise.size
    promise.saw(f"{unchanged} av {promise.size} rader uendret andre gang")


def test_a_move_closes_the_position_before_it(app: Flask) -> None:
    import_file("l.csv", csv_of(KARI), by=None, now=NOW)
    db.session.commit()
    moved = ("Kari Vik Lund", "KARI.VIK@NOME.EXAMPLE", "Hamar", "Kommunedirektør", "01.02.2026", "ja")
    report = import_file("l.csv", csv_of(moved), by=None, now=NOW)
    db.session.commit()
    assert [(c.label, c.before, c.after) for c in report.planned[0].changes] == [
        ("Navn", "Kari Vik", "Kari Vik Lund"),
        ("Kommune", "Nome", "Hamar"),
        ("I stillingen siden", "01.08.2021", "01.02.2026"),
    ]
    kari = db.session.scalars(select(Member)).one()
    assert [(t.municipality.name, t.ended_on) for t in kari.tenures] == [
        ("Nome", date(2026, 2, 1)), ("Hamar", None)
    ]  # fmt: skip


def test_a_move_on_an_unknown_day_ends_the_position_before_it_today(app: Flask) -> None:
    import_file("l.csv", csv_of(KARI), by=None, now=NOW)
    import_file("l.csv", csv_of((*KARI[:2], "Hamar", "", "", "ja")), by=None, now=NOW)
    db.session.commit()
    kari = db.session.scalars(select(Member)).one()
    assert kari.in_position_since is None and kari.title == "Kommunedirektør"
    assert [t.ended_on for t in kari.tenures] == [date(2026, 11, 24)]


def test_what_a_list_does_not_say_stays_as_it_was(app: Flask) -> None:
    import_file("l.csv", csv_of(OLA), by=None, now=NOW)
    db.session.commit()
    short = csv_of(OLA[:3], headings=HEADINGS[:3])
    assert import_file("l.csv", short, by=None, now=NOW).count(Effect.UNCHANGED) == 1


def test_somebody_with_a_new_address_is_pointed_out(app: Flask) -> None:
    import_file("l.csv", csv_of(KARI), by=None, now=NOW)
    db.session.commit()
    report = read(csv_of((KARI[0], "kari@privat.example", *KARI[2:])))
    assert "kari.vik@nome.example" in str(report.planned[0].note)


def test_a_coach_in_the_list_becomes_a_member_too(app: Flask, cecilie: Any) -> None:
    db.session.commit()
    row = ("Cecilie Strand", cecilie.user.email.upper(), *KARI[2:])
    assert import_file("l.csv", csv_of(row), by=None, now=NOW).count(Effect.NEW) == 1
    db.session.commit()
    assert cecilie.user.roles == {"coach", "member"}


@pytest.mark.promise("2 000 rader med medlemmer leses inn på under fem sekunder", small=2000, full=5000)
def test_two_thousand_rows_within_five_seconds(app: Flask, promise: Any) -> None:
    data = xlsx_of(*many(promise.size))
    started, worked = time.perf_counter(), time.process_time()
    report = import_file("l.xlsx", data, by=None, now=NOW)
    db.session.commit()
    seconds, work = time.perf_counter() - started, time.process_time() - worked
    assert report.count(Effect.NEW) == promise.size
    # Other tests share the machine, so what is judged is the work, and the clock only roughly.
    assert work < 5 * promise.size / 2000
    assert seconds < 20 * promise.size / 2000
    promise.saw(f"{promise.size} rader på {seconds:.1f} s")


def test_the_command_reports_and_imports(app: Flask, tmp_path: Any) -> None:
    runner = app.test_cli_runner()
    file = tmp_path / "medlemmer.csv"
    file.write_bytes(csv_of(KARI, (*OLA[:2], "Våler", *OLA[3:])))
    answer = runner.invoke(args=["members", "import", str(file)])
    assert answer.exit_code == 1
    assert "Linje 3, Kommune: «Våler» Flere heter det samme." in answer.output
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0

    file.write_bytes(csv_of(KARI, OLA))
    assert runner.invoke(args=["members", "import", "--dry-run", str(file)]).exit_code == 0
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0
    answer = runner.invoke(args=["members", "import", str(file)])
    assert answer.exit_code == 0 and "2 nye, 0 endret, 0 uendret, 0 med feil." in answer.output
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Member)) == 2
