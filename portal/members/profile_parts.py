"""The parts of a member's profile. Those that lie in slices above this one tell here how far they are filled in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for

from portal.language import lazy_gettext as _l
from portal.members.models import Member


@dataclass(frozen=True)
class State:
    """How far a part is filled in: `text` says what is there, or what is missing."""

    is_done: bool
    text: str


@dataclass(frozen=True)
class Part:
    """A part of the profile. An optional one is never missing."""

    code: str
    title: Any
    text: Any
    endpoint: str
    is_optional: bool = False


@dataclass(frozen=True)
class Shown:
    """A part with its state for one member; the state is None where nobody tells."""

    part: Part
    state: State | None

    @property
    def url(self) -> str:
        return url_for(self.part.endpoint)

    @property
    def is_missing(self) -> bool:
        return not self.part.is_optional and self.state is not None and not self.state.is_done


PARTS = (
    Part(
        "position",
        _l("Stillingen din"),
        _l("Kommune, tittel og hvor lenge du har hatt den."),
        "profile.position",
    ),
    Part(
        "challenges",
        _l("Det du står i"),
        _l("Hva du vil ha en mentor for. Det er dette vi finner noen ut fra."),
        "mentoring_profile.challenges",
    ),
    Part(
        "mentor",
        _l("Vil du være mentor?"),
        _l("Hva du har stått i, og hvor mange du kan ta imot."),
        "mentoring_profile.mentor",
        is_optional=True,
    ),
    Part(
        "reservations",
        _l("Hvem du ikke vil kobles med"),
        _l("Personer, kommuner og fylker. Ingen får vite det, heller ikke at det står noe her."),
        "mentoring_profile.reservations",
        is_optional=True,
    ),
)
_STATES: dict[str, Callable[[Member], State]] = {}
Teller = Callable[[Member], State]


def tells(code: str) -> Callable[[Teller], Teller]:
    """Let the function tell how far a member has filled in the part."""

    def add(teller: Teller) -> Teller:
        _STATES[code] = teller
        return teller

    return add


def parts_of(member: Member) -> list[Shown]:
    """The parts of this member's profile, each with its state."""
    return [Shown(part, _STATES[part.code](member) if part.code in _STATES else None) for part in PARTS]
