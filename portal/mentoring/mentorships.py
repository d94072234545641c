"""A mentorship from both yeses to its end: the place it holds, the meetings agreed, and that they took place."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from portal import audit, clock
from portal.accounts.models import User
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.mentoring.mentorship_models import EndReason, Meeting, MeetingMode, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.notifications import Kind, outbox

MENTORSHIP_BEGUN = audit.declare("mentorship begun")
MENTORSHIP_ENDED = audit.declare("mentorship ended", "reason")
MEETING_AGREED = audit.declare("meeting agreed")
MEETING_MOVED = audit.declare("meeting moved")
MEETING_CANCELLED = audit.declare("meeting cancelled")
MEETING_HELD = audit.declare("meeting held", "minutes", "mode")

NOON = time(12, 0)
AHEAD = timedelta(days=730)
_PLACE_RULES = ("uq_mentorship_place", "fk_mentorship_place")


class MentorIsFull(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du har ingen ledig plass. Øk antallet du kan ta, eller si nei denne gangen."))


class AlreadyPaired(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Den som spurte, har allerede fått en mentor. Du trenger ikke gjøre noe mer."))


class MentorshipEnded(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Mentorparet er avsluttet, så møter kan ikke lenger avtales eller noteres her."))


class MeetingInThePast(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Velg et tidspunkt som ikke har vært. Et møte som er holdt, noterer du med «Logg møte».")
        )


class MeetingTooFarAhead(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Velg et tidspunkt i løpet av de neste to årene."))


class MeetingNotHeldYet(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du kan bare notere møter som har vært, fra paret startet og til i dag."))


class MeetingClosed(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Møtet er allerede holdt eller avlyst, så det kan ikke endres."))


class TimeTaken(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dere har allerede avtalt et møte på det tidspunktet."))


class _PlaceTaken(DomainError):
    pass


def has_mentor(mentee: MenteeProfile) -> bool:
    live = select(Mentorship.id).where(Mentorship.mentee_id == mentee.id, Mentorship.ended_at.is_(None))
    return db.session.scalar(live) is not None


def begin(proposal: Proposal, by: User, now: datetime) -> Mentorship:
    """The mentor's yes: the pair takes one of the mentor's places. The database decides who gets the last one.

    Raises MentorIsFull when no place is left, AlreadyPaired when the mentee has a mentor.
    """
    for place in _free_places(proposal.mentor):
        try:
            mentorship = _take(proposal, place, now)
        except _PlaceTaken:
            continue
        proposal.mentor_accepted_at = now
        proposal.mentee.seeking_since = proposal.mentee.others_wanted_at = None
        for person in (proposal.mentee.member.user, proposal.mentor.member.user):
            path = f"/mentoring/mentorships/{mentorship.id}"
            outbox.send(Kind.PAIRED, person, now, path=path, about=mentorship)
        audit.record(MENTORSHIP_BEGUN, by=by, on=mentorship, at=now)
        return mentorship
    raise MentorIsFull


def _free_places(mentor: MentorProfile) -> list[int]:
    db.session.refresh(mentor)
    return mentor.free_places


def _take(proposal: Proposal, place: int, now: datetime) -> Mentorship:
    mentorship = Mentorship(
        mentee_id=proposal.mentee_id,
        mentor_id=proposal.mentor_id,
        place=place,
        proposal_id=proposal.id,
        started_at=now,
    )
    rules = dict.fromkeys(_PLACE_RULES, _PlaceTaken) | {"uq_mentorship_mentee_live": AlreadyPaired}
    with refused(rules):
        db.session.add(mentorship)
    return mentorship


def end(mentorship: Mentorship, reason: EndReason, by: User, now: datetime) -> None:
    """Give the place back. Meetings that were to come are cancelled. Ending twice is the same as once."""
    db.session.refresh(mentorship, with_for_update=True)
    if not mentorship.is_live:
        return
    mentorship.ended_at, mentorship.ended_by_id, mentorship.end_reason = now, by.id, reason
    mentorship.place = None
    for meeting in mentorship.meetings:
        if meeting.is_planned and meeting.starts_at > now:
            meeting.cancelled_at = now
    audit.record(MENTORSHIP_ENDED, by=by, on=mentorship, at=now, reason=reason.value)


def plan_meeting(
    mentorship: Mentorship, starts_at: datetime, minutes: int, mode: MeetingMode, by: User, now: datetime
) -> Meeting:
    """Agree a meeting. The same time twice is the same meeting."""
    _require_live(mentorship)
    _require_ahead(starts_at, now)
    same = next((m for m in mentorship.meetings if m.is_planned and m.starts_at == starts_at), None)
    if same is not None:
        same.minutes, same.mode = minutes, mode
        return same
    meeting = Meeting(starts_at=starts_at, minutes=minutes, mode=mode, agreed_by_id=by.id)
    with refused({"uq_meeting_live": TimeTaken}):
        mentorship.meetings.append(meeting)
    audit.record(MEETING_AGREED, by=by, on=meeting, at=now)
    return meeting


def move_meeting(meeting: Meeting, starts_at: datetime, by: User, now: datetime) -> None:
    """Agree another time for a meeting."""
    _require_live(meeting.mentorship)
    _require_planned(meeting)
    _require_ahead(starts_at, now)
    if meeting.starts_at == starts_at:
        return
    with refused({"uq_meeting_live": TimeTaken}):
        meeting.starts_at, meeting.agreed_by_id = starts_at, by.id
    audit.record(MEETING_MOVED, by=by, on=meeting, at=now)


def cancel_meeting(meeting: Meeting, by: User, now: datetime) -> None:
    if meeting.cancelled_at is not None:
        return
    _require_planned(meeting)
    meeting.cancelled_at = now
    audit.record(MEETING_CANCELLED, by=by, on=meeting, at=now)


def log_held(
    mentorship: Mentorship, day: date, minutes: int, mode: MeetingMode, by: User, now: datetime
) -> Meeting:
    """Note that the two met on `day`: that it took place, how long and how. Noting the same day twice is once."""
    _require_live(mentorship)
    if not clock.today(mentorship.started_at) <= day <= clock.today(now):
        raise MeetingNotHeldYet
    that_day = [m for m in mentorship.meetings if clock.today(m.starts_at) == day and not m.cancelled_at]
    meeting = next((m for m in that_day if m.held_logged_at), None) or next(iter(that_day), None)
    if meeting is None:
        meeting = _unplanned(mentorship, day, minutes, mode)
    if meeting.held_logged_at is None:
        meeting.held_logged_at, meeting.held_logged_by_id = now, by.id
        meeting.minutes, meeting.mode = minutes, mode
        audit.record(MEETING_HELD, by=by, on=meeting, at=now, minutes=minutes, mode=mode.value)
    return meeting


def _unplanned(mentorship: Mentorship, day: date, minutes: int, mode: MeetingMode) -> Meeting:
    """A meeting that was held without having been agreed here. The hour is nobody's business, so it is noon."""
    meeting = Meeting(starts_at=clock.from_oslo(day, NOON), minutes=minutes, mode=mode)
    with refused({"uq_meeting_live": TimeTaken}):
        mentorship.meetings.append(meeting)
    return meeting


def _require_live(mentorship: Mentorship) -> None:
    if not mentorship.is_live:
        raise MentorshipEnded


def _require_planned(meeting: Meeting) -> None:
    if not meeting.is_planned:
        raise MeetingClosed


def _require_ahead(starts_at: datetime, now: datetime) -> None:
    if starts_at < now:
        raise MeetingInThePast
    if starts_at > now + AHEAD:
        raise MeetingTooFarAhead
