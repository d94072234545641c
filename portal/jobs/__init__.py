"""What runs by itself: each job a function of `now`, harmless to repeat and to run on several machines at once."""

from collections.abc import Callable
from datetime import datetime

import structlog

from portal.extensions import db

Job = Callable[[datetime], int]
_JOBS: dict[str, Job] = {}
log = structlog.get_logger("varde.jobs")


def register(name: str) -> Callable[[Job], Job]:
    """Let `flask work` run the job. It returns how many things it did, and does not commit unless it says so."""

    def add(job: Job) -> Job:
        _JOBS[name] = job
        return job

    return add


def run_due(now: datetime) -> dict[str, int]:
    """Run every job once, each in a transaction of its own; one that fails does not stop the others."""
    done: dict[str, int] = {}
    for name, job in _JOBS.items():
        try:
            done[name] = job(now)
            db.session.commit()
        except Exception:
            db.session.rollback()
            log.exception("job failed", job=name)
    return done
