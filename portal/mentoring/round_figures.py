"""The figures of a run, as they are kept when what they were made of is gone."""

from collections import Counter
from datetime import datetime

import matching
from portal.extensions import Json
from portal.mentoring.round_models import MatchRun

RECRUITS = 3
FIGURES = ("total", "seeking", "places", "mentors")
FEWEST = 5  # mentees who stand in an area, for it to be told


def report_data(outcome: matching.Outcome) -> Json:
    """The figures as they are kept with a run. Nobody's match is in them."""
    from matching.report import report  # loads numpy

    data = report(outcome, recruits=RECRUITS).as_data()
    for name in ("moves", "change", "coverage_change"):
        data.pop(name)
    faced = Counter(code for mentee in outcome.round.mentees for code in mentee.areas)
    for recruit in data["recruits"]:
        recruit["population"] = matching.municipalities()[recruit.pop("municipality")].population
        # Made for one mentee: only what many stand in is named, and never what one alone does.
        recruit["areas"] = [code for code in recruit["areas"] if faced[code] >= FEWEST]
    return data


def freeze(run: MatchRun, outcome: matching.Outcome) -> None:
    """Keep the figures with the run, for when what they were made of is gone."""
    run.result = {**run.result, "report": report_data(outcome)}


def keep_figures_only(run: MatchRun, now: datetime) -> None:
    """Empty what tells of anybody: the pairs with their scores, who got none, what was decided by hand, who is in demand."""
    report = run.result.get("report") or {}
    run.result = {name: run.result[name] for name in FIGURES if name in run.result} | {
        "served": len(run.pairs),
        "report": {name: report[name] for name in ("distribution",) if name in report},
    }
    run.decisions = {**run.decisions, "locks": [], "exclusions": []}
    run.inputs = run.mentee_id = run.mentor_id = None
    run.emptied_at = now
