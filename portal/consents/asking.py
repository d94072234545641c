"""Asking for a yes where it is first needed: one checkbox with the words, on forms of those who have not said it."""

from datetime import datetime
from typing import Any

from wtforms import BooleanField

from portal.accounts.models import User
from portal.consents.giving import NotAgreed, NotTheText, give
from portal.consents.models import holds
from portal.consents.texts import Purpose, Wording, current
from portal.errors import DomainError
from portal.forms import Form


class ConsentField(BooleanField):
    """A yes to the words beside it: what is sent is the version that was shown."""

    def __init__(self, label: Any, purpose: Purpose, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.purpose = purpose

    @property
    def wording(self) -> Wording:
        return current(self.purpose)

    def _value(self) -> str:
        return str(self.wording.version)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = bool(valuelist) and str(valuelist[0]) == self._value()
        if valuelist and valuelist[0] and not self.data:
            raise ValueError(str(NotTheText()))


class AsksFirst(Form):
    """A form with such a field, `agreed`, for whoever has not said yes. Those who have are not asked again."""

    agreed: ConsentField | None

    def ask_unless(self, agreed: bool) -> None:
        """Leave the checkbox out where the person's yes is there."""
        if agreed:
            del self.agreed

    def ask(self, user: User) -> None:
        """The same, for a form that has to find it out."""
        if self.agreed is not None:
            self.ask_unless(holds(user.id, self.agreed.purpose))

    def hear(self, user: User, now: datetime) -> None:
        """Record the yes, if it was given here."""
        if self.agreed is not None and self.agreed.data:
            give(user, self.agreed.purpose, self.agreed.wording.version, now)

    def refuse_at(self, field: str, refusal: DomainError) -> None:
        """The rule's no at its field; that a yes is missing, at the checkbox."""
        asked = isinstance(refusal, NotAgreed) and self.agreed is not None
        self.refuse("agreed" if asked else field, refusal)
