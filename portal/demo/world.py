"""The demonstration world: a pilot four months in, lived through the product's own functions, relative to today."""

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select, update

from portal import clock
from portal.accounts.models import User
from portal.coaching.models import Booking
from portal.demo.coaching_past import CoachingPast, programme
from portal.demo.mentoring_past import MentoringPast, profiles
from portal.demo.population import populate
from portal.demo.timeline import Timeline
from portal.extensions import db
from portal.members.reference import load_challenge_areas, load_municipalities
from portal.notifications import OutboxMessage
from portal.privacy import retention
from portal.steering.freezing import freeze_due

DAYS_IN = 122


def build(now: datetime) -> str:
    """Fill an empty database and commit. Where there are users already, nothing is done."""
    if db.session.scalar(select(User.id).limit(1)) is not None:
        return "There are people here already; nothing was added."
    load_municipalities()
    load_challenge_areas()
    start = _first_of_month(clock.today(now) - timedelta(days=DAYS_IN))
    began = clock.from_oslo(start, time(8))
    cast = populate(began - timedelta(days=40))
    pilot = programme(start)
    timeline = Timeline(now)
    CoachingPast(pilot, cast, timeline).plan()
    MentoringPast(cast, timeline, began).plan()
    _reports(timeline, start)
    timeline.run()
    _mails_of_the_past(now)
    retention.sweep(now)
    db.session.commit()
    bookings = db.session.scalar(select(func.count()).select_from(Booking))
    mentors, mentees = profiles()
    return f"{len(cast.members)} members, {bookings} bookings, {mentors} mentors and {mentees} mentees"


def _reports(timeline: Timeline, start: date) -> None:
    """The worker looks every morning whether the steering group's report is due; it came into use with the pilot."""
    day = start
    while day <= clock.today(timeline.now):
        timeline.plan(clock.from_oslo(day, time(0, 5)), freeze_due)
        day += timedelta(days=1)


def _first_of_month(day: date) -> date:
    """The first of a month that is nearest to the day."""
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following if day.day > 15 else day.replace(day=1)


def _mails_of_the_past(now: datetime) -> None:
    """What would have been mailed in the past was: the worker begins with what is due from now on."""
    due = (OutboxMessage.next_attempt_at <= now, OutboxMessage.withdrawn_at.is_(None))
    db.session.execute(
        update(OutboxMessage).where(*due).values(sent_at=OutboxMessage.next_attempt_at, nonce=None)
    )
