"""The person's consents as the page shows them: each purpose, its words, and whether there is a yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal import consents
from portal.access import Role
from portal.accounts.models import User
from portal.consents import Consent, Purpose, Wording
from portal.privacy.withdrawal import keeps_own_words


@dataclass(frozen=True)
class Choice:
    """`given_at` is empty where there is no yes that covers today's words."""

    wording: Wording
    given_at: datetime | None
    earlier: Sequence[Consent]
    keeps: bool = False  # what the yes is for, is kept, also where it is not there

    @property
    def purpose(self) -> Purpose:
        return self.wording.purpose

    @property
    def empties(self) -> bool:
        """Whether what was told goes with the yes."""
        return self.purpose is Purpose.OWN_WORDS

    @property
    def is_outdated(self) -> bool:
        """Whether there is a yes, but to words that promised less."""
        return self.given_at is None and any(c.withdrawn_at is None for c in self.earlier)

    @property
    def lapsed_at(self) -> datetime | None:
        """When a restore ended the yes, where nothing has been said since."""
        return self.earlier[0].lapsed_at if self.earlier and self.given_at is None else None


def choices_of(user: User) -> list[Choice]:
    """All purposes for members and mentors; whoever only works here is asked for nothing."""
    if not user.roles & {Role.MEMBER, Role.MENTOR}:
        return []
    said = consents.history(user.id)
    keeps = {Purpose.OWN_WORDS: keeps_own_words(user)}
    return [
        _choice(purpose, [c for c in said if c.purpose is purpose], keeps.get(purpose, False))
        for purpose in Purpose
    ]


def _choice(purpose: Purpose, said: Sequence[Consent], keeps: bool) -> Choice:
    wording = consents.current(purpose)
    live = (c for c in said if c.withdrawn_at is None and c.version >= wording.covers)
    return Choice(wording, next((c.given_at for c in live), None), said, keeps)
