"""Invented people with plausible names. The same seed gives the same people."""

import unicodedata
from collections.abc import Iterator
from random import Random

WOMEN = (
    "Anne Astrid Aud Bente Berit Birgit Bodil Camilla Cathrine Ellen Elin Eli Eva Gerd Gro Gunn Guro Hanne Hege Heidi "
    "Hilde Inger Ingrid Ingunn Janne Karin Kirsten Kjersti Kristin Lise Liv Mari Marit Marte Mette Mona Nina Oddny "
    "Ragnhild Randi Ranveig Rita Sigrid Silje Sissel Siv Solfrid Synnøve Tone Torunn Tove Trine Turid Unni Vigdis Wenche"
).split()
MEN = (
    "Amund Anders Arild Arne Asbjørn Bjarne Bjørn Dag Eirik Erling Even Frode Geir Gisle Gunnar Hallvard Harald Helge "
    "Håkon Håvard Ivar Jan Jarle Jostein Jørn Kjell Kjetil Knut Kåre Lars Magne Morten Nils Odd Ola Olav Oddvar Per "
    "Petter Ragnar Roar Rolf Rune Sigurd Sindre Stein Steinar Sverre Svein Terje Tor Tore Trond Trygve Vegard Øyvind Åge"
).split()
SURNAMES = (
    "Aasgard Alvestad Arnesen Aune Bakklund Bergtun Bjerkan Bjørnstad Brattli Breimo Brekkhus Bruvik Dalsbø Eikås Ekeland "
    "Engeseth Fagerbakk Farstad Fjellanger Fossheim Furuset Gangstad Gjerde Granli Grønvik Haaland Hagerup Haugsdal "
    "Hauglund Heggdal Hjortdal Hovland Indrebø Johnsrud Kaldhol Kjølstad Kleppe Kroken Kvalheim Kvamme Landro Langeland "
    "Lien Lillebø Lunheim Lyngstad Marnvik Mjelde Moenes Myklebust Nedrebø Nordahl Nordbotn Nordhus Nybakken Nygård "
    "Oppedal Opsahl Ramsvik Raudstein Reinfjord Rindalsli Risnes Rognli Rønningsås Røysland Saltvold Sandvær Sandåker "
    "Selnes Skarbø Skogvang Skorpen Solheimsnes Solvik Steinsland Storøygard Strand Sundfør Sunnanå Sæther Sørvik Teigland "
    "Thorsnes Tjelta Tveiten Ulvund Vangsnes Valldal Vassbotn Vedeld Vikanes Vollheim Ytterli Øvrelid Øyehaug Åmli Årdal Åsen"
).split()


def people(seed: int) -> Iterator[str]:
    """Full names without end, none twice."""
    random = Random(seed)
    given: set[str] = set()
    while True:
        first = random.choice(WOMEN if random.random() < 0.42 else MEN)
        name = f"{first} {random.choice(SURNAMES)}"
        if name not in given:
            given.add(name)
            yield name


def ascii_name(text: str) -> str:
    """A name as it stands in an address: hakon.brekke."""
    plain = text.casefold()
    for letter, spelling in (("æ", "ae"), ("ø", "o"), ("å", "a"), ("đ", "d"), ("ŧ", "t"), ("ŋ", "n")):
        plain = plain.replace(letter, spelling)
    plain = unicodedata.normalize("NFD", plain).encode("ascii", "ignore").decode()
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())


def address(name: str, place: str) -> str:
    """An address at a domain that can never exist."""
    first, *rest = name.split()
    return f"{ascii_name(first)}.{ascii_name(' '.join(rest))}@{ascii_name(place)}.example"
