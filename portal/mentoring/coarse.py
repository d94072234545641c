"""Numbers told so roughly that they fit several places: nobody is known by one."""

from portal.language import gettext as _
from portal.members.models import Municipality
from portal.rendering import NBSP, number

LONG_YEARS = (30, 25, 20, 15)
FAR = (400, 200, 100)
LARGE = 55_000
SMALL = 1_500
# Steps so wide that at least five municipalities share each one: nobody is known by a number.
STEPS = ((5_000, 500), (10_000, 1_000), (20_000, 2_000), (LARGE, 10_000))


def count(amount: int) -> str:
    """A small number as a word: elleve; a larger one in figures."""
    words = [
        _("null"), _("ett"), _("to"), _("tre"), _("fire"), _("fem"), _("seks"),
        _("sju"), _("åtte"), _("ni"), _("ti"), _("elleve"), _("tolv"),
    ]  # fmt: skip
    return str(words[amount]) if 0 <= amount < len(words) else number(amount)


def people(population: int) -> str:
    """How many live there, so roughly that it fits several places: 12 000 innbyggere."""
    if population < SMALL:
        return str(_("under %(number)s innbyggere", number=number(SMALL)))
    for below, step in STEPS:
        if population < below:
            rounded = (population + step // 2) // step * step
            return str(_("%(number)s innbyggere", number=number(min(rounded, 50_000))))
    return str(_("over %(number)s innbyggere", number=number(50_000)))


def time_in_role(years: int) -> str:
    """Elleve år; above fifteen only roughly."""
    long = next((limit for limit in LONG_YEARS if years >= limit), None)
    said = _("%(number)s år", number=count(years))
    if long is not None:
        said = _("over %(number)s år", number=long)
    elif years < 1:
        said = _("under ett år")
    return str(said).replace(" år", f"{NBSP}år")


def place_of(municipality: Municipality) -> str:
    """En kommune med 12 000 innbyggere, never which."""
    if municipality.is_county:
        return str(_("en fylkeskommune"))
    return str(_("en kommune med %(people)s", people=people(municipality.population)))
