from decimal import Decimal

from wtforms import RadioField
from wtforms.validators import InputRequired

from portal.coaching.models import RateKind
from portal.forms import AmountField, DateField, Form
from portal.language import lazy_gettext as _l

KINDS = (
    (RateKind.MEMBER, _l("Medlem")),
    (RateKind.NON_MEMBER, _l("Ikke medlem")),
    (RateKind.COACH_FEE, _l("Honorar til veileder")),
)


class RateForm(Form):
    """A price from a day on."""

    kind = RadioField(_l("Pris for"), choices=list(KINDS), default=RateKind.MEMBER)
    amount = AmountField(_l("Beløp per samtale"), [InputRequired(_l("Skriv et beløp."))])
    valid_from = DateField(_l("Gjelder fra"), [InputRequired(_l("Skriv dagen prisen gjelder fra."))])

    @property
    def sum(self) -> Decimal:
        return self.amount.data or Decimal(0)


class BudgetForm(Form):
    budget = AmountField(_l("Ramme for hele perioden"), [InputRequired(_l("Skriv et beløp."))])
