"""The register of personal data: a line for every column of every table. The export, the erasure, the terms and the
record of processing (article 30) are all made from it, and a test fails the build when a column has no line."""

from collections.abc import Iterator

from portal.privacy.register import accounts, coaching, ground, identity, keys, members, mentoring
from portal.privacy.register.asked_for import ASKED_FOR, AskedFor
from portal.privacy.register.lines import Basis, Fate, Line, Lines, Use, Whom

REGISTER: tuple[Lines, ...] = (
    *accounts.TABLES,
    *identity.TABLES,
    *keys.TABLES,
    *members.TABLES,
    *coaching.TABLES,
    *mentoring.TABLES,
    *ground.TABLES,
)


def personal_tables() -> Iterator[tuple[Lines, Whom]]:
    """Every table that tells of people, once for each part that a person can have in it."""
    for table in REGISTER:
        for whom in table.whom:
            yield table, whom


__all__ = [
    "ASKED_FOR",
    "REGISTER",
    "AskedFor",
    "Basis",
    "Fate",
    "Line",
    "Lines",
    "Use",
    "Whom",
    "personal_tables",
]
