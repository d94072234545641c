"""The chosen pair: what its score is made of, other mentors and what each would cost, and why somebody has none."""

from dataclasses import asdict, dataclass
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

import matching
from portal import consents
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import ChallengeArea, Member
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.round_board import Board, Entry
from portal.mentoring.round_models import Ground
from portal.mentoring.round_parts import Bar, bars_of, signed
from portal.mentoring.round_people import Party
from portal.mentoring.round_reasons import why_not, why_unserved
from portal.mentoring.round_words import part_words
from portal.mentoring.wording import difference_for_secretariat

ALTERNATIVES = 5


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
    why_not: str


@dataclass(frozen=True)
class Excluded:
    """A mentor whom the secretariat has ruled out for the chosen mentee."""

    mentor: Party
    ground: str


class PairView:
    """One mentee of the board, with the mentor they have or without."""

    def __init__(self, board: Board, entry: Entry) -> None:
        self.board, self.entry, self.people = board, entry, board.people
        self.mine = entry.mentee.member_id

    @cached_property
    def pair(self) -> matching.Pair | None:
        """As the draft has it, so that nothing has to be solved to look at it."""
        first = (Proposal.round_id == self.board.round.id, Proposal.rank == 1)
        owner = joinedload(Proposal.mentee, innerjoin=True).joinedload(MenteeProfile.member, innerjoin=True)
        rows = select(Proposal).where(*first, Proposal.mentee_id == self.entry.mentee.id).options(owner)
        _ = self.board.mentees  # the keys that open the round open this too
        row = db.session.scalar(rows)
        if row is None or self.entry.mentor is None:
            return None
        return matching.Pair(
            self.mine,
            self.entry.mentor.member_id,
            row.score,
            tuple(matching.Part(**part) for part in row.parts),
            difference=matching.Reason(**row.difference) if row.difference else None,
        )

    @cached_property
    def _mentee(self) -> matching.Mentee | None:
        return next((one for one in self.board.mentees if one.id == self.mine), None)

    @cached_property
    def areas(self) -> dict[str, ChallengeArea]:
        return {area.code: area for area in db.session.scalars(select(ChallengeArea))}

    @cached_property
    def bars(self) -> list[Bar]:
        """The pair's parts, with what lies behind each in words."""
        pair, mentee = self.pair, self._mentee
        mentor = next((one for one in self.board.mentors if pair and one.id == pair.mentor), None)
        if pair is None or mentee is None or mentor is None:
            return []
        areas = {code: area.label for code, area in self.areas.items()} if self.shows_areas else None
        return bars_of(pair, words=part_words(mentee, mentor, areas))

    @cached_property
    def shows_areas(self) -> bool:
        """Whether those who are looked at let the secretariat see what they stand in or have been through."""
        parties = [party for party in (self.entry.mentee, self.entry.mentor) if party is not None]
        members = [int(party.member_id) for party in parties]
        lets = consents.condition(Member.user_id, consents.Purpose.SECRETARIAT_SEES_AREAS)
        willing = select(func.count()).select_from(Member).where(Member.id.in_(members), lets)
        return db.session.scalar(willing) == len(members)

    @property
    def widest(self) -> int:
        return max((bar.scale for bar in self.bars), default=1)

    @property
    def difference(self) -> str | None:
        """What costs the pair the most."""
        if self.pair is None or self.pair.difference is None:
            return None
        return difference_for_secretariat(
            asdict(self.pair.difference), self.areas if self.shows_areas else None
        )

    @cached_property
    def choices(self) -> list[Choice]:
        """Other mentors within reach, the best for the mentee first."""
        known = self.people.mentors.by_member
        shown = {mentor for mentee, mentor in self.board.reach if mentee == self.mine and mentor in known}
        return [
            self._choice(one)
            for one in matching.alternatives(self.board.outcome, self.mine, ALTERNATIVES, shown)
        ]

    def _choice(self, alternative: matching.Alternative) -> Choice:
        points = matching.points(alternative.pair.score)
        change = matching.points(alternative.change)
        mentor = self.people.mentors.by_member[alternative.pair.mentor]
        return Choice(
            mentor,
            points,
            signed(points - self.entry.points) if self.entry.points is not None else "",
            bars_of(alternative.pair, beside=self.pair),
            signed(change),
            change < 0,
            -alternative.coverage_change,
            self._weakest(alternative),
            [self._moved_by(move) for move in alternative.moves if self._is_shown(move)],
            # Each answer is a round solved again: in a large one the points have to tell it.
            "" if self.board.is_large else why_not(self.board.outcome, self.entry, mentor),
        )

    def _weakest(self, alternative: matching.Alternative) -> str:
        now = self.board.outcome.worst or 0
        before, worst = matching.points(now), matching.points(now + alternative.worst_change)
        if worst >= before:
            return ""
        return str(_("svakeste par blir %(points)s", points=worst))

    def _is_shown(self, move: matching.Move) -> bool:
        listed = {entry.mentee.member_id for entry in self.board.ordered}
        return move.mentee in listed and (not move.after or move.after in self.people.mentors.by_member)

    def _moved_by(self, move: matching.Move) -> Moved:
        change = matching.points(move.change)
        after = self.people.mentors.by_member[move.after].name if move.after else _("uten forslag")
        return Moved(self.people.mentees.by_member[move.mentee].name, after, signed(change), change < 0)

    @cached_property
    def excluded(self) -> list[Excluded]:
        """Those whom the secretariat itself has ruled out, to be let in again."""
        rows = self.board.run.decisions["exclusions"] if self.board.run else []
        known = self.people.mentors.by_id
        return [
            Excluded(known[mentor], Ground(ground).label)
            for mentee, mentor, ground in rows
            if mentee == self.entry.mentee.id and mentor in known
        ]

    @cached_property
    def why_unserved(self) -> list[str]:
        areas = self.areas if self.shows_areas else {}
        return why_unserved(self.board, self.entry, self._mentee, areas)
