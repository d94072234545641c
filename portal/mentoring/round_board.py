"""The draft of a round as the secretariat looks at it: who needs attention, and the one that is looked at now."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flask import current_app

import matching
from portal.accounts.models import User
from portal.language import gettext as _
from portal.language import ngettext
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_inputs import ThoseIn, solve_again, those_in
from portal.mentoring.round_models import RunOrder
from portal.mentoring.round_orders import order_of
from portal.mentoring.round_people import Party, People
from portal.mentoring.round_reach import Link, within_reach
from portal.rendering import clock_time, short_date

GOOD_SHOWN = 8
WEAK_POINTS, WEAK_GAP = 60, 10
NOTHING: Mapping[str, int] = {"seeking": 0, "places": 0, "mentors": 0, "total": 0}


@dataclass(frozen=True)
class Entry:
    """A mentee in the list."""

    mentee: Party
    mentor: Party | None = None
    points: int | None = None
    is_locked: bool = False

    @property
    def users(self) -> list[int]:
        """Those whom it is about."""
        return [party.user_id for party in (self.mentee, self.mentor) if party is not None]


@dataclass(frozen=True)
class Group:
    title: str
    entries: list[Entry]
    limit: int = 10**6

    @property
    def shown(self) -> list[Entry]:
        return self.entries[: self.limit]

    @property
    def folded(self) -> list[Entry]:
        return self.entries[self.limit :]


class Board:
    """The list, and what the views beside it share. The engine solves the stored inputs anew, and only when asked."""

    def __init__(self, round_: MatchRound, mentee_id: int | None = None, viewer: User | None = None) -> None:
        self.round = round_
        self.run, self.before = last_runs(round_, 2)
        self.people = People.load(without=viewer)
        self.wanted = mentee_id

    @cached_property
    def order(self) -> RunOrder | None:
        """The run that a worker is to make, or could not."""
        return order_of(self.round)

    @property
    def is_running(self) -> bool:
        return self.order is not None and self.order.failed_at is None

    @property
    def is_large(self) -> bool:
        """Whether the round is so large that nothing is solved while somebody waits for a page."""
        most: int = current_app.config["ROUND_IN_REQUEST"]
        return self.seeking + int(self.result["mentors"]) > most

    @cached_property
    def _those_in(self) -> ThoseIn:
        return those_in(self.run)

    @property
    def mentors(self) -> list[matching.Mentor]:
        return self._those_in.mentors

    @property
    def mentees(self) -> list[matching.Mentee]:
        return self._those_in.mentees

    @cached_property
    def outcome(self) -> matching.Outcome:
        return solve_again(self.run)

    @cached_property
    def reach(self) -> dict[Link, int]:
        """The pairs that may be shown, and their units."""
        return within_reach(self.outcome)

    @property
    def result(self) -> Mapping[str, int]:
        return self.run.result if self.run else NOTHING

    @cached_property
    def entries(self) -> list[Entry]:
        """The mentees who have a mentor, the weakest pair first."""
        if self.run is None:
            return []
        locks = dict(self.run.decisions["locks"])
        found = [
            Entry(mentee, mentor, matching.points(units), locks.get(mentee_id) == mentor_id)
            for mentee_id, (mentor_id, units) in self.run.pairs.items()
            if (mentee := self.people.mentees.by_id.get(mentee_id))
            and (mentor := self.people.mentors.by_id.get(mentor_id))
        ]
        return sorted(found, key=lambda entry: (entry.points or 0, entry.mentee.sort_key))

    @cached_property
    def unserved(self) -> list[Entry]:
        known = self.people.mentees.by_id
        ids = self.run.result.get("unmatched", []) if self.run else []
        return sorted((Entry(known[i]) for i in ids if i in known), key=lambda entry: entry.mentee.sort_key)

    @cached_property
    def groups(self) -> list[Group]:
        average = sum(entry.points or 0 for entry in self.entries) / max(len(self.entries), 1)
        bound = max(WEAK_POINTS, average - WEAK_GAP)
        weak = [entry for entry in self.entries if (entry.points or 0) < bound]
        groups = [
            Group(_("Uten forslag"), self.unserved),
            Group(_("Svake par"), weak),
            Group(_("Gode par"), self.entries[len(weak) :], GOOD_SHOWN),
        ]
        return [group for group in groups if group.entries]

    @cached_property
    def ordered(self) -> list[Entry]:
        return [entry for group in self.groups for entry in group.entries]

    @cached_property
    def chosen(self) -> Entry | None:
        fitting = (entry for entry in self.ordered if entry.mentee.id == self.wanted)
        return next(fitting, self.ordered[0] if self.ordered else None)

    @property
    def was_chosen(self) -> bool:
        return self.chosen is not None and self.chosen.mentee.id == self.wanted

    @property
    def place(self) -> int:
        return self.ordered.index(self.chosen) + 1 if self.chosen else 0

    @property
    def previous(self) -> Entry | None:
        return self.ordered[self.place - 2] if self.place > 1 else None

    @property
    def next(self) -> Entry | None:
        return self.ordered[self.place] if 0 < self.place < len(self.ordered) else None

    @cached_property
    def everybody(self) -> set[int]:
        """The users in this run and the one before. All of them, whatever is shown of the round: who is on the page
        depends on who can be a pair, and so on noes that nobody shall be able to tell."""
        return {user for run in (self.run, self.before) if run for user in self.people.users_in(run)}

    # The figures on top

    @property
    def served(self) -> int:
        if self.is_emptied:
            return int(self.result["served"])
        return len(self.entries) + self.own_pairs

    @property
    def is_emptied(self) -> bool:
        """Whether the round is so old that only its figures are left."""
        return self.run is not None and self.run.emptied_at is not None

    @property
    def own_pairs(self) -> int:
        """The pairs that the one who looks is in: counted, and not shown."""
        pairs = self.run.pairs if self.run else {}
        return sum(self.people.is_own(mentee, mentor) for mentee, (mentor, _units) in pairs.items())

    @property
    def kept_back(self) -> str | None:
        """A neutral line where the list is shorter than the counts."""
        unserved = self.run is not None and self.people.mentees.own in self.run.result.get("unmatched", ())
        if not self.own_pairs and not unserved:
            return None
        return str(_("Det som gjelder deg selv, tar en kollega seg av."))

    @property
    def seeking(self) -> int:
        return int(self.result["seeking"])

    @property
    def total(self) -> int:
        return matching.points(self.result["total"])

    @property
    def worst(self) -> Entry | None:
        return self.entries[0] if self.entries else None

    @property
    def summary(self) -> str:
        if self.run is None:
            return str(_("Utkast, ikke kjørt"))
        at = self.run.ran_at
        return str(
            _(
                "Utkast, kjøring %(number)s, %(day)s kl. %(clock)s · %(mentees)s mentees, %(mentors)s mentorer med %(places)s plasser",
                number=self.run.number,
                day=short_date(at),
                clock=clock_time(at),
                mentees=self.seeking,
                mentors=self.result["mentors"],
                places=self.result["places"],
            )
        )

    @property
    def uncovered(self) -> str:
        left = len(self.unserved)
        if not left:
            return str(_("alle har fått forslag"))
        return str(ngettext("%(num)s står uten forslag", "%(num)s står uten forslag", left))

    @property
    def average(self) -> str:
        return str(_("%(points)s i snitt per par, av 100", points=round(self.total / max(self.served, 1))))
