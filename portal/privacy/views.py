"""A person's own page about privacy: what we have, what they have said yes to, who has seen it, and the way out."""

from flask import Blueprint, Response, abort, make_response, url_for
from werkzeug.wrappers import Response as BaseResponse

import portal.privacy.retention  # noqa: F401  # its job
from portal import clock, consents
from portal.access import allow_signed_in
from portal.accounts.current import current_user
from portal.accounts.limits import copy_by_person, mail_by_person
from portal.accounts.recent import recently_authenticated
from portal.consents import NotTheText, Purpose
from portal.errors import DomainError
from portal.extensions import db
from portal.language import gettext as _
from portal.paging import page_of
from portal.privacy import erasure, readers, withdrawal
from portal.privacy.choices import choices_of
from portal.privacy.dates import kept_about
from portal.privacy.export import as_zip, take_copy
from portal.privacy.forms import ConsentForm, ErasureForm, WithdrawalForm
from portal.privacy.models import WAIT, Erasure
from portal.privacy.request_views import on_request
from portal.privacy.terms import BACKUP_DAYS
from portal.rendering import after_write, flash, long_date, render

privacy = Blueprint("privacy", __name__)
privacy.register_blueprint(on_request)
PER_PAGE = 50
LATEST = 3


@privacy.get("/personal-data")
@allow_signed_in
def overview() -> Response:
    return _overview()


def _overview(status: int = 200, refusal: DomainError | None = None) -> Response:
    return render(
        "privacy/overview.html",
        status=status,
        refusal=refusal,
        kept=kept_about(current_user.id),
        choices=choices_of(current_user),
        readings=readers.latest(current_user.id, LATEST, clock.now()),
        wish=db.session.scalar(Erasure.waiting_for(current_user.id)),
        backup_days=BACKUP_DAYS,
    )


@privacy.get("/personal-data/readings")
@allow_signed_in
def readings() -> Response:
    pages = page_of(readers.readings_of(current_user.id, clock.now()), PER_PAGE)
    return render("privacy/readings.html", pages=pages, readings=[readers.in_words(e) for e in pages.items])


@privacy.get("/personal-data/export")
@allow_signed_in
@recently_authenticated
def copy() -> Response:
    return render("privacy/copy.html")


@privacy.post("/personal-data/export")
@allow_signed_in
@recently_authenticated
@copy_by_person
def export_all() -> Response:
    taken = take_copy(current_user, clock.now())
    db.session.commit()  # nobody waits for the database while the file is made
    name, content = as_zip(taken)
    response = make_response(content)
    response.headers["Content-Type"] = "application/zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@privacy.post("/personal-data/consents")
@allow_signed_in
def give_consent() -> Response | BaseResponse:
    form = ConsentForm()
    if not form.validate():
        abort(404)
    purpose = Purpose(str(form.purpose.data))
    try:
        consents.give(current_user, purpose, int(form.version.data or 0), clock.now())
    except NotTheText as no:
        db.session.rollback()
        return _overview(422, no)
    db.session.commit()
    flash(_("Takk. Du kan trekke det når du vil, på denne siden."))
    return after_write(url_for("privacy.overview", _anchor="consents"))


@privacy.post("/personal-data/consents/withdrawal")
@allow_signed_in
@mail_by_person
def withdraw_consent() -> BaseResponse:
    form = WithdrawalForm()
    if not form.validate():
        abort(404)
    purpose = Purpose(str(form.purpose.data))
    withdrawal.withdraw(current_user, purpose, clock.now())
    db.session.commit()
    if purpose is Purpose.OWN_WORDS:
        flash(
            _(
                "Samtykket er trukket. Det du hadde fortalt, er tømt, og vi leter ikke lenger etter en mentor til deg."
            )
        )
    else:
        flash(_("Samtykket er trukket. Det gjelder fra nå."))
    return after_write(url_for("privacy.overview", _anchor="consents"))


@privacy.get("/personal-data/erasure")
@allow_signed_in
@recently_authenticated
def erase_me() -> Response | BaseResponse:
    if db.session.scalar(Erasure.waiting_for(current_user.id)) is not None:
        return after_write(url_for("privacy.overview"))
    return _erasure_page(ErasureForm())


def _erasure_page(form: ErasureForm, status: int = 200, refusal: DomainError | None = None) -> Response:
    return render(
        "privacy/erasure.html",
        status=status,
        form=form,
        refusal=refusal,
        day=clock.now() + WAIT,
        days=WAIT.days,
        backup_days=BACKUP_DAYS,
    )


@privacy.post("/personal-data/erasure")
@allow_signed_in
@recently_authenticated
@mail_by_person
def ask_for_erasure() -> Response | BaseResponse:
    form = ErasureForm()
    if not form.validate():
        return _erasure_page(form, 422)
    try:
        wish = erasure.ask(current_user, current_user, clock.now())
    except DomainError as no:
        db.session.rollback()
        return _erasure_page(form, 422, no)
    db.session.commit()
    flash(_("Du slettes %(day)s. Fram til da kan du angre her.", day=long_date(wish.due_at)))
    return after_write(url_for("privacy.overview"))


@privacy.post("/personal-data/erasure/withdrawal")
@allow_signed_in
def undo_erasure() -> Response | BaseResponse:
    try:
        erasure.undo(current_user, current_user, clock.now())
    except DomainError as no:
        db.session.rollback()
        return _overview(422, no)
    db.session.commit()
    flash(_("Slettingen er avbestilt. Alt er som før."))
    return after_write(url_for("privacy.overview"))
