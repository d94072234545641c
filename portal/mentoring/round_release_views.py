"""Letting a round out, reminding, closing, and taking its tables away."""

from datetime import datetime, timedelta
from typing import Any

from flask import Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock
from portal import export as files
from portal.access import Role, allow
from portal.accounts.current import current_user
from portal.accounts.limits import mail_by_person
from portal.accounts.recent import export_after_proof
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.language import ngettext
from portal.mentoring import round_release as work
from portal.mentoring import round_table
from portal.mentoring.proposal_models import MatchRound
from portal.mentoring.round_forms import ReleaseForm, ReminderForm
from portal.mentoring.round_refusals import DeadlineTooEarly
from portal.mentoring.round_views import held_round, refused_page, rounds, the_round
from portal.rendering import after_write, flash, render

ANSWER_DAYS = 14


@rounds.get("/secretariat/rounds/<int:round_id>/release")
@allow(Role.SECRETARIAT)
def release(round_id: int) -> BaseResponse:
    now = clock.now()
    form = ReleaseForm(formdata=None, answer_by=clock.today(now) + timedelta(days=ANSWER_DAYS))
    return _release(the_round(round_id), form, now)


def _release(
    round_: MatchRound, form: ReleaseForm, now: datetime, status: int = 200, refusal: object = None
) -> BaseResponse:
    if round_.released_at is not None:
        return after_write(url_for("rounds.show", round_id=round_.id))
    plan, mail = work.prepare_release(round_, now).seen_by(current_user), work.mail_text(now)
    audit.has_read(plan.users, current_user, "match-round")
    if refusal is not None or not form.seen.data:
        form.seen.data = plan.mark  # what is looked over from now on; a wrong day alone tells of no change
    context: dict[str, Any] = {"round": round_, "form": form, "plan": plan, "mail": mail, "refusal": refusal}
    return render("rounds/release.html", status=status, **context)


@rounds.post("/secretariat/rounds/<int:round_id>/releases")
@allow(Role.SECRETARIAT)
@mail_by_person
def release_now(round_id: int) -> BaseResponse:
    round_, form, now = held_round(round_id), ReleaseForm(), clock.now()
    if not form.validate() or form.answer_by.data is None:  # where it is released, the page that says so
        return _release(round_, form, now, 422)
    try:
        plan = work.release_round(round_, form.answer_by.data, current_user, now, seen=form.seen.data or "")
        db.session.commit()
    except DeadlineTooEarly as error:
        db.session.rollback()
        form.refuse("answer_by", error)
        return _release(the_round(round_id), form, now, 422)
    except DomainError as error:
        db.session.rollback()
        return _release(the_round(round_id), form, now, 422, error)
    flash(_released(len(plan.receivers)) if plan else _("Runden var alt frigitt. Ingen fikk noe på nytt."))
    return after_write(url_for("rounds.show", round_id=round_id))


def _released(mails: int) -> str:
    return str(
        ngettext("Frigitt. %(num)s mentee får beskjed.", "Frigitt. %(num)s mentees får beskjed.", mails)
    )


@rounds.post("/secretariat/rounds/<int:round_id>/reminders")
@allow(Role.SECRETARIAT)
@mail_by_person
def remind(round_id: int) -> BaseResponse:
    round_, form, now = held_round(round_id), ReminderForm(), clock.now()
    one = form.mentee.data if form.validate() else None
    asked = work.unanswered(round_, now) if one == 0 else {one or 0}
    sent = work.remind(round_, asked, current_user, now)
    db.session.commit()
    flash(_reminded(sent))
    return after_write(url_for("rounds.show", round_id=round_.id))


def _reminded(sent: int) -> str:
    if not sent:
        return str(_("Ingen ny påminnelse: ingen venter på svar uten å ha fått e-post i dag."))
    return str(ngettext("%(num)s påminnelse er sendt.", "%(num)s påminnelser er sendt.", sent))


@rounds.post("/secretariat/rounds/<int:round_id>/closure")
@allow(Role.SECRETARIAT)
@mail_by_person
def close(round_id: int) -> BaseResponse:
    round_ = held_round(round_id)
    if round_.released_at is None:
        return refused_page(round_id, _("Runden er ikke frigitt ennå. Forkast utkastet i stedet."))
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
@export_after_proof
def export(round_id: int, kind: str) -> Response:
    round_, name = the_round(round_id), f"{_('runde')}-{round_id}"
    audit.has_taken_out("round", kind, round_table.about(round_, current_user), current_user)
    return files.table(name, kind, round_table.heads(), round_table.rows(round_, current_user))
