"""The figures of a run, as they are kept when what they were made of is gone."""

import matching
from portal.extensions import Json
from portal.mentoring.round_models import MatchRun

RECRUITS = 3


def report_data(outcome: matching.Outcome) -> Json:
    """The figures as they are kept with a run. Nobody's match is in them."""
    from matching.report import report  # loads numpy

    data = report(outcome, recruits=RECRUITS).as_data()
    for name in ("moves", "change", "coverage_change"):
        data.pop(name)
    for recruit in data["recruits"]:
        recruit["population"] = matching.municipalities()[recruit.pop("municipality")].population
    return data


def freeze(run: MatchRun, outcome: matching.Outcome) -> None:
    """Keep the figures with the run, for when what they were made of is gone."""
    run.result = {**run.result, "report": report_data(outcome)}
