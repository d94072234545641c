"""What lies behind each part of a pair's score, in words for the secretariat.

Never a free text, never what somebody wishes, and the areas only where both let the secretariat see them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

import matching
from portal.language import gettext as _
from portal.language import ngettext
from portal.rendering import number

Side: TypeAlias = Mapping[str, Any]


def part_words(
    mentee: matching.Mentee, mentor: matching.Mentor, areas: Mapping[str, str] | None
) -> dict[str, str]:
    """A line for each of the five rows. `areas` are the labels by code, or None where they are not to be seen."""
    return {
        "challenges": _challenges(mentee, mentor, areas),
        "size": _size(mentee, mentor),
        "experience": _experience(mentor),
        "practicalities": _practicalities(mentee, mentor),
        "wishes": _wishes(mentee),
    }


def _challenges(mentee: matching.Mentee, mentor: matching.Mentor, areas: Mapping[str, str] | None) -> str:
    needed = sorted(mentee.areas, key=lambda code: -mentee.areas[code])
    shared = [code for code in needed if mentor.areas.get(code)]
    if not shared:
        return str(_("ingen av de %(count)s", count=len(needed)))
    if areas is None:
        return str(_("%(met)s av %(count)s områder", met=len(shared), count=len(needed)))
    met = [areas.get(code, code) for code in shared]
    listed = "; ".join(label[:1].lower() + label[1:] for label in met)
    return str(_("%(met)s av %(count)s: %(listed)s", met=len(met), count=len(needed), listed=listed))


def _size(mentee: matching.Mentee, mentor: matching.Mentor) -> str:
    known = matching.municipalities()
    here, there = known[mentee.municipality].population, known[mentor.municipality].population
    return str(_("%(here)s og %(there)s innbyggere", here=number(here), there=number(there)))


def _experience(mentor: matching.Mentor) -> str:
    if mentor.years is None:
        return str(_("tid i rollen er ikke oppgitt"))
    years = _("%(years)s år i rollen", years=mentor.years)
    return str(_("%(years)s, har gått av", years=years)) if mentor.retired else years


def _practicalities(mentee: matching.Mentee, mentor: matching.Mentor) -> str:
    shared = mentee.modes & mentor.modes
    if not shared:
        return str(_("ønsker hver sin møteform"))
    if shared == {matching.Mode.DIGITAL}:
        return str(_("digitalt"))
    if shared == {matching.Mode.IN_PERSON}:
        return str(_("fysisk"))
    return str(_("digitalt eller fysisk"))


def _wishes(mentee: matching.Mentee) -> str:
    asked = sum(value not in (False, None) for value in asdict(mentee.wishes).values())
    if not asked:
        return str(_("ingen særskilte ønsker"))
    return str(ngettext("ett ønske", "%(num)s ønsker", asked))
