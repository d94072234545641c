"""The draft of a round as the secretariat looks at it: who needs attention, the chosen pair, and what a swap costs."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property

from sqlalchemy import func, select

import matching
from portal import consents
from portal.accounts.models import User
from portal.extensions import db
from portal.language import gettext as _
from portal.language import ngettext
from portal.members.models import ChallengeArea, Member
from portal.mentoring.models import MatchRound
from portal.mentoring.round_reach import within_reach
from portal.mentoring.round_runs import Cause, MatchRun, Party, People, last_runs
from portal.mentoring.round_words import Side, part_words
from portal.mentoring.wording import difference_for_secretariat
from portal.rendering import clock_time, number, short_date

ALTERNATIVES = 5
GOOD_SHOWN = 8
WEAK_POINTS, WEAK_GAP = 60, 10
# The five rows that people read, and the engine's parts behind each.
ROWS: dict[str, tuple[str, ...]] = {
    "challenges": ("challenges", "text"),
    "size": ("size", "kind"),
    "experience": ("experience",),
    "practicalities": ("practicalities",),
    "wishes": ("wishes",),
}


def row_labels() -> dict[str, tuple[str, str]]:
    """The name of each row, in full and for a narrow column."""
    return {
        "challenges": (_("Utfordringsprofil"), _("Profil")),
        "size": (_("Kommunestørrelse"), _("Størr.")),
        "experience": (_("Erfaring"), _("Erf.")),
        "practicalities": (_("Form og reise"), _("Reise")),
        "wishes": (_("Egne ønsker"), _("Ønsker")),
    }


def signed(points: int) -> str:
    """+3, −3 or ±0"""
    return f"+{number(points)}" if points > 0 else number(points) if points else "±0"


@dataclass(frozen=True)
class Bar:
    """One part of a score: points of a maximum, and what today's pair has when it is another's."""

    name: str
    label: str
    short: str
    points: int
    of: int
    words: str = ""
    tick: int | None = None

    @property
    def scale(self) -> int:
        """What the bar is measured by: its maximum, also where the weight is nothing."""
        return max(self.of, 1)


@dataclass(frozen=True)
class Entry:
    """A mentee in the list."""

    mentee: Party
    mentor: Party | None = None
    points: int | None = None
    is_locked: bool = False


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


@dataclass(frozen=True)
class Moved:
    name: str
    mentor: str
    change: str
    is_worse: bool


@dataclass(frozen=True)
class Choice:
    """Another mentor for the chosen mentee, and what it costs the round."""

    mentor: Party
    points: int
    difference: str
    bars: list[Bar]
    change: str
    is_worse: bool
    uncovered: int
    weakest: str  # when the round's weakest pair becomes weaker
    moves: list[Moved]


@dataclass(frozen=True)
class Change:
    name: str
    text: str
    units: int

    @property
    def sign(self) -> str:
        return signed(matching.points(self.units))


@dataclass(frozen=True)
class Changes:
    title: str
    summary: str
    rows: list[Change] = field(default_factory=list)
    more: int = 0


class Board:
    """Everything on the page of a draft. The engine solves the stored inputs anew, and only when asked."""

    def __init__(self, round_: MatchRound, mentee_id: int | None = None, viewer: User | None = None) -> None:
        self.round = round_
        self.run, self.before = last_runs(round_, 2)
        self.people = People.load(without=viewer)
        self.wanted = mentee_id

    @cached_property
    def outcome(self) -> matching.Outcome:
        return (self.run or MatchRun(decisions={"weights": {}})).solve()

    @property
    def result(self) -> Mapping[str, int]:
        return self.run.result if self.run else {"seeking": 0, "places": 0, "mentors": 0, "total": 0}

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
        ids = self.run.result["unmatched"] if self.run else []
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

    # The figures on top

    @property
    def served(self) -> int:
        return len(self.entries) + self.own_pairs

    @property
    def own_pairs(self) -> int:
        """The pairs that the one who looks is in: counted, and not shown."""
        pairs = self.run.pairs if self.run else {}
        return sum(self.people.is_own(mentee, mentor) for mentee, (mentor, _units) in pairs.items())

    @property
    def kept_back(self) -> str | None:
        """A neutral line where the list is shorter than the counts."""
        unserved = self.run is not None and self.people.mentees.own in self.run.result["unmatched"]
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

    @cached_property
    def changes(self) -> Changes:
        """What the last run did, next to the one before it."""
        if self.run is None or self.before is None:
            return Changes(_("Første kjøring"), _("Ingen tidligere kjøring å sammenligne med."))
        rows = sorted(self._changed(self.run, self.before), key=lambda change: -change.units)
        shown = rows if len(rows) <= 5 else rows[:3] + rows[-2:]
        return Changes(
            _("Siden kjøring %(number)s", number=self.before.number),
            self._difference(self.run, self.before),
            shown,
            len(rows) - len(shown),
        )

    def _changed(self, run: MatchRun, before: MatchRun) -> Iterator[Change]:
        old, new = before.pairs, run.pairs
        for mentee_id in {*old, *new}:
            was, now = old.get(mentee_id, (0, 0)), new.get(mentee_id, (0, 0))
            mentee = self.people.mentees.by_id.get(mentee_id)
            if mentee and was[0] != now[0] and self.people.mentors.own not in (was[0], now[0]):
                yield Change(mentee.name, self._moved(was[0], now[0]), now[1] - was[1])

    def _moved(self, old: int, new: int) -> str:
        known = self.people.mentors.by_id
        was, now = known.get(old), known.get(new)
        if was and now:
            return str(_("fra %(old)s til %(new)s", old=was.name, new=now.name))
        if now:
            return str(_("fikk %(new)s", new=now.name))
        return str(_("mistet %(old)s", old=was.name if was else ""))

    def _difference(self, run: MatchRun, before: MatchRun) -> str:
        total = signed(matching.points(run.result["total"] - before.result["total"]))
        covered = len(run.pairs) - len(before.pairs)
        coverage = (
            _("dekningen er den samme") if not covered else _("dekning %(change)s", change=signed(covered))
        )
        return str(_("Samlet %(total)s poeng, %(coverage)s.", total=total, coverage=coverage))

    @property
    def done(self) -> str | None:
        """What was just decided by hand, when it can be undone."""
        run = self.run
        if run is None or not run.can_be_undone or self.people.is_own(run.mentee_id, run.mentor_id):
            return None
        names = {
            "mentee": _name(self.people.mentees.by_id.get(run.mentee_id or 0)),
            "mentor": _name(self.people.mentors.by_id.get(run.mentor_id or 0)),
            "clock": clock_time(run.ran_at),
        }
        texts = {
            Cause.SWAP: _("%(mentee)s fikk %(mentor)s kl. %(clock)s, og paret er låst.", **names),
            Cause.LOCK: _("%(mentee)s og %(mentor)s ble låst kl. %(clock)s.", **names),
            Cause.UNLOCK: _("%(mentee)s og %(mentor)s ble låst opp kl. %(clock)s.", **names),
            Cause.EXCLUSION: _("%(mentee)s og %(mentor)s ble utelukket kl. %(clock)s.", **names),
            Cause.WEIGHTS: _("Vektene ble endret kl. %(clock)s.", **names),
        }
        return f"{texts[run.cause]} {self._others_moved(run)}"

    def _others_moved(self, run: MatchRun) -> str:
        moved = 0
        if self.before:
            old, new = self.before.pairs, run.pairs
            moved = sum(
                old.get(mentee, (0,))[0] != new.get(mentee, (0,))[0]
                for mentee in {*old, *new} - {run.mentee_id}
            )
        if not moved:
            return str(_("Ingen andre ble flyttet."))
        return str(ngettext("%(num)s annen ble flyttet.", "%(num)s andre ble flyttet.", moved))

    # The chosen pair

    @cached_property
    def _sides(self) -> dict[str, Side]:
        round_ = self.outcome.round
        return {"mentee": {m.id: m for m in round_.mentees}, "mentor": {m.id: m for m in round_.mentors}}

    @cached_property
    def pair(self) -> matching.Pair | None:
        if self.chosen is None:
            return None
        return next((p for p in self.outcome.pairs if p.mentee == self.chosen.mentee.member_id), None)

    @cached_property
    def bars(self) -> list[Bar]:
        """The chosen pair's parts, with what lies behind each in words."""
        pair = self.pair
        if pair is None:
            return []
        areas = {code: area.label for code, area in self.areas.items()} if self.shows_areas else None
        words = part_words(self._sides["mentee"][pair.mentee], self._sides["mentor"][pair.mentor], areas)
        return _bars(pair, words=words)

    @cached_property
    def shows_areas(self) -> bool:
        """Whether both of the chosen pair let the secretariat see what they stand in or have been through."""
        if self.pair is None:
            return False
        both = [int(self.pair.mentee), int(self.pair.mentor)]
        lets = consents.condition(Member.user_id, consents.Purpose.SECRETARIAT_SEES_AREAS)
        willing = select(func.count()).select_from(Member).where(Member.id.in_(both), lets)
        return db.session.scalar(willing) == len(both)

    @cached_property
    def areas(self) -> dict[str, ChallengeArea]:
        return {area.code: area for area in db.session.scalars(select(ChallengeArea))}

    @property
    def difference(self) -> str | None:
        """What costs the chosen pair the most."""
        pair = self.pair
        if pair is None or pair.difference is None:
            return None
        return difference_for_secretariat(asdict(pair.difference), self.areas if self.shows_areas else None)

    @property
    def widest(self) -> int:
        return max((bar.scale for bar in self.bars), default=1)

    @cached_property
    def choices(self) -> list[Choice]:
        """Other mentors for the chosen mentee, the best for the mentee first."""
        if self.chosen is None:
            return []
        mine, reach = self.chosen.mentee.member_id, self.reach
        found = matching.alternatives(self.outcome, mine, ALTERNATIVES + 1)
        known = self.people.mentors.by_member
        shown = [
            other for other in found if (mine, other.pair.mentor) in reach and other.pair.mentor in known
        ]
        return [self._choice(alternative) for alternative in shown[:ALTERNATIVES]]

    @cached_property
    def reach(self) -> dict[tuple[str, str], int]:
        return within_reach(self.outcome)

    def _choice(self, alternative: matching.Alternative) -> Choice:
        points = matching.points(alternative.pair.score)
        change = matching.points(alternative.change)
        return Choice(
            self.people.mentors.by_member[alternative.pair.mentor],
            points,
            signed(points - self.chosen.points) if self.chosen and self.chosen.points is not None else "",
            _bars(alternative.pair, beside=self.pair),
            signed(change),
            change < 0,
            -alternative.coverage_change,
            self._weakest(alternative),
            [self._moved_by(move) for move in alternative.moves if self._is_shown(move)],
        )

    def _weakest(self, alternative: matching.Alternative) -> str:
        before = matching.points(self.outcome.worst or 0)
        worst = matching.points((self.outcome.worst or 0) + alternative.worst_change)
        if worst >= before:
            return ""
        return str(_("svakeste par blir %(points)s", points=worst))

    def _is_shown(self, move: matching.Move) -> bool:
        listed = {entry.mentee.member_id for entry in self.ordered}
        return move.mentee in listed and (not move.after or move.after in self.people.mentors.by_member)

    def _moved_by(self, move: matching.Move) -> Moved:
        change = matching.points(move.change)
        after = self.people.mentors.by_member[move.after].name if move.after else _("uten forslag")
        return Moved(self.people.mentees.by_member[move.mentee].name, after, signed(change), change < 0)

    @cached_property
    def possible(self) -> int:
        """How many other mentors are within the chosen mentee's reach."""
        if self.chosen is None:
            return 0
        mine, known = self.chosen.mentee.member_id, self.people.mentors.by_member
        near = sum(mentee == mine and mentor in known for mentee, mentor in self.reach)
        return near - (self.pair is not None)

    @property
    def why_unserved(self) -> str:
        """The same words whether others needed the places more or none was possible: a no is nobody's business."""
        if self.chosen is None:
            return ""
        return str(
            _("Ingen av de ledige plassene passet best her. Nye mentorer, eller en plass til, kan løse det.")
        )


def _name(party: Party | None) -> str:
    return party.name if party else _("en som er slettet")


def _bars(
    pair: matching.Pair, beside: matching.Pair | None = None, words: Mapping[str, str] | None = None
) -> list[Bar]:
    own = matching.whole_points(pair)
    other = matching.whole_points(beside) if beside else None
    bars = []
    for name, parts in ROWS.items():
        label, short = row_labels()[name]
        tick = sum(other[part][0] for part in parts) if other else None
        points, most = (sum(own[part][i] for part in parts) for i in (0, 1))
        bars.append(Bar(name, label, short, points, most, (words or {}).get(name, ""), tick))
    return bars
