"""What a round gave, to CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matching
from matching.findings import Outcome, Unmatched
from matching.profiles import PARTS, UNITS_PER_POINT
from matching.report import Report
from matching.tables import write

FREED = 10_000  # pairs; in larger rounds what would free each of the unmatched takes too long to ask for all


def write_pairs(path: Path, outcome: Outcome) -> None:
    """One line per pair: the points in all and of each part, and what the mentee's own ranking weighed beside them."""
    pairs = [
        [
            p.mentee,
            p.mentor,
            decimal(p.score),
            *(decimal(part.units) for part in p.parts),
            p.rank or "",
            decimal(p.bonus),
        ]
        for p in outcome.pairs
    ]
    write(path, ["mentee", "mentor", "score", *PARTS, "rank", "bonus"], pairs)


def write_scores(path: Path, scores: Mapping[tuple[str, str], int]) -> None:
    """One line per legal pair."""
    lines = ([*ids, decimal(units)] for ids, units in sorted(scores.items()))
    write(path, ["mentee", "mentor", "score"], lines)


def write_explanation(path: Path, outcome: Outcome) -> None:
    """Everything that is known of the round: pairs, proposals, who is left and why, with units as whole numbers."""
    small = len(outcome.round.mentees) * len(outcome.round.mentors) <= FREED
    told: dict[str, Any] = {
        "units_per_point": UNITS_PER_POINT,
        "objective": outcome.objective,
        "even_load": outcome.even_load,
        "weights": outcome.weights.as_dict(),
        "seeking": outcome.seeking,
        "places": outcome.places,
        "coverage": outcome.coverage,
        "total": outcome.total,
        "worst": outcome.worst,
        "demand": dict(outcome.demand),
        "pairs": [asdict(pair) for pair in outcome.pairs],
        "proposals": {
            mentee: [asdict(pair) for pair in pairs] for mentee, pairs in outcome.proposals.items()
        },
        "unmatched": [
            asdict(left) | ({"freed_by": _freed_by(outcome, left)} if small else {})
            for left in outcome.unmatched
        ],
    }
    _write_json(path, told)


def _freed_by(outcome: Outcome, left: Unmatched) -> list[dict[str, Any]]:
    return [asdict(way) for way in matching.freed_by(outcome, left.mentee)]


def write_report(path: Path, told: Report) -> None:
    """As JSON with units where the name ends in .json; otherwise as CSV with points, a figure on each line."""
    if path.suffix.lower() == ".json":
        _write_json(path, {"units_per_point": UNITS_PER_POINT, **told.as_data()})
    else:
        write(path, ["figure", "about", "value"], figures(told))


def figures(told: Report) -> Iterator[tuple[str, str, object]]:
    """The report as (figure, what or whom it is about, value); scores are points with three decimals."""
    for name in ("coverage", "seeking", "places", "waiting", "ruled_out"):
        yield name, "", getattr(told, name)
    yield "total", "", decimal(told.total)
    yield "worst", "", "" if told.worst is None else decimal(told.worst)
    yield "mean", "", "" if told.mean is None else decimal(round(told.mean))
    for ten, pairs in enumerate(told.distribution):
        yield "pairs", f"{10 * ten}-{10 * ten + 9 if ten < 9 else 100}", pairs
    for one in told.demand:
        yield "first choice for", one.mentor, one.first
        yield "places", one.mentor, one.places
        yield "price of a place", one.mentor, decimal(one.price)
    for recruit in told.recruits:
        areas = "|".join(f"{area}:{strength}" for area, strength in recruit.areas.items())
        about = f"{recruit.municipality} {areas} years:{recruit.years}"
        yield "recruit serves more", about, recruit.coverage_change
        yield "recruit adds", about, decimal(recruit.change)
    for move in told.moves:
        yield "moved", f"{move.mentee}: {move.before or '-'} > {move.after or '-'}", decimal(move.change)
    if told.change is not None:
        yield "coverage change", "", told.coverage_change
        yield "total change", "", decimal(told.change)


def decimal(units: int) -> str:
    """Units as points with three decimals: 73 250 units are 73.250."""
    whole, thousandths = divmod(abs(units), UNITS_PER_POINT)
    return f"{'-' if units < 0 else ''}{whole}.{thousandths:03}"


def _write_json(path: Path, told: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
