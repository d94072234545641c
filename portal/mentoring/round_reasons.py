"""Why a pair did not come to be, and what would have made it, in plain words that give no confidence away.

Nothing here reads a rule: no number of possible mentors, no place on a list that only some are on. Whom no mentor is left to, by whatever
rule or because all have paused, reads the same. The limit: one who has said no to more than half of the mentors has fewer to be shown than others
have, and one who has said no to all of them has none; that cannot be hidden from whoever is to find them a mentor.
"""

from collections.abc import Mapping

import matching
from portal.language import gettext as _
from portal.members.models import ChallengeArea
from portal.mentoring.coarse import people as inhabitants
from portal.mentoring.round_board import Board, Entry
from portal.mentoring.round_people import Party

LARGER = 1.25  # the size of municipality that scores highest
MOST_FREEING = 3
MOST_AREAS = 2


def why_not(outcome: matching.Outcome, entry: Entry, mentor: Party) -> str:
    """Why this mentor is not the one, for a pair that is possible and is offered; nothing where the points tell it."""
    found = matching.counterfactual(outcome, entry.mentee.member_id, mentor.member_id)
    first = _first(mentor)
    if found.code == "place":
        return str(_("Ville vært førstevalget hvis %(mentor)s hadde en plass til.", mentor=first))
    texts = {
        "coverage": _("Plassen er det eneste en annen kan få."),
        "worst": _("Da ville en annen fått et svakere par enn noen har nå."),
        "fixed": _("Paret er låst til en annen."),
    }
    return str(texts.get(found.code, ""))


def _first(party: Party) -> str:
    return party.name.split()[0]


def why_unserved(
    board: Board, entry: Entry, mentee: matching.Mentee | None, areas: Mapping[str, ChallengeArea]
) -> list[str]:
    """Why nobody, and what would help."""
    outcome, mentors = board.outcome, board.people.mentors.by_member
    near = _near(board, entry.mentee.member_id)
    why = str(_("Ingen av plassene i runden er aktuelle for %(mentee)s.", mentee=entry.mentee.name))
    if near:
        best, points = near[0]
        why = str(
            _(
                "%(mentor)s passer best, med %(points)s poeng, men plassene der gir runden mer hos andre.",
                mentor=mentors[best].name,
                points=points,
            )
        )
        if outcome.places < outcome.seeking:
            why = f"{_('Det er færre plasser enn mentees.')} {why}"
    freeing = [] if board.is_large else _freeing(outcome, entry, [mentor for mentor, _points in near])
    help_ = [_one_more([mentors[mentor].name for mentor in freeing])] if freeing else []
    return [why, *help_, *([_recruit(entry, mentee, areas)] if mentee else [])]


def _near(board: Board, mentee: str) -> list[tuple[str, int]]:
    """The mentors with the most in common, with points; the others are not spoken of."""
    known = board.people.mentors.by_member
    found = sorted((-units, to) for (of, to), units in board.reach.items() if of == mentee and to in known)
    return [(to, matching.points(-units)) for units, to in found]


def _freeing(outcome: matching.Outcome, entry: Entry, near: list[str]) -> list[str]:
    """The mentors with whom the mentee would be, had they one more place."""
    return [
        mentor
        for mentor in near[:MOST_FREEING]
        if matching.counterfactual(outcome, entry.mentee.member_id, mentor).code == "place"
    ]


def _one_more(names: list[str]) -> str:
    return str(_("Det hjelper om %(mentors)s tar imot én til.", mentors=str(_(" eller ")).join(names[:2])))


def _recruit(entry: Entry, mentee: matching.Mentee, areas: Mapping[str, ChallengeArea]) -> str:
    wanted = sorted(mentee.areas, key=lambda code: (-mentee.areas[code], code))[:MOST_AREAS]
    labels = [f"«{areas[code].label}»" for code in wanted if code in areas]
    return str(
        _(
            "En ny mentor kan løse det: en som har stått i %(areas)s, gjerne fra en kommune med %(size)s.",
            areas=str(_(" og ")).join(labels) or _("noe av det samme"),
            size=inhabitants(round(LARGER * entry.mentee.population)),
        )
    )
