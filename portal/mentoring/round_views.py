"""The rounds, and a draft as it is looked at: the list with one pair, the heat map, and the wait while a worker runs it."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.database import lock
from portal.errors import DomainError
from portal.extensions import db, htmx
from portal.mentoring import rounds as work
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_answers import Answers, State
from portal.mentoring.round_board import Board
from portal.mentoring.round_changes import changes_of, done_in
from portal.mentoring.round_forms import ExclusionForm, RoundForm
from portal.mentoring.round_heat_map import HeatMap
from portal.mentoring.round_list import RoundList, suggested_name
from portal.mentoring.round_pair import PairView
from portal.rendering import after_write, render

rounds = Blueprint("rounds", __name__)


def the_round(round_id: int) -> MatchRound:
    return load(MatchRound.visible_to(current_user), round_id)


def held_round(round_id: int) -> MatchRound:
    """The round for ourselves, as it is now: one decision at a time."""
    round_ = the_round(round_id)
    lock(round_)
    return round_


@rounds.get("/secretariat/rounds")
@allow(Role.SECRETARIAT)
def index() -> Response:
    now = clock.now()
    return _index(RoundForm(formdata=None, name=suggested_name(now)))


def _index(form: RoundForm, status: int = 200) -> Response:
    found = RoundList(current_user)
    audit.has_read(found.shown, current_user, "match-round")
    return render("rounds/index.html", status=status, form=form, list=found)


@rounds.post("/secretariat/rounds")
@allow(Role.SECRETARIAT)
def create() -> BaseResponse:
    form, now = RoundForm(), clock.now()
    if form.validate():
        try:
            round_ = work.start_round(form.name.data or "", current_user, now)
            db.session.commit()
            return after_write(url_for("rounds.show", round_id=round_.id))
        except DomainError as error:
            db.session.rollback()
            form.refuse("name", error)
    return _index(form, 422)


@rounds.get("/secretariat/rounds/<int:round_id>")
@allow(Role.SECRETARIAT)
def show(round_id: int) -> BaseResponse:
    round_ = the_round(round_id)
    if round_.released_at is not None:
        return answers_page(round_)
    board = look(round_, request.args.get("mentee", type=int))
    if board.is_running:
        return running_page(board)
    if htmx and request.headers.get("HX-Target") == "running":  # the wait is over
        return after_write(url_for("rounds.show", round_id=round_.id))
    if request.args.get("view") == "heatmap":
        heat_map = HeatMap(board, request.args.get("mentor", type=int))
        return draft_page("rounds/heat_map.html", board, "heatmap", map=heat_map)
    return board_page(board, "board")


def look(round_: MatchRound, mentee_id: int | None = None) -> Board:
    """The draft as the one who looks may see it."""
    return Board(round_, mentee_id, current_user)


def running_page(board: Board) -> Response:
    return render("rounds/running.html", "running", round=board.round, order=board.order)


def draft_page(
    template: str, board: Board, view: str, block: str | None = None, status: int = 200, **context: Any
) -> Response:
    """A view of the draft below the head that they share."""
    audit.has_read(board.everybody, current_user, "match-round")
    context = {"changes": changes_of(board), "done": done_in(board), **context}
    return render(template, block, status, round=board.round, board=board, view=view, **context)


def board_page(board: Board, block: str, status: int = 200, **context: Any) -> Response:
    context.setdefault("form", ExclusionForm(formdata=None))
    pair = PairView(board, board.chosen) if board.chosen else None
    costs = not board.is_large or "costs" in request.args
    return draft_page("rounds/show.html", board, "list", block, status, pair=pair, costs=costs, **context)


def answers_page(round_: MatchRound, error: object = None) -> Response:
    chosen, answers = request.args.get("state"), Answers(round_, clock.now(), current_user)
    audit.has_read(answers.users, current_user, "match-round")
    context: dict[str, Any] = {
        "round": round_,
        "answers": answers,
        "state": State(chosen) if chosen in list(State) else None,
        "states": State,
        "error": error,
    }
    if error is not None:
        return render("rounds/answers.html", status=422, **context)
    return render("rounds/answers.html", "answers", **context)


def refused_page(round_id: int, error: object, mentee_id: int | None = None) -> Response:
    """The page with what went wrong at the top; nothing was changed."""
    db.session.rollback()
    round_ = the_round(round_id)
    if round_.released_at is not None:
        return answers_page(round_, error)
    board = look(round_, mentee_id)
    if board.is_running:
        return render("rounds/running.html", status=422, round=round_, order=board.order, refusal=str(error))
    return board_page(board, "round", 422, refusals=[str(error)])
