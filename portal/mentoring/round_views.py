from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal import export as files
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.database import lock as hold
from portal.errors import DomainError
from portal.extensions import db, htmx
from portal.language import gettext as _
from portal.language import ngettext
from portal.mentoring import round_table
from portal.mentoring import rounds as work
from portal.mentoring.models import Ground, MatchRound
from portal.mentoring.round_answers import Answers, State
from portal.mentoring.round_board import Board, Entry
from portal.mentoring.round_forms import (
    ExclusionForm,
    PairForm,
    ReleaseForm,
    ReminderForm,
    RoundForm,
    WeightsForm,
)
from portal.mentoring.round_heat_map import HeatMap
from portal.mentoring.round_list import RoundList, suggested_name
from portal.mentoring.round_weights import effect_of, from_form, to_form
from portal.rendering import after_write, flash, render

rounds = Blueprint("rounds", __name__)

ANSWER_DAYS = 14


def _round(round_id: int) -> MatchRound:
    return load(MatchRound.visible_to(current_user), round_id)


def _look(round_: MatchRound, mentee_id: int | None = None) -> Board:
    """The draft as the one who looks may see it."""
    return Board(round_, mentee_id, current_user)


def _note_reading(entry: Entry) -> None:
    both = [party.user_id for party in (entry.mentee, entry.mentor) if party is not None]
    audit.has_read(both, current_user, "match-round")


def _held(round_id: int) -> MatchRound:
    """The round for ourselves, as it is now: one decision at a time."""
    round_ = _round(round_id)
    hold(round_)
    return round_


@rounds.get("/secretariat/rounds")
@allow(Role.SECRETARIAT)
def index() -> Response:
    now = clock.now()
    return _index(RoundForm(formdata=None, name=suggested_name(now)))


def _index(form: RoundForm, status: int = 200) -> Response:
    return render("rounds/index.html", status=status, form=form, list=RoundList())


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
def show(round_id: int) -> Response:
    round_ = _round(round_id)
    if round_.released_at is not None:
        return _answers(round_)
    heat_map = request.args.get("view") == "heatmap"
    board = _look(round_, request.args.get("mentee", type=int))
    if heat_map:
        return render("rounds/heat_map.html", round=round_, board=board, map=HeatMap(board), view="heatmap")
    return _board(round_, board, block="board")


def _board(round_: MatchRound, board: Board, block: str, status: int = 200, **context: Any) -> Response:
    context.setdefault("form", _no_form())
    if board.chosen is not None:
        _note_reading(board.chosen)
    return render("rounds/show.html", block, status, round=round_, board=board, view="list", **context)


def _answers(round_: MatchRound, error: object = None) -> Response:
    chosen = request.args.get("state")
    context: dict[str, Any] = {
        "round": round_,
        "answers": Answers(round_, clock.now(), current_user),
        "state": State(chosen) if chosen in list(State) else None,
        "states": State,
        "error": error,
    }
    if error is not None:
        return render("rounds/answers.html", status=422, **context)
    return render("rounds/answers.html", "answers", **context)


def _decided(round_: MatchRound, mentee_id: int | None = None) -> BaseResponse:
    """The round as it now stands: the page's whole inside for htmx, the page for others."""
    db.session.commit()
    if htmx:
        return _board(round_, _look(round_, mentee_id), block="round")
    return after_write(url_for("rounds.show", round_id=round_.id, mentee=mentee_id))


def _refused(round_id: int, error: object, mentee_id: int | None = None) -> Response:
    """The page with what went wrong at the top; nothing was changed."""
    db.session.rollback()
    round_ = _round(round_id)
    if round_.released_at is not None:
        return _answers(round_, error)
    return _board(round_, _look(round_, mentee_id), "round", 422, refusals=[str(error)])


def _not_sound(round_id: int, form: PairForm) -> Response:
    """The page with the form as it was filled in, and what is wrong at the field."""
    db.session.rollback()
    round_, board_form = _round(round_id), form if isinstance(form, ExclusionForm) else _no_form()
    wrong = [*form.mentee.errors, *form.mentor.errors]
    refusals = list(dict.fromkeys(str(message) for message in wrong))
    if round_.released_at is not None:
        return _answers(round_, " ".join(refusals))
    board = _look(round_, form.mentee.data)
    return _board(round_, board, "round", 422, refusals=refusals, form=board_form)


def _no_form() -> ExclusionForm:
    return ExclusionForm(formdata=None)


@rounds.post("/secretariat/rounds/<int:round_id>/runs")
@allow(Role.SECRETARIAT)
def run(round_id: int) -> BaseResponse:
    round_ = _held(round_id)
    try:
        work.rerun(round_, current_user, clock.now())
    except DomainError as error:
        return _refused(round_id, error)
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

    def decide(round_: MatchRound, mentee: int, mentor: int, by: Any, now: datetime) -> object:
        return work.exclude(round_, mentee, mentor, Ground(form.ground.data), by, now)

    return _about_pair(round_id, form, decide)


def _about_pair(round_id: int, form: PairForm, decide: Any) -> BaseResponse:
    round_ = _held(round_id)
    if not form.validate():
        return _not_sound(round_id, form)
    try:
        decide(round_, form.mentee.data, form.mentor.data, current_user, clock.now())
    except DomainError as error:
        return _refused(round_id, error, form.mentee.data)
    return _decided(round_, form.mentee.data)


@rounds.post("/secretariat/rounds/<int:round_id>/undoings")
@allow(Role.SECRETARIAT)
def undo(round_id: int) -> BaseResponse:
    round_ = _held(round_id)
    try:
        mentee_id = work.undo(round_, current_user, clock.now())
    except DomainError as error:
        return _refused(round_id, error)
    return _decided(round_, mentee_id)


@rounds.post("/secretariat/rounds/<int:round_id>/removal")
@allow(Role.SECRETARIAT)
def drop(round_id: int) -> BaseResponse:
    round_ = _held(round_id)
    try:
        work.drop(round_, current_user, clock.now())
    except DomainError as error:
        return _refused(round_id, error)
    db.session.commit()
    flash(_("Utkastet er forkastet. Ingen har sett det."))
    return after_write(url_for("rounds.index"))


@rounds.get("/secretariat/rounds/<int:round_id>/weights")
@allow(Role.SECRETARIAT)
def weights(round_id: int) -> BaseResponse:
    round_ = _round(round_id)
    if round_.released_at is not None:
        return after_write(url_for("rounds.show", round_id=round_.id))
    board = _look(round_)
    asked = "challenges" in request.args
    form = WeightsForm(request.args if asked else None, data=to_form(round_), meta={"csrf": False})
    sound = not asked or form.validate()
    return _weights(round_, board, form, 200 if sound else 422, preview=asked and sound)


def _weights(
    round_: MatchRound, board: Board, form: WeightsForm, status: int, preview: bool = False
) -> Response:
    effect = effect_of(board, from_form(form)) if preview and any(form.data.values()) else None
    return render(
        "rounds/weights.html",
        "weights",
        status,
        round=round_,
        board=board,
        form=form,
        effect=effect,
        view="weights",
    )


@rounds.post("/secretariat/rounds/<int:round_id>/weights")
@allow(Role.SECRETARIAT)
def reweigh(round_id: int) -> BaseResponse:
    round_, form = _held(round_id), WeightsForm()
    sound = form.validate()
    if sound and not any(form[name].data for name in to_form(round_)):
        form.refuse("challenges", _("Minst én vekt må være over 0."))
        sound = False
    if not sound:
        db.session.rollback()
        round_ = _round(round_id)
        if round_.released_at is not None:
            return _answers(round_, work.NotADraft())
        return _weights(round_, _look(round_), form, 422)
    try:
        work.reweigh(round_, from_form(form), current_user, clock.now())
    except DomainError as error:
        return _refused(round_id, error)
    db.session.commit()
    return after_write(url_for("rounds.show", round_id=round_.id))


@rounds.get("/secretariat/rounds/<int:round_id>/release")
@allow(Role.SECRETARIAT)
def release(round_id: int) -> BaseResponse:
    round_, now = _round(round_id), clock.now()
    if round_.released_at is not None:
        return after_write(url_for("rounds.show", round_id=round_.id))
    form = ReleaseForm(formdata=None, answer_by=clock.today(now) + timedelta(days=ANSWER_DAYS))
    return _release(round_, form, now)


def _release(round_: MatchRound, form: ReleaseForm, now: datetime, status: int = 200) -> Response:
    plan, mail = work.prepare_release(round_, now).seen_by(current_user), work.mail_text(now)
    return render("rounds/release.html", status=status, round=round_, form=form, plan=plan, mail=mail)


@rounds.post("/secretariat/rounds/<int:round_id>/releases")
@allow(Role.SECRETARIAT)
def release_now(round_id: int) -> BaseResponse:
    round_, form, now = _held(round_id), ReleaseForm(), clock.now()
    if not form.validate() or form.answer_by.data is None:
        return _release(round_, form, now, 422)
    try:
        plan = work.release_round(round_, form.answer_by.data, current_user, now)
        db.session.commit()
    except DomainError as error:
        db.session.rollback()
        form.refuse("answer_by", error)
        return _release(_round(round_id), form, now, 422)
    flash(_released(len(plan.receivers)) if plan else _("Runden var alt frigitt. Ingen fikk noe på nytt."))
    return after_write(url_for("rounds.show", round_id=round_id))


def _released(mails: int) -> str:
    return str(
        ngettext("Frigitt. %(num)s mentee får beskjed.", "Frigitt. %(num)s mentees får beskjed.", mails)
    )


@rounds.post("/secretariat/rounds/<int:round_id>/reminders")
@allow(Role.SECRETARIAT)
def remind(round_id: int) -> BaseResponse:
    round_, form = _held(round_id), ReminderForm()
    one = form.mentee.data if form.validate() else None
    asked = work.unanswered(round_) if one == 0 else {one or 0}
    sent = work.remind(round_, asked, current_user, clock.now())
    db.session.commit()
    flash(_reminded(sent))
    return after_write(url_for("rounds.show", round_id=round_.id))


def _reminded(sent: int) -> str:
    if not sent:
        return str(_("Ingen ny påminnelse: alle som venter, har fått e-post i dag."))
    return str(ngettext("%(num)s påminnelse er sendt.", "%(num)s påminnelser er sendt.", sent))


@rounds.post("/secretariat/rounds/<int:round_id>/closure")
@allow(Role.SECRETARIAT)
def close(round_id: int) -> BaseResponse:
    round_ = _held(round_id)
    if round_.released_at is None:
        return _refused(round_id, _("Runden er ikke frigitt ennå. Forkast utkastet i stedet."))
    lapsed = work.close_round(round_, current_user, clock.now())
    db.session.commit()
    flash(
        ngettext(
            "Runden er lukket. %(num)s forslag uten svar falt bort.",
            "Runden er lukket. %(num)s forslag uten svar falt bort.",
            lapsed,
        )
    )
    return after_write(url_for("rounds.show", round_id=round_.id))


@rounds.get("/secretariat/rounds/<int:round_id>/tables/<any(csv,xlsx):kind>")
@allow(Role.SECRETARIAT)
def export(round_id: int, kind: str) -> Response:
    round_, name = _round(round_id), f"{_('runde')}-{round_id}"
    audit.has_taken_out("round", kind, round_table.about(round_, current_user), current_user)
    return files.table(name, kind, round_table.heads(), round_table.rows(round_, current_user))
