"""Makes the reports: what is counted goes through the suppression, and only what may be shown is kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from portal import clock, jobs
from portal.coaching.budget import Budget
from portal.coaching.models import Programme, Seat
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.steering.counting import SIZES, count
from portal.steering.models import Report
from portal.steering.quarters import Quarter
from portal.steering.suppression import Block, Figures, Line, Table, is_sound, shown


@dataclass(frozen=True)
class Section:
    """Figures that belong together. Those of one programme are not held against those of another."""

    block: Block
    of_programme: bool = False
    by_clip: bool = False  # conversations, of which a participant can have as many as there are clips

    def before(self, report: Report, earlier: Iterable[Report]) -> list[Figures]:
        same = (e for e in earlier if not self.of_programme or e.programme_id == report.programme_id)
        return [e.figures for e in same]

    def each(self, report: Report) -> int:
        return max(report.clips, 1) if self.by_clip else 1


SECTIONS = (
    Section(Table(len(SIZES)), of_programme=True),
    Section(
        Line({"bound": ("used", "booked")}, ("bound", "used", "booked"), ("bound",)),
        of_programme=True,
        by_clip=True,
    ),
    Section(
        Line(
            {"live": ("met", "quiet")},
            ("live", "met", "quiet", "seeking"),
            ("live", "seeking"),
            ("live", "met", "quiet"),
            ("live",),
            ("seeking",),
        )
    ),
    Section(Line({}, ("mentors",))),
)


class AlreadyFrozen(DomainError):
    """Another worker was first."""


@jobs.register("freeze reports")
def freeze_due(now: datetime) -> int:
    """Freeze the quarter that has ended, or the first report of all. A quarter that passed unseen has no report."""
    last = db.session.scalar(select(func.max(Report.taken_at)))
    quarter = Quarter.of(clock.today(now))
    if last is not None and clock.today(last) >= quarter.first_day:
        return 0
    try:
        return int(_freeze(quarter.previous if last else quarter, last is None, now) is not None)
    except AlreadyFrozen:
        return 0


def _freeze(quarter: Quarter, opening: bool, now: datetime) -> Report | None:
    as_of = _as_of(quarter, now)
    programme = db.session.scalar(Programme.current(as_of).options(selectinload(Programme.rates)))
    if programme is None:
        return None
    report = Report(
        year=quarter.year,
        quarter=quarter.number,
        opening=opening,
        as_of=as_of,
        taken_at=now,
        programme_id=programme.id,
        programme_name=programme.name,
        starts_on=programme.starts_on,
        ends_on=programme.last_day,
        frame=programme.budget,
        price=Budget.today(programme, (), now).price,
        seats=db.session.scalar(select(func.count()).where(Seat.programme_id == programme.id)) or 0,
        clips=programme.clips,
        figures={},
    )
    counts, earlier = count(programme, now), db.session.scalars(Report.in_order()).all()
    for section in SECTIONS:
        report.figures |= shown(section.block, counts, section.before(report, earlier), section.each(report))
    with refused(
        dict.fromkeys(
            ("uq_steering_report_year_quarter_opening", "uq_steering_report_opening"), AlreadyFrozen
        )
    ):
        db.session.add(report)
        db.session.flush()
    return report


def _as_of(quarter: Quarter, now: datetime) -> date:
    """The quarter's last day where the worker was there as it ended, else the day of the report."""
    today = clock.today(now)
    return quarter.last_day if today - quarter.last_day == timedelta(days=1) else today


def faults(reports: Sequence[Report]) -> Iterator[Report]:
    """Reports that tell of something small, alone or together with any before them."""
    for n, report in enumerate(reports):
        for section in SECTIONS:
            earlier = [section.block.known(f) for f in section.before(report, reports[:n])]
            if not is_sound(section.block.known(report.figures), earlier, section.each(report)):
                yield report
                break
