"""A round told in figures: how good it is, who is in demand, whom to recruit next, and what has changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select

import matching
from portal.export import Cell
from portal.extensions import Json, db
from portal.language import gettext as _
from portal.members.models import ChallengeArea
from portal.mentoring.coarse import people as inhabitants
from portal.mentoring.coarse import time_in_role
from portal.mentoring.round_board import Board
from portal.mentoring.round_changes import Change, changes_of
from portal.mentoring.round_figures import report_data
from portal.mentoring.round_parts import signed


@dataclass(frozen=True)
class Tens:
    """How many pairs have so many points."""

    label: str
    count: int


@dataclass(frozen=True)
class Wanted:
    """A mentor, for how many they are the best there is, and what one more place there would give the round."""

    user_id: int
    name: str
    place: str
    first: int
    places: int
    worth: int  # points; more than a whole pair's means that one more is served

    @property
    def gain(self) -> str:
        if self.worth > matching.points(matching.FULL_SCORE):
            return str(_("én mentee til"))
        return str(_("%(points)s poeng", points=signed(self.worth))) if self.worth else "–"

    @property
    def is_short(self) -> bool:
        return self.first > self.places


@dataclass(frozen=True)
class Recruit:
    """A mentor who is not there yet."""

    words: str
    gain: str
    covers: int
    points: int


class Report:
    """The report of the last run."""

    def __init__(self, board: Board) -> None:
        self.board = board

    @cached_property
    def data(self) -> Json | None:
        """None before the first run, and for a round that was released before reports were kept."""
        run = self.board.run
        if run is None:
            return None
        kept: Json | None = run.result.get("report")
        return kept or (report_data(self.board.outcome) if run.inputs else None)

    @property
    def _known(self) -> Json:
        return self.data or {}

    @property
    def distribution(self) -> list[Tens]:
        """Only from the ten where the weakest is: what is below is empty."""
        counts = self._known.get("distribution", ())
        labels = [f"{10 * ten}–{10 * ten + 9}" for ten in range(9)] + ["90–100"]
        first = next((ten for ten, count in enumerate(counts) if count), len(counts))
        return [Tens(labels[ten], count) for ten, count in enumerate(counts) if ten >= first]

    @property
    def most_alike(self) -> int:
        return max((tens.count for tens in self.distribution), default=1)

    @property
    def wanted(self) -> list[Wanted]:
        """The most wanted first."""
        known = self.board.people.mentors.by_member
        return [
            Wanted(
                known[one["mentor"]].user_id,
                known[one["mentor"]].name,
                known[one["mentor"]].place,
                one["first"],
                one["places"],
                matching.points(one["price"]),
            )
            for one in self._known.get("demand", ())
            if one["first"] and one["mentor"] in known
        ]

    @cached_property
    def recruits(self) -> list[Recruit]:
        found = self._known.get("recruits", ())
        areas = {area.code: area.label for area in db.session.scalars(select(ChallengeArea))} if found else {}
        return [self._recruit(one, areas) for one in found if one["change"] > 0 or one["coverage_change"] > 0]

    def _recruit(self, one: Json, areas: dict[str, str]) -> Recruit:
        labels = [f"«{areas[code]}»" for code in sorted(one["areas"]) if code in areas]
        listed = str(_(" og ")).join([", ".join(labels[:-1]), labels[-1]] if labels[1:] else labels)
        words = _(
            "Har stått i %(areas)s. %(years)s i rollen, i en kommune med %(size)s.",
            areas=listed or _("noe av det mentees i runden står i"),
            years=time_in_role(one["years"]).capitalize(),
            size=inhabitants(one["population"]),
        )
        points = matching.points(one["change"])
        covers = one["coverage_change"]
        gain = _("%(points)s poeng", points=signed(points))
        if covers > 0:
            gain = _("%(covers)s får mentor, %(points)s poeng", covers=signed(covers), points=signed(points))
        return Recruit(str(words), str(gain), covers, points)

    @property
    def about(self) -> set[int]:
        """The users whom it names."""
        named = {one.user_id for one in self.wanted}
        worst = self.board.worst
        return named | set(worst.users if worst else ()) | {change.user_id for change in self.changes}

    @property
    def changes(self) -> list[Change]:
        return changes_of(self.board).all

    @property
    def summary(self) -> list[tuple[str, int]]:
        """The figures on top, with their names."""
        mean = round(self.board.total / self.board.served) if self.board.served else 0
        weakest = [(_("Svakeste par"), self.board.worst.points or 0 if self.board.worst else 0)]
        return [
            (_("Mentees i runden"), self.board.seeking),
            (_("Har fått forslag"), self.board.served),
            (_("Plasser"), int(self.board.result["places"])),
            (_("Samlet poeng"), self.board.total),
            (_("Poeng i snitt"), mean),
            *([] if self.board.is_emptied else weakest),
        ]

    # To take away

    def heads(self) -> list[str]:
        return [_("Del"), _("Hva"), _("Tall"), _("Mer")]

    def rows(self) -> Iterator[list[Cell]]:
        """One line for each figure."""
        for name, value in self.summary:
            yield [_("Runden"), name, value, None]
        for tens in self.distribution:
            yield [_("Fordeling, par med poeng"), tens.label, tens.count, None]
        for one in self.wanted:
            more = _("%(places)s plasser", places=one.places)
            yield [_("Beste treff for så mange mentees"), one.name, one.first, more]
        for recruit in self.recruits:
            yield [_("Ny mentor som ville løftet mest"), recruit.words, recruit.points, recruit.gain]
        for change in self.changes:
            yield [_("Endret siden forrige kjøring"), change.name, matching.points(change.units), change.text]

    def as_data(self) -> dict[str, Any]:
        """For machines, in English; who and what as on the page."""
        names = ("seeking", "coverage", "places", "total", "mean", "worst")
        figures = [value for _name, value in self.summary]
        return {
            "round": self.board.round.name,
            "run": self.board.run.number if self.board.run else None,
            "figures": dict(zip(names, figures, strict=False)),
            "distribution": {tens.label.replace("–", "-"): tens.count for tens in self.distribution},
            "demand": [
                {
                    "mentor": one.name,
                    "first_choice_of": one.first,
                    "places": one.places,
                    "one_more_serves_another": one.worth > matching.points(matching.FULL_SCORE),
                }
                for one in self.wanted
            ],
            "recruit": [
                {"profile": one.words, "coverage": one.covers, "points": one.points} for one in self.recruits
            ],
            "changes": [
                {"mentee": one.name, "what": one.text, "points": matching.points(one.units)}
                for one in self.changes
            ],
        }
