"""The person's consents as the page shows them: each purpose, its words, and whether there is a yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal import consents
from portal.access import Role
from portal.accounts.models import User
from portal.consents import Consent, Purpose, Wording


@dataclass(frozen=True)
class Choice:
    """`given_at` is empty where there is no yes that covers today's words."""

    wording: Wording
    given_at: datetime | None
    earlier: Sequence[Consent]

    @property
    def purpose(self) -> Purpose:
        return self.wording.purpose

    @property
    def is_outdated(self) -> bool:
        """Whether there is a yes, but to words that promised less."""
        return self.given_at is None and any(c.withdrawn_at is None for c in self.earlier)


def choices_of(user: User) -> list[Choice]:
    """All purposes for members and mentors; whoever only works here is asked for nothing."""
    if not user.roles & {Role.MEMBER, Role.MENTOR}:
        return []
    said = consents.history(user.id)
    return [_choice(purpose, [c for c in said if c.purpose is purpose]) for purpose in Purpose]


def _choice(purpose: Purpose, said: Sequence[Consent]) -> Choice:
    wording = consents.current(purpose)
    live = (c for c in said if c.withdrawn_at is None and c.version >= wording.covers)
    return Choice(wording, next((c.given_at for c in live), None), said)
