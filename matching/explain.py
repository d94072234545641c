"""Why a pair, as data: up to three reasons and the most important difference. The portal puts them in words.

| reason | values | | difference | values |
|---|---|---|---|---|
| area | area, strength, weight | | missing_area | area, weight |
| size | mentee, mentor (inhabitants), mentee_band, mentor_band | | size | the same |
| kind | kostra_group, centrality_class (the mentor's), alike (see places.alike) | | centrality | mentee, mentor (class 1-6) |
| experience | years | | experience | mentee, mentor (years) |
| near | kilometres | | distance | kilometres |
| digital | | | mode | |
| text | | | language | mentee, mentor |
| wish | wish | | wish | wish |
| | | | retired | |

Nothing here depends on a rule or a reservation, so nothing confidential can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from matching import places, wishes
from matching.features import COVERAGE, QUANTUM, apportion
from matching.findings import Part, Reason, Value
from matching.municipalities import Municipality, municipalities, size_band
from matching.profiles import UNITS_PER_POINT, Mentee, Mentor, Mode

REASONS = 3
AREAS_FIRST = 2  # so that the third reason is of another sort where there is one
NEAR = 100  # kilometres


class Finding(NamedTuple):
    """Something to say about a pair, worth `units` (gained for a reason, lost for a difference)."""

    units: int
    code: str
    values: Mapping[str, Value]

    def as_reason(self) -> Reason:
        return Reason(self.code, dict(self.values))


class Explainer(NamedTuple):
    """One pair with its parts."""

    mentee: Mentee
    mentor: Mentor
    parts: tuple[Part, ...]

    def reasons(self) -> tuple[Reason, ...]:
        """The three that give the most; equal ones in a fixed order."""
        gained = sorted(self._gained(), key=lambda finding: -finding.units)
        areas = [finding for finding in gained if finding.code == "area"]
        others = [finding for finding in gained if finding.code != "area"]
        chosen = sorted(areas[:AREAS_FIRST] + others, key=lambda finding: -finding.units)[:REASONS]
        chosen += areas[AREAS_FIRST : AREAS_FIRST + REASONS - len(chosen)]
        return tuple(finding.as_reason() for finding in chosen)

    def difference(self) -> Reason | None:
        """What costs the most, if it costs a point or more."""
        lost = max(self._lost(), key=lambda finding: finding.units, default=None)
        return lost.as_reason() if lost and lost.units >= UNITS_PER_POINT else None

    def _part(self, name: str) -> Part:
        return next(part for part in self.parts if part.name == name)

    def _share(self, name: str) -> float:
        part = self._part(name)
        return part.units / part.of if part.of else 0.0

    def _needs(self) -> Iterator[tuple[str, int, int, int]]:
        """Area, the mentee's weight, the mentor's strength, and the quanta of units it holds."""
        needs = sorted(self.mentee.areas.items())
        if needs:
            quanta = apportion([weight for _, weight in needs], self._part("challenges").of // QUANTUM)
            for (area, weight), share in zip(needs, quanta, strict=True):
                yield area, weight, self.mentor.areas.get(area, 0), share

    def _gained(self) -> Iterator[Finding]:
        here, there = self._places()
        for area, weight, strength, share in self._needs():
            if strength:
                yield Finding(
                    share * COVERAGE[strength], "area", {"area": area, "strength": strength, "weight": weight}
                )
        if self._share("size") >= 0.6:
            yield Finding(self._part("size").units, "size", _people(here, there))
        if self._share("kind") >= 0.7:
            kind: dict[str, Value] = {
                "kostra_group": there.kostra_group,
                "centrality_class": there.centrality_class,
                "alike": places.alike(here, there),
            }
            yield Finding(self._part("kind").units, "kind", kind)
        if self.mentor.years is not None and self._share("experience") >= 0.6:
            yield Finding(self._part("experience").units, "experience", {"years": self.mentor.years})
        yield from self._easy_to_meet()
        if self._share("text") >= 0.65:  # half is what unlike or missing texts give
            yield Finding(self._part("text").units, "text", {})
        for wish, share in self._wishes():
            if wishes.met(wish, self.mentee, self.mentor) == 1:
                yield Finding(share, "wish", {"wish": wish})

    def _easy_to_meet(self) -> Iterator[Finding]:
        units = self._part("practicalities").units
        shared = self.mentee.modes & self.mentor.modes
        kilometres = self._kilometres()
        if Mode.IN_PERSON in shared and kilometres is not None and kilometres <= NEAR:
            yield Finding(units, "near", {"kilometres": kilometres})
        elif Mode.DIGITAL in shared:
            yield Finding(units // 2, "digital", {})

    def _lost(self) -> Iterator[Finding]:
        here, there = self._places()
        for area, weight, strength, share in self._needs():
            if not strength:
                yield Finding(share * QUANTUM, "missing_area", {"area": area, "weight": weight})
        yield Finding(self._missing("size"), "size", _people(here, there))
        classes = (here.centrality_class, there.centrality_class)
        if None not in classes and abs((classes[0] or 0) - (classes[1] or 0)) > 1:
            central: dict[str, Value] = {"mentee": classes[0], "mentor": classes[1]}
            yield Finding(self._missing("kind"), "centrality", central)
        if self.mentor.years is not None and self.mentee.years is not None:
            years: dict[str, Value] = {"mentee": self.mentee.years, "mentor": self.mentor.years}
            yield Finding(self._missing("experience"), "experience", years)
        yield from self._hard_to_meet()
        for wish, share in self._wishes():
            lost = share - int(share * wishes.met(wish, self.mentee, self.mentor))
            known = wish != "years" or self.mentor.years is not None
            if lost and known:  # what is not known costs half, but is not missed
                yield Finding(lost, "wish", {"wish": wish})
        if self.mentor.retired and not self.mentee.wishes.retired:
            yield Finding(UNITS_PER_POINT, "retired", {})

    def _hard_to_meet(self) -> Iterator[Finding]:
        here, there = self._places()
        missing = self._missing("practicalities")
        kilometres = self._kilometres()
        if not self.mentee.modes & self.mentor.modes:
            yield Finding(missing, "mode", {})
        elif kilometres is not None and kilometres > NEAR:
            yield Finding(missing, "distance", {"kilometres": kilometres})
        elif places.same_language(here, there) == 0:
            forms: dict[str, Value] = {"mentee": here.language_form, "mentor": there.language_form}
            yield Finding(missing, "language", forms)

    def _wishes(self) -> list[tuple[str, int]]:
        return list(wishes.shares(self.mentee.wishes, self._part("wishes").of).items())

    def _missing(self, name: str) -> int:
        part = self._part(name)
        return part.of - part.units

    def _places(self) -> tuple[Municipality, Municipality]:
        known = municipalities()
        return known[self.mentee.municipality], known[self.mentor.municipality]

    def _kilometres(self) -> int | None:
        distance = places.distance(*self._places())
        return None if distance is None else round(distance)


def _people(here: Municipality, there: Municipality) -> dict[str, Value]:
    """Inhabitants, and which of SSB's size groups that is, for words."""
    return {
        "mentee": here.population,
        "mentor": there.population,
        "mentee_band": size_band(here.population),
        "mentor_band": size_band(there.population),
    }
