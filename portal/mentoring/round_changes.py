"""What the last run of a round did, next to the one before it, and what was just decided by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import matching
from portal.language import gettext as _
from portal.language import ngettext
from portal.mentoring.round_board import Board
from portal.mentoring.round_models import Cause, MatchRun
from portal.mentoring.round_parts import signed
from portal.mentoring.round_people import Party
from portal.rendering import clock_time

FIRST, LAST = 3, 2  # of many changes the best and the worst are shown


@dataclass(frozen=True)
class Change:
    user_id: int
    name: str
    text: str
    units: int

    @property
    def sign(self) -> str:
        return signed(matching.points(self.units))


@dataclass(frozen=True)
class Changes:
    title: str
    summary: str
    all: list[Change] = field(default_factory=list)

    @property
    def rows(self) -> list[Change]:
        return self.all if len(self.all) <= FIRST + LAST else self.all[:FIRST] + self.all[-LAST:]


def changes_of(board: Board) -> Changes:
    """The gains first, the losses last."""
    run, before = board.run, board.before
    if run is None or before is None:
        return Changes(_("Første kjøring"), _("Ingen tidligere kjøring å sammenligne med."))
    rows = sorted(_changed(board, run, before), key=lambda change: -change.units)
    return Changes(_("Siden kjøring %(number)s", number=before.number), _difference(run, before), rows)


def _changed(board: Board, run: MatchRun, before: MatchRun) -> Iterator[Change]:
    old, new = before.pairs, run.pairs
    for mentee_id in {*old, *new}:
        was, now = old.get(mentee_id, (0, 0)), new.get(mentee_id, (0, 0))
        mentee = board.people.mentees.by_id.get(mentee_id)
        if mentee and was[0] != now[0] and board.people.mentors.own not in (was[0], now[0]):
            yield Change(mentee.user_id, mentee.name, _moved(board, was[0], now[0]), now[1] - was[1])


def _moved(board: Board, old: int, new: int) -> str:
    known = board.people.mentors.by_id
    was, now = known.get(old), known.get(new)
    if was and now:
        return str(_("fra %(old)s til %(new)s", old=was.name, new=now.name))
    if now:
        return str(_("fikk %(new)s", new=now.name))
    return str(_("mistet %(old)s", old=was.name if was else ""))


def _difference(run: MatchRun, before: MatchRun) -> str:
    total = signed(matching.points(run.result["total"] - before.result["total"]))
    covered = len(run.pairs) - len(before.pairs)
    coverage = _("dekningen er den samme") if not covered else _("dekning %(change)s", change=signed(covered))
    return str(_("Samlet %(total)s poeng, %(coverage)s.", total=total, coverage=coverage))


def done_in(board: Board) -> str | None:
    """What was just decided by hand, when it can be undone."""
    run = board.run
    if run is None or not run.can_be_undone or board.people.is_own(run.mentee_id, run.mentor_id):
        return None
    names = {
        "mentee": _name(board.people.mentees.by_id.get(run.mentee_id or 0)),
        "mentor": _name(board.people.mentors.by_id.get(run.mentor_id or 0)),
        "clock": clock_time(run.ran_at),
    }
    texts = {
        Cause.SWAP: _("%(mentee)s fikk %(mentor)s kl. %(clock)s, og paret er låst.", **names),
        Cause.LOCK: _("%(mentee)s og %(mentor)s ble låst kl. %(clock)s.", **names),
        Cause.UNLOCK: _("%(mentee)s og %(mentor)s ble låst opp kl. %(clock)s.", **names),
        Cause.EXCLUSION: _("%(mentee)s og %(mentor)s ble utelukket kl. %(clock)s.", **names),
        Cause.WEIGHTS: _("Innstillingene ble endret kl. %(clock)s.", **names),
    }
    return f"{texts[run.cause]} {_others_moved(board, run)}"


def _others_moved(board: Board, run: MatchRun) -> str:
    moved = 0
    if board.before:
        old, new = board.before.pairs, run.pairs
        moved = sum(
            old.get(mentee, (0,))[0] != new.get(mentee, (0,))[0] for mentee in {*old, *new} - {run.mentee_id}
        )
    if not moved:
        return str(_("Ingen andre ble flyttet."))
    return str(ngettext("%(num)s annen ble flyttet.", "%(num)s andre ble flyttet.", moved))


def _name(party: Party | None) -> str:
    return party.name if party else _("en som er slettet")
