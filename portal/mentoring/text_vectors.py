"""How alike people's own words are: vectors that the worker makes and a round compares. Nobody reads them.

A vector says something of what was written, so it is sealed as the text is, by the key of the one who wrote it. Only vectors of
one fit can be compared: a saved text takes its old vector away at once, and the worker then fits all of them anew.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from json import dumps, loads
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, ForeignKey, Select, String, delete, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from portal import consents, jobs, keys
from portal.consents import Purpose
from portal.extensions import Base, db, enum_type
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile


class Side(StrEnum):
    """As whom the text was written."""

    MENTEE = "mentee"
    MENTOR = "mentor"


class TextVector(Base):
    """A profile's text as a vector of the fit that it belongs to; without a fit it waits for the next one.

    `saves` counts how often the profile has been saved, so that a fit which read an earlier text leaves it alone. A text that says
    nothing has a fit and no vector.
    """

    __tablename__ = "text_vector"

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    side: Mapped[Side] = mapped_column(enum_type(Side, "side"), primary_key=True)
    saves: Mapped[int] = mapped_column(default=1)
    fit: Mapped[str | None] = mapped_column(String(32))
    sealed: Mapped[bytes | None] = mapped_column(keys.SealedBytes)


class Sealed(NamedTuple):
    """A vector that only its writer's key opens. `person` is as the engine names them."""

    person: str
    user_id: int
    side: Side
    content: bytes

    def as_data(self) -> list[Any]:
        return [self.person, self.user_id, self.side.value, b64encode(self.content).decode()]

    @classmethod
    def stored(cls, data: list[Any]) -> "Sealed":
        return cls(data[0], data[1], Side(data[2]), b64decode(data[3]))


def text_saved(member: Member, side: Side) -> None:
    """Take the old vector away and let the worker make a new one."""
    db.session.flush()
    row = db.session.get(TextVector, (member.id, side), with_for_update=True)
    if row is None:
        db.session.add(TextVector(member_id=member.id, side=side))
    else:
        row.saves, row.fit, row.sealed = row.saves + 1, None, None


@jobs.register("compare texts")
def fit_due(_now: datetime) -> int:
    """Fit all texts anew where one has been saved since the last time. Returns how many have a vector.

    The texts are read, fitted and written in three steps, so that nobody waits for a fit. Two workers at once do the same
    work twice, and leave one fit or a reason to run again.
    """
    if not db.session.scalar(_is_due()):
        return 0
    told, saves = _texts()
    db.session.commit()
    from matching import text  # loads scikit-learn, which no web process does

    vectors = text.vectors({_key(*place): words for place, (_user, words) in told.items()})
    fit = uuid4().hex
    for place in sorted(saves):
        vector = vectors.get(_key(*place))
        sealed = _sealed(told[place][0], place[1], vector) if vector else None
        unchanged = (
            TextVector.member_id == place[0],
            TextVector.side == place[1],
            TextVector.saves == saves[place],
        )
        db.session.execute(update(TextVector).where(*unchanged).values(fit=fit, sealed=sealed))
    return len(vectors)


def _is_due() -> Select[tuple[bool]]:
    fits = func.count(func.distinct(TextVector.fit))
    due = select((func.count() > func.count(TextVector.fit)) | (fits > 1)).select_from(TextVector)
    return due.where(_is_agreed())


def _is_agreed() -> ColumnElement[bool]:
    """The condition that the writer of the vector's text lets us use it."""
    agreed = select(Member.id).where(consents.condition(Member.user_id, Purpose.OWN_WORDS))
    return TextVector.member_id.in_(agreed)


def _texts() -> tuple[dict[tuple[int, Side], tuple[int, str]], dict[tuple[int, Side], int]]:
    """Whose text it is and what it says, and how often it has been saved; by member and side."""
    rows = select(TextVector.member_id, TextVector.side, TextVector.saves).where(_is_agreed())
    saves = {(member_id, side): count for member_id, side, count in db.session.execute(rows)}
    told: dict[tuple[int, Side], tuple[int, str]] = {}
    for side, profile in ((Side.MENTEE, MenteeProfile), (Side.MENTOR, MentorProfile)):
        column = keys.sealed_column(profile.text)
        written = select(profile.member_id, Member.user_id, profile.text).join(profile.member)
        written = written.where(consents.condition(Member.user_id, Purpose.OWN_WORDS))
        found = db.session.execute(written).tuples().all()
        keys.load(user_id for _member, user_id, _sealed in found)
        for member_id, user_id, sealed in found:
            told[member_id, side] = (user_id, column.read(user_id, sealed))
    return told, {place: count for place, count in saves.items() if place in told}


def _key(member_id: int, side: Side) -> str:
    return f"{member_id} {side.value}"


def sealed_vectors() -> tuple[Sealed, ...]:
    """The vectors of the one fit, for a round. Who is both mentor and mentee has none: the engine knows a person
    by one name, and what they wrote as the one is no reason for the other."""
    rows = select(TextVector.member_id, Member.user_id, TextVector.side, TextVector.fit, TextVector.sealed)
    rows = rows.join(Member).where(_is_agreed()).order_by(TextVector.member_id)
    found = list(db.session.execute(rows).tuples())
    fits = [fit for *_, fit, sealed in found if fit and sealed]
    fit = max(sorted(set(fits)), key=fits.count, default=None)
    sides: dict[int, int] = {}
    for member_id, *_ in found:
        sides[member_id] = sides.get(member_id, 0) + 1
    return tuple(
        Sealed(str(member_id), user_id, side, sealed)
        for member_id, user_id, side, of, sealed in found
        if sealed and of == fit and sides[member_id] == 1
    )


def open_vectors(vectors: Iterable[Sealed]) -> Mapping[str, list[float]]:
    """Person to vector, for the engine. One whose key is gone has said nothing."""
    vectors = list(vectors)
    keys.load(one.user_id for one in vectors)
    opened: dict[str, list[float]] = {}
    for one in vectors:
        with suppress(keys.Destroyed):
            opened[one.person] = loads(keys.open(one.user_id, _kept_at(one.side), one.content))
    return opened


def _sealed(user_id: int, side: Side, vector: list[float]) -> bytes | None:
    try:
        return keys.seal(user_id, _kept_at(side), dumps(vector))
    except keys.Destroyed:
        return None


def _kept_at(side: Side) -> str:
    return f"text_vector.sealed:{side.value}"


def forget(member: Member, side: Side) -> None:
    """Take the vector away for good."""
    gone = delete(TextVector).where(TextVector.member_id == member.id, TextVector.side == side)
    db.session.execute(gone)


@keys.before_destroying
def _forget(user_id: int) -> None:
    owner = select(Member.id).where(Member.user_id == user_id)
    db.session.execute(delete(TextVector).where(TextVector.member_id.in_(owner)))
