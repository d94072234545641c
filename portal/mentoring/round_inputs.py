"""What the engine was given in a run, kept so that it gives the same round again. No text, and no rule."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import matching
from portal.extensions import Json
from portal.mentoring import round_secrets
from portal.mentoring.pool import Pool
from portal.mentoring.round_decisions import Aim, aim_of
from portal.mentoring.round_models import MatchRun
from portal.mentoring.round_secrets import Secret
from portal.mentoring.text_vectors import Sealed, open_vectors

SUGGESTIONS = 3
NOTHING: Json = {"mentors": [], "mentees": [], "fixed": []}


def inputs_of(outcome: matching.Outcome, present: Pool) -> Json:
    """Of a pair that cannot be only that it cannot; of a text its vector; both sealed, as is what a mentee wishes."""
    mentees = [mentee for mentee in present.mentees if not mentee.paused]
    mentors = [mentor for mentor in present.mentors if mentor.capacity and not mentor.paused]
    legal = matching.matrix(outcome)
    secrets = round_secrets.sealed(
        {
            mentee.id: Secret(
                asdict(mentee.wishes),
                [mentor.id for mentor in mentors if (mentee.id, mentor.id) not in legal],
                list(mentee.ranking),
            )
            for mentee in mentees
        }
    )
    return {
        "mentees": [_person(mentee) | secrets[mentee.id] for mentee in mentees],
        "mentors": [_mentor(mentor) for mentor in mentors],
        "fixed": [[pair.mentee, pair.mentor] for pair in outcome.pairs if pair.fixed],
        "texts": [vector.as_data() for vector in present.texts],
    }


class ThoseIn(NamedTuple):
    """The mentors and mentees of a run as they were then, and the pairs that could not be."""

    mentors: list[matching.Mentor]
    mentees: list[matching.Mentee]
    blocked: list[matching.Link]


def those_in(run: MatchRun | None) -> ThoseIn:
    """Who has been erased since is not among them."""
    inputs: Json = (run and run.inputs) or NOTHING
    opened = round_secrets.opened(inputs["mentees"])
    return ThoseIn(
        [matching.Mentor(**_given(mentor)) for mentor in inputs["mentors"]],
        [
            matching.Mentee(
                **_given(mentee)
                | {"wishes": matching.Wishes(**secret.wishes), "ranking": tuple(secret.ranking)}
            )
            for mentee, secret in opened
        ],
        [matching.Link(mentee["id"], to) for mentee, secret in opened for to in secret.blocked],
    )


@dataclass(frozen=True)
class Given:
    """All that the engine was given in a run, opened: it can be solved again while the database is left alone."""

    those: ThoseIn
    aim: Aim
    fixed: list[matching.Link]
    texts: Mapping[str, list[float]]

    def solve(self, aim: Aim | None = None) -> matching.Outcome:
        mentors, mentees, blocked = self.those
        return propose(
            mentors, mentees, aim or self.aim, forbidden=blocked, fixed=self.fixed, texts=self.texts
        )


def given_in(run: MatchRun | None) -> Given:
    inputs: Json = (run and run.inputs) or NOTHING
    those = those_in(run)
    known = {mentee.id for mentee in those.mentees}
    return Given(
        those,
        aim_of(run.decisions) if run else Aim(),
        [matching.Link(*pair) for pair in inputs["fixed"] if pair[0] in known],
        open_vectors([Sealed.stored(data) for data in inputs.get("texts", [])]),
    )


def solve_again(run: MatchRun | None, aim: Aim | None = None) -> matching.Outcome:
    """The same round once more, or the one that another aim would give."""
    return given_in(run).solve(aim)


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
    known = {name: value for name, value in data.items() if name not in round_secrets.STORED}
    return known | {"modes": frozenset(matching.Mode(mode) for mode in data["modes"])}
