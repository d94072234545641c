"""What mentors and mentees have said of themselves, and how many a mentor takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import audit, consents
from portal.access import Role
from portal.accounts.models import User
from portal.consents import Purpose
from portal.database import lock, refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import Member
from portal.mentoring.lapsing import lapse_all_of
from portal.mentoring.mentorships import has_mentor
from portal.mentoring.profile_models import (
    MOST_PLACES,
    MenteeArea,
    MenteeProfile,
    MentorArea,
    MentorPlace,
    MentorProfile,
    Modes,
)
from portal.mentoring.text_vectors import Side, text_saved

CAPACITY_SET = audit.declare("mentor capacity set", "places")
MENTOR_PAUSED = audit.declare("mentor paused")
MENTOR_RESUMED = audit.declare("mentor resumed")
SEARCH_PAUSED = audit.declare("search for a mentor paused")
SEARCH_RESUMED = audit.declare("search for a mentor resumed")
BECAME_MENTOR = audit.declare("became mentor")
SOUGHT_MENTOR = audit.declare("mentor sought")
SEARCH_STOPPED = audit.declare("search for a mentor stopped")


class PlacesInUse(DomainError):
    def __init__(self, running: int) -> None:
        text = _l(
            "Du har %(number)s mentorpar i gang. Avslutt ett før du setter tallet lavere.", number=running
        )
        super().__init__(text)


class ImpossibleCapacity(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Velg et tall mellom 0 og %(most)s.", most=MOST_PLACES))


def seek(
    member: Member,
    areas: Mapping[int, int],
    text: str,
    wishes: Mapping[str, Any],
    modes: Modes,
    by: User,
    now: datetime,
) -> MenteeProfile:
    """Lay down what the member faces (area id to weight; weight 0 leaves it out); without a mentor, they now seek one.

    Where no area is left, there is nothing to look for, and the search stops. Raises NotAgreed.
    """
    told = bool(text) or any(areas.values())
    if told:
        consents.require(member.user, Purpose.OWN_WORDS)
    profile = db.session.scalar(select(MenteeProfile).where(MenteeProfile.member_id == member.id))
    if profile is None:
        profile = MenteeProfile(member=member, areas=[])
        with refused({"uq_mentee_profile_member_id": _SavedElsewhere}):
            db.session.add(profile)
    profile.text, profile.modes = text, modes
    profile.wishes = {name: value for name, value in wishes.items() if told and value not in (False, None)}
    kept = {area.area_id: area for area in profile.areas}
    profile.areas = [
        _weighed(kept.get(area_id) or MenteeArea(area_id=area_id), weight)
        for area_id, weight in areas.items()
        if weight
    ]
    if not profile.areas:
        stop_search(profile, by, now)
    elif profile.seeking_since is None and not has_mentor(profile):
        profile.seeking_since = now
        audit.record(SOUGHT_MENTOR, by=by, on=member, at=now)
    text_saved(member, Side.MENTEE)
    return profile


class _SavedElsewhere(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Profilen ble lagret fra et annet vindu i samme øyeblikk. Prøv en gang til."))


def _weighed(area: MenteeArea, weight: int) -> MenteeArea:
    area.weight = weight
    return area


def become_mentor(member: Member, capacity: int, by: User, now: datetime) -> MentorProfile:
    """Make the member a mentor with this many places. Harmless to repeat."""
    profile = db.session.scalar(select(MentorProfile).where(MentorProfile.member_id == member.id))
    if profile is None:
        profile = MentorProfile(
            member=member, willing_since=now, updated_at=now, areas=[], places=[], live=[]
        )
        with refused({"uq_mentor_profile_member_id": _SavedElsewhere}):
            db.session.add(profile)
        member.user.grant(Role.MENTOR, by, now)
        audit.record(BECAME_MENTOR, by=by, on=member, at=now)
    set_capacity(profile, capacity, by, now)
    return profile


def tell_experience(
    mentor: MentorProfile, areas: Mapping[int, int], text: str, modes: Modes, retired: bool, now: datetime
) -> None:
    """Lay down what the mentor has been through (area id to strength; 0 leaves it out). Raises NotAgreed for a text."""
    if text:
        consents.require(mentor.member.user, Purpose.OWN_WORDS)
    kept = {area.area_id: area for area in mentor.areas}
    mentor.areas = [
        _of_strength(kept.get(area_id) or MentorArea(area_id=area_id), strength)
        for area_id, strength in areas.items()
        if strength
    ]
    mentor.text, mentor.modes, mentor.retired, mentor.updated_at = text, modes, retired, now
    text_saved(mentor.member, Side.MENTOR)


def _of_strength(area: MentorArea, strength: int) -> MentorArea:
    area.strength = strength
    return area


def set_capacity(mentor: MentorProfile, places: int, by: User, now: datetime) -> None:
    """Let the mentor have this many places. Raises PlacesInUse when more mentorships than that are running."""
    if not 0 <= places <= MOST_PLACES:
        raise ImpossibleCapacity
    lock(mentor)
    db.session.expire(mentor, ["places", "live"])
    if places == len(mentor.places):
        return
    if places < len(mentor.live):
        raise PlacesInUse(len(mentor.live))
    spare = mentor.free_places
    while len(mentor.places) > places:
        number = spare.pop()
        mentor.places.remove(next(p for p in mentor.places if p.number == number))
    used = {place.number for place in mentor.places}
    unused = (n for n in range(1, 2 * MOST_PLACES + 1) if n not in used)
    mentor.places.extend(MentorPlace(number=next(unused)) for _ in range(places - len(mentor.places)))
    running = len(mentor.live)
    with refused(
        {"fk_mentorship_place": lambda: PlacesInUse(running + 1), "pk_mentor_place": _SavedElsewhere}
    ):
        db.session.flush()
    audit.record(CAPACITY_SET, by=by, on=mentor, at=now, places=places)


def pause(mentor: MentorProfile, by: User, now: datetime) -> None:
    """Ask the mentor for nobody new. Those they have go on, and nobody is told."""
    if mentor.paused_at is None:
        mentor.paused_at = now
        audit.record(MENTOR_PAUSED, by=by, on=mentor, at=now)


def resume(mentor: MentorProfile, by: User, now: datetime) -> None:
    if mentor.paused_at is not None:
        mentor.paused_at = None
        audit.record(MENTOR_RESUMED, by=by, on=mentor, at=now)


def pause_search(mentee: MenteeProfile, by: User, now: datetime) -> None:
    """Leave the mentee out of new rounds. What they have been proposed already stands, and nobody is told."""
    if mentee.paused_at is None:
        mentee.paused_at = now
        audit.record(SEARCH_PAUSED, by=by, on=mentee.member, at=now)


def stop_search(mentee: MenteeProfile, by: User, now: datetime) -> None:
    """Look for nobody any more: what waits for an answer lapses. A pair that is running goes on."""
    mentee.paused_at = mentee.others_wanted_at = None
    if mentee.seeking_since is not None:
        mentee.seeking_since = None
        lapse_all_of([mentee], now)
        audit.record(SEARCH_STOPPED, by=by, on=mentee.member, at=now)


def resume_search(mentee: MenteeProfile, by: User, now: datetime) -> None:
    if mentee.paused_at is not None:
        mentee.paused_at = None
        audit.record(SEARCH_RESUMED, by=by, on=mentee.member, at=now)
