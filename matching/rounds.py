"""One round: everybody in it in canonical order, their scores and rules, and the best assignment of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching import checking, confidence, exclusions, loads, ranking
from matching.assignment import UNSERVED, Assignment, assign
from matching.findings import Move, Outcome
from matching.profiles import InputError, Link, Mentee, Mentor, Objective, Reservation, Rule, Weights
from matching.scoring import Scoring

Units = NDArray[np.int64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]
Cell: TypeAlias = tuple[int, int]


def solve(
    mentors: Iterable[Mentor],
    mentees: Iterable[Mentee],
    reservations: Iterable[Reservation],
    weights: Weights,
    *,
    forbidden: Iterable[Link],
    fixed: Iterable[Link],
    proposals: int,
    objective: Objective,
    texts: Mapping[str, Sequence[float]],
    even_load: bool,
) -> Outcome:
    """Check, score, rule out, assign, and explain. See matching.propose."""
    from matching.outcomes import outcome

    if proposals < 0:
        raise InputError(f"proposals is {proposals}, and must be zero or more")
    round_ = Round(
        checking.checked_mentors(mentors),
        tuple(mentee for mentee in checking.checked_mentees(mentees) if not mentee.paused),
        checking.checked_reservations(reservations),
        checking.checked_weights(weights),
        checking.checked_links(forbidden, "forbidden"),
        checking.checked_links(fixed, "fixed"),
        objective,
        texts,
        even_load,
    )
    return outcome(round_, proposals)


def unsolved(
    mentors: Iterable[Mentor],
    mentees: Iterable[Mentee],
    reservations: Iterable[Reservation],
    weights: Weights,
    forbidden: Iterable[Link],
    texts: Mapping[str, Sequence[float]],
) -> Round:
    """Checked, scored and ruled out, and no more."""
    return Round(
        checking.checked_mentors(mentors),
        tuple(mentee for mentee in checking.checked_mentees(mentees) if not mentee.paused),
        checking.checked_reservations(reservations),
        checking.checked_weights(weights),
        checking.checked_links(forbidden, "forbidden"),
        (),
        Objective.TOTAL,
        texts,
    )


class Round:
    """n mentees who seek (rows) and m mentors (columns), sorted by id.

    `scores` are what is shown; `worth` is what is compared when choosing: the score and the bonus of the mentee's own ranking.
    """

    assigned: Indices  # (n,) column or UNSERVED, once solved; `price` (m,) and `floor` are in worth
    price: Units
    floor: int | None

    def __init__(
        self,
        mentors: tuple[Mentor, ...],
        mentees: tuple[Mentee, ...],
        reservations: Sequence[Reservation],
        weights: Weights,
        forbidden: Sequence[Link],
        fixed: Sequence[Link],
        objective: Objective,
        texts: Mapping[str, Sequence[float]],
        even_load: bool = False,
    ) -> None:
        self.mentors, self.mentees, self.weights, self.objective = mentors, mentees, weights, objective
        self.row = {mentee.id: row for row, mentee in enumerate(mentees)}
        self.column = {mentor.id: column for column, mentor in enumerate(mentors)}
        self.reservations, self.forbidden, self.texts = reservations, forbidden, texts
        self.even_load = even_load
        self.scoring = Scoring(mentees, mentors, weights, texts)
        self.scores = self.scoring.matrix()
        self.ranks = ranking.ranks(mentees, self.column)
        self.worth = self._worth()
        self.between = exclusions.pair_rules(mentees, mentors, reservations, forbidden)
        self.rules = self._rules()
        self.capacity = np.array([mentor.capacity for mentor in mentors], dtype=np.intp)
        self.fixed = self._fixed(fixed)

    def _worth(self) -> Units:
        if not self.ranks:
            return self.scores
        worth = self.scores.copy()
        for cell, rank in self.ranks.items():
            worth[cell] += ranking.bonus(rank)
        return worth

    def _rules(self) -> NDArray[np.int8]:
        """(n, m) the first rule that stands in a pair's way whatever places there are, or exclusions.NONE."""
        scoring = self.scoring
        codes = scoring.place_rule[np.ix_(scoring.row_place, scoring.column_place)]
        for cell, rules in self.between.items():
            codes[cell] = min(codes[cell], *map(exclusions.code, rules))
        return np.minimum(codes, exclusions.pauses(self.mentors))

    def rules_of(self, row: int, column: int) -> frozenset[Rule]:
        """Every rule that stands in a pair's way."""
        mentee, mentor = self.mentees[row], self.mentors[column]
        between = self.between.get((row, column), set())
        return frozenset(exclusions.place_rule(mentee, mentor) | between | exclusions.mentor_rule(mentor))

    def _fixed(self, links: Sequence[Link]) -> dict[int, int]:
        """Row to column for the pairs that are to stay. A pause does not end what is agreed; every other rule does."""
        fixed: dict[int, int] = {}
        left = self.capacity.tolist()
        for link in links:
            row, column = self._fixable(link)
            fixed[row], left[column] = column, left[column] - 1
            if left[column] < 0:
                raise InputError(
                    f"fixed: mentor {link.mentor} has more fixed pairs than places", "mentor", link
                )
        return fixed

    def _fixable(self, link: Link) -> Cell:
        """Row and column of a pair that no rule but a pause stands in the way of, or an InputError."""
        if link.mentee not in self.row:
            raise InputError(f"fixed: mentee {link.mentee} is not in the round", "mentee", link)
        if link.mentor not in self.column:
            raise InputError(f"fixed: mentor {link.mentor} is not in the round", "mentor", link)
        cell = self.row[link.mentee], self.column[link.mentor]
        rules = self.rules_of(*cell) - {Rule.PAUSED}
        if rules:
            told = [f": {rule}" for rule in Rule if rule in rules & confidence.SECRETARIAT]
            raise InputError(
                f"fixed: mentee {link.mentee} and mentor {link.mentor} cannot be a pair{''.join(told[:1])}",
                "mentor",
                link,
            )
        return cell

    @property
    def possible(self) -> Mask:
        """(n, m) the pairs that nothing but a place could be wanting for."""
        return np.asarray(self.rules == exclusions.NONE)

    @property
    def legal(self) -> Mask:
        """(n, m) the pairs no rule stands in the way of."""
        return self.possible & (self.capacity > 0)

    @property
    def left(self) -> Indices:
        """(m,) the places that no fixed pair has."""
        taken = np.bincount(list(self.fixed.values()), minlength=len(self.mentors))
        return np.asarray(self.capacity - taken)

    def assignment(
        self,
        fixed: Mapping[int, int],
        *,
        worth: Units | None = None,
        legal: Mask | None = None,
        capacity: Indices | None = None,
        objective: Objective | None = None,
    ) -> Assignment:
        """The best assignment that keeps the fixed pairs; the others are solved with the places left.

        The round's own worth, rules, places and objective hold where no others are tried.
        """
        free = np.array([row for row in range(len(self.mentees)) if row not in fixed], dtype=np.intp)
        taken = np.bincount(list(fixed.values()), minlength=len(self.mentors)).astype(np.intp)
        left = (self.capacity if capacity is None else capacity) - taken
        found = self.best(
            (self.worth if worth is None else worth)[free],
            (self.legal if legal is None else legal)[free] & (left > 0),
            left,
            taken,
            objective or self.objective,
        )
        columns = np.full(len(self.mentees), UNSERVED, np.intp)
        columns[free] = found.column
        columns[list(fixed)] = list(fixed.values())
        return Assignment(columns, found.price, found.floor)

    def best(
        self, worth: Units, legal: Mask, capacity: Indices, taken: Indices, objective: Objective
    ) -> Assignment:
        """By the objective, with the load evened where that is asked for; `taken` is what each mentor has before."""
        if self.even_load:
            return loads.assign_evenly(worth, legal, capacity, taken, objective)
        return assign(worth, legal, capacity, objective)

    def joined_by(
        self, mentors: Iterable[Mentor], mentees: Iterable[Mentee], reservations: Iterable[Reservation]
    ) -> Round:
        """The same round with more people and reservations in it, not solved yet; what is fixed stays fixed."""
        return Round(
            checking.checked_mentors([*self.mentors, *mentors]),
            tuple(one for one in checking.checked_mentees([*self.mentees, *mentees]) if not one.paused),
            [*self.reservations, *checking.checked_reservations(reservations)],
            self.weights,
            self.forbidden,
            [Link(self.mentees[row].id, self.mentors[column].id) for row, column in self.fixed.items()],
            self.objective,
            self.texts,
            self.even_load,
        )

    def scores_against(self, others: Sequence[Mentor]) -> Units:
        """(n, k) scores of mentors who are not in the round, below 0 where the two municipalities rule it out."""
        scoring = Scoring(self.mentees, others, self.weights, self.texts)
        rules = scoring.place_rule[np.ix_(scoring.row_place, scoring.column_place)]
        return np.where(rules == exclusions.NONE, scoring.matrix(), -1)

    def with_one_more(self, scores: Units) -> tuple[int, int]:
        """Coverage and total with one more mentor, of one place, who scores that with each mentee."""
        free = [row for row in range(len(self.mentees)) if row not in self.fixed]
        taken = np.append(self.capacity - self.left, 0)
        capacity = np.append(self.left, 1)
        worth = np.column_stack([np.where(self.legal, self.worth, -1), scores])[free]
        column = self.best(worth, (worth >= 0) & (capacity > 0), capacity, taken, self.objective).column
        served = np.flatnonzero(column != UNSERVED)
        shown = np.column_stack([self.scores, scores])[free]
        kept = sum(self.score(row, to) for row, to in self.fixed.items())
        return len(served) + len(self.fixed), int(shown[served, column[served]].sum()) + kept

    def move(self, row: int, old: int, new: int) -> Move:
        """One mentee's step from one mentor's column to another's, either of which can be UNSERVED."""
        change = self.score(row, new) - self.score(row, old)
        return Move(self.mentees[row].id, self._mentor(old), self._mentor(new), change)

    def moves(self, after: Indices, but: int) -> tuple[Move, ...]:
        """What another assignment does to all but one."""
        both = enumerate(zip(self.assigned.tolist(), after.tolist(), strict=True))
        return tuple(self.move(row, old, new) for row, (old, new) in both if old != new and row != but)

    def worth_most(self, row: int, among: Mask) -> int:
        """The mentor among those (m,) who is worth most to a mentee, of them whom no rule takes away; or UNSERVED."""
        found = (self.rules[row] == exclusions.NONE) & among
        return int(np.argmax(np.where(found, self.worth[row], -1))) if found.any() else UNSERVED

    def score(self, row: int, column: int) -> int:
        return 0 if column == UNSERVED else int(self.scores[row, column])

    def _mentor(self, column: int) -> str | None:
        return None if column == UNSERVED else self.mentors[column].id

    def cell(self, mentee: str, mentor: str) -> Cell:
        """Row and column of the two, or an InputError."""
        if mentor not in self.column:
            raise InputError(f"mentor {mentor} is not in the round")
        return self.row_of(mentee), self.column[mentor]

    def row_of(self, mentee: str) -> int:
        if mentee not in self.row:
            raise InputError(f"mentee {mentee} is not in the round")
        return self.row[mentee]
