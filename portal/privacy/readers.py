"""Who has seen somebody's data: the reads that the audit holds, as the person may see them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, or_, select

from portal.access import Role
from portal.accounts.recoveries import OPEN_FOR, Recovery
from portal.audit import AuditEvent
from portal.audit.reads import is_about
from portal.extensions import db
from portal.language import gettext as _


@dataclass(frozen=True)
class Reading:
    at: datetime
    role: str
    purpose: str


def readings_of(user_id: int, now: datetime) -> Select[tuple[AuditEvent]]:
    """The reads of this person's data by others, latest first.

    That somebody is about to be helped in again is told once it is over: whoever has stolen an account shall not see it coming.
    """
    waits = (
        Recovery.approved_at.is_(None)
        & Recovery.withdrawn_at.is_(None)
        & (Recovery.asked_at > now - OPEN_FOR)
    )
    can_be_told = AuditEvent.details["purpose"].as_string() != "way-in"
    mine = select(AuditEvent).where(
        is_about(user_id), or_(can_be_told, ~exists().where(Recovery.user_id == user_id, waits))
    )
    return mine.where(AuditEvent.actor_id.is_distinct_from(user_id)).order_by(AuditEvent.id.desc())


def in_words(event: AuditEvent) -> Reading:
    """When, in what role and what for; never who, for it is the role that had the right to."""
    role = str(event.details.get("role", ""))
    known = {r.value: r.label for r in Role}
    return Reading(
        event.at, known.get(role, role or str(_("Systemet"))), purpose(str(event.details.get("purpose", "")))
    )


def purpose(code: str) -> str:
    """What the data was read for. Purposes are codes in the audit, and words only here."""
    words = {
        "coaching": _("Gjøre klar og holde samtalen med deg"),
        "mentoring": _("Følge opp mentorparet dere er i"),
        "match-round": _("Koble mentorer og mentees"),
        "pairs": _("Så over hvilke mentorpar som er i gang"),
        "members": _("Så over medlemslisten"),
        "import": _("Sammenlignet en liste med medlemslisten"),
        "participants": _("Så over plasser og kø til samtaler"),
        "sessions": _("Så over samtalene, veileder for veileder"),
        "access": _("Så over hvem som har tilgang"),
        "way-in": _("Så over hvem som trenger hjelp til å komme inn"),
        "member-page": _("Åpnet siden om deg i medlemslisten"),
        "members-list": _("Tok ut medlemslisten som fil"),
        "participants-list": _("Tok ut deltakerlisten som fil"),
        "sessions-list": _("Tok ut listen over samtaler som fil"),
        "pairs-list": _("Tok ut listen over mentorpar som fil"),
        "round-list": _("Tok ut koblingsrunden som fil"),
        "round-report-list": _("Tok ut rapporten om koblingsrunden som fil"),
    }
    return str(words.get(code, code))


def latest(user_id: int, count: int, now: datetime) -> list[Reading]:
    return [in_words(event) for event in db.session.scalars(readings_of(user_id, now).limit(count))]
