"""What the secretariat decides in a draft, each decision a form of its own."""

from collections.abc import Callable
from datetime import datetime

from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import clock
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db, htmx
from portal.language import gettext as _
from portal.mentoring import rounds as work
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_forms import ExclusionForm, PairForm, SeenForm
from portal.mentoring.round_models import Ground
from portal.mentoring.round_views import board_page, held_round, look, refused_page, rounds, the_round
from portal.rendering import after_write, flash

Decision = Callable[[MatchRound, work.Pair, User, datetime], object]


def _decided(round_: MatchRound, mentee_id: int | None = None) -> BaseResponse:
    """The round as it now stands: the page's whole inside for htmx, the page for others and where a worker is at it."""
    db.session.commit()
    board = look(round_, mentee_id)
    if htmx and not board.is_running:
        return board_page(board, "round")
    return after_write(url_for("rounds.show", round_id=round_.id, mentee=mentee_id))


@rounds.post("/secretariat/rounds/<int:round_id>/runs")
@allow(Role.SECRETARIAT)
def run(round_id: int) -> BaseResponse:
    round_ = held_round(round_id)
    try:
        work.rerun(round_, current_user, clock.now())
    except DomainError as error:
        return refused_page(round_id, error)
    return _decided(round_)


@rounds.post("/secretariat/rounds/<int:round_id>/swaps")
@allow(Role.SECRETARIAT)
def swap(round_id: int) -> BaseResponse:
    return _about_pair(round_id, PairForm(), work.swap)


@rounds.post("/secretariat/rounds/<int:round_id>/locks")
@allow(Role.SECRETARIAT)
def lock(round_id: int) -> BaseResponse:
    return _about_pair(round_id, PairForm(), work.lock)


@rounds.post("/secretariat/rounds/<int:round_id>/unlockings")
@allow(Role.SECRETARIAT)
def unlock(round_id: int) -> BaseResponse:
    return _about_pair(round_id, PairForm(), work.unlock)


@rounds.post("/secretariat/rounds/<int:round_id>/exclusions")
@allow(Role.SECRETARIAT)
def exclude(round_id: int) -> BaseResponse:
    form = ExclusionForm()

    def decide(round_: MatchRound, pair: work.Pair, by: User, now: datetime) -> object:
        return work.exclude(round_, pair, Ground(form.ground.data), by, now)

    return _about_pair(round_id, form, decide)


@rounds.post("/secretariat/rounds/<int:round_id>/admissions")
@allow(Role.SECRETARIAT)
def let_in(round_id: int) -> BaseResponse:
    """Take back an exclusion of one's own."""
    return _about_pair(round_id, PairForm(), work.let_in)


def _about_pair(round_id: int, form: PairForm, decide: Decision) -> BaseResponse:
    round_ = held_round(round_id)
    if not form.validate() or form.mentee.data is None or form.mentor.data is None:
        return _not_sound(round_id, form)
    try:
        decide(round_, (form.mentee.data, form.mentor.data), current_user, clock.now())
    except DomainError as error:
        return refused_page(round_id, error, form.mentee.data)
    return _decided(round_, form.mentee.data)


def _not_sound(round_id: int, form: PairForm) -> Response:
    """The page with the form as it was filled in, and what is wrong at the field."""
    db.session.rollback()
    shown = form if isinstance(form, ExclusionForm) else ExclusionForm(formdata=None)
    wrong = [*form.mentee.errors, *form.mentor.errors]
    refusals = list(dict.fromkeys(str(message) for message in wrong))
    board = look(the_round(round_id), form.mentee.data)
    if board.round.released_at is not None or board.is_running:
        return refused_page(round_id, " ".join(refusals))
    return board_page(board, "round", 422, refusals=refusals, form=shown)


@rounds.post("/secretariat/rounds/<int:round_id>/undoings")
@allow(Role.SECRETARIAT)
def undo(round_id: int) -> BaseResponse:
    round_ = held_round(round_id)
    try:
        mentee_id = work.undo(round_, SeenForm().seen.data or "", current_user, clock.now())
    except DomainError as error:
        return refused_page(round_id, error)
    return _decided(round_, mentee_id)


@rounds.post("/secretariat/rounds/<int:round_id>/removal")
@allow(Role.SECRETARIAT)
def drop(round_id: int) -> BaseResponse:
    round_ = held_round(round_id)
    try:
        work.drop(round_, current_user, clock.now(), SeenForm().seen.data or "")
    except DomainError as error:
        return refused_page(round_id, error)
    db.session.commit()
    flash(_("Utkastet er forkastet. Ingen har sett det."))
    return after_write(url_for("rounds.index"))
