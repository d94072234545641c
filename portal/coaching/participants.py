"""The secretariat's list of those who take part, wait or have left: found, counted, and with their clips."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import contains_eager

from portal.accounts.models import User
from portal.coaching.models import Booking, Enrolment, Programme
from portal.extensions import db
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.members.models import Member, Municipality
from portal.sorting import sort_key

SHOWN = {
    "seated": _l("Har plass"),
    "unbooked": _l("Har plass, men ikke bestilt"),
    "unfinished": _l("Har klipp igjen"),
    "finished": _l("Har brukt opp klippene"),
    "waiting": _l("I kø"),
    "withdrawn": _l("Har trukket seg"),
    "all": _l("Alle"),
}


@dataclass(frozen=True)
class Clips:
    """What has become of a participant's clips."""

    used: int = 0
    lost: int = 0
    booked: int = 0
    total: int = 0

    @property
    def words(self) -> str:
        """1 brukt, 1 ledig"""
        named = (
            (_("brukt"), self.used), (_("tapt"), self.lost), (_("bestilt"), self.booked), (_("ledig"), self.free)
        )  # fmt: skip
        return ", ".join(f"{count} {word}" for word, count in named if count)

    @property
    def free(self) -> int:
        return max(self.total - self.used - self.lost - self.booked, 0)


def find(programme: Programme, show: str, words: str) -> Select[tuple[Enrolment]]:
    """The enrolments that fit, by name; those who wait, by how long."""
    rows = (
        select(Enrolment)
        .join(Enrolment.member)
        .join(Member.user)
        .join(Member.municipality)
        .options(
            contains_eager(Enrolment.member).contains_eager(Member.user),
            contains_eager(Enrolment.member).contains_eager(Member.municipality),
        )
        .where(Enrolment.programme_id == programme.id, _fits(show, programme))
    )
    if words:
        key = sort_key(words)
        rows = rows.where(
            or_(
                User.sort_key.contains(key, autoescape=True),
                Municipality.sort_key.contains(key, autoescape=True),
            )
        )
    order = Enrolment.applied_at if show == "waiting" else User.sort_key
    return rows.order_by(order, Enrolment.id)


def _fits(show: str, programme: Programme) -> ColumnElement[bool]:
    seated = Enrolment.seat_number.is_not(None)
    live = select(Booking.id).where(Booking.enrolment_id == Enrolment.id, Booking.cancelled_at.is_(None))
    taken = (
        select(Booking.clip_number)
        .where(Booking.enrolment_id == Enrolment.id, Booking.clip_number.is_not(None))
        .where(Booking.clip_returned_at.is_(None))
    )
    all_taken = taken.offset(programme.clips - 1).limit(1).exists() if programme.clips else true()
    return {
        "seated": seated,
        "unbooked": seated & ~live.exists(),
        "unfinished": seated & ~all_taken,
        "finished": seated & all_taken,
        "waiting": Enrolment.seat_number.is_(None) & Enrolment.withdrawn_at.is_(None),
        "withdrawn": Enrolment.withdrawn_at.is_not(None),
        "all": true(),
    }[show]


def clips(enrolments: Iterable[Enrolment], programme: Programme) -> dict[int, Clips]:
    """The clips of each, in one query."""
    ids = [e.id for e in enrolments]
    taking = select(Booking.enrolment_id, Booking.held_at, Booking.no_show_at, Booking.cancelled_at).where(
        Booking.enrolment_id.in_(ids),
        Booking.clip_number.is_not(None),
        Booking.clip_returned_at.is_(None),
    )
    found: dict[int, list[str]] = defaultdict(list)
    for enrolment_id, held_at, no_show_at, cancelled_at in db.session.execute(taking):
        lost = no_show_at is not None or cancelled_at is not None
        found[enrolment_id].append("used" if held_at is not None else "lost" if lost else "booked")
    return {e.id: _clips(found[e.id], programme.clips if e.has_seat else 0) for e in enrolments}


def _clips(states: Sequence[str], total: int) -> Clips:
    return Clips(states.count("used"), states.count("lost"), states.count("booked"), max(total, len(states)))
