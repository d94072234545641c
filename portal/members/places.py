"""Finding the municipality or county that somebody wrote: by number, or by a name that only one of them has."""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache

from sqlalchemy import select

from matching.municipalities import DATA
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import NOWHERE, Municipality
from portal.sorting import sort_key


class NoSuchPlace(DomainError):
    """Nothing, or more than one thing, has that name or number."""


class Places:
    """All municipalities and counties, by number and by every name they go under."""

    def __init__(self, places: Iterable[Municipality]) -> None:
        self.by_number = {place.number: place for place in places}
        self._by_name: dict[str, set[str]] = defaultdict(set)
        others = _other_names()
        for place in self.by_number.values():
            for name in (place.name, place.display_name, *others.get(place.number, ())):
                self._add(place, name)

    @classmethod
    def all(cls) -> "Places":
        return cls(db.session.scalars(select(Municipality).where(Municipality.number != NOWHERE)))

    def find(self, text: str) -> Municipality:
        """The place meant by `text`. Raises NoSuchPlace with a sentence that says what to write instead."""
        number = re.match(r"(\d{1,4})\b\s*(.*)", text)
        if number is None:
            return self._named(text)
        place = self._numbered(number[1])
        rest = number[2].strip(" -–,()")
        if rest and place.number not in self._by_name.get(fold(rest), ()):
            raise NoSuchPlace(_disagree(place, rest))
        return place

    def both(self, number: str, name: str) -> Municipality:
        """The place when its number and its name stand in a column each."""
        if not number or not name:
            return self.find(number or name)
        place = self.find(number)
        known = self._by_name.get(fold(name), set())
        if known and place.number not in known:
            raise NoSuchPlace(_disagree(place, name))
        return place

    def grouped(self) -> dict[str, list[tuple[str, str]]]:
        """Numbers and names for a list to choose from, by county, in Norwegian order."""
        groups: dict[str, list[tuple[str, str]]] = {}
        order = sorted(
            self.by_number.values(), key=lambda p: (sort_key(p.county_name), not p.is_county, p.sort_key)
        )
        for place in order:
            groups.setdefault(place.county_name, []).append((place.number, place.display_name))
        return groups

    def _add(self, place: Municipality, name: str) -> None:
        """A county is found by its own name too, unless a municipality has it: Oslo is the municipality."""
        keys = {fold(name), fold(f"{name} {place.county_name}")}
        if place.is_county:
            keys = {fold(f"{name} fylke"), *({fold(name)} if name != "Oslo" else ())}
        for key in keys:
            self._by_name[key].add(place.number)

    def _numbered(self, number: str) -> Municipality:
        # A spreadsheet that took the number for a figure has eaten the zero in front.
        place = self.by_number.get(number) or self.by_number.get(number.zfill(2 if len(number) < 3 else 4))
        if place is None:
            raise NoSuchPlace(
                _(
                    "Ingen kommune har nummeret %(number)s i dag. Numre fra før 2024 gjelder ikke lenger.",
                    number=number,
                )
            )
        return place

    def _named(self, text: str) -> Municipality:
        found = sorted(self._by_name.get(fold(text), ()))
        if len(found) == 1:
            return self.by_number[found[0]]
        if found:
            options = _(" eller ").join(self._labels(found))
            raise NoSuchPlace(_("Flere heter det samme. Skriv nummeret: %(options)s.", options=options))
        near = get_close_matches(fold(text)[:60], self._by_name, n=2, cutoff=0.75)
        numbers = sorted({number for key in near for number in self._by_name[key]})
        if numbers:
            raise NoSuchPlace(
                _("Vi finner ingen kommune med det navnet. Mente du %(options)s?",
                  options=_(" eller ").join(self._labels(numbers[:3])))
            )  # fmt: skip
        raise NoSuchPlace(_("Vi finner ingen kommune med det navnet. Skriv navnet eller nummeret."))

    def _labels(self, numbers: Iterable[str]) -> list[str]:
        return [f"{number} {self.by_number[number].display_name}" for number in numbers]


def fold(name: str) -> str:
    """A name without what people write differently: capitals, accents, punctuation, the word kommune."""
    text = name.casefold().replace("ø", "o").replace("æ", "ae").replace("đ", "d").replace("ŋ", "n")
    text = unicodedata.normalize("NFKD", text.replace("ŧ", "t"))
    text = "".join(c for c in text if not unicodedata.combining(c)).replace("aa", "a")
    words = re.sub(r"[^a-z0-9]+", " ", text).split()
    words = [{"fylkeskommune": "fylke", "fylkeskommunen": "fylke"}.get(word, word) for word in words]
    return " ".join(word for word in words if word not in ("kommune", "i", "suohkan", "tjielte"))


def _disagree(place: Municipality, name: str) -> str:
    text = _("Nummer %(number)s er %(place)s, men navnet i samme rad er et annet: %(name)s.")
    return str(text % {"number": place.number, "place": place.display_name, "name": name[:60]})


@cache
def _other_names() -> dict[str, list[str]]:
    """Official and parallel names, Sami and Kven among them, by number."""
    names: dict[str, list[str]] = {}
    for file, key in (("kommuner.csv", "kommunenummer"), ("fylker.csv", "fylkesnummer")):
        with (DATA / file).open(encoding="utf-8", newline="") as source:
            for row in csv.DictReader(source):
                parallel = f"{row['navn_offisielt']}|{row['navn_parallelt']}".replace(" - ", "|")
                names[row[key]] = [
                    row["navn_offisielt"],
                    *(name for name in parallel.split("|") if name),
                ]
    return names
