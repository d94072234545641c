"""Two who are kept apart by a confidential no, and what then becomes of the request to the mentor.

The request goes its way as any other: the mentor is asked, a place is held, the deadline passes. Only the mentor is told
of none of it: not on a page, not by mail, not in the copy of their own data. So to the mentee, to the secretariat and to
somebody with a copy of the database it is a mentor who does not answer. A no that comes when the mentor has been told
takes the request off the desk, as when the mentee takes the yes back, and changes nothing else.

That the mentor has seen whom it is about is written down as if the request were shown, since its absence would tell. The
writing is the one thing here that takes time, on the mentor's first look at the desk that day.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, false, or_, select
from sqlalchemy.orm import contains_eager

from portal import consents, keys
from portal.accounts.models import User
from portal.audit.reads import READ
from portal.consents import Purpose
from portal.extensions import db
from portal.keys import PersonKey
from portal.members.models import Member
from portal.mentoring.pool import requests_waiting
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.reservation_models import Reservation
from portal.mentoring.reservations import opened
from portal.notifications import Kind, delivery

READ_LAST = "apart.requests"
DESK = "mentoring"  # the purpose for which a mentor reads whom the desk shows


def keep_apart(one: Member, other: Member) -> bool:
    """Whether either has said no to the other."""
    return other.user_id in apart_since(one.user_id, [other.user_id])


def apart_since(user_id: int, others: Iterable[int]) -> dict[int, datetime]:
    """Since when a no has stood between this user and each of the others; of those between whom none does, nothing.

    As much is looked up whatever anybody has said: time must not tell.
    """
    rows = _with_keys().where(Member.user_id.in_({user_id, *others}))
    return _apart_since(user_id, db.session.execute(rows).all())


def _with_keys(*more: Any) -> Select[Any]:
    """Members, each with the key that opens what the member has said."""
    rows = select(Member, PersonKey.wrapped, PersonKey.wrapped_by, *more).join(Member.user)
    rows = rows.outerjoin(PersonKey, PersonKey.user_id == Member.user_id)
    return rows.options(contains_eager(Member.user).lazyload(User.role_grants))


def _apart_since(user_id: int, found: Sequence[Any]) -> dict[int, datetime]:
    members: dict[int, Member] = {row[0].user_id: row[0] for row in found}
    keys.take_in((row[0].user_id, row[1], row[2]) for row in found)
    owners = {Reservation.mark_of(member.user_id): member for member in members.values()}
    kept = db.session.scalars(select(Reservation).where(Reservation.owner_mark.in_(filter(None, owners))))
    noes = [opened(row, owners[row.owner_mark].id, owners[row.owner_mark].user_id) for row in kept]
    one = members.pop(user_id, None)
    since = {
        other.user_id: [no.at for no in noes if no.stands_between(one, other)]
        for other in members.values()
        if one is not None
    }
    return {other: min(moments) for other, moments in since.items() if moments}


@dataclass(frozen=True)
class Request:
    """What a mentor has been asked, and since when a no has stood between the two."""

    proposal_id: int
    mentee_user_id: int
    asked_at: datetime
    waits: bool
    lets_see: bool  # whether the mentee has said yes to the use of what they face
    apart_since: datetime | None

    @property
    def was_told(self) -> bool:
        """Whether the mentor has been told of it. What was said in the moment of asking was said before."""
        return self.apart_since is None or self.apart_since > self.asked_at

    @property
    def is_shown(self) -> bool:
        return self.waits and self.apart_since is None


def requests_to(user_id: int) -> list[Request]:
    """Everything that this mentor has been asked, told of it or not. One who is shut out waits for no answer."""
    waiting = Proposal.id.in_(requests_waiting().with_only_columns(Proposal.id))
    waits = waiting & User.deactivated_at.is_(None)
    own = Proposal.id.in_(Proposal.of_mentor(user_id).with_only_columns(Proposal.id))
    asked = own & Proposal.mentor_asked_at.is_not(None)
    # The mentor, and beside everybody who has asked, what they have asked: as many statements where nobody has.
    lets_see = consents.condition(Member.user_id, Purpose.OWN_WORDS)
    rows = _with_keys(Proposal.id, Proposal.mentor_asked_at, waits, lets_see)
    rows = rows.outerjoin(MenteeProfile, MenteeProfile.member_id == Member.id)
    rows = rows.outerjoin(Proposal, (Proposal.mentee_id == MenteeProfile.id) & asked)
    rows = rows.where(or_(Member.user_id == user_id, Proposal.id.is_not(None))).order_by(Proposal.id)
    found = db.session.execute(rows).all()
    since = _apart_since(user_id, found)
    return [
        Request(proposal_id, member.user_id, asked_at, waits, lets_see, since.get(member.user_id))
        for member, _wrapped, _by, proposal_id, asked_at, waits, lets_see in found
        if proposal_id is not None
    ]


def told_to(mentor: User) -> Select[tuple[Proposal]]:
    """What the mentor has been asked and told of, and nothing that has not come that far."""
    told = [request.proposal_id for request in requests_to(mentor.id) if request.was_told]
    return select(Proposal).where(Proposal.id.in_(told))


def _for_own_copy(user_id: int) -> list[Request]:
    """The same, looked up once in a transaction: a page or a copy of one's own data asks for several tables in a row."""
    transaction, held = db.session().get_transaction(), db.session.info.get(READ_LAST)
    if held is None or transaction is None or held[:2] != (transaction, user_id):
        found = requests_to(user_id)
        held = db.session.info[READ_LAST] = (db.session().get_transaction(), user_id, found)
    return list(held[2])


def is_known(proposal: Table, user_id: int) -> ColumnElement[bool]:
    """For the copy of one's own data: the requests that the mentor has been told of."""
    return proposal.c.id.in_([r.proposal_id for r in _for_own_copy(user_id) if r.was_told])


def never_went(mail: Table, user_id: int) -> ColumnElement[bool]:
    """For the copy of one's own data: the mails of requests that were only written down as sent."""
    requests = _for_own_copy(user_id)
    kept = [(f"{Proposal.__tablename__}:{r.proposal_id}", r.apart_since) for r in requests if r.apart_since]
    return or_(false(), *((mail.c.about == name) & (mail.c.sent_at >= since) for name, since in kept))


def was_never_seen(event: Table, user_id: int) -> ColumnElement[bool]:
    """For the copy of one's own data: the readings that were written down of somebody who was not shown."""
    requests = _for_own_copy(user_id)
    kept = [(f"user:{r.mentee_user_id}", r.apart_since) for r in requests if r.apart_since]
    readings: ColumnElement[bool] = (event.c.event == READ) & (event.c.details["purpose"].as_string() == DESK)
    unseen = [(event.c.subject == subject) & (event.c.at >= since) for subject, since in kept]
    return readings & or_(false(), *unseen)


@delivery.never_sent(Kind.MENTOR_REQUEST_WAITING)
def _tells_too_much(about: str) -> bool:
    """Whether the mentor is not to hear of this request: the two are kept apart, or the mentee has been shut out."""
    proposal = db.session.get(Proposal, int(about.rpartition(":")[2]))
    if proposal is None:
        return True
    mentee = proposal.mentee.member
    return keep_apart(mentee, proposal.mentor.member) or not mentee.user.is_active
