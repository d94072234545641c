"""One round: everybody in it in canonical order, their scores and rules, and what is asked of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from matching import checking, exclusions
from matching.assignment import UNSERVED, Assignment, assign
from matching.explain import Explainer
from matching.profiles import (
    PARTS,
    Alternative,
    Blocking,
    InputError,
    Link,
    Mentee,
    Mentor,
    Move,
    Objective,
    Outcome,
    Pair,
    Part,
    Reservation,
    Rule,
    Unmatched,
    Weights,
)
from matching.scoring import Scoring

Units = NDArray[np.int64]
Cell = tuple[int, int]


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
) -> Outcome:
    """Check, score, rule out, assign, and explain. See matching.propose."""
    round_ = Round(
        checking.checked_mentors(mentors),
        tuple(mentee for mentee in checking.checked_mentees(mentees) if not mentee.paused),
        checking.checked_reservations(reservations),
        checking.checked_weights(weights),
        checking.checked_links(forbidden, "forbidden"),
        checking.checked_links(fixed, "fixed"),
        objective,
        texts,
    )
    return round_.outcome(proposals)


class Round:
    """n mentees who seek (rows) and m mentors (columns), sorted by id."""

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
    ) -> None:
        self.mentors, self.mentees, self.weights, self.objective = mentors, mentees, weights, objective
        self.row = {mentee.id: row for row, mentee in enumerate(mentees)}
        self.column = {mentor.id: column for column, mentor in enumerate(mentors)}
        self.texts = texts
        self.scoring = Scoring(mentees, mentors, weights, texts)
        self.scores = self.scoring.matrix()
        self.rules = self._rules(reservations, forbidden)
        self.capacity = np.array([mentor.capacity for mentor in mentors], dtype=np.intp)
        self.fixed = self._fixed(fixed)

    def _rules(self, reservations: Sequence[Reservation], forbidden: Sequence[Link]) -> NDArray[np.int8]:
        """(n, m) the first rule that stands in a pair's way, or exclusions.NONE."""
        scoring = self.scoring
        codes = scoring.place_rule[np.ix_(scoring.row_place, scoring.column_place)]
        for cell, rule in exclusions.pair_rules(self.mentees, self.mentors, reservations, forbidden).items():
            codes[cell] = min(codes[cell], exclusions.code(rule))
        return np.minimum(codes, exclusions.mentor_rules(self.mentors))

    def _fixed(self, links: Sequence[Link]) -> dict[int, int]:
        """Row to column for the pairs that are to stay. A pause does not end what is agreed; every other rule does."""
        fixed: dict[int, int] = {}
        for link in links:
            if link.mentee not in self.row or link.mentor not in self.column:
                raise InputError(f"fixed: mentee {link.mentee} or mentor {link.mentor} is not in the round")
            row, column = self.row[link.mentee], self.column[link.mentor]
            code = self.rules[row, column]
            if code not in (exclusions.NONE, exclusions.code(Rule.PAUSED)):
                rule = exclusions.RULES[int(code)]
                raise InputError(
                    f"fixed: mentee {link.mentee} and mentor {link.mentor} are ruled out: {rule}"
                )
            fixed[row] = column
        taken = Counter(fixed.values())
        for column, number in taken.items():
            if number > self.capacity[column]:
                raise InputError(f"fixed: mentor {self.mentors[column].id} has more fixed pairs than places")
        return fixed

    def assignment(self, fixed: Mapping[int, int]) -> Assignment:
        """The best assignment that keeps the fixed pairs; the others are solved with the places left."""
        free = np.array([row for row in range(len(self.mentees)) if row not in fixed], dtype=np.intp)
        capacity = self.capacity.copy()
        for column in fixed.values():
            capacity[column] -= 1
        legal = (self.rules[free] == exclusions.NONE) & (capacity > 0)
        found = assign(self.scores[free], legal, capacity, self.objective)
        columns = np.full(len(self.mentees), UNSERVED, np.intp)
        columns[free] = found.column
        columns[list(fixed)] = list(fixed.values())
        return Assignment(columns, found.price, found.floor)

    def scores_against(self, others: Sequence[Mentor]) -> Units:
        """(n, k) scores of mentors who are not in the round, below 0 where the two municipalities rule it out."""
        scoring = Scoring(self.mentees, others, self.weights, self.texts)
        rules = scoring.place_rule[np.ix_(scoring.row_place, scoring.column_place)]
        return np.where(rules == exclusions.NONE, scoring.matrix(), -1)

    def with_one_more(self, scores: Units) -> tuple[int, int]:
        """Coverage and total with one more mentor, of one place, who scores that with each mentee."""
        free = [row for row in range(len(self.mentees)) if row not in self.fixed]
        capacity = np.append(self.capacity, 1)
        for taken in self.fixed.values():
            capacity[taken] -= 1
        both = np.column_stack([np.where(self.rules == exclusions.NONE, self.scores, -1), scores])[free]
        column = assign(both, (both >= 0) & (capacity > 0), capacity, self.objective).column
        served = np.flatnonzero(column != UNSERVED)
        kept = sum(self._score(row, to) for row, to in self.fixed.items())
        return len(served) + len(self.fixed), int(both[served, column[served]].sum()) + kept

    def outcome(self, proposals: int) -> Outcome:
        """Solve and explain."""
        found = self.assignment(self.fixed)
        self.assigned, self.price, self.floor = found.column, found.price, found.floor
        served = [(row, int(column)) for row, column in enumerate(found.column) if column != UNSERVED]
        wanted = {row: self._suggested(row, proposals) for row in range(len(self.mentees))}
        pairs = self.pairs(sorted({*served, *((row, column) for row in wanted for column in wanted[row])}))
        return Outcome(
            pairs=tuple(pairs[cell] for cell in served),
            proposals={
                mentee.id: tuple(pairs[row, column] for column in wanted[row])
                for row, mentee in enumerate(self.mentees)
            },
            unmatched=self._unmatched(),
            demand=self._demand(),
            weights=self.weights,
            objective=self.objective,
            seeking=len(self.mentees),
            places=sum(mentor.capacity for mentor in self.mentors if not mentor.paused),
            round=self,
        )

    def _suggested(self, row: int, number: int) -> list[int]:
        """The assigned mentor first, then those worth most to this mentee beyond what the others would pay for them."""
        own = [int(self.assigned[row])] if self.assigned[row] != UNSERVED else []
        worth = self.scores[row] - self.price
        legal = np.flatnonzero(self.rules[row] == exclusions.NONE)
        others = [
            int(column) for column in legal[np.argsort(-worth[legal], kind="stable")] if column not in own
        ]
        return (own + others)[:number]

    def pairs(self, cells: Sequence[Cell]) -> dict[Cell, Pair]:
        """The pairs at those cells, with parts, reasons and difference."""
        rows, columns = np.array(cells, dtype=np.intp).reshape(-1, 2).T
        units = self.scoring.parts(rows, columns)
        return {cell: self._pair(cell, parts) for cell, parts in zip(cells, units.tolist(), strict=True)}

    def _pair(self, cell: Cell, units: Sequence[int]) -> Pair:
        mentee, mentor = self.mentees[cell[0]], self.mentors[cell[1]]
        limits = self.scoring.limits
        parts = tuple(Part(name, value, limits[name]) for name, value in zip(PARTS, units, strict=True))
        why = Explainer(mentee, mentor, parts)
        return Pair(
            mentee=mentee.id,
            mentor=mentor.id,
            score=int(self.scores[cell]),
            parts=parts,
            reasons=why.reasons(),
            difference=why.difference(),
            fixed=self.fixed.get(cell[0]) == cell[1],
        )

    def pair(self, mentee: str, mentor: str) -> Pair | Rule:
        """See matching.pair."""
        cell = self._row(mentee), self.column[mentor]
        code = int(self.rules[cell])
        if code != exclusions.NONE:
            return exclusions.RULES[code]
        return self.pairs([cell])[cell]

    def legal_scores(self) -> dict[tuple[str, str], int]:
        """See matching.matrix."""
        legal = np.argwhere(self.rules == exclusions.NONE).tolist()
        return {(self.mentees[i].id, self.mentors[j].id): int(self.scores[i, j]) for i, j in legal}

    def alternatives(self, outcome: Outcome, mentee: str, limit: int) -> tuple[Alternative, ...]:
        """See matching.alternatives. Chosen by worth beyond price, shown by score."""
        row = self._row(mentee)
        columns = [column for column in self._suggested(row, limit + 1) if column != self.assigned[row]][
            :limit
        ]
        found = [self._alternative(outcome, row, column) for column in columns]
        return tuple(
            sorted((item for item in found if item), key=lambda item: (-item.pair.score, item.pair.mentor))
        )

    def _alternative(self, outcome: Outcome, row: int, column: int) -> Alternative | None:
        fixed = {**self.fixed, row: column}
        if list(fixed.values()).count(column) > self.capacity[column]:
            return None  # every place there is fixed to somebody else
        columns = self.assignment(fixed).column
        scores = [int(self.scores[at, to]) for at, to in enumerate(columns) if to != UNSERVED]
        return Alternative(
            pair=self.pairs([(row, column)])[row, column],
            change=sum(scores) - outcome.total,
            coverage_change=len(scores) - outcome.coverage,
            worst_change=min(scores) - (outcome.worst or 0),
            moves=tuple(self._moves(columns, but=row)),
        )

    def _moves(self, after: NDArray[np.intp], but: int) -> Iterable[Move]:
        for row, (old, new) in enumerate(zip(self.assigned.tolist(), after.tolist(), strict=True)):
            if old != new and row != but:
                yield self.move(row, old, new)

    def move(self, row: int, old: int, new: int) -> Move:
        """One mentee's step from one mentor's column to another's, either of which can be UNSERVED."""
        change = self._score(row, new) - self._score(row, old)
        return Move(self.mentees[row].id, self._mentor(old), self._mentor(new), change)

    def _score(self, row: int, column: int) -> int:
        return 0 if column == UNSERVED else int(self.scores[row, column])

    def _mentor(self, column: int) -> str | None:
        return None if column == UNSERVED else self.mentors[column].id

    def _row(self, mentee: str) -> int:
        if mentee not in self.row:
            raise InputError(f"mentee {mentee} is not in the round")
        return self.row[mentee]

    def _unmatched(self) -> tuple[Unmatched, ...]:
        """By mentee id; the waiting list runs by the score of the best legal mentor, then by id."""
        left = [row for row in range(len(self.mentees)) if self.assigned[row] == UNSERVED]
        best = {row: self._best(row) for row in left}
        waiting = sorted(
            (row for row in left if best[row] != UNSERVED),
            key=lambda row: (-self.scores[row, best[row]], row),
        )
        return tuple(
            Unmatched(
                mentee=self.mentees[row].id,
                legal=int((self.rules[row] == exclusions.NONE).sum()),
                blocking=self._blocking(row),
                waiting=waiting.index(row) + 1 if row in waiting else None,
                best=self.pairs([(row, best[row])])[row, best[row]] if row in waiting else None,
            )
            for row in left
        )

    def _best(self, row: int) -> int:
        legal = self.rules[row] == exclusions.NONE
        return int(np.argmax(np.where(legal, self.scores[row], -1))) if legal.any() else UNSERVED

    def _blocking(self, row: int) -> tuple[Blocking, ...]:
        counts = Counter(code for code in self.rules[row].tolist() if code != exclusions.NONE)
        return tuple(Blocking(exclusions.RULES[code], counts[code]) for code in sorted(counts))

    def _demand(self) -> dict[str, int]:
        best = Counter(self._best(row) for row in range(len(self.mentees)))
        return {mentor.id: best[column] for column, mentor in enumerate(self.mentors)}
