"""The member's way to a mentor: where it stands, the proposals, and the answers to them."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.errors import DomainError
from portal.extensions import db, htmx
from portal.language import gettext as _
from portal.mentoring import asking, profiles, proposal_answers, status
from portal.mentoring.cards import State, cards
from portal.mentoring.forms import RankForm
from portal.mentoring.profile_models import MenteeProfile
from portal.mentoring.proposal_models import Proposal
from portal.rendering import after_write, flash, render

mentoring = Blueprint("mentoring", __name__)


@mentoring.get("/mentoring/")
@allow(Role.MEMBER)
def overview() -> Response:
    """Where I stand, and the one next action."""
    return render("mentoring/overview.html", standing=status.read(current_user), now=clock.now())


@mentoring.post("/mentoring/search-pauses")
@allow(Role.MEMBER)
def pause_search() -> BaseResponse:
    """No new proposals for a while."""
    profiles.pause_search(_own_profile(), current_user, clock.now())
    db.session.commit()
    flash(_("Søket har pause. Du får ingen nye forslag før du søker igjen."))
    return after_write(url_for("mentoring.overview"))


@mentoring.post("/mentoring/search-resumptions")
@allow(Role.MEMBER)
def resume_search() -> BaseResponse:
    """Look for a mentor again."""
    profiles.resume_search(_own_profile(), current_user, clock.now())
    db.session.commit()
    flash(_("Vi leter igjen. Du får beskjed når vi har forslag."))
    return after_write(url_for("mentoring.overview"))


def _own_profile() -> MenteeProfile:
    return db.first_or_404(MenteeProfile.visible_to(current_user))  # type: ignore[no-any-return]


@mentoring.get("/mentoring/proposals")
@allow(Role.MEMBER)
def proposals() -> Response:
    """Those who have been through something similar, without a name."""
    return _page()


def _page(refusal: DomainError | None = None) -> Response:
    standing, now = status.read(current_user), clock.now()
    shown = cards(standing, now)
    left = (clock.today(standing.answer_by) - clock.today(now)).days if standing.answer_by else None
    return render(
        "mentoring/proposals.html",
        block="proposals",
        status=422 if refusal else 200,
        standing=standing,
        cards=[card for card in shown if card.state is not State.DECLINED],
        declined=[card for card in shown if card.state is State.DECLINED],
        first=next((card for card in shown if card.state is State.OPEN), None),
        days_left=left,
        refusal=refusal,
    )


def _answered(proposal_id: int, answer: Callable[[Proposal], object], said: str) -> BaseResponse:
    proposal = load(Proposal.for_mentee(current_user), proposal_id)
    try:
        answer(proposal)
    except DomainError as refusal:
        db.session.rollback()
        return _page(refusal)
    db.session.commit()
    flash(said)
    return after_write(url_for("mentoring.proposals"))


@mentoring.post("/mentoring/proposals/<int:proposal_id>/acceptance")
@allow(Role.MEMBER)
@mail_by_person
def accept(proposal_id: int) -> BaseResponse:
    """Yes, gladly."""
    said = _("Du har sagt ja. Du hører fra oss når en mentor også har gjort det.")
    return _answered(proposal_id, lambda p: proposal_answers.accept(p, current_user, clock.now()), said)


@mentoring.post("/mentoring/proposals/<int:proposal_id>/decline")
@allow(Role.MEMBER)
@mail_by_person
def decline(proposal_id: int) -> BaseResponse:
    """Not now."""
    said = _("Det er notert. Mentoren får aldri vite at du sa nei.")
    return _answered(proposal_id, lambda p: proposal_answers.decline(p, current_user, clock.now()), said)


@mentoring.post("/mentoring/proposals/<int:proposal_id>/rank")
@allow(Role.MEMBER)
def rank(proposal_id: int) -> BaseResponse:
    """One place up or down in the order in which we ask."""
    form = RankForm()
    moves = {"up": asking.rank_up, "down": asking.rank_down}
    if not form.validate() or form.direction.data not in moves:
        abort(400)
    proposal = load(Proposal.for_mentee(current_user), proposal_id)
    try:
        moves[form.direction.data](proposal, current_user)
    except DomainError as refusal:
        db.session.rollback()
        return _page(refusal)
    db.session.commit()
    return _page() if htmx else after_write(url_for("mentoring.proposals"))


@mentoring.post("/mentoring/others")
@allow(Role.MEMBER)
@mail_by_person
def others() -> BaseResponse:
    """None of them: find others."""
    mentee = db.session.scalar(MenteeProfile.visible_to(current_user))
    if mentee is None:
        abort(404)
    try:
        proposal_answers.ask_for_others(mentee, current_user, clock.now())
    except DomainError as refusal:
        db.session.rollback()
        return _page(refusal)
    db.session.commit()
    flash(_("Vi finner andre til deg. Du mister ikke plassen din."))
    return after_write(url_for("mentoring.overview"))
