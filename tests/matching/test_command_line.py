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
            if name not in ("mentee", "mentor", "score", "rank", "bonus")
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
        (",2,18,", ",-2,18,", "mentors.csv, line 2, column capacity: mentor astrid: capacity is -2"),
        (",2,18,", ",2,1_8,", "column years: '1_8' is not a whole number"),
        (",2,18,", ",2,180,", "line 2, column years: mentor astrid: years is 180, and must be 0 to 80"),
        ("retired", "years", "line 1: the column 'years' is there more than once"),
        (",2,18,", ",nan,18,", "column capacity: 'nan' is not a whole number"),
        ("mayor:3", "mayor:9", "line 2, column areas: 'mayor:9|economy:1' must be like mayor:3|economy:1"),
        ("digital|", "phone|", "column modes: 'phone|in_person' is not one of the values allowed"),
        (
            "berit",
            "astrid",
            "mentors.csv, line 3, column id: 'astrid' is used more than once, first on line 2",
        ),
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
        (
            b"id,municipality,text\nx,0301," + b"x" * 10_000_000,
            "line 2, column text: mentor x: the text has 10000000 characters, at most 100000",
        ),
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
        ('{\n  "size": "big"}', "weights.json, line 2, column 3: size is 'big'"),
        ('{"kind": 1, "sise": 2}', "weights.json, line 1, column 13: 'sise' is not a part"),
        ('{"size": -1}', "weights.json, line 1, column 2: weights: size is -1"),
        ('{"size": NaN}', "weights.json, line 1, column 2: weights: size is nan"),
        (
            '{"kind": 1,\n"size": ' + "9" * 5000 + "}",
            "weights.json, line 2, column 1: weights: size is inf, and must be a number from zero to 1000000",
        ),
        ("[1]", "weights.json, line 1: '[1]' must be an object"),
        ("{", "weights.json, line 1, column 2"),
    ],
)
def test_bad_weights_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str, words: str
) -> None:
    (folder / "weights.json").write_text(content)
    assert run(folder, "--weights", str(folder / "weights.json")) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ("dina,astrid\ndina,berit", "line 3, column mentee: fixed: mentee dina is fixed to more than one"),
        ("egil,astrid\ndani,astrid", "line 3, column mentee: fixed: mentee dani is not in the round"),
        ("egil,astri", "line 2, column mentor: fixed: mentor astri is not in the round"),
        (
            "egil,astrid\ndina,berit",
            "line 3, column mentor: fixed: mentee dina and mentor berit cannot be a pair: neighbour",
        ),
        (
            "egil,berit\nfrode,berit",
            "line 3, column mentor: fixed: mentor berit has more fixed pairs than places",
        ),
    ],
)
def test_a_pair_that_cannot_be_fixed_is_named_with_its_line(
    folder: Path, capsys: pytest.CaptureFixture[str], pairs: str, words: str
) -> None:
    (folder / "mentees.csv").write_text(MENTEES + "frode;Oslo;;;;\n", encoding="utf-8")
    (folder / "fixed.csv").write_text(f"mentee,mentor\n{pairs}\n")
    assert run(folder, "--fixed", str(folder / "fixed.csv")) == 2
    assert f"error: fixed.csv, {words}" in capsys.readouterr().err


@pytest.mark.parametrize("objective", ["floor", "total", "leximin", "stable"])
def test_every_objective_can_be_asked_for(folder: Path, objective: str) -> None:
    assert run(folder, "--objective", objective, "--explain", str(folder / "why.json")) == 0
    told = json.loads((folder / "why.json").read_text())
    assert (told["objective"], told["coverage"]) == (objective, 2)


def test_the_mentees_order_is_read_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ranked = "id,municipality,ranking\ndina,0301,cato|berit|astrid\n"
    (folder / "mentees.csv").write_text(ranked)
    assert run(folder, "--out", str(folder / "pairs.csv")) == 0
    with (folder / "pairs.csv").open(newline="") as file:
        (pair,) = csv.DictReader(file)
    assert pair["rank"] in ("2", "3")
    assert pair["bonus"] in ("6.000", "4.000")
    assert "warning: mentee dina: ranks 'cato', who is no mentor" in capsys.readouterr().err
    (folder / "mentees.csv").write_text(ranked.replace("cato|berit", "berit|berit"))
    assert run(folder) == 2
    assert (
        "mentees.csv, line 2, column ranking: mentee dina: the ranking has berit twice"
        in capsys.readouterr().err
    )


def test_the_load_can_be_evened(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mentors.csv").write_text("id,municipality,capacity\nastrid,3441,2\nberit,3441,2\n")
    (folder / "mentees.csv").write_text("id,municipality\ndina,0301\negil,0301\n")
    assert run(folder) == 0
    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()] == ["astrid", "astrid"]
    assert run(folder, "--even-load") == 0
    assert [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()] == ["astrid", "berit"]
    assert run(folder, "--even-load", "--objective", "stable") == 2
    assert "does not go with the objective stable" in capsys.readouterr().err


def test_the_texts_are_scored_where_they_are_asked_for(folder: Path) -> None:
    (folder / "mentors.csv").write_text(
        "id,municipality,text\nastrid,0301,Nedskjæringer i skole og helse\n"
        "berit,0301,Tilliten til ordføreren sviktet etter valget\n"
    )
    (folder / "mentees.csv").write_text(
        "id,municipality,text\ndina,3405,Ordføraren og eg har mista tilliten\n"
    )
    parts = {}
    for texts in ([], ["--texts"]):
        assert run(folder, *texts, "--explain", str(folder / "why.json")) == 0
        (pair,) = json.loads((folder / "why.json").read_text())["pairs"]
        parts[bool(texts)] = pair["mentor"], {part["name"]: part["of"] for part in pair["parts"]}["text"]
    assert parts == {False: ("astrid", 0), True: ("berit", 5_000)}


def test_the_report_is_written_as_figures_or_as_data(folder: Path) -> None:
    files = {name: str(folder / name) for name in ("pairs.csv", "report.csv", "report.json", "forbidden.csv")}
    assert run(folder, "--out", files["pairs.csv"], "--report", files["report.csv"]) == 0
    with (folder / "report.csv").open(newline="") as file:
        figures = {(row["figure"], row["about"]): row["value"] for row in csv.DictReader(file)}
    with (folder / "pairs.csv").open(newline="") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    assert figures["coverage", ""] == "2"
    assert float(figures["total", ""]) == pytest.approx(sum(scores))
    assert float(figures["worst", ""]) == min(scores)
    assert figures["first choice for", "astrid"] == "1"

    (folder / "forbidden.csv").write_text("mentee,mentor,rule\negil,berit,declined\n")
    again = ["--forbidden", files["forbidden.csv"], "--since", files["pairs.csv"]]
    again += ["--out", files["pairs.csv"]]  # over the earlier run's
    assert run(folder, *again, "--report", files["report.json"]) == 0
    told = json.loads((folder / "report.json").read_text())
    assert [(move["mentee"], move["before"], move["after"]) for move in told["moves"]] == [
        ("egil", "berit", "astrid")
    ]
    assert told["change"] == sum(move["change"] for move in told["moves"])


def test_why_a_pair_did_not_happen_can_be_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "reservations.csv").write_text("by,kind,target\negil,person,berit\n")
    assert run(folder, "--why", "egil", "berit") == 0
    assert "egil and berit: chosen" in capsys.readouterr().err
    assert run(folder, "--why", "egil", "astrid") == 0
    assert "egil and astrid: points (mentor astrid, points more 36.746)" in capsys.readouterr().err
    assert run(folder, "--why", "dina", "berit") == 0
    assert "dina and berit: rule (mentor berit, rule neighbour)" in capsys.readouterr().err
    assert run(folder, "--reservations", str(folder / "reservations.csv"), "--why", "egil", "berit") == 0
    assert "egil and berit: not_possible" in capsys.readouterr().err
    assert run(folder, "--why", "egil", "somebody") == 2
    assert "mentor somebody is not in the round" in capsys.readouterr().err


def test_names_that_are_in_neither_file_are_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "forbidden.csv").write_text("mentee,mentor\ndina,astri\n")
    (folder / "reservations.csv").write_text(
        "by,kind,target\negli,person,berit\nastrid,person,brit\ndina,tie,cato\n"
    )
    files = ["--forbidden", str(folder / "forbidden.csv"), "--reservations", str(folder / "reservations.csv")]
    assert run(folder, *files) == 0
    told = capsys.readouterr().err
    assert "warning: forbidden: 'dina' is no mentee or 'astri' is no mentor" in told
    for name in ("egli", "brit", "cato"):
        assert f"warning: reservations: '{name}' is neither mentor nor mentee" in told
    assert told.count("warning") == 4


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("county,4601", "'4601' is no county"),
        ("county,Bergen", "'Bergen' is no county"),
        ("municipality,46", "'46' is no municipality"),
        ("municipality,Vestland", "'Vestland' is no municipality"),
    ],
)
def test_a_reservation_that_would_not_hold_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], target: str, words: str
) -> None:
    (folder / "reservations.csv").write_text(f"by,kind,target\nastrid,{target}\n")
    assert run(folder, "--reservations", str(folder / "reservations.csv")) == 2
    assert f"reservations.csv, line 2, column target: {words}" in capsys.readouterr().err


def test_places_in_reservations_can_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mentees.csv").write_text("id,municipality\ndina,Oslo\n")
    for kind in ("county", "municipality"):
        (folder / "reservations.csv").write_text(f"by,kind,target\nastrid,{kind},Oslo\n")
        assert run(folder, "--reservations", str(folder / "reservations.csv")) == 0
        assert capsys.readouterr().out.startswith("dina\tberit\t")


def test_a_number_of_suggestions_that_cannot_be_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "--proposals", "0") == 2
    assert "--proposals is 0" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path) == 2
    assert "mentors.csv: No such file" in capsys.readouterr().err
