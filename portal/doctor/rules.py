"""How the doctor states a rule: a sentence, and a select of the rows that break it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from portal.extensions import db


@dataclass(frozen=True)
class Finding:
    """What was seen of one rule."""

    rule: str
    holds: bool
    seen: str


Rule = Callable[[datetime], Finding]
RULES: list[Rule] = []


def rule(sentence: str) -> Callable[[Callable[[datetime], Iterable[Any] | Select[Any]]], Rule]:
    """Make a rule of a function that finds the offenders: a select of them, or the offenders themselves."""

    def make(find: Callable[[datetime], Iterable[Any] | Select[Any]]) -> Rule:
        def check(now: datetime) -> Finding:
            found = find(now)
            offenders = list(db.session.execute(found)) if isinstance(found, Select) else list(found)
            shown = ", ".join(_name(row) for row in offenders[:5])
            seen = f"{len(offenders)} break it: {shown}" if offenders else "none breaks it"
            return Finding(sentence, not offenders, seen)

        RULES.append(check)
        return check

    return make


def _name(row: Any) -> str:
    return "/".join(str(part) for part in row) if hasattr(row, "_mapping") else str(row)
