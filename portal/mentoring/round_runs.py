"""A run of a round: what the secretariat has decided, what the engine makes of it, and the draft that stands."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Select, UniqueConstraint, delete, literal, select, union_all
from sqlalchemy.orm import Mapped, joinedload, mapped_column

import matching
from portal.accounts.models import User
from portal.extensions import Base, Json, PrimaryKey, db, enum_type
from portal.members.models import Member, Municipality
from portal.mentoring import round_secrets
from portal.mentoring.models import Ground, MatchRound, MenteeProfile, MentorProfile, Proposal
from portal.mentoring.pool import Pool, pool
from portal.mentoring.round_secrets import Secret

SUGGESTIONS = 3


class Cause(StrEnum):
    """What made the round run."""

    RUN = "run"
    SWAP = "swap"
    LOCK = "lock"
    UNLOCK = "unlock"
    EXCLUSION = "exclusion"
    WEIGHTS = "weights"


class MatchRun(Base):
    """One run of a round, kept so that it can be compared with the one before, and taken back.

    `inputs` is what the engine was given, so that the page shows the round that was run, whatever is changed meanwhile;
    it goes when the round is released. What a mentee wishes, and with whom it cannot be, is sealed with the mentee's key.
    """

    __tablename__ = "match_run"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[PrimaryKey]
    round_id: Mapped[int] = mapped_column(ForeignKey("match_round.id", ondelete="CASCADE"))
    number: Mapped[int]
    ran_at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    cause: Mapped[Cause] = mapped_column(enum_type(Cause, "cause"))
    mentee_id: Mapped[int | None] = mapped_column(ForeignKey("mentee_profile.id", ondelete="SET NULL"))
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("mentor_profile.id", ondelete="SET NULL"))
    decisions: Mapped[Json] = mapped_column(JSON)
    result: Mapped[Json] = mapped_column(JSON)
    inputs: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))

    @property
    def can_be_undone(self) -> bool:
        return self.cause is not Cause.RUN and self.number > 1

    def solve(self, weights: matching.Weights | None = None) -> matching.Outcome:
        """The same round once more, or the one that other weights would give."""
        inputs = self.inputs or {"mentors": [], "mentees": [], "fixed": []}
        opened = round_secrets.opened(inputs["mentees"])
        mentees = [
            matching.Mentee(**_given(mentee) | {"wishes": matching.Wishes(**secret.wishes)})
            for mentee, secret in opened
        ]
        return matching.propose(
            [matching.Mentor(**_given(mentor)) for mentor in inputs["mentors"]],
            mentees,
            weights=weights or matching.Weights(**self.decisions["weights"]),
            forbidden=[matching.Link(mentee["id"], to) for mentee, secret in opened for to in secret.blocked],
            fixed=[matching.Link(*pair) for pair in inputs["fixed"] if pair[0] in {m.id for m in mentees}],
            proposals=SUGGESTIONS,
        )

    @property
    def pairs(self) -> dict[int, tuple[int, int]]:
        """Mentee to mentor and units."""
        return {mentee: (mentor, units) for mentee, mentor, units in self.result["pairs"]}


@dataclass(frozen=True)
class Party:
    """A mentee or mentor by name and place: all that the secretariat's pages say of who they are."""

    id: int
    member_id: str
    user_id: int
    name: str
    sort_key: str
    place: str
    population: int


class Parties:
    """One side of the scheme, by the id of the profile and, as the engine names them, of the member.

    `own` is the profile of whoever looks, who is not among them.
    """

    def __init__(self, found: list[Party], own: int | None = None) -> None:
        self.own = own
        self.by_id = {party.id: party for party in found}
        self.by_member = {party.member_id: party for party in found}


@dataclass(frozen=True)
class People:
    """Everybody with a profile."""

    mentees: Parties
    mentors: Parties

    @classmethod
    def load(cls, without: User | None = None) -> "People":
        """All of them, or all but the one who looks: one's own pair is a colleague's to see to."""
        sides = union_all(_side(MenteeProfile), _side(MentorProfile))
        found: dict[str, list[Party]] = {}
        own: dict[str, int] = {}
        for side, user_id, profile_id, member_id, *rest in db.session.execute(sides):
            if without is not None and user_id == without.id:
                own[side] = profile_id
            else:
                found.setdefault(side, []).append(Party(profile_id, str(member_id), user_id, *rest))
        tables = (MenteeProfile.__tablename__, MentorProfile.__tablename__)
        return cls(*(Parties(found.get(table, []), own.get(table)) for table in tables))

    def is_own(self, mentee_id: int | None, mentor_id: int | None) -> bool:
        """Whether the one who looks is in the pair: then a colleague sees to it."""
        mine = mentee_id is not None and mentee_id == self.mentees.own
        return mine or (mentor_id is not None and mentor_id == self.mentors.own)

    def link(self, mentee_id: int, mentor_id: int) -> matching.Link | None:
        mentee, mentor = self.mentees.by_id.get(mentee_id), self.mentors.by_id.get(mentor_id)
        return matching.Link(mentee.member_id, mentor.member_id) if mentee and mentor else None


def _side(profile: type[MenteeProfile] | type[MentorProfile]) -> Select[Any]:
    return (
        select(
            literal(profile.__tablename__),
            Member.user_id,
            profile.id,
            profile.member_id,
            User.name,
            User.sort_key,
            Municipality.display_name,
            Municipality.population,
        )
        .join(profile.member)
        .join(Member.user)
        .join(Member.municipality)
    )


@dataclass(frozen=True)
class Decisions:
    """What the secretariat has laid down by hand, by profile ids."""

    locks: Mapping[int, int] = field(default_factory=dict)  # mentee to mentor
    exclusions: Mapping[tuple[int, int], Ground] = field(default_factory=dict)
    weights: matching.Weights = matching.DEFAULT

    @classmethod
    def of(cls, round_: MatchRound) -> "Decisions":
        (last,) = last_runs(round_, 1)
        return cls.stored(last.decisions) if last else cls()

    @classmethod
    def stored(cls, data: Json) -> "Decisions":
        return cls(
            dict(data["locks"]),
            {(mentee, mentor): Ground(ground) for mentee, mentor, ground in data["exclusions"]},
            matching.Weights(**data["weights"]),
        )

    def as_data(self) -> Json:
        return {
            "locks": [list(pair) for pair in self.locks.items()],
            "exclusions": [[*pair, ground.value] for pair, ground in self.exclusions.items()],
            "weights": self.weights.as_dict(),
        }

    def with_lock(self, mentee_id: int, mentor_id: int) -> "Decisions":
        return replace(self, locks={**self.locks, mentee_id: mentor_id})

    def without_lock(self, mentee_id: int) -> "Decisions":
        return replace(self, locks={mentee: to for mentee, to in self.locks.items() if mentee != mentee_id})

    def with_exclusion(self, mentee_id: int, mentor_id: int, ground: Ground) -> "Decisions":
        freed = self if self.locks.get(mentee_id) != mentor_id else self.without_lock(mentee_id)
        return replace(freed, exclusions={**self.exclusions, (mentee_id, mentor_id): ground})


def solve(decisions: Decisions, present: Pool, people: People) -> matching.Outcome:
    """The best round that keeps what is decided. A lock that has become impossible gives way."""
    excluded = [link for pair in decisions.exclusions if (link := people.link(*pair))]
    locked = [link for pair in decisions.locks.items() if (link := people.link(*pair))]

    def propose(fixed: list[matching.Link]) -> matching.Outcome:
        return matching.propose(
            present.mentors,
            present.mentees,
            present.reservations,
            decisions.weights,
            forbidden=[*present.forbidden, *excluded],
            fixed=fixed,
            proposals=SUGGESTIONS,
        )

    free = propose([])
    kept = list(_possible(locked, present, free))
    return propose(kept) if kept else free


def _possible(
    locked: list[matching.Link], present: Pool, outcome: matching.Outcome
) -> Iterator[matching.Link]:
    left = Counter({mentor.id: mentor.capacity for mentor in present.mentors})
    seeking = {mentee.id for mentee in present.mentees if not mentee.paused}
    for link in locked:
        if link.mentee not in seeking or left[link.mentor] < 1:
            continue
        if isinstance(matching.pair(outcome, link.mentee, link.mentor), matching.Pair):
            left[link.mentor] -= 1
            yield link


def run_round(
    round_: MatchRound,
    by: User,
    now: datetime,
    cause: Cause = Cause.RUN,
    decisions: Decisions | None = None,
    about: tuple[int, int] | None = None,
) -> MatchRun:
    """Solve the round anew with these decisions (those that stand when none are given) and replace its draft."""
    decisions = decisions or Decisions.of(round_)
    people, present = People.load(), pool(now)
    outcome = solve(decisions, present, people)
    _write_draft(round_, outcome, people, now)
    round_.weights, round_.run_at, round_.run_by_id = decisions.weights.as_dict(), now, by.id
    (last,) = last_runs(round_, 1)
    mentee_id, mentor_id = about or (None, None)
    run = MatchRun(
        round_id=round_.id,
        number=last.number + 1 if last else 1,
        ran_at=now,
        by_id=by.id,
        cause=cause,
        mentee_id=mentee_id,
        mentor_id=mentor_id,
        decisions=decisions.as_data(),
        result=_result(outcome, people, present),
        inputs=_inputs(outcome, present),
    )
    db.session.add(run)
    db.session.flush()
    return run


def take_back(round_: MatchRound, by: User, now: datetime) -> MatchRun | None:
    """Undo the last decision: what was decided before it stands again. None when there is nothing to undo."""
    last, before = last_runs(round_, 2)
    if last is None or before is None or not last.can_be_undone:
        return None
    decisions, number = Decisions.stored(before.decisions), before.number
    cause, about = before.cause, (before.mentee_id, before.mentor_id)
    db.session.delete(last)
    db.session.delete(before)
    db.session.flush()
    run = run_round(round_, by, now, cause, decisions)
    run.number, (run.mentee_id, run.mentor_id) = number, about
    return run


def last_runs(round_: MatchRound, count: int) -> list[MatchRun | None]:
    """The last runs, newest first; None where there have been fewer."""
    rows = select(MatchRun).where(MatchRun.round_id == round_.id).order_by(MatchRun.number.desc())
    found: list[MatchRun | None] = list(db.session.scalars(rows.limit(count)))
    return found + [None] * (count - len(found))


def _write_draft(round_: MatchRound, outcome: matching.Outcome, people: People, now: datetime) -> None:
    """Up to three proposals to everyone who has got a mentor; the others wait."""
    db.session.execute(delete(Proposal).where(Proposal.round_id == round_.id))
    db.session.expire(round_, ["proposals"])
    # The owners of what is sealed, fetched at once and held until it is written.
    served = [people.mentees.by_member[pair.mentee].id for pair in outcome.pairs]
    owners = (
        select(MenteeProfile).where(MenteeProfile.id.in_(served)).options(joinedload(MenteeProfile.member))
    )
    held = db.session.scalars(owners).all()
    for assigned in outcome.pairs:
        for rank, pair in enumerate(outcome.proposals[assigned.mentee], start=1):
            data = matching.as_data(pair)
            row = Proposal(
                round_id=round_.id,
                mentee_id=people.mentees.by_member[pair.mentee].id,
                mentor_id=people.mentors.by_member[pair.mentor].id,
                rank=rank,
                locked_at=now if pair.fixed else None,
                **{key: data[key] for key in ("score", "parts", "reasons", "difference")},
            )
            db.session.add(row)
    db.session.flush()
    del held


def _result(outcome: matching.Outcome, people: People, present: Pool) -> Json:
    mentees, mentors = people.mentees.by_member, people.mentors.by_member
    return {
        "pairs": [[mentees[p.mentee].id, mentors[p.mentor].id, p.score] for p in outcome.pairs],
        "unmatched": [mentees[left.mentee].id for left in outcome.unmatched],
        "total": outcome.total,
        "seeking": outcome.seeking,
        "places": outcome.places,
        "mentors": sum(1 for mentor in present.mentors if mentor.capacity and not mentor.paused),
    }


def _inputs(outcome: matching.Outcome, present: Pool) -> Json:
    """What the engine needs to give the same round again. No texts, and no rule: only that a pair cannot be."""
    legal = matching.matrix(outcome)
    mentees = [mentee for mentee in present.mentees if not mentee.paused]
    mentors = [mentor for mentor in present.mentors if mentor.capacity and not mentor.paused]
    blocked = {
        mentee.id: [mentor.id for mentor in mentors if (mentee.id, mentor.id) not in legal]
        for mentee in mentees
    }
    secrets = round_secrets.sealed({m.id: Secret(asdict(m.wishes), blocked[m.id]) for m in mentees})
    return {
        "mentees": [_person(mentee) | secrets[mentee.id] for mentee in mentees],
        "mentors": [
            _person(mentor) | {"capacity": mentor.capacity, "retired": mentor.retired} for mentor in mentors
        ],
        "fixed": [[pair.mentee, pair.mentor] for pair in outcome.pairs if pair.fixed],
    }


def _person(person: matching.Mentee | matching.Mentor) -> Json:
    return {
        "id": person.id,
        "municipality": person.municipality,
        "areas": dict(person.areas),
        "years": person.years,
        "modes": sorted(person.modes),
    }


def _given(data: Json) -> Json:
    known = {name: value for name, value in data.items() if name not in round_secrets.STORED}
    return known | {"modes": frozenset(matching.Mode(mode) for mode in data["modes"])}
