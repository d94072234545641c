"""People with something in every corner of the portal."""

from datetime import datetime, timedelta

from sqlalchemy import select

from portal import consents
from portal.accounts.models import LoginLink
from portal.accounts.sessions import Session
from portal.coaching.models import Booking, Coach, Enrolment
from portal.consents import Purpose
from portal.extensions import db
from portal.members.models import ImportPreview, Member
from portal.mentoring import mentorships
from portal.mentoring.mentorship_models import MeetingMode, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import reserve
from portal.notifications import Kind, outbox
from tests.coaching.programmes import booked, new_programme, participant
from tests.mentoring.pairing import new_mentee, new_mentor, pair, propose

SECRET = "Ordføreren stolte ikke på meg"


class Life:
    """Bjørn, who sees Cecilie, has Astrid as a mentor, and has said what he would rather not have said."""

    def __init__(self, bjorn: Member, astrid: Member, daniel: Member, cecilie: Coach, now: datetime) -> None:
        self.bjorn, self.astrid, self.daniel, self.cecilie, self.now = bjorn, astrid, daniel, cecilie, now
        self.programme = new_programme()
        self.enrolment: Enrolment = participant(bjorn, self.programme, now - timedelta(days=60))
        self.held: Booking = booked(self.enrolment, cecilie, now - timedelta(days=20), theme=SECRET)
        self.held.confirm_held(cecilie.user, now - timedelta(days=20) + timedelta(hours=2))
        self.ahead: Booking = booked(self.enrolment, cecilie, now + timedelta(days=20), theme=SECRET)
        self.mentee: MenteeProfile = new_mentee(bjorn, now)
        self.mentee.text = SECRET
        self.mentor: MentorProfile = new_mentor(astrid, now=now)
        self.other: MentorProfile = new_mentor(daniel, now=now)
        self.pair: Mentorship = pair(self.mentee, self.mentor, now)
        mentorships.plan_meeting(self.pair, now + timedelta(days=5), 60, MeetingMode.DIGITAL, bjorn.user, now)
        db.session.add_all(
            [
                LoginLink(
                    user_id=bjorn.user_id, token_hash="a" * 64, browser_hash="b" * 64, created_at=now,
                    expires_at=now + timedelta(minutes=10),
                ),
                ImportPreview(
                    by_id=daniel.user_id, filename="liste.xlsx", created_at=now, expires_at=now + timedelta(hours=2),
                    content={"rows": [{"email": bjorn.user.email, "name": bjorn.name}], "bad": [], "notes": []},
                ),
            ]
        )  # fmt: skip
        reserve(bjorn, ReservationKind.PERSON, str(daniel.id), now)
        reserve(daniel, ReservationKind.TIE, str(bjorn.id), now)
        self.session, self.token = Session.start(bjorn.user, now, "Firefox, Linux")
        consents.give(bjorn.user, Purpose.SECRETARIAT_SEES_AREAS, 1, now)
        outbox.send(Kind.PAIRED, bjorn.user, now)
        db.session.commit()

    @property
    def whole(self) -> int:
        return len(db.session.scalars(select(Booking)).all())


__all__ = ["SECRET", "Life", "propose"]
