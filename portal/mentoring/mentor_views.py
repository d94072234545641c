"""The mentor's desk: who asks, who is followed, how many there is room for, and what the mentor has been through."""

from functools import partial

from flask import Blueprint, Response, abort, request, url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, joinedload, lazyload, selectinload
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db, htmx
from portal.language import gettext as _
from portal.members.models import ChallengeArea, Member
from portal.mentoring import desk_words, mentorship_views, profiles, proposal_answers, proposal_refusals
from portal.mentoring.apart import DESK, Request, requests_to, told_to
from portal.mentoring.forms import CapacityForm, HeldForm, experience_form
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MOST_PLACES, MenteeProfile, MentorProfile, Modes
from portal.mentoring.proposal_models import Proposal
from portal.rendering import after_write, flash, render
from portal.revision import kept

mentor = Blueprint("mentor", __name__)


def _own() -> MentorProfile | None:
    found = MentorProfile.visible_to(current_user).options(
        contains_eager(MentorProfile.member),
        joinedload(MentorProfile.areas),  # a handful, and as many times as there are places
        joinedload(MentorProfile.places),
    )
    return db.session.scalars(found).unique().one_or_none()


def _mentor() -> MentorProfile:
    """The mentor's own profile; without one there is nothing to change."""
    profile = _own()
    if profile is None:
        abort(404)
    return profile


def _mentees(profile: MentorProfile) -> Select[tuple[Mentorship]]:
    member = joinedload(Mentorship.mentee, innerjoin=True).joinedload(MenteeProfile.member, innerjoin=True)
    user = member.joinedload(Member.user, innerjoin=True).options(lazyload(User.role_grants))
    return (
        select(Mentorship)
        .where(Mentorship.mentor_id == profile.id, Mentorship.ended_at.is_(None))
        .options(user, selectinload(Mentorship.meetings))
        .order_by(Mentorship.started_at, Mentorship.id)
    )


def _shown(requests: list[Request]) -> Select[tuple[Proposal]]:
    member = joinedload(Proposal.mentee, innerjoin=True)
    user = member.joinedload(MenteeProfile.member, innerjoin=True).joinedload(Member.user, innerjoin=True)
    return (
        select(Proposal)
        .where(Proposal.id.in_([request.proposal_id for request in requests if request.is_shown]))
        .options(user.options(lazyload(User.role_grants)), member.joinedload(MenteeProfile.areas))
        .order_by(Proposal.mentor_answer_by, Proposal.id)
    )


@mentor.get("/mentor/")
@allow(Role.MENTOR)
@kept
def desk() -> Response:
    """Who asks, whom I follow, and how many I take."""
    block = "mentees" if "log" in request.args or request.args.get("part") == "mentees" else None
    return _desk(block=block)


def _desk(
    block: str | None = None,
    held: HeldForm | None = None,
    logging: int | None = None,
    logged: int | None = None,
    refusal: DomainError | None = None,
) -> Response:
    profile = _own()
    if profile is None:
        return render("mentor/start.html")
    now = clock.now()
    mentees = list(db.session.scalars(_mentees(profile)))
    requests = requests_to(current_user.id)
    waiting = list(db.session.scalars(_shown(requests)).unique())
    seen = {request.proposal_id for request in requests if request.lets_see}
    read = [pair.mentee.member.user_id for pair in mentees]
    read += [request.mentee_user_id for request in requests if request.waits]  # shown or not: see `apart`
    audit.has_read(set(read), current_user, DESK)
    return render(
        "mentor/desk.html",
        block=block,
        status=422 if refusal or (held is not None and held.errors) else 200,
        profile=profile,
        requests=waiting,
        faced={p.mentee_id: desk_words.faced(p.mentee) for p in waiting if p.id in seen},
        introductions={p.id: desk_words.introduction(p.mentee.member, clock.today(now)) for p in waiting},
        mentees=mentees,
        quiet=[m for m in mentees if desk_words.weeks_quiet(m, now) is not None],
        held=held or HeldForm(formdata=None),
        logging=logging or request.args.get("log", type=int),
        logged=logged,
        most=MOST_PLACES,
        room=desk_words.room(len(mentees), len(profile.places) - len(mentees)),
        when=partial(desk_words.when, now=now),
        refusal=refusal,
        now=now,
    )


@mentor.post("/mentor/requests/<int:proposal_id>/acceptance")
@allow(Role.MENTOR)
@mail_by_person
def accept(proposal_id: int) -> BaseResponse:
    """I will."""
    proposal = load(told_to(current_user), proposal_id)
    try:
        made = proposal_answers.accept(proposal, current_user, clock.now())
    except DomainError as refusal:
        db.session.rollback()
        return _desk(refusal=refusal)
    db.session.commit()
    if made is None:  # the mentee has been shut out: to the mentor as if the yes had been taken back
        return _desk(refusal=proposal_refusals.ProposalClosed())
    flash(_("Dere er et mentorpar. Begge har fått beskjed, og dere kan avtale første møte."))
    return after_write(url_for("mentoring.mentorship", mentorship_id=made.id))


@mentor.post("/mentor/requests/<int:proposal_id>/decline")
@allow(Role.MENTOR)
@mail_by_person
def decline(proposal_id: int) -> BaseResponse:
    """Not this time. The mentee is not told."""
    proposal = load(told_to(current_user), proposal_id)
    try:
        proposal_answers.decline(proposal, current_user, clock.now())
    except DomainError as refusal:
        db.session.rollback()
        return _desk(refusal=refusal)
    db.session.commit()
    flash(_("Det er notert. Den som spurte, får aldri vite at du sa nei."))
    return after_write(url_for("mentor.desk"))


@mentor.post("/mentor/mentorships/<int:mentorship_id>/held-meetings")
@allow(Role.MENTOR)
def log(mentorship_id: int) -> BaseResponse:
    """Note in two taps that we met."""
    pair = load(_mentees(_mentor()), mentorship_id)
    form = HeldForm()
    if not mentorship_views.log_from(form, pair):
        return _desk("mentees", form, mentorship_id)
    return _desk("mentees", logged=mentorship_id) if htmx else _back(_("Møtet er notert."))


@mentor.post("/mentor/capacity")
@allow(Role.MENTOR)
def capacity() -> BaseResponse:
    """How many I can follow at a time."""
    profile, form = _mentor(), CapacityForm()
    if not form.validate() or form.capacity.data is None:
        abort(400)
    try:
        profiles.set_capacity(profile, form.capacity.data, current_user, clock.now())
    except DomainError as refusal:
        db.session.rollback()
        return _desk("room", refusal=refusal)
    db.session.commit()
    return _desk("room") if htmx else _back(_("Antallet er lagret."))


@mentor.post("/mentor/pause")
@allow(Role.MENTOR)
def pause() -> BaseResponse:
    """Ask me for nobody new."""
    profiles.pause(_mentor(), current_user, clock.now())
    db.session.commit()
    return _desk("room") if htmx else _back(_("Du har pause. Vi spør deg ikke om nye."))


@mentor.post("/mentor/return")
@allow(Role.MENTOR)
def resume() -> BaseResponse:
    """Ask me again."""
    profiles.resume(_mentor(), current_user, clock.now())
    db.session.commit()
    return _desk("room") if htmx else _back(_("Velkommen tilbake. Vi kan spørre deg igjen."))


def _back(said: str) -> BaseResponse:
    flash(said)
    return after_write(url_for("mentor.desk"))


@mentor.get("/mentor/experience")
@allow(Role.MENTOR)
def experience() -> Response:
    """What I have been through, and how well."""
    profile = _own()
    if profile is None:
        return render("mentor/start.html")
    strengths = {f"area_{a.area_id}": a.strength for a in profile.areas}
    form = experience_form(
        db.session.scalars(ChallengeArea.current()),
        **strengths,
        text=profile.text,
        modes=profile.modes.value,
        retired=profile.retired,
    )
    form.ask(current_user)
    return render("mentor/experience.html", form=form, profile=profile)


@mentor.post("/mentor/experience")
@allow(Role.MENTOR)
def tell() -> BaseResponse:
    """Keep what the mentor has told."""
    profile, form = _mentor(), experience_form(db.session.scalars(ChallengeArea.current()))
    form.ask(current_user)
    if not form.validate():
        return render("mentor/experience.html", status=422, form=form, profile=profile)
    text, modes, now = form.text.data or "", Modes(form.modes.data), clock.now()
    try:
        form.hear(current_user, now)
        profiles.tell_experience(profile, form.chosen(), text, modes, form.retired.data, now)
    except DomainError as refusal:
        db.session.rollback()
        form.refuse_at("text", refusal)
        return render("mentor/experience.html", status=422, form=form, profile=_mentor())
    db.session.commit()
    return _back(_("Takk. Det du har stått i, er lagret."))
