"""The rule of the steering group's reports."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from portal.doctor.rules import rule
from portal.extensions import db
from portal.steering.freezing import faults
from portal.steering.models import Report


@rule("No report tells a small number, or a small change since any report before it")
def _small(_now: datetime) -> Iterable[Any]:
    return [str(report.of) for report in faults(db.session.scalars(Report.in_order()).all())]
