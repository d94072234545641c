"""What the engine was given in a run, kept so that it gives the same round again. No text, and no rule."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import product
from typing import Any

import matching
from portal.extensions import Json
from portal.mentoring.pool import Pool
from portal.mentoring.round_decisions import Aim, aim_of
from portal.mentoring.round_models import MatchRun
from portal.mentoring.text_vectors import Sealed, open_vectors

SUGGESTIONS = 3
NOTHING: Json = {"mentors": [], "mentees": [], "blocked": [], "fixed": []}


def inputs_of(outcome: matching.Outcome, present: Pool) -> Json:
    """Of a pair that cannot be only that it cannot; of a text its sealed vector."""
    mentees = [mentee for mentee in present.mentees if not mentee.paused]
    mentors = [mentor for mentor in present.mentors if mentor.capacity and not mentor.paused]
    legal = matching.matrix(outcome)
    pairs = product([mentee.id for mentee in mentees], [mentor.id for mentor in mentors])
    return {
        "mentees": [_mentee(mentee) for mentee in mentees],
        "mentors": [_mentor(mentor) for mentor in mentors],
        "blocked": [list(pair) for pair in pairs if pair not in legal],
        "fixed": [[pair.mentee, pair.mentor] for pair in outcome.pairs if pair.fixed],
        "texts": [vector.as_data() for vector in present.texts],
    }


def those_in(run: MatchRun | None) -> tuple[list[matching.Mentor], list[matching.Mentee]]:
    """The mentors and mentees of a run as they were then."""
    inputs: Json = (run and run.inputs) or NOTHING
    mentors = [matching.Mentor(**_given(mentor)) for mentor in inputs["mentors"]]
    mentees = [
        matching.Mentee(
            **_given(mentee)
            | {
                "wishes": matching.Wishes(**mentee["wishes"]),
                "ranking": tuple(mentee.get("ranking", ())),
            }
        )
        for mentee in inputs["mentees"]
    ]
    return mentors, mentees


def solve_again(run: MatchRun | None, aim: Aim | None = None) -> matching.Outcome:
    """The same round once more, or the one that another aim would give."""
    inputs: Json = (run and run.inputs) or NOTHING
    mentors, mentees = those_in(run)
    return propose(
        mentors,
        mentees,
        aim or (aim_of(run.decisions) if run else Aim()),
        forbidden=[matching.Link(*pair) for pair in inputs["blocked"]],
        fixed=[matching.Link(*pair) for pair in inputs["fixed"]],
        texts=open_vectors([Sealed.stored(data) for data in inputs.get("texts", [])]),
    )


def propose(mentors: Any, mentees: Any, aim: Aim, **rest: Any) -> matching.Outcome:
    """The engine, with what the secretariat aims at."""
    return matching.propose(
        mentors,
        mentees,
        weights=aim.weights,
        objective=aim.objective,
        even_load=aim.even_load,
        proposals=SUGGESTIONS,
        **rest,
    )


def _mentee(mentee: matching.Mentee) -> Json:
    return _person(mentee) | {"wishes": asdict(mentee.wishes), "ranking": list(mentee.ranking)}


def _mentor(mentor: matching.Mentor) -> Json:
    return _person(mentor) | {"capacity": mentor.capacity, "retired": mentor.retired}


def _person(person: matching.Mentee | matching.Mentor) -> Json:
    return {
        "id": person.id,
        "municipality": person.municipality,
        "areas": dict(person.areas),
        "years": person.years,
        "modes": sorted(person.modes),
    }


def _given(data: Mapping[str, Any]) -> Json:
    return {**data, "modes": frozenset(matching.Mode(mode) for mode in data["modes"])}
