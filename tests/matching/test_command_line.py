"""The engine without the portal: files in, files out, and an error that names the place."""

import csv
import json
from pathlib import Path

import pytest

from matching.__main__ import main

pytestmark = pytest.mark.pure

MENTORS = """\
id,municipality,areas,capacity,years,modes,retired
astrid,Lillehammer,mayor:3|economy:1,2,18,digital|in_person,no
berit,3310,crisis:2,1,9,,yes
"""
MENTEES = """\
id;municipality;areas;years;wishes;avoid_neighbours
dina;Ringerike;mayor:3;1;other_county|years:5;yes
egil;Herøy (Nordland);crisis:1;;;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mentors.csv").write_text(MENTORS, encoding="utf-8-sig")
    (tmp_path / "mentees.csv").write_text(MENTEES, encoding="utf-8")
    return tmp_path


def run(folder: Path, *more: str) -> int:
    return main([str(folder / "mentors.csv"), str(folder / "mentees.csv"), *more])


def test_pairs_scores_and_explanation_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "reservations.csv").write_text("by,kind,target\negil,municipality,Hole\n")
    (folder / "weights.json").write_text('{"size": 30}')
    files = {name: str(folder / name) for name in ("pairs.csv", "scores.csv", "why.json")}
    done = run(
        folder,
        *("--reservations", str(folder / "reservations.csv")),
        *("--weights", str(folder / "weights.json")),
        *("--out", files["pairs.csv"], "--scores", files["scores.csv"], "--explain", files["why.json"]),
    )
    assert done == 0
    assert "2 of 2 mentees have a mentor" in capsys.readouterr().err
    with (folder / "pairs.csv").open(newline="") as file:
        pairs = list(csv.DictReader(file))
    assert [(pair["mentee"], pair["mentor"]) for pair in pairs] == [("dina", "astrid"), ("egil", "astrid")]
    for pair in pairs:
        parts = [
            int(value.replace(".", ""))
            for name, value in pair.items()
            if name not in ("mentee", "mentor", "score")
        ]
        assert sum(parts) == int(pair["score"].replace(".", ""))
    assert len((folder / "scores.csv").read_text().splitlines()) == 1 + 2
    assert json.loads((folder / "why.json").read_text())["weights"]["size"] == 30


def test_without_files_the_pairs_go_to_the_screen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--objective", "leximin") == 0
    assert capsys.readouterr().out.startswith("dina\tastrid\t")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "Lillehammer",
            "Lilehammer",
            "mentors.csv, line 2, column municipality: 'Lilehammer' is no municipality",
        ),
        ("3310", "Herøy", "column municipality: 'Herøy' is one of 1515, 1818: give the number"),
        (",2,18,", ",two,18,", "mentors.csv, line 2, column capacity: 'two' is not a whole number"),
        (",2,18,", ",-2,18,", "mentors.csv, line 2: mentor astrid: capacity is -2"),
        (",2,18,", ",nan,18,", "column capacity: 'nan' is not a whole number"),
        ("mayor:3", "mayor:9", "line 2, column areas: 'mayor:9|economy:1' must be like mayor:3|economy:1"),
        ("digital|", "phone|", "column modes: 'phone|in_person' is not one of the values allowed"),
        ("berit", "astrid", "mentors.csv: mentor astrid: the id is used more than once"),
        ("berit", "", "mentors.csv, line 3, column id: '' is empty"),
        (",retired", ",pensioner", "line 1: 'pensioner' is not a column"),
        ("id,", "ident,", "line 1: the column 'id' is missing"),
        (",yes", ",yes,extra", "line 3: more cells than columns"),
        (",yes", ",perhaps", "column retired: 'perhaps' is neither yes nor no"),
    ],
)
def test_a_bad_cell_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    (folder / "mentors.csv").write_text(MENTORS.replace(old, new), encoding="utf-8")
    assert run(folder) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the column 'id' is missing"),
        ("id,municipality\nx,Herøy\n".encode("cp1252"), "is not UTF-8"),
        (b'id,municipality\n"x,0301\n', "unexpected end of data"),
        (b"id,municipality,text\nx,0301," + b"x" * 10_000_000, "field larger than field limit"),
        (b"\x00\x01\x02", "the column 'id' is missing"),
    ],
)
def test_a_file_that_is_no_table_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    (folder / "mentors.csv").write_bytes(content)
    assert run(folder) == 2
    error = capsys.readouterr().err
    assert words in error
    assert "mentors.csv" in error


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"size": "big"}', "size is 'big'"),
        ('{"sise": 2}', "'sise' is not a part"),
        ('{"size": -1}', "size is -1"),
        ('{"size": NaN}', "size is nan"),
        ("[1]", "must be an object"),
        ("{", "line 1"),
    ],
)
def test_bad_weights_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    (folder / "weights.json").write_text(content)
    assert run(folder, "--weights", str(folder / "weights.json")) == 2
    assert words in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 2
    assert "mentors.csv: No such file" in capsys.readouterr().err
