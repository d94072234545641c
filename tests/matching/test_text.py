"""Free text: the same matters meet whatever the written form."""

import pytest

from matching import InputError, Mentee, Mentor, propose, text
from matching.nynorsk import SAME_WORD

pytestmark = pytest.mark.pure

TEXTS = {
    "astrid": "Tilliten til ordføreren sviktet etter valget, og samarbeidet måtte bygges opp på nytt.",
    "berit": "Nedskjæringer i skole og helse, og en kommuneøkonomi i ubalanse.",
    "cato": "Kommunesammenslåing og ny organisasjon med to kulturer.",
    "dina": "Ordføraren og eg har mista tilliten til kvarandre; samarbeidet er vanskeleg.",
    "egil": "Vi må kutte i skular og økonomien er i ubalanse, nedskjeringar ventar.",
    "frode": "123 !!!",
}


def alike(found: dict[str, list[float]], one: str, other: str) -> float:
    return sum(a * b for a, b in zip(found[one], found[other], strict=True))


def test_nynorsk_meets_bokmal() -> None:
    found = text.vectors(TEXTS)
    assert max(("astrid", "berit", "cato"), key=lambda who: alike(found, "dina", who)) == "astrid"
    assert max(("astrid", "berit", "cato"), key=lambda who: alike(found, "egil", who)) == "berit"


def test_vectors_have_length_one() -> None:
    found = text.vectors(TEXTS)
    assert "frode" not in found
    assert all(alike(found, who, who) == pytest.approx(1, abs=1e-4) for who in found)


def test_the_order_of_the_texts_changes_nothing() -> None:
    assert text.vectors(TEXTS) == text.vectors(dict(reversed(TEXTS.items())))


def test_too_little_text_is_no_vector() -> None:
    assert text.vectors({}) == {}
    assert text.vectors({"astrid": "ordfører", "berit": "", "cato": "og i på"}) == {}


def test_a_very_long_text_is_read_in_good_time() -> None:
    assert set(text.vectors({**TEXTS, "gro": "omstilling og økonomi " * 4_000})) >= {"gro", "astrid"}


def test_a_text_of_ten_megabytes_is_named() -> None:
    with pytest.raises(InputError, match="text of gro: 10000000 characters"):
        text.vectors({**TEXTS, "gro": "x" * 10_000_000})


def test_the_text_part_follows_the_words() -> None:
    mentors = [Mentor(who, "0301") for who in ("astrid", "berit", "cato")]
    outcome = propose(mentors, [Mentee("dina", "3405"), Mentee("egil", "3405")], texts=text.vectors(TEXTS))
    assert {pair.mentee: pair.mentor for pair in outcome.pairs} == {"dina": "astrid", "egil": "berit"}
    assert any(reason.code == "text" for reason in outcome.pairs[0].reasons)


def test_every_nynorsk_word_is_read_as_its_bokmal_one_and_only_where_it_has_to_be() -> None:
    for nynorsk, bokmal in SAME_WORD.items():
        assert text.clean(nynorsk) == text.clean(bokmal) != ""
        assert text._stem(nynorsk) != text._stem(bokmal), nynorsk


SAME_MATTER = {
    "mayor": (
        "Ordføreren og jeg har mistet tilliten til hverandre, og samarbeidet er vanskelig.",
        "Tilliten mellom ordføraren og meg er borte, vi samarbeider dårleg.",
    ),
    "schools": (
        "Vi må legge ned skoler, og innbyggerne er imot skolenedleggelsene.",
        "Skulenedlegging i bygdene møter motstand frå innbyggjarane.",
    ),
    "loneliness": (
        "Jeg er alene i rollen, ensom og sliten, og trenger noen å snakke med.",
        "Det er einsamt, eg står åleine i rolla og er sliten.",
    ),
    "merger": (
        "Sammenslåingen av kommunene ga oss to kulturer og to ledergrupper.",
        "Etter kommunesamanslåinga har vi to leiargrupper som ikkje finn saman.",
    ),
    "crisis": (
        "En ulykke og en flom satte beredskapen på prøve, med mye press fra avisene.",
        "Flaum og ulukke prøvde beredskapen, og avisa skreiv kvar dag.",
    ),
    "politics": (
        "De folkevalgte blander seg i saksbehandlingen, og rollene er uklare.",
        "Dei folkevalde går inn i sakshandsaminga, rollene er ikkje tydelege.",
    ),
}


def test_each_matter_finds_itself_in_the_other_written_form() -> None:
    told = {f"{matter} {form}": two[form] for matter, two in SAME_MATTER.items() for form in (0, 1)}
    found = text.vectors(told)
    for matter in SAME_MATTER:
        other = max(SAME_MATTER, key=lambda one: alike(found, f"{matter} 1", f"{one} 0"))
        assert other == matter
