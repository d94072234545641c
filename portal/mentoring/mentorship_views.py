"""The pair's own page: who the other is, the meetings agreed, and that they took place. Both use the same page."""

from collections.abc import Callable
from datetime import datetime

from flask import Response, request, url_for
from sqlalchemy import Select
from sqlalchemy.orm import joinedload, lazyload, selectinload
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.forms import Form
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring import mentorships
from portal.mentoring.forms import EndForm, HeldForm, MoveForm, PlanForm
from portal.mentoring.member_views import mentoring
from portal.mentoring.mentorship_models import EndReason, Meeting, MeetingMode, Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.rendering import after_write, flash, render

TWO = (Role.MEMBER, Role.MENTOR)


def _pair() -> Select[tuple[Mentorship]]:
    """The person's own mentorships with both people and the meetings."""
    mentee = joinedload(Mentorship.mentee, innerjoin=True).joinedload(MenteeProfile.member, innerjoin=True)
    mentor = joinedload(Mentorship.mentor, innerjoin=True).joinedload(MentorProfile.member, innerjoin=True)
    users = [
        way.joinedload(Member.user, innerjoin=True).options(lazyload(User.role_grants))
        for way in (mentee, mentor)
    ]
    return Mentorship.of(current_user).options(*users, selectinload(Mentorship.meetings))


@mentoring.get("/mentoring/mentorships/<int:mentorship_id>")
@allow(*TWO)
def mentorship(mentorship_id: int) -> Response:
    """The other's name and address, what is agreed, and what has been held."""
    return _page(load(_pair(), mentorship_id))


def _page(
    pair: Mentorship,
    plan: PlanForm | None = None,
    held: HeldForm | None = None,
    move: MoveForm | None = None,
    ending: EndForm | None = None,
    moving: int | None = None,
) -> Response:
    now = clock.now()
    is_mentor = pair.mentor.member.user_id == current_user.id
    forms = (plan, held, move, ending)
    other = (pair.mentee if is_mentor else pair.mentor).member
    audit.has_read([other.user_id], current_user, "mentoring")
    return render(
        "mentoring/mentorship.html",
        status=422 if any(f is not None and f.errors for f in forms) else 200,
        pair=pair,
        is_mentor=is_mentor,
        other=other,
        planned=[m for m in pair.meetings if m.is_planned],
        done=[m for m in reversed(pair.meetings) if m.held_logged_at],
        plan=plan or PlanForm(prefix="plan-", formdata=None),
        held=held or HeldForm(prefix="held-", formdata=None),
        move=move or MoveForm(prefix="move-", formdata=None),
        ending=ending or EndForm(prefix="end-", formdata=None),
        moving=moving or request.args.get("move", type=int),
        logging=held is not None or "log" in request.args,
        now=now,
    )


@mentoring.post("/mentoring/mentorships/<int:mentorship_id>/meetings")
@allow(*TWO)
def plan(mentorship_id: int) -> BaseResponse:
    """Agree a meeting."""
    pair, form = load(_pair(), mentorship_id), PlanForm(prefix="plan-")
    starts_at = form.starts_at()
    if starts_at is None:
        return _page(pair, plan=form)

    def agree(now: datetime) -> None:
        mode = MeetingMode(form.mode.data)
        mentorships.plan_meeting(pair, starts_at, form.minutes.data, mode, current_user, now)

    if _refused(agree, form, "day"):
        return _page(load(_pair(), mentorship_id), plan=form)
    return _back(pair, _("Møtet er avtalt."))


@mentoring.post("/mentoring/mentorships/<int:mentorship_id>/held-meetings")
@allow(*TWO)
def log(mentorship_id: int) -> BaseResponse:
    """Note that we met."""
    pair, form = load(_pair(), mentorship_id), HeldForm(prefix="held-")
    if not log_from(form, pair):
        return _page(load(_pair(), mentorship_id), held=form)
    return _back(pair, _("Møtet er notert."))


def log_from(form: HeldForm, pair: Mentorship) -> bool:
    """Note the meeting that the form tells of, and commit; else what is wrong is on the form."""
    if not form.validate():
        return False
    day = form.day_meant(clock.today(clock.now()))
    if day is None:
        form.refuse("day", _("Skriv hvilken dag dere møttes."))
        return False
    mode = MeetingMode(form.mode.data)
    return not _refused(
        lambda now: mentorships.log_held(pair, day, form.minutes.data, mode, current_user, now), form, "day"
    )


@mentoring.post("/mentoring/meetings/<int:meeting_id>/time")
@allow(*TWO)
def move(meeting_id: int) -> BaseResponse:
    """Agree another time."""
    meeting, form = load(Meeting.visible_to(current_user), meeting_id), MoveForm(prefix="move-")
    pair_id = meeting.mentorship_id
    starts_at = form.starts_at()
    if starts_at is not None and not _refused(
        lambda now: mentorships.move_meeting(meeting, starts_at, current_user, now), form, "day"
    ):
        return _back(load(_pair(), pair_id), _("Møtet er flyttet."))
    return _page(load(_pair(), pair_id), move=form, moving=meeting_id)


@mentoring.post("/mentoring/meetings/<int:meeting_id>/cancellation")
@allow(*TWO)
def cancel(meeting_id: int) -> BaseResponse:
    """Cancel what was agreed."""
    meeting, form = (
        load(Meeting.visible_to(current_user), meeting_id),
        PlanForm(prefix="plan-", formdata=None),
    )
    pair_id = meeting.mentorship_id
    if _refused(lambda now: mentorships.cancel_meeting(meeting, current_user, now), form, "day"):
        return _page(load(_pair(), pair_id), plan=form)
    return _back(load(_pair(), pair_id), _("Møtet er avlyst."))


@mentoring.post("/mentoring/mentorships/<int:mentorship_id>/end")
@allow(*TWO)
def end(mentorship_id: int) -> BaseResponse:
    """End the mentorship; the mentor gets the place back."""
    pair, form = load(_pair(), mentorship_id), EndForm(prefix="end-")
    if not form.validate():
        return _page(pair, ending=form)
    mentorships.end(pair, EndReason(form.reason.data), current_user, clock.now())
    db.session.commit()
    return _back(pair, _("Mentorparet er avsluttet."))


def _refused(act: Callable[[datetime], object], form: Form, at: str) -> bool:
    """Act and commit. Returns whether a rule said no, which then stands at the field."""
    try:
        act(clock.now())
    except DomainError as refusal:
        db.session.rollback()
        form.refuse(at, refusal)
        return True
    db.session.commit()
    return False


def _back(pair: Mentorship, said: str) -> BaseResponse:
    flash(said)
    return after_write(url_for("mentoring.mentorship", mentorship_id=pair.id))
