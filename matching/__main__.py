"""python -m matching MENTORS.csv MENTEES.csv: the engine without the portal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import matching
from matching import files
from matching.profiles import DEFAULT, InputError, Objective, Outcome


def main(arguments: list[str] | None = None) -> int:
    """0 when the round is solved, 2 when something that was handed in cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        outcome = _solve(asked)
        _write(asked, outcome)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    print(_summary(outcome), file=sys.stderr)
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m matching", description="The best legal mentor for every mentee, and why."
    )
    parser.add_argument("mentors", type=Path, metavar="MENTORS.csv")
    parser.add_argument("mentees", type=Path, metavar="MENTEES.csv")
    parser.add_argument("--reservations", type=Path, metavar="FILE", help="CSV: by, kind, target")
    parser.add_argument("--forbidden", type=Path, metavar="FILE", help="CSV: mentee, mentor, rule")
    parser.add_argument("--fixed", type=Path, metavar="FILE", help="CSV: mentee, mentor")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="JSON: points per part")
    parser.add_argument(
        "--objective", choices=[str(name) for name in Objective], default=str(Objective.FLOOR)
    )
    parser.add_argument("--proposals", type=int, default=3, metavar="N", help="suggestions per mentee (3)")
    parser.add_argument(
        "--out", type=Path, metavar="PAIRS.csv", help="the pairs; to the screen when not given"
    )
    parser.add_argument("--scores", type=Path, metavar="SCORES.csv", help="every legal pair and its score")
    parser.add_argument(
        "--explain", type=Path, metavar="EXPLAIN.json", help="parts, reasons, who is left and why"
    )
    return parser


def _solve(asked: Namespace) -> Outcome:
    return matching.propose(
        files.read_mentors(asked.mentors),
        files.read_mentees(asked.mentees),
        files.read_reservations(asked.reservations) if asked.reservations else (),
        files.read_weights(asked.weights) if asked.weights else DEFAULT,
        forbidden=files.read_links(asked.forbidden) if asked.forbidden else (),
        fixed=files.read_links(asked.fixed) if asked.fixed else (),
        proposals=max(asked.proposals, 1),
        objective=asked.objective,
    )


def _write(asked: Namespace, outcome: Outcome) -> None:
    if asked.out:
        files.write_pairs(asked.out, outcome)
    else:
        for pair in outcome.pairs:
            print(f"{pair.mentee}\t{pair.mentor}\t{files.decimal(pair.score)}")
    if asked.scores:
        files.write_scores(asked.scores, matching.matrix(outcome))
    if asked.explain:
        files.write_explanation(asked.explain, outcome)


def _summary(outcome: Outcome) -> str:
    worst = "-" if outcome.worst is None else files.decimal(outcome.worst)
    lines = [
        f"{outcome.coverage} of {outcome.seeking} mentees have a mentor; {outcome.places} places; "
        f"total {files.decimal(outcome.total)}, worst {worst} of 100"
    ]
    for left in outcome.unmatched:
        rules = ", ".join(f"{blocking.rule} {blocking.mentors}" for blocking in left.blocking) or "none"
        place = (
            f"number {left.waiting} on the waiting list" if left.waiting else "ruled out with every mentor"
        )
        lines.append(
            f"without a mentor: {left.mentee}, {place}; {left.legal} possible, ruled out by: {rules}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
