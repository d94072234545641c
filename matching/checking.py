"""What was handed in, in canonical order, or an InputError that names what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol, TypeVar

from matching.municipalities import municipalities
from matching.profiles import (
    EITHER_MODE,
    InputError,
    Link,
    Mentee,
    Mentor,
    Reservation,
    ReservationKind,
    Weights,
)

LONGEST_TEXT = 100_000  # characters
HEAVIEST = 1_000_000  # a weight


class _Person(Protocol):
    @property
    def id(self) -> str: ...


Person = TypeVar("Person", bound=_Person)


def checked_mentors(mentors: Iterable[Mentor]) -> tuple[Mentor, ...]:
    """Sorted by id, so that nothing depends on the order they came in."""
    return _sorted_once("mentor", (_mentor(mentor) for mentor in mentors))


def checked_mentees(mentees: Iterable[Mentee]) -> tuple[Mentee, ...]:
    return _sorted_once("mentee", (_mentee(mentee) for mentee in mentees))


def checked_weights(weights: Weights) -> Weights:
    """At least one weight above zero, none below, all of them numbers."""
    for name, value in weights.as_dict().items():
        if not isinstance(value, int | float) or not 0 <= value <= HEAVIEST:  # also false for NaN
            raise InputError(
                f"weights: {name} is {value}, and must be a number from zero to {HEAVIEST}", name
            )
    if not any(weights.as_dict().values()):
        raise InputError("weights: every weight is zero")
    return weights


def checked_reservations(reservations: Iterable[Reservation]) -> tuple[Reservation, ...]:
    """A reservation by or against somebody outside the round says nothing; a place that does not exist is an error.

    So is a municipality given as a county: no pair would be ruled out. A county's own number as a municipality holds for those who lead it.
    """
    checked, known = tuple(reservations), municipalities()
    counties = {number for number, place in known.items() if place.kind == "county"}
    exist = {ReservationKind.MUNICIPALITY: known.keys(), ReservationKind.COUNTY: counties}
    for reservation in checked:
        if reservation.target not in exist.get(reservation.kind, (reservation.target,)):
            raise InputError(
                f"reservation by {reservation.by}: unknown {reservation.kind} {reservation.target!r}",
                "target",
            )
    return checked


def checked_links(links: Iterable[Link], kind: str) -> tuple[Link, ...]:
    """Sorted; a mentee is fixed at most once."""
    ordered = tuple(sorted(set(links), key=lambda link: (link.mentee, link.mentor, link.rule)))
    if kind == "fixed":
        seen: set[str] = set()
        for link in ordered:
            if link.mentee in seen:
                raise InputError(
                    f"fixed: mentee {link.mentee} is fixed to more than one mentor", "mentee", link
                )
            seen.add(link.mentee)
    return ordered


def _sorted_once(kind: str, people: Iterable[Person]) -> tuple[Person, ...]:
    ordered = tuple(sorted(people, key=lambda person: person.id))
    for before, after in pairwise(ordered):
        if before.id == after.id:
            raise InputError(f"{kind} {after.id}: the id is used more than once", "id")
    return ordered


def _mentor(mentor: Mentor) -> Mentor:
    _check_common(f"mentor {mentor.id}", mentor)
    if not _is_whole(mentor.capacity) or not 0 <= mentor.capacity <= 1000:
        raise InputError(
            f"mentor {mentor.id}: capacity is {mentor.capacity}, and must be 0 to 1000", "capacity"
        )
    return mentor


def _mentee(mentee: Mentee) -> Mentee:
    _check_common(f"mentee {mentee.id}", mentee)
    wanted = mentee.wishes.years
    if wanted is not None and (not _is_whole(wanted) or not 0 <= wanted <= 80):
        raise InputError(f"mentee {mentee.id}: wishes for {wanted} years, and must be 0 to 80", "wishes")
    if not _are_ids(mentee.ranking):
        raise InputError(f"mentee {mentee.id}: the ranking must hold mentor ids", "ranking")
    for place, mentor in enumerate(mentee.ranking):
        if mentor in mentee.ranking[:place]:
            raise InputError(f"mentee {mentee.id}: the ranking has {mentor} twice", "ranking")
    return mentee


def _check_common(who: str, person: Mentor | Mentee) -> None:
    if not isinstance(person.id, str):
        raise InputError(f"{who}: the id must be text", "id")
    if not person.id:
        raise InputError(f"{who}: the id is empty", "id")
    if person.municipality not in municipalities():
        raise InputError(f"{who}: unknown municipality {person.municipality!r}", "municipality")
    if person.years is not None and (not _is_whole(person.years) or not 0 <= person.years <= 80):
        raise InputError(f"{who}: years is {person.years}, and must be 0 to 80", "years")
    for code, strength in person.areas.items():
        if not isinstance(code, str) or not code:
            raise InputError(f"{who}: area {code!r} must be a code", "areas")
        if not _is_whole(strength) or strength not in (1, 2, 3):
            raise InputError(f"{who}: area {code} has {strength}, and must be 1, 2 or 3", "areas")
    if not person.modes <= EITHER_MODE or not person.modes:
        raise InputError(f"{who}: modes must be digital, in_person or both", "modes")
    if len(person.text) > LONGEST_TEXT:
        raise InputError(f"{who}: the text has {len(person.text)} characters, at most {LONGEST_TEXT}", "text")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_ids(value: object) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(one, str) and one for one in value)
