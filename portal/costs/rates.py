"""Changing prices and the frame: always forwards, always with a trace."""

from datetime import date, datetime
from decimal import Decimal

from portal import audit, clock
from portal.accounts.models import User
from portal.coaching.models import Programme, Rate, RateKind
from portal.database import refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l

RATE_ADDED = audit.declare("rate added", "kind", "amount", "valid_from")
BUDGET_CHANGED = audit.declare("budget changed", "was", "became")
LARGEST = Decimal(100_000_000)
ORE = Decimal("0.01")


class RateInThePast(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("En pris kan ikke endres bakover. Velg dagen i dag eller senere."))


class RateExists(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Det finnes allerede en pris fra denne dagen. Velg en annen dag."))


class OddAmount(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Skriv et beløp på mer enn 0 kroner, med høyst to desimaler."))


def add_rate(
    programme: Programme, kind: RateKind, amount: Decimal, valid_from: date, by: User, now: datetime
) -> Rate:
    """Set a price from a day on. Older prices stay, and so does what is booked already."""
    _require_amount(amount)
    if valid_from < clock.today(now):
        raise RateInThePast
    rate = Rate(programme_id=programme.id, kind=kind, amount=amount, valid_from=valid_from)
    with refused({"uq_rate_day": RateExists}):
        db.session.add(rate)
        db.session.flush()
    audit.record(
        RATE_ADDED, by=by, on=rate, at=now, kind=kind.value, amount=str(amount), valid_from=f"{valid_from}"
    )
    return rate


def change_budget(programme: Programme, amount: Decimal, by: User, now: datetime) -> None:
    """Give the programme another frame. It may be less than what is promised: then the page says so."""
    _require_amount(amount)
    if amount == programme.budget:
        return
    was, programme.budget = programme.budget, amount
    audit.record(BUDGET_CHANGED, by=by, on=programme, at=now, was=str(was), became=str(amount))


def _require_amount(amount: Decimal) -> None:
    if not 0 < amount < LARGEST or amount != amount.quantize(ORE):
        raise OddAmount
