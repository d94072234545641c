"""Hard rules: a pair is possible or it is not. A rule is never turned into a low score.

Rules about two municipalities are a table over the place classes; rules about one mentor are one value per mentor; the
rest is a short list of pairs. Where several stand in the way the first in `Rule`'s order is given, so that
a confidential reservation is named only when nothing else explains the pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from matching import features
from matching.municipalities import Municipality, municipalities
from matching.profiles import Link, Mentee, Mentor, Reservation, ReservationKind, Rule

if TYPE_CHECKING:
    from matching.scoring import Place

Codes = NDArray[np.int8]
Cell: TypeAlias = tuple[int, int]
RULES = tuple(Rule)
NONE = len(RULES)  # above every rule's code, so that the smallest code is the one to name


def code(rule: Rule) -> int:
    return RULES.index(rule)


def place_rules(rows: Sequence[Place], columns: Sequence[Place]) -> Codes:
    """(R, C) rule codes from the two municipalities: the same one, or neighbours where either asked."""
    known = municipalities()
    left, at_row = features.classes([row.municipality for row in rows])
    right, at_column = features.classes([column.municipality for column in columns])
    same = np.array([[here == there for there in right] for here in left], dtype=bool)
    same = same.reshape(len(left), len(right))
    near = np.array([[neighbours(known[here], known[there]) for there in right] for here in left], dtype=bool)
    asked = np.logical_or.outer([row.avoid_neighbours for row in rows], [c.avoid_neighbours for c in columns])
    at = np.ix_(at_row, at_column)
    codes = np.full((len(rows), len(columns)), NONE, np.int8)
    codes[near.reshape(same.shape)[at] & asked] = code(Rule.NEIGHBOUR)
    codes[same[at]] = code(Rule.SAME_MUNICIPALITY)
    return codes


def place_rule(mentee: Mentee, mentor: Mentor) -> set[Rule]:
    """What the two municipalities rule out of one pair: as `place_rules` does for all."""
    known = municipalities()
    if mentee.municipality == mentor.municipality:
        return {Rule.SAME_MUNICIPALITY}
    asked = mentee.avoid_neighbours or mentor.avoid_neighbours
    near = asked and neighbours(known[mentee.municipality], known[mentor.municipality])
    return {Rule.NEIGHBOUR} if near else set()


def allowed(
    mentees: Sequence[Mentee],
    mentors: Sequence[Mentor],
    pairs: Iterable[Link],
    reservations: Iterable[Reservation],
    forbidden: Iterable[Link],
) -> frozenset[Link]:
    """See matching.allowed. Each pair is looked at by itself, so nothing is scored and no matrix is made."""
    row = {mentee.id: at for at, mentee in enumerate(mentees) if not mentee.paused}
    column = {mentor.id: at for at, mentor in enumerate(mentors)}
    between = pair_rules(mentees, mentors, reservations, forbidden)

    def rules(link: Link) -> set[Rule]:
        cell = row[link.mentee], column[link.mentor]
        mentee, mentor = mentees[cell[0]], mentors[cell[1]]
        return place_rule(mentee, mentor) | between.get(cell, set()) | mentor_rule(mentor)

    present = (link for link in pairs if link.mentee in row and link.mentor in column)
    return frozenset(link for link in present if not rules(link))


def neighbours(one: Municipality, other: Municipality) -> bool:
    """A border on land, or a county and a municipality inside it."""
    if one.kind != other.kind:
        return one.county_number == other.county_number
    return other.number in one.neighbours or one.number in other.neighbours


def pair_rules(
    mentees: Sequence[Mentee],
    mentors: Sequence[Mentor],
    reservations: Iterable[Reservation],
    forbidden: Iterable[Link],
) -> dict[Cell, set[Rule]]:
    """(row, column) to the rules for every pair that is impossible because of who the two are."""
    rows = {mentee.id: row for row, mentee in enumerate(mentees)}
    columns = {mentor.id: column for column, mentor in enumerate(mentors)}
    found: defaultdict[Cell, set[Rule]] = defaultdict(set)

    def add(row: int | None, column: int | None, rule: Rule) -> None:
        if row is not None and column is not None:
            found[row, column].add(rule)

    for person in rows.keys() & columns.keys():
        add(rows[person], columns[person], Rule.SAME_PERSON)
    for link in forbidden:
        add(rows.get(link.mentee), columns.get(link.mentor), link.rule)
    row_targets, column_targets = _targets(mentees), _targets(mentors)
    for reservation in reservations:
        rule = _rule(reservation)
        target = (_target_kind(reservation.kind), reservation.target)
        for column in column_targets.get(target, ()) if reservation.by in rows else ():
            add(rows[reservation.by], column, rule)
        for row in row_targets.get(target, ()) if reservation.by in columns else ():
            add(row, columns[reservation.by], rule)
    return dict(found)


def owned(mentee: Mentee, mentor: Mentor, reservations: Iterable[Reservation]) -> frozenset[tuple[str, Rule]]:
    """Whose the reservations and ties between the two are."""
    about_mentee, about_mentor = _targets([mentee]), _targets([mentor])
    found = set()
    for reservation in reservations:
        target = (_target_kind(reservation.kind), reservation.target)
        if (reservation.by == mentee.id and target in about_mentor) or (
            reservation.by == mentor.id and target in about_mentee
        ):
            found.add((reservation.by, _rule(reservation)))
    return frozenset(found)


def _rule(reservation: Reservation) -> Rule:
    return Rule.TIE if reservation.kind is ReservationKind.TIE else Rule.RESERVATION


def _target_kind(kind: ReservationKind) -> ReservationKind:
    return ReservationKind.PERSON if kind is ReservationKind.TIE else kind


def _targets(people: Sequence[Mentee | Mentor]) -> Mapping[tuple[ReservationKind, str], list[int]]:
    """Where a reservation's target is found: by the person, the municipality or the county."""
    known = municipalities()
    found: defaultdict[tuple[ReservationKind, str], list[int]] = defaultdict(list)
    for at, person in enumerate(people):
        found[ReservationKind.PERSON, person.id].append(at)
        found[ReservationKind.MUNICIPALITY, person.municipality].append(at)
        found[ReservationKind.COUNTY, known[person.municipality].county_number].append(at)
    return found


def mentor_rules(mentors: Sequence[Mentor]) -> Codes:
    """(m,) rule codes for mentors whom nobody can have now."""
    return np.array([min(map(code, mentor_rule(mentor)), default=NONE) for mentor in mentors], np.int8)


def mentor_rule(mentor: Mentor) -> set[Rule]:
    """What keeps everybody from this mentor now."""
    return {
        rule for rule, holds in ((Rule.PAUSED, mentor.paused), (Rule.FULL, mentor.capacity == 0)) if holds
    }
