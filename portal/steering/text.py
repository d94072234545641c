"""A frozen report as text, for `flask report`."""

from collections.abc import Iterator

from sqlalchemy import select

from portal.extensions import db
from portal.language import gettext as _
from portal.rendering import long_date, money
from portal.steering.models import Report
from portal.steering.quarters import Quarter
from portal.steering.report import Cell, Reading


def reading_of(quarter: Quarter) -> Reading | None:
    """The quarter's report, else the opening one where it was made in that quarter."""
    mine = select(Report).where(Report.year == quarter.year, Report.quarter == quarter.number)
    report = db.session.scalar(mine.order_by(Report.opening).limit(1))
    if report is None:
        return None
    reports = db.session.scalars(Report.in_order()).all()
    return Reading(report, reports[: reports.index(report)])


def lines(of: Reading) -> Iterator[str]:
    report = of.report
    yield of.title
    yield _("Tallene er fra %(day)s", day=long_date(report.as_of))
    yield ""
    yield _line(_("Plasser i alt"), str(report.seats))
    yield _line(_("Har plass"), _shown(of.cell("seated")))
    yield _line(_("Har søkt"), _shown(of.cell("applied")))
    yield _line(_("Har hatt første samtale"), _shown(of.cell("started")))
    yield _line(_("Samtaler brukt"), _shown(of.cell("used")))
    yield _line(_("Samtaler bestilt"), _shown(of.cell("booked")))
    yield _line(_("Samtaler brukt eller bestilt"), _shown(of.cell("bound")))
    yield _line(_("Ramme"), money(report.frame))
    yield _line(_("Bundet"), money(of.bound) if of.bound is not None else _("skjult"))
    yield _line(_("Rammen rekker til, deltakere"), str(of.seats_held))
    yield ""
    for label, seated, started in of.sizes:
        yield _line(str(label), _("%(seated)s har plass", seated=_shown(seated)))
        yield _line("", _("%(started)s har hatt første samtale", started=_shown(started)))
    yield ""
    yield _line(_("Mentorpar i gang"), _shown(of.cell("live")))
    yield _line(_("Har møttes siste 30 dager"), _shown(of.cell("met")))
    yield _line(_("Har ikke møttes på 30 dager"), _shown(of.cell("quiet")))
    yield _line(_("Søker mentor"), _shown(of.cell("seeking")))
    yield _line(_("Mentorer med ledig plass"), _shown(of.cell("mentors")))


def _shown(cell: Cell) -> str:
    return str(cell.value) if cell.value is not None else _("skjult")


def _line(label: str, value: str) -> str:
    return f"{label:<32}{value}"
