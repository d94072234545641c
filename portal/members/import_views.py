"""Members from a list: upload, look, confirm."""

from flask import Blueprint, Response, request, url_for
from flask_sqlalchemy.pagination import Pagination
from werkzeug.wrappers import Response as BaseResponse

from portal import audit, clock, export
from portal.access import Role, allow, load
from portal.accounts.current import current_user
from portal.accounts.recent import ask_again, is_proved_lately
from portal.errors import DomainError
from portal.extensions import db, limiter
from portal.language import gettext as _
from portal.language import ngettext
from portal.members.forms import ConfirmationForm, UploadForm
from portal.members.import_plan import Effect, ImportReport, Planned
from portal.members.import_rows import BadRow
from portal.members.models import ImportPreview
from portal.members.previews import AlreadyDone, BadRowsRemain, confirm, keep_preview, report_of
from portal.members.spreadsheets import UnreadableFile
from portal.rendering import after_write, flash, render

imports = Blueprint("imports", __name__)
PER_PAGE = 100
SAMPLE = (
    ("Navn", "E-post", "Kommune", "Tittel", "I stillingen siden", "Medlem"),
    ("Kari Eksempel", "kari@eksempel.example", "Nome", "Kommunedirektør", "01.08.2021", "ja"),
    ("Ola Eksempel", "ola@eksempel.example", "1818", "Kommunedirektør", "15.03.2019", "ja"),
    ("Siri Eksempel", "siri@eksempel.example", "Vestland fylkeskommune", "Fylkeskommunedirektør", "", "nei"),
)


@imports.get("/secretariat/members/import")
@allow(Role.SECRETARIAT)
def new() -> Response:
    return render("members/import.html", form=UploadForm())


@imports.post("/secretariat/members/import")
@allow(Role.SECRETARIAT)
@limiter.limit("30/minute")
def upload() -> Response | BaseResponse:
    form = UploadForm()
    if not form.validate():
        return render("members/import.html", block="upload", status=422, form=form)
    try:
        name = str(form.file.data.filename)
        preview = keep_preview(name, form.file.data.read(), current_user, clock.now())
    except UnreadableFile as no:
        db.session.rollback()
        form.refuse("file", no)
        return render("members/import.html", block="upload", status=422, form=form)
    db.session.commit()
    return after_write(url_for("members.imports.show", import_id=preview.id))


@imports.get("/secretariat/members/import/sample.xlsx")
@allow(Role.SECRETARIAT)
def sample() -> Response:
    head, *rows = SAMPLE
    return export.table("medlemmer-eksempel", "xlsx", head, rows)


@imports.get("/secretariat/members/imports/<int:import_id>")
@allow(Role.SECRETARIAT)
def show(import_id: int) -> Response | BaseResponse:
    preview = load(ImportPreview.visible_to(current_user), import_id)
    if preview.confirmed_at is not None or preview.expires_at <= clock.now():
        flash(str(AlreadyDone()))
        return after_write(url_for("members.index"))
    return ask_again() if _needs_proof(preview) else _preview_page(preview, report_of(preview))


@imports.post("/secretariat/members/imports/<int:import_id>/confirmation")
@allow(Role.SECRETARIAT)
def confirmation(import_id: int) -> Response | BaseResponse:
    preview = load(ImportPreview.visible_to(current_user), import_id)
    if _needs_proof(preview):
        return ask_again()  # the list waits at the server meanwhile
    form = ConfirmationForm()
    try:
        fingerprint = str(form.fingerprint.data)
        done = confirm(preview, fingerprint, bool(form.leave_out.data), current_user, clock.now())
    except AlreadyDone as no:
        db.session.rollback()
        flash(str(no))
        return after_write(url_for("members.index"))
    except DomainError as no:
        db.session.rollback()
        preview = load(ImportPreview.visible_to(current_user), import_id)
        form.refuse("leave_out" if isinstance(no, BadRowsRemain) else "fingerprint", no)
        return _preview_page(preview, report_of(preview), form, 422)
    db.session.commit()
    flash(_said(done))
    return after_write(url_for("members.index", invited="no" if done.count(Effect.NEW) else None))


@imports.post("/secretariat/members/imports/<int:import_id>/removal")
@allow(Role.SECRETARIAT)
def removal(import_id: int) -> BaseResponse:
    db.session.delete(load(ImportPreview.visible_to(current_user), import_id))
    db.session.commit()
    flash(_("Listen er lagt bort. Ingenting er importert."))
    return after_write(url_for("members.imports.new"))


def _needs_proof(preview: ImportPreview) -> bool:
    """Whether to ask who sits at the machine: each new member is somebody whom the list lets in."""
    return not is_proved_lately() and report_of(preview).count(Effect.NEW) > 0


class _Slice(Pagination):
    """A page of rows that are in memory already."""

    def _query_items(self) -> list[Planned | BadRow]:
        start = self._query_offset
        found: list[Planned | BadRow] = self._query_args["rows"][start : start + self.per_page]
        return found

    def _query_count(self) -> int:
        return len(self._query_args["rows"])


def _preview_page(
    preview: ImportPreview, report: ImportReport, form: ConfirmationForm | None = None, status: int = 200
) -> Response:
    groups: dict[str, list[Planned] | list[BadRow]] = {"bad": list(report.bad)}
    groups |= {effect.value: [p for p in report.planned if p.effect is effect] for effect in Effect}
    shown = request.args.get("show", "")
    if shown not in groups:
        shown = next((name for name, rows in groups.items() if rows), "new")
    pages = _Slice(page=_page(), per_page=PER_PAGE, error_out=False, rows=groups[shown])
    audit.has_read({known for row in pages.items for known in row.about}, current_user, "import")
    return render(
        "members/preview.html",
        status=status,
        preview=preview,
        report=report,
        form=form or ConfirmationForm(),
        groups=groups,
        shown=shown,
        pages=pages,
        tabs=_tabs(preview, groups, shown),
    )


def _page() -> int:
    text = request.args.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 and int(text) > 0 else 1


def _tabs(
    preview: ImportPreview, groups: dict[str, list[Planned] | list[BadRow]], shown: str
) -> list[object]:
    labels = {"bad": _("Med feil"), "new": _("Nye"), "changed": _("Endres"), "unchanged": _("Uendret")}
    return [
        {
            "label": f"{labels[name]} {len(rows)}",
            "url": url_for("members.imports.show", import_id=preview.id, show=name),
            "current": name == shown,
        }
        for name, rows in groups.items()
        if rows
    ]


def _said(report: ImportReport) -> str:
    """What the import did, in one sentence."""
    new, changed = report.count(Effect.NEW), report.count(Effect.CHANGED)
    if not new and not changed:
        return str(_("Alt i listen sto der fra før. Ingenting er endret."))
    parts = []
    if new:
        parts.append(ngettext("Én ny er lagt til.", "%(num)s nye er lagt til.", new))
    if changed:
        parts.append(ngettext("Én er oppdatert.", "%(num)s er oppdatert.", changed))
    if new:
        parts.append(_("Ingen invitasjoner er sendt ennå."))
    return " ".join(parts)
