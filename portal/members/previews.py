"""The time between looking at a list and importing it: kept at the server, for its uploader only."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update

from portal import audit, jobs
from portal.accounts.models import User
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.import_plan import Effect, ImportReport, plan
from portal.members.import_rows import BadRow, Problem, Reading, Row
from portal.members.importing import apply, read_file
from portal.members.models import ImportPreview

KEPT = timedelta(hours=2)
LIST_IMPORTED = audit.declare("list imported", "new", "changed", "unchanged", "left_out")


class BadRowsRemain(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Kryss av for at radene med feil skal stå utenfor, eller rett dem i filen."))


class NotAsShown(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Noe er endret siden du så på listen. Ingenting er importert. Se over og bekreft på nytt.")
        )


class AlreadyDone(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Denne listen er alt importert, eller den lå for lenge."))


def keep_preview(filename: str, data: bytes, by: User, now: datetime) -> ImportPreview:
    """Read the file and keep what it says. Raises UnreadableFile; changes no member."""
    reading = read_file(data, now)
    preview = ImportPreview(
        by_id=by.id,
        filename=filename[-200:],
        content={
            "rows": [row.as_json() for row in reading.rows],
            "bad": [row.as_json() for row in reading.bad],
            "notes": [str(note) for note in reading.notes],
        },
        created_at=now,
        expires_at=now + KEPT,
    )
    db.session.add(preview)
    return preview


def report_of(preview: ImportPreview) -> ImportReport:
    """What the kept list would change, as the members are now."""
    content = preview.content
    rows = tuple(Row(**row) for row in content.get("rows", ()))
    bad = tuple(
        BadRow(b["line"], b["name"], tuple(Problem(**problem) for problem in b["problems"]))
        for b in content.get("bad", ())
    )
    return plan(preview.filename, Reading(rows, bad, tuple(content.get("notes", ()))), preview.by_id)


def confirm(
    preview: ImportPreview, fingerprint: str, leave_out_bad: bool, by: User, now: datetime
) -> ImportReport:
    """Import what was shown. Of two confirmations at once, one imports and the other is told that it is done."""
    content = ImportPreview.__table__.c
    mine = update(ImportPreview).where(
        ImportPreview.id == preview.id, content.confirmed_at.is_(None), content.expires_at > now
    )
    done = mine.values(confirmed_at=now, content={}).returning(ImportPreview.id)
    report = report_of(preview)
    if db.session.scalar(done.execution_options(synchronize_session=False)) is None:
        raise AlreadyDone
    if report.bad and not leave_out_bad:
        raise BadRowsRemain
    if report.fingerprint != fingerprint:
        raise NotAsShown
    apply(report, by, now)
    counts = {effect.value: report.count(effect) for effect in Effect}
    audit.record(LIST_IMPORTED, by=by, on=preview, at=now, left_out=len(report.bad), **counts)
    return report


@jobs.register("forget old lists")
def forget_old_previews(now: datetime) -> int:
    """Delete lists that nobody confirmed in time, and what is left of those that were."""
    gone = db.session.execute(delete(ImportPreview).where(ImportPreview.expires_at < now))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has a count
