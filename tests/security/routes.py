"""Every way into the portal, and who gets what there: a new route fails the build until it has its row.

A row is the method and the rule, whom it opens to, and whose row its address names (see `ground.py`). Anyone else
with the same hat gets 404, another hat 403, and a stranger is led to the sign-in page. `wall` names a row about the
secretariat's own Hanne, which a colleague sees to: she gets 404.
"""

from dataclasses import dataclass, field
from typing import Any

from portal.access import ANYONE, HALFWAY, SIGNED_IN, Role

MEMBER, MENTOR, COACH = frozenset({Role.MEMBER}), frozenset({Role.MENTOR}), frozenset({Role.COACH})
SECRETARIAT, STEERING = frozenset({Role.SECRETARIAT}), frozenset({Role.STEERING})
PAIR = MEMBER | MENTOR
CONSENT = {"purpose": "secretariat_sees_areas", "version": "1"}
DAY = {"day": "27.11.2026", "at": "09.00"}


@dataclass(frozen=True)
class Row:
    """`own` is the id in the address, by its name on the ground; `form` is what is sent."""

    to: frozenset[Role] | str
    own: str = ""
    wall: str = ""
    form: dict[str, Any] = field(default_factory=dict)
    page: int = 200  # what its owner gets for a GET


ROUTES: dict[str, Row] = {
    # Open to all
    "GET /": Row(ANYONE),
    "GET /privacy": Row(ANYONE),
    "GET /accessibility": Row(ANYONE),
    "GET /favicon.ico": Row(ANYONE),
    "GET /healthz": Row(ANYONE),
    "GET /readyz": Row(ANYONE),
    "GET /metrics": Row(ANYONE),
    "GET /sign-in": Row(ANYONE),
    "POST /sign-in": Row(ANYONE),
    "GET /sign-in/sent": Row(ANYONE),
    "GET /sign-in/<string(length=43):token>": Row(ANYONE),
    "POST /sign-in/<string(length=43):token>": Row(ANYONE),
    "POST /sign-out": Row(ANYONE),
    "POST /sign-in/passkey/challenge": Row(ANYONE),
    "POST /sign-in/passkey/answer": Row(ANYONE),
    "GET /sign-in/organisation": Row(ANYONE),
    "GET /sign-in/organisation/return": Row(ANYONE),
    "GET /not-me/<string(length=43):token>": Row(ANYONE),
    "POST /not-me/<string(length=43):token>": Row(ANYONE),
    # Between the first factor and the second
    "GET /sign-in/code": Row(HALFWAY, page=303),
    "POST /sign-in/code": Row(HALFWAY),
    "GET /sign-in/factor": Row(HALFWAY),
    "GET /sign-in/app": Row(HALFWAY, page=303),  # what is set up is shown in the session that began it
    "POST /sign-in/app": Row(HALFWAY),
    "GET /sign-in/app/code.svg": Row(HALFWAY, page=404),
    "POST /sign-in/app/code": Row(HALFWAY),
    "POST /sign-in/passkey": Row(HALFWAY),
    "POST /sign-in/passkey/offer": Row(HALFWAY),
    # About oneself
    "GET /devices": Row(SIGNED_IN),
    "POST /devices/<int:session_id>/end": Row(SIGNED_IN, "device"),
    "POST /devices/others/end": Row(SIGNED_IN),
    "GET /confirmation": Row(SIGNED_IN),
    "POST /confirmation": Row(SIGNED_IN),
    "GET /confirmation/organisation": Row(SIGNED_IN, page=404),  # off until it is configured
    "POST /confirmation/passkey": Row(SIGNED_IN),
    "POST /confirmation/passkey/challenge": Row(SIGNED_IN),
    "GET /security": Row(SIGNED_IN),
    "POST /security/passkeys/<int:passkey_id>/removal": Row(SIGNED_IN, "passkey"),
    "POST /security/app/removal": Row(SIGNED_IN),
    "POST /security/recovery-codes": Row(SIGNED_IN),
    "GET /security/email": Row(SIGNED_IN),
    "POST /security/email": Row(SIGNED_IN),
    "GET /email/<string(length=43):token>": Row(SIGNED_IN),
    "POST /email/<string(length=43):token>": Row(SIGNED_IN),
    "GET /personal-data": Row(SIGNED_IN),
    "GET /personal-data/readings": Row(SIGNED_IN),
    "GET /personal-data/erasure": Row(SIGNED_IN),
    "POST /personal-data/erasure": Row(SIGNED_IN),
    "POST /personal-data/erasure/withdrawal": Row(SIGNED_IN),
    "POST /personal-data/consents": Row(SIGNED_IN, form=CONSENT),
    "POST /personal-data/consents/withdrawal": Row(SIGNED_IN, form=CONSENT),
    "GET /personal-data/export": Row(SIGNED_IN),
    "POST /personal-data/export": Row(SIGNED_IN),
    "POST /hat": Row(SIGNED_IN, form={"role": "member"}),
    # The member
    "GET /home": Row(MEMBER),
    "GET /profile": Row(MEMBER),
    "GET /profile/position": Row(MEMBER),
    "POST /profile/position": Row(MEMBER),
    "GET /profile/challenges": Row(MEMBER),
    "POST /profile/challenges": Row(MEMBER),
    "GET /profile/mentor": Row(MEMBER),
    "POST /profile/mentor": Row(MEMBER),
    "GET /profile/reservations": Row(MEMBER),
    "POST /profile/reservations": Row(MEMBER, form={"kind": "neighbours"}),
    "POST /profile/reservations/search": Row(MEMBER, form={"q": "an"}),
    "GET /profile/reservations/search": Row(MEMBER, page=303),
    "POST /profile/reservations/<int:reservation_id>/deletion": Row(MEMBER, "reservation"),
    "GET /coaching/": Row(MEMBER),
    "GET /coaching/slots": Row(MEMBER),
    "GET /coaching/slots/<int:slot_id>": Row(MEMBER, "free slot"),
    "POST /coaching/slots/<int:slot_id>/booking": Row(MEMBER, "free slot"),
    "POST /coaching/enrolment": Row(MEMBER),
    "GET /coaching/bookings/<int:booking_id>": Row(MEMBER, "booking"),
    "GET /coaching/bookings/<int:booking_id>/calendar.ics": Row(MEMBER, "booking"),
    "GET /coaching/bookings/<int:booking_id>/cancellation": Row(MEMBER, "booking"),
    "GET /coaching/bookings/<int:booking_id>/move": Row(MEMBER, "booking"),
    "POST /coaching/bookings/<int:booking_id>/move": Row(MEMBER, "booking"),
    "POST /coaching/bookings/<int:booking_id>/cancellation": Row(MEMBER, "booking"),
    "POST /coaching/bookings/<int:booking_id>/theme/deletion": Row(MEMBER, "booking"),
    "GET /mentoring/": Row(MEMBER),
    "GET /mentoring/proposals": Row(MEMBER),
    "POST /mentoring/proposals/<int:proposal_id>/rank": Row(MEMBER, "proposal", form={"direction": "up"}),
    "POST /mentoring/proposals/<int:proposal_id>/acceptance": Row(MEMBER, "proposal"),
    "POST /mentoring/proposals/<int:proposal_id>/decline": Row(MEMBER, "proposal"),
    "POST /mentoring/others": Row(MEMBER),
    "POST /mentoring/search-pauses": Row(MEMBER),
    "POST /mentoring/search-resumptions": Row(MEMBER),
    # The two of a pair
    "GET /mentoring/mentorships/<int:mentorship_id>": Row(PAIR, "mentorship"),
    "POST /mentoring/mentorships/<int:mentorship_id>/meetings": Row(PAIR, "mentorship", form=DAY),
    "POST /mentoring/mentorships/<int:mentorship_id>/held-meetings": Row(PAIR, "mentorship"),
    "POST /mentoring/meetings/<int:meeting_id>/time": Row(PAIR, "meeting", form=DAY),
    "POST /mentoring/meetings/<int:meeting_id>/cancellation": Row(PAIR, "meeting"),
    "POST /mentoring/mentorships/<int:mentorship_id>/end": Row(PAIR, "mentorship"),
    # The mentor
    "GET /mentor/": Row(MENTOR),
    "GET /mentor/experience": Row(MENTOR),
    "POST /mentor/experience": Row(MENTOR),
    "POST /mentor/capacity": Row(MENTOR, form={"capacity": "3"}),
    "POST /mentor/pause": Row(MENTOR),
    "POST /mentor/return": Row(MENTOR),
    "POST /mentor/mentorships/<int:mentorship_id>/held-meetings": Row(MENTOR, "mentorship"),
    "POST /mentor/requests/<int:proposal_id>/acceptance": Row(MENTOR, "request"),
    "POST /mentor/requests/<int:proposal_id>/decline": Row(MENTOR, "request"),
    # The coach
    "GET /coach/": Row(COACH),
    "GET /coach/sessions": Row(COACH),
    "GET /coach/availability": Row(COACH),
    "POST /coach/availability": Row(COACH),
    "POST /coach/availability/preview": Row(COACH),
    "POST /coach/availability/<int:availability_id>/withdrawal": Row(COACH, "availability"),
    "POST /coach/bookings/<int:booking_id>/outcome": Row(COACH, "past booking", form={"outcome": "held"}),
    "POST /coach/slots/<int:slot_id>/withdrawal": Row(COACH, "coach's slot"),
    # The secretariat
    "GET /secretariat/": Row(SECRETARIAT),
    "GET /secretariat/members": Row(SECRETARIAT),
    "GET /secretariat/members.csv": Row(SECRETARIAT),
    "GET /secretariat/members.xlsx": Row(SECRETARIAT),
    "GET /secretariat/members/new": Row(SECRETARIAT),
    "POST /secretariat/members/new": Row(SECRETARIAT),
    "GET /secretariat/members/<int:member_id>": Row(SECRETARIAT, "member", "own member"),
    "GET /secretariat/members/<int:member_id>/position": Row(SECRETARIAT, "member", "own member"),
    "POST /secretariat/members/<int:member_id>/position": Row(SECRETARIAT, "member", "own member"),
    "POST /secretariat/members/<int:member_id>/invitation": Row(SECRETARIAT, "member", "own member"),
    "GET /secretariat/members/invitations": Row(SECRETARIAT),
    "POST /secretariat/members/invitations": Row(SECRETARIAT),
    "GET /secretariat/members/import": Row(SECRETARIAT),
    "POST /secretariat/members/import": Row(SECRETARIAT),
    "GET /secretariat/members/import/sample.xlsx": Row(SECRETARIAT),
    "GET /secretariat/members/imports/<int:import_id>": Row(SECRETARIAT, "import"),
    "POST /secretariat/members/imports/<int:import_id>/confirmation": Row(SECRETARIAT, "import"),
    "POST /secretariat/members/imports/<int:import_id>/removal": Row(SECRETARIAT, "import"),
    "GET /secretariat/members/<int:member_id>/erasure": Row(SECRETARIAT, "member", "own member"),
    "POST /secretariat/members/<int:member_id>/erasure": Row(SECRETARIAT, "member", "own member"),
    "POST /secretariat/members/<int:member_id>/erasure/withdrawal": Row(SECRETARIAT, "member", "own member"),
    "GET /secretariat/access": Row(SECRETARIAT),
    "GET /secretariat/access/new": Row(SECRETARIAT),
    "POST /secretariat/access/new": Row(SECRETARIAT),
    "GET /secretariat/access/<int:grant_id>/removal": Row(SECRETARIAT, "grant", "own grant"),
    "POST /secretariat/access/<int:grant_id>/removal": Row(SECRETARIAT, "grant", "own grant"),
    "GET /secretariat/access/people/<int:user_id>/closure": Row(SECRETARIAT, "person", "own person"),
    "POST /secretariat/access/people/<int:user_id>/closure": Row(SECRETARIAT, "person", "own person"),
    "POST /secretariat/access/people/<int:user_id>/reopening": Row(SECRETARIAT, "person", "own person"),
    "GET /secretariat/access/recovery": Row(SECRETARIAT),
    "POST /secretariat/access/recovery": Row(SECRETARIAT),
    "POST /secretariat/access/recovery/<int:recovery_id>/approval": Row(
        SECRETARIAT, "recovery", "own recovery"
    ),
    "POST /secretariat/access/recovery/<int:recovery_id>/withdrawal": Row(
        SECRETARIAT, "recovery", "own recovery"
    ),
    "GET /secretariat/enrolments": Row(SECRETARIAT),
    "GET /secretariat/enrolments.csv": Row(SECRETARIAT),
    "GET /secretariat/enrolments.xlsx": Row(SECRETARIAT),
    "POST /secretariat/enrolments/seats": Row(SECRETARIAT),
    "POST /secretariat/enrolments/<int:enrolment_id>/seat": Row(SECRETARIAT, "waiting", "own enrolment"),
    "POST /secretariat/enrolments/<int:enrolment_id>/withdrawal": Row(
        SECRETARIAT, "waiting", "own enrolment"
    ),
    "GET /secretariat/sessions": Row(SECRETARIAT),
    "GET /secretariat/sessions.csv": Row(SECRETARIAT),
    "GET /secretariat/sessions.xlsx": Row(SECRETARIAT),
    "GET /secretariat/costs": Row(SECRETARIAT),
    "GET /secretariat/costs.csv": Row(SECRETARIAT),
    "GET /secretariat/costs.xlsx": Row(SECRETARIAT),
    "GET /secretariat/costs/rates": Row(SECRETARIAT),
    "POST /secretariat/costs/rates": Row(SECRETARIAT),
    "POST /secretariat/costs/budget": Row(SECRETARIAT),
    "GET /secretariat/mentorships": Row(SECRETARIAT),
    "GET /secretariat/mentorships/tables/<any(csv,xlsx):kind>": Row(SECRETARIAT),
    "GET /secretariat/rounds": Row(SECRETARIAT),
    "POST /secretariat/rounds": Row(SECRETARIAT),
    "GET /secretariat/rounds/<int:round_id>": Row(SECRETARIAT, "draft"),
    "GET /secretariat/rounds/<int:round_id>/weights": Row(SECRETARIAT, "draft"),
    "GET /secretariat/rounds/<int:round_id>/release": Row(SECRETARIAT, "draft"),
    "GET /secretariat/rounds/<int:round_id>/tables/<any(csv,xlsx):kind>": Row(SECRETARIAT, "draft"),
    "GET /secretariat/rounds/<int:round_id>/report": Row(SECRETARIAT, "draft"),
    "GET /secretariat/rounds/<int:round_id>/report/data": Row(SECRETARIAT, "draft"),
    "GET /secretariat/rounds/<int:round_id>/report/tables/<any(csv,xlsx):kind>": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/admissions": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/runs": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/swaps": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/locks": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/unlockings": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/exclusions": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/undoings": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/weights": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/releases": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/reminders": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/closure": Row(SECRETARIAT, "draft"),
    "POST /secretariat/rounds/<int:round_id>/removal": Row(SECRETARIAT, "draft"),
    # The steering group
    "GET /steering/": Row(STEERING),
    "GET /steering/reports/<int:report_id>": Row(STEERING, "report"),
}
