"""The programme that the pages are about."""

from datetime import datetime

from flask import abort
from sqlalchemy.orm import joinedload

from portal import clock
from portal.coaching.models import Programme
from portal.extensions import db


def current_programme(now: datetime) -> Programme:
    """The programme that runs now, with its rates. Where there is none, there is no such page."""
    rows = Programme.current(clock.today(now)).options(joinedload(Programme.rates))
    programme = db.session.scalars(rows).unique().first()
    return programme if programme is not None else abort(404)
