"""How far the programme's money goes: in conversations, and in people with both of theirs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portal import clock
from portal.coaching.models import Payer, Programme, RateKind
from portal.coaching.refusals import NoPrice
from portal.coaching.tally import Count

VAT = Decimal("0.25")


@dataclass(frozen=True)
class Budget:
    """A frame, what of it is spent and promised, and the price of one more conversation (None: not set)."""

    frame: Decimal
    incurred: Decimal
    committed: Decimal
    price: Decimal | None
    clips: int

    @classmethod
    def of(cls, frame: Decimal, counts: Iterable[Count], price: Decimal | None, clips: int) -> "Budget":
        """The frame carries only what KDF pays; other payers are outside it."""
        ours = [c for c in counts if c.payer is Payer.KDF]
        incurred = sum((c.amount for c in ours if c.outcome.is_incurred), Decimal(0))
        committed = sum((c.amount for c in ours if c.outcome.is_committed), Decimal(0))
        return cls(frame, incurred, committed, price, clips)

    @classmethod
    def today(cls, programme: Programme, counts: Iterable[Count], now: datetime) -> "Budget":
        """The programme's, at the price that a member's conversation has today."""
        try:
            price = programme.rate_for(RateKind.MEMBER, clock.today(now))
        except NoPrice:
            price = None
        return cls.of(programme.budget, counts, price, programme.clips)

    @property
    def bound(self) -> Decimal:
        return self.incurred + self.committed

    @property
    def free(self) -> Decimal:
        """What is left; below zero when more is promised than there is."""
        return self.frame - self.bound

    @property
    def sessions_left(self) -> int:
        return self._sessions(max(self.free, Decimal(0)))

    @property
    def remainder(self) -> Decimal:
        """What is left over when the sessions that are left are paid."""
        return self.free - self.sessions_left * (self.price or 0)

    def seats_held(self, seated: int, free_clips: int) -> int:
        """How many participants the money carries with all their clips, those who have a seat among them."""
        return max(seated + (self.sessions_left - free_clips) // self.clips, 0) if self.clips else seated

    def new_seats(self, free_clips: int) -> int:
        """How many more seats the money carries once those seated have used their clips."""
        return max((self.sessions_left - free_clips) // self.clips, 0) if self.clips else 0

    def in_all(self, with_vat: bool = False) -> tuple[int, int]:
        """Conversations, and people with all their clips, that the whole frame holds."""
        sessions = self._sessions(self.frame, with_vat)
        return sessions, sessions // self.clips if self.clips else 0

    def _sessions(self, money: Decimal, with_vat: bool = False) -> int:
        price = (self.price or Decimal(0)) * (1 + VAT if with_vat else 1)
        return int(money // price) if price > 0 else 0
