"""What a member tells for the mentor scheme: what they stand in, whether they will be a mentor, and whom they rule out."""

from flask import Blueprint, Response, abort, redirect, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from portal import clock, consents
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.consents import Purpose
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import ngettext
from portal.members.models import ChallengeArea, Member
from portal.members.profile_parts import State, tells
from portal.mentoring import profiles, reservations
from portal.mentoring.forms import ChallengesForm, ReservationForm, SearchForm, WillingForm, challenges_form
from portal.mentoring.profile_models import MenteeArea, MenteeProfile, MentorProfile, Modes
from portal.mentoring.proposal_answers import decline_reserved
from portal.mentoring.reservation_models import Reservation, ReservationKind, Tie
from portal.rendering import after_write, flash, render

mentoring_profile = Blueprint("mentoring_profile", __name__)
AREAS = ChallengeArea.current
TIES = {None, "", *Tie}


@tells("challenges")
def _challenges_told(member: Member) -> State:
    mine = select(func.count()).select_from(MenteeArea).join(MenteeProfile)
    count = db.session.scalar(mine.where(MenteeProfile.member_id == member.id)) or 0
    if not count:
        return State(False, _("Velg det du kjenner deg igjen i. Det tar noen minutter."))
    if not consents.holds(member.user_id, Purpose.OWN_WORDS):
        return State(False, _("Vi trenger et ja fra deg før vi kan bruke det."))
    return State(True, ngettext("Ett område valgt.", "%(num)s områder valgt.", count))


@tells("mentor")
def _willing_told(member: Member) -> State:
    row = select(MentorProfile.paused_at).where(MentorProfile.member_id == member.id)
    found = db.session.execute(row).one_or_none()
    if found is None:
        return State(False, _("Ikke nå. Du kan si ja når som helst."))
    return State(True, _("Du har tatt pause.") if found.paused_at else _("Du tar imot nye."))


def _member() -> Member:
    """The member that the person is; some who can sign in are none."""
    member = db.session.scalar(select(Member).where(Member.user_id == current_user.id))
    if member is None:
        abort(404)
    return member


@mentoring_profile.get("/profile/challenges")
@allow(Role.MEMBER)
def challenges() -> Response:
    """What I stand in."""
    _member()
    profile = db.session.scalar(MenteeProfile.visible_to(current_user))
    form = challenges_form(db.session.scalars(AREAS()), **(_told(profile) if profile is not None else {}))
    form.ask(current_user)
    return _challenges(form, profile)


def _challenges(form: ChallengesForm, profile: MenteeProfile | None, status: int = 200) -> Response:
    return render("mentoring/challenges.html", status=status, form=form, profile=profile)


def _told(profile: MenteeProfile) -> dict[str, object]:
    wishes = profile.wishes
    return {
        **{f"area_{area.area_id}": area.weight for area in profile.areas},
        "text": profile.text,
        "modes": profile.modes.value,
        "county": next((w for w in ("other_county", "same_county") if wishes.get(w)), "any"),
        "position": next((w for w in ("in_position", "retired") if wishes.get(w)), "any"),
        "years": wishes.get("years", 0),
        "larger": wishes.get("larger", False),
    }


@mentoring_profile.post("/profile/challenges")
@allow(Role.MEMBER)
@mail_by_person
def tell_challenges() -> BaseResponse:
    """Keep it, and look for a mentor; or, when nothing is chosen any more, stop looking."""
    member, form, now = _member(), challenges_form(db.session.scalars(AREAS())), clock.now()
    form.ask(current_user)
    profile = db.session.scalar(MenteeProfile.visible_to(current_user))
    if form.validate() and not any(form.chosen().values()) and not _has_told(profile):
        form.refuse(f"area_{form.area_ids[0]}", _("Velg minst ett område, så vet vi hva vi skal lete etter."))
    if form.errors:
        return _challenges(form, profile, 422)
    sought = profile is not None and profile.seeking_since is not None
    text, modes = form.text.data or "", Modes(form.modes.data)
    try:
        form.hear(current_user, now)
        profile = profiles.seek(member, form.chosen(), text, form.wishes(), modes, current_user, now)
    except DomainError as refusal:
        db.session.rollback()
        form.refuse_at("text", refusal)
        return _challenges(form, db.session.scalar(MenteeProfile.visible_to(current_user)), 422)
    stopped = sought and profile.seeking_since is None
    db.session.commit()
    flash(
        _("Lagret. Du har ikke valgt noe område, så vi leter ikke lenger etter en mentor til deg.")
        if stopped
        else _("Takk. Det du har fortalt, er lagret.")
    )
    return after_write(url_for("mentoring.overview"))


def _has_told(profile: MenteeProfile | None) -> bool:
    """Whether there is something that can be emptied; else one who chooses nothing has rather forgotten to."""
    return profile is not None and bool(profile.areas or profile.text)


@mentoring_profile.get("/profile/mentor")
@allow(Role.MEMBER)
def mentor() -> Response:
    """Whether I will be there for somebody else."""
    _member()
    profile = db.session.scalar(MentorProfile.visible_to(current_user))
    return render("mentoring/willing.html", form=WillingForm(), profile=profile)


@mentoring_profile.post("/profile/mentor")
@allow(Role.MEMBER)
def become_mentor() -> BaseResponse:
    """I will."""
    member, form = _member(), WillingForm()
    if form.validate() and form.capacity.data is not None:
        try:
            profiles.become_mentor(member, form.capacity.data, current_user, clock.now())
        except DomainError as refusal:
            db.session.rollback()
            form.refuse("capacity", refusal)
        else:
            db.session.commit()
            flash(_("Takk for at du stiller. Fortell nå hva du har stått i."))
            return after_write(url_for("mentor.experience"))
    profile = db.session.scalar(MentorProfile.visible_to(current_user))
    return render("mentoring/willing.html", status=422, form=form, profile=profile)


@mentoring_profile.get("/profile/reservations", endpoint="reservations")
@allow(Role.MEMBER)
def own_reservations() -> Response:
    """Whom I will not be paired with. Nobody else ever sees this page."""
    return _reservations()


@mentoring_profile.post("/profile/reservations/search")
@allow(Role.MEMBER)
def search() -> Response:
    """Whom or where it is about. Posted, so that no address, history or access log says who was looked for."""
    form = SearchForm()
    return _reservations(sought=(form.q.data or "")[:100], form=form)


@mentoring_profile.get("/profile/reservations/search")
@allow(Role.MEMBER)
def search_again() -> BaseResponse:
    """The address of a search that was left: it says nothing of what was sought."""
    return redirect(url_for("mentoring_profile.reservations"), 303)


def _reservations(
    refusal: DomainError | None = None, sought: str | None = None, form: SearchForm | None = None
) -> Response:
    member = _member()
    noes = reservations.said_by(member)
    return render(
        "mentoring/reservations.html",
        block="found" if sought is not None else None,
        status=422 if refusal else 200,
        form=form or SearchForm(formdata=None),
        sought=sought,
        found=reservations.find(sought, member) if sought else [],
        reserved=reservations.described(noes),
        avoids_neighbours=any(no.kind is ReservationKind.NEIGHBOURS for no in noes),
        refusal=refusal,
        ties=Tie,
    )


@mentoring_profile.post("/profile/reservations")
@allow(Role.MEMBER)
@mail_by_person
def reserve() -> BaseResponse:
    """Not this person, or nobody from there."""
    member, form = _member(), ReservationForm()
    if not form.validate() or form.kind.data not in set(ReservationKind) or form.tie.data not in TIES:
        abort(400)
    kind, tie = ReservationKind(form.kind.data), Tie(form.tie.data) if form.tie.data else None
    now = clock.now()
    try:
        reservations.reserve(member, kind, form.target.data or "", now, tie)
        decline_reserved(member, now)
    except DomainError as refusal:
        db.session.rollback()
        return _reservations(refusal)
    db.session.commit()
    flash(_("Lagret. Bare du ser det."))
    return after_write(url_for("mentoring_profile.reservations"))


@mentoring_profile.post("/profile/reservations/<int:reservation_id>/deletion")
@allow(Role.MEMBER)
def forget(reservation_id: int) -> BaseResponse:
    """Take a reservation back."""
    db.session.delete(load(Reservation.visible_to(current_user), reservation_id))
    db.session.commit()
    flash(_("Reservasjonen er fjernet."))
    return after_write(url_for("mentoring_profile.reservations"))
