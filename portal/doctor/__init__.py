"""The doctor reads a whole database and verifies every rule of the design on its rows."""

from collections.abc import Iterator
from datetime import datetime

from portal.doctor import accounts, coaching, general, keys, mentoring, privacy, steering
from portal.doctor.rules import RULES, Finding

SUBJECTS = (general, accounts, coaching, mentoring, keys, privacy, steering)


def examine(now: datetime) -> Iterator[Finding]:
    """One finding for each rule, in the order of the subjects."""
    for rule in RULES:
        yield rule(now)


__all__ = ["Finding", "examine"]
