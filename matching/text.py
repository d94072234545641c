"""Free text to short vectors whose inner products say how alike two texts are. Needs scikit-learn: for the worker only.

Words are stemmed (Snowball's Norwegian), nynorsk is turned into bokmål where a pair is known, stop words of both are dropped, and
what is left is counted as character 3-5-grams within words (TF-IDF), so that forms, compounds and misspellings still meet.
The counts are reduced to their main directions (latent semantic analysis; Deerwester 1990).
The vectors of one fit can be compared with each other only, so a changed profile is fitted again with the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from matching.checking import LONGEST_TEXT
from matching.nynorsk import SAME_WORD
from matching.profiles import InputError

FACTORS = 32
CENTRED_FROM = (
    20  # texts: then what everybody writes about is taken out, and a likeness of zero is the usual one
)
WORD = re.compile(r"[a-zæøåéèêòóôäöü]+")

STOP_WORDS = frozenset(
    """
    alle andre at av bare ble blei blir bli både da de deg dei dem den denne der dere deres det dette di din ditt du dykk då eg ein eit
    eller en er et etter for fordi fra frå før ha hadde han hans har hennar henne hennes her hjå ho hun hva hvem hver hvilken hvis
    hvor hvordan hvorfor i ikke ikkje ingen inn ja jeg kan kva kven kvar korleis kvifor man mange me med meg meir mellom men mer mi min
    mitt mot mye mykje må nei no noe noen noko nokon nå når nokre og også om opp oss over på seg selv si sia siden sin sitt sjå sjølv skal
    skulle slik so som sånn så til um under upp ut uten var vart ved vere verte vi vil ville vore vår være vært å
    """.split()  # noqa: SIM905 (a word list reads better as text)
)


def vectors(texts: Mapping[str, str]) -> dict[str, list[float]]:
    """Person id to a vector of length 1; those whose text says nothing are left out. The same on every run.

    Raises InputError for a text of more than LONGEST_TEXT characters.
    """
    for person, text in texts.items():
        if len(text) > LONGEST_TEXT:
            raise InputError(f"text of {person}: {len(text)} characters, at most {LONGEST_TEXT}", "text")
    cleaned = {person: clean(text) for person, text in sorted(texts.items())}
    told = {person: text for person, text in cleaned.items() if text}
    if len(told) < 2:
        return {}
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counted = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=50_000)
    grams = counted.fit_transform(told.values())
    factors = min(FACTORS, *grams.shape)
    short = TruncatedSVD(factors, algorithm="randomized", n_iter=10, random_state=0).fit_transform(grams)
    if len(told) >= CENTRED_FROM:
        short -= short.mean(axis=0)
    lengths = np.sqrt((short**2).sum(axis=1, keepdims=True))
    units = np.round(short / np.where(lengths > 0, lengths, 1), 6)
    return {
        person: row.tolist()
        for person, row, length in zip(told, units, lengths[:, 0], strict=True)
        if length > 1e-9
    }


def clean(text: str) -> str:
    """Lower case, bokmål stems, without stop words and digits."""
    words = (word for word in WORD.findall(text.casefold()) if word not in STOP_WORDS)
    return " ".join(_stem(SAME_WORD.get(word, word)) for word in words)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("norwegian")
