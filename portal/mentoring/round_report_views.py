"""The report of a round, on a page and to take away."""

from json import dumps

from flask import Response
from werkzeug.wrappers import Response as BaseResponse

from portal import audit
from portal import export as files
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.accounts.recent import export_after_proof
from portal.language import gettext as _
from portal.mentoring import (
    pair_list_views,
    round_aim_views,
    round_decision_views,
    round_release_views,
    round_worker,
)
from portal.mentoring.round_report import Report
from portal.mentoring.round_views import draft_page, look, rounds, running_page, the_round
from portal.rendering import render

# Whoever takes the blueprint from here has all of its pages, and its job.
__all__ = [
    "pair_list_views",
    "round_aim_views",
    "round_decision_views",
    "round_release_views",
    "round_worker",
    "rounds",
]


@rounds.get("/secretariat/rounds/<int:round_id>/report")
@allow(Role.SECRETARIAT)
def report(round_id: int) -> BaseResponse:
    board = look(the_round(round_id))
    if board.is_running:
        return running_page(board)
    if board.round.released_at is not None:
        audit.has_read(board.everybody, current_user, "match-round")
        return render(
            "rounds/report.html", round=board.round, board=board, report=Report(board), view="report"
        )
    return draft_page("rounds/report.html", board, "report", report=Report(board))


@rounds.get("/secretariat/rounds/<int:round_id>/report/tables/<any(csv,xlsx):kind>")
@allow(Role.SECRETARIAT)
@export_after_proof
def report_table(round_id: int, kind: str) -> Response:
    told = _taken_out(round_id, kind)
    return files.table(_name(round_id), kind, told.heads(), told.rows())


@rounds.get("/secretariat/rounds/<int:round_id>/report/data")
@allow(Role.SECRETARIAT)
@export_after_proof
def report_json(round_id: int) -> Response:
    told = _taken_out(round_id, "json")
    response = Response(dumps(told.as_data(), ensure_ascii=False, indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(round_id)}.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _taken_out(round_id: int, kind: str) -> Report:
    told = Report(look(the_round(round_id)))
    audit.has_taken_out("round-report", kind, told.about, current_user)
    return told


def _name(round_id: int) -> str:
    return f"{_('runderapport')}-{round_id}"
