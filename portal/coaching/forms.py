"""Shapes of what members send in."""

from collections.abc import Sequence
from typing import Any

from wtforms import HiddenField, IntegerField, RadioField, SelectField
from wtforms.validators import AnyOf, InputRequired

from portal.coaching.free_hours import DayPart, Wish
from portal.coaching.models import Coach, Mode, Payer, Slot
from portal.consents import AsksFirst, ConsentField, Purpose
from portal.forms import Form
from portal.language import lazy_gettext as _l

THEMES = (
    _l("Samspillet med ordføreren"),
    _l("Rollen og handlingsrommet"),
    _l("En krevende sak"),
    _l("Å stå i det over tid"),
)
UNSAID = ""


class WishForm(Form):
    """What to look for, kept in the URL. A value that means nothing is passed over."""

    class Meta:
        csrf = False

    mode = RadioField(_l("Hvordan vil du møtes?"))
    part = RadioField(_l("Når på dagen passer best?"))
    coach = SelectField(_l("Veileder"))

    @classmethod
    def read(cls, args: Any, coaches: Sequence[Coach]) -> "WishForm":
        choices = {
            "mode": [("", _l("Alle")), *((m.value, m.label) for m in Mode)],
            "part": [
                ("", _l("Alle")),
                (DayPart.MORNING.value, _l("Før 12")),
                (DayPart.AFTERNOON.value, _l("Etter 12")),
            ],
            "coach": [("", _l("Alle")), *((str(c.id), c.name) for c in coaches)],
        }
        known = {name: args.get(name) for name in choices if args.get(name) in dict(choices[name])}
        form = cls(formdata=None, data={name: known.get(name, "") for name in choices})
        form.mode.choices, form.part.choices = choices["mode"], choices["part"]
        form.coach.choices = choices["coach"]
        return form

    @property
    def wish(self) -> Wish:
        return Wish(
            mode=Mode(self.mode.data) if self.mode.data else None,
            part=DayPart(self.part.data) if self.part.data else None,
            coach_id=int(self.coach.data) if self.coach.data else None,
        )

    @property
    def kept(self) -> dict[str, str]:
        """The wish as the URL has it."""
        fields = (self.mode, self.part, self.coach)
        return {field.name: field.data for field in fields if field.data}


class BookingForm(AsksFirst):
    """The choice of an hour. The theme is sent here and nowhere else: a URL is seen by others."""

    mode = RadioField(
        _l("Hvordan vil dere møtes?"),
        id="booking-mode",  # the wish beside it has a mode too
        validators=[InputRequired(_l("Velg om dere møtes digitalt eller fysisk."))],
    )
    payer = HiddenField(
        validators=[AnyOf([p.value for p in Payer], message=_l("Velg hvem som betaler samtalen."))]
    )
    theme = SelectField(_l("Hva vil du snakke om?"))
    agreed = ConsentField(_l("Ja, jeg samtykker"), Purpose.OWN_WORDS)

    @classmethod
    def for_hour(cls, slot: Slot, agreed: bool, payer: Payer | None, mode: Mode | None) -> "BookingForm":
        """Whoever has not said that we may keep a theme, is asked beside it."""
        offered = [m for m in Mode if slot.offers(m)]
        chosen = mode if mode in offered else offered[0]
        form = cls(data={"mode": chosen.value, "payer": payer.value if payer else "", "theme": UNSAID})
        form.ask_unless(agreed)
        form.mode.choices = [(m.value, m.label) for m in offered]
        form.theme.choices = [(UNSAID, _l("Vil helst vente med å si det")), *((str(t), t) for t in THEMES)]
        return form


class MoveForm(Form):
    slot = IntegerField(validators=[InputRequired(_l("Velg en ny time."))])


class CancellationForm(Form):
    """Carries what the page said about the clip, so that nobody loses one on a page that grew old."""

    lost = HiddenField()
