"""The weights and the end of a round, seen in their effect before they are used, and what the answers have taught."""

from typing import Any

from flask import Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.mentoring import rounds as work
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_aim import effect_of, from_form, to_form, weights_of
from portal.mentoring.round_decisions import Decisions
from portal.mentoring.round_forms import AimForm
from portal.mentoring.round_learning import lessons
from portal.mentoring.round_parts import ROWS
from portal.mentoring.round_refusals import NotEvenAndStable, TooLargeForAim
from portal.mentoring.round_views import held_round, look, refused_page, rounds, the_round
from portal.rendering import after_write, render


@rounds.get("/secretariat/rounds/<int:round_id>/weights")
@allow(Role.SECRETARIAT)
def weights(round_id: int) -> BaseResponse:
    round_ = the_round(round_id)
    if round_.released_at is not None:
        return after_write(url_for("rounds.show", round_id=round_.id))
    asked = "challenges" in request.args
    form = AimForm(request.args if asked else None, data=to_form(round_), meta={"csrf": False})
    sound = not asked or (form.validate() and _is_possible(round_, form))
    return _page(round_, form, 200 if sound else 422, preview=asked and sound)


def _is_possible(round_: MatchRound, form: AimForm) -> bool:
    try:
        board = look(round_)
        from_form(form).require_possible(board.seeking, board.result["mentors"], board.result["places"])
    except DomainError as error:
        form.refuse("objective", error)
        return False
    return True


def _page(round_: MatchRound, form: AimForm, status: int, preview: bool = False) -> Response:
    board = look(round_)
    heavy = any(form[name].data for name in ROWS)
    effect = effect_of(board, from_form(form)) if preview and heavy else None
    if effect is not None:
        audit.has_read(board.everybody, current_user, "match-round")
    return render(
        "rounds/weights.html",
        "weights",
        status,
        round=round_,
        board=board,
        form=form,
        effect=effect,
        lessons=lessons(weights_of(Decisions.of(round_).aim)),
    )


@rounds.post("/secretariat/rounds/<int:round_id>/weights")
@allow(Role.SECRETARIAT)
def reweigh(round_id: int) -> BaseResponse:
    if "preview" in request.form:  # asked for by a post, so that the form's token is in no address
        names = (*ROWS, "objective", "even_load")
        asked: dict[str, Any] = {name: request.form[name] for name in names if name in request.form}
        return after_write(url_for("rounds.weights", round_id=the_round(round_id).id, **asked))
    round_ = held_round(round_id)
    form = AimForm(data=to_form(round_))
    sound = form.validate()
    if sound and not any(form[name].data for name in ROWS):
        form.refuse("challenges", _("Minst én vekt må være over 0."))
        sound = False
    if not sound:
        db.session.rollback()
        return _page(the_round(round_id), form, 422)
    try:
        work.aim_at(round_, from_form(form), current_user, clock.now())
    except (TooLargeForAim, NotEvenAndStable) as error:
        db.session.rollback()
        form.refuse("objective", error)
        return _page(the_round(round_id), form, 422)
    except DomainError as error:
        return refused_page(round_id, error)
    db.session.commit()
    return after_write(url_for("rounds.show", round_id=round_.id))
