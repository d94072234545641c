from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from portal.coaching.availability import Offer
from portal.coaching.models import SlotMode
from portal.forms import DateField, Form, TimeField, stripped
from portal.language import lazy_gettext as _l

WEEKLY, SINGLE = "weekly", "single"


class OfferForm(Form):
    """Free time: a weekly pattern or the hours of one day."""

    kind = RadioField(
        _l("Hvor ofte"), choices=[(WEEKLY, _l("Hver uke")), (SINGLE, _l("Én dag"))], default=WEEKLY
    )
    first = DateField(_l("Dag"), [InputRequired(_l("Skriv hvilken dag det gjelder."))])
    last = DateField(_l("Til og med"))
    starts = TimeField(_l("Fra klokken"), [InputRequired(_l("Skriv når du er ledig fra."))])
    ends = TimeField(_l("Til klokken"), [InputRequired(_l("Skriv når du er ledig til."))])
    mode = RadioField(
        _l("Hvordan"),
        choices=[
            (SlotMode.EITHER, _l("Digitalt eller fysisk")),
            (SlotMode.DIGITAL, _l("Digitalt")),
            (SlotMode.IN_PERSON, _l("Fysisk")),
        ],
        default=SlotMode.EITHER,
    )
    place = StringField(
        _l("Sted"), [Length(max=200, message=_l("Stedet kan ha høyst 200 tegn."))], filters=[stripped]
    )

    def validate_last(self, field: DateField) -> None:
        if self.kind.data != WEEKLY:
            return
        if field.data is None:
            raise ValidationError(_l("Skriv når mønsteret slutter."))
        if self.first.data is not None and field.data < self.first.data:
            raise ValidationError(_l("Siste dag må være etter den første."))

    @property
    def offer(self) -> Offer:
        """What a valid form asks for."""
        first, starts, ends = self.first.data, self.starts.data, self.ends.data
        if first is None or starts is None or ends is None:
            raise ValueError("the form is not valid")
        return Offer(
            first=first,
            last=self.last.data if self.kind.data == WEEKLY else None,
            starts=starts,
            ends=ends,
            mode=SlotMode(self.mode.data),
            place=self.place.data or "",
        )
