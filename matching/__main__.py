"""python -m matching MENTORS.csv MENTEES.csv: the engine without the portal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

import matching
from matching import files, results
from matching.findings import Outcome
from matching.profiles import (
    DEFAULT,
    InputError,
    Link,
    Mentee,
    Mentor,
    Objective,
    Reservation,
    ReservationKind,
)
from matching.report import report


def main(arguments: list[str] | None = None) -> int:
    """0 when the round is solved, 2 when something that was handed in cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        earlier = files.read_earlier(asked.since) if asked.since else None  # `--out` can be the same file
        outcome = _solve(asked)
        _write(asked, outcome, earlier)
        print(_summary(outcome), file=sys.stderr)
        if asked.why:
            print(_why(outcome, *asked.why), file=sys.stderr)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m matching", description="The best legal mentor for every mentee, and why."
    )
    parser.add_argument("mentors", type=Path, metavar="MENTORS.csv")
    parser.add_argument("mentees", type=Path, metavar="MENTEES.csv")
    given = parser.add_argument_group("what else is known")
    given.add_argument("--reservations", type=Path, metavar="FILE", help="CSV: by, kind, target")
    given.add_argument("--forbidden", type=Path, metavar="FILE", help="CSV: mentee, mentor, rule")
    given.add_argument("--fixed", type=Path, metavar="FILE", help="CSV: mentee, mentor")
    given.add_argument("--weights", type=Path, metavar="FILE", help="JSON: points per part")
    given.add_argument("--texts", action="store_true", help="score the texts too (needs scikit-learn)")
    given.add_argument("--since", type=Path, metavar="PAIRS.csv", help="an earlier run, for the report")
    how = parser.add_argument_group("how to choose")
    how.add_argument("--objective", choices=[str(name) for name in Objective], default=str(Objective.FLOOR))
    how.add_argument("--even-load", action="store_true", help="spread the mentees over the mentors")
    how.add_argument("--proposals", type=int, default=3, metavar="N", help="suggestions per mentee (3)")
    out = parser.add_argument_group("what comes out")
    out.add_argument("--out", type=Path, metavar="PAIRS.csv", help="the pairs; to the screen when not given")
    out.add_argument("--scores", type=Path, metavar="SCORES.csv", help="every legal pair and its score")
    out.add_argument(
        "--explain", type=Path, metavar="EXPLAIN.json", help="parts, reasons, who is left and why"
    )
    out.add_argument("--report", type=Path, metavar="FILE", help="the round in figures: .csv or .json")
    out.add_argument(
        "--why", nargs=2, metavar=("MENTEE", "MENTOR"), help="what would have made this pair happen"
    )
    return parser


def _solve(asked: Namespace) -> Outcome:
    if asked.proposals < 1:
        raise InputError(f"--proposals is {asked.proposals}, and must be 1 or more")
    mentors, mentees = files.read_mentors(asked.mentors), files.read_mentees(asked.mentees)
    reservations = files.read_reservations(asked.reservations) if asked.reservations else []
    forbidden = files.read_links(asked.forbidden) if asked.forbidden else []
    for stranger in _strangers(mentors, mentees, reservations, forbidden):
        print(f"warning: {stranger}", file=sys.stderr)
    try:
        return matching.propose(
            mentors,
            mentees,
            reservations,
            files.read_weights(asked.weights) if asked.weights else DEFAULT,
            forbidden=forbidden,
            fixed=files.read_links(asked.fixed) if asked.fixed else (),
            proposals=asked.proposals,
            objective=asked.objective,
            texts=_texts([*mentors, *mentees]) if asked.texts else None,
            even_load=asked.even_load,
        )
    except InputError as error:
        raise files.placed(asked.fixed, error) if error.link else error from None


def _strangers(
    mentors: Sequence[Mentor],
    mentees: Sequence[Mentee],
    reservations: Sequence[Reservation],
    forbidden: Sequence[Link],
) -> Iterator[str]:
    """What speaks of somebody in neither file: it says nothing in this round, and may be a slip of the pen."""
    known_mentors, known_mentees = {one.id for one in mentors}, {one.id for one in mentees}
    for reservation in reservations:
        about_person = reservation.kind in (ReservationKind.PERSON, ReservationKind.TIE)
        for person in (reservation.by, *((reservation.target,) if about_person else ())):
            if person not in known_mentors | known_mentees:
                yield f"reservations: {person!r} is neither mentor nor mentee"
    for link in forbidden:
        if link.mentee not in known_mentees or link.mentor not in known_mentors:
            yield f"forbidden: {link.mentee!r} is no mentee or {link.mentor!r} is no mentor"
    for mentee in mentees:
        for mentor in mentee.ranking:
            if mentor not in known_mentors:
                yield f"mentee {mentee.id}: ranks {mentor!r}, who is no mentor"


def _texts(people: Sequence[Mentor | Mentee]) -> dict[str, list[float]]:
    from matching import text

    told: dict[str, str] = {}
    for person in people:  # one who is both has two texts under one id
        told[person.id] = f"{told.get(person.id, '')} {person.text}".strip()
    try:
        return text.vectors(told)
    except ImportError as error:
        raise InputError(f"--texts needs scikit-learn and snowballstemmer: {error}") from None


def _write(asked: Namespace, outcome: Outcome, earlier: files.Earlier | None) -> None:
    if asked.out:
        results.write_pairs(asked.out, outcome)
    else:
        for pair in outcome.pairs:
            print(f"{pair.mentee}\t{pair.mentor}\t{results.decimal(pair.score)}")
    if asked.scores:
        results.write_scores(asked.scores, matching.matrix(outcome))
    if asked.explain:
        results.write_explanation(asked.explain, outcome)
    if asked.report:
        results.write_report(asked.report, report(outcome, earlier))


def _summary(outcome: Outcome) -> str:
    worst = "-" if outcome.worst is None else results.decimal(outcome.worst)
    lines = [
        f"{outcome.coverage} of {outcome.seeking} mentees have a mentor; {outcome.places} places; "
        f"total {results.decimal(outcome.total)}, worst {worst} of 100"
    ]
    for left in outcome.unmatched:
        told = [f"{blocking.rule} {blocking.mentors}" for blocking in left.blocking]
        told += [f"not told {left.untold}"] if left.untold else []
        place = (
            f"number {left.waiting} on the waiting list" if left.waiting else "ruled out with every mentor"
        )
        lines.append(
            f"without a mentor: {left.mentee}, {place}; {left.legal} possible, "
            f"ruled out by: {', '.join(told) or 'none'}"
        )
    return "\n".join(lines)


def _why(outcome: Outcome, mentee: str, mentor: str) -> str:
    """One line: the code of matching.findings.Counterfactual and its values."""
    found = matching.counterfactual(outcome, mentee, mentor)
    values = ", ".join(
        f"{name} {results.decimal(value) if name == 'units' and isinstance(value, int) else value}"
        for name, value in found.values.items()
        if value is not None
    )
    return f"{mentee} and {mentor}: {found.code} ({values.replace('units', 'points more')})"


if __name__ == "__main__":
    sys.exit(main())
