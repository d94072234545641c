"""A form with every kind of field, some of them wrong, for the page that shows the components."""

from wtforms import (
    BooleanField,
    EmailField,
    FileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.widgets import CheckboxInput, ListWidget

from portal.forms import AmountField, DateField, Form
from portal.language import gettext as _


class Example(Form):
    name = StringField(_("Navn"))
    email = EmailField(_("E-post"), description=_("Bruk gjerne en privat adresse."))
    since = DateField(_("I stillingen siden"))
    price = AmountField(_("Pris per time"))
    coach = SelectField(_("Veileder"), choices=[("", _("Alle tre")), ("1", "Ingrid Solvang")])
    text = TextAreaField(_("Hva står du i?"))
    file = FileField(_("Medlemsliste"))
    consent = BooleanField(_("Jeg vil også være mentor"))
    theme = RadioField(
        _("Hva vil du snakke om?"),
        choices=[("1", _("Samspillet med ordføreren")), ("2", _("En krevende sak"))],
    )
    areas = SelectMultipleField(
        _("Det du har stått i"),
        choices=[
            ("1", _("Omstilling")),
            ("2", _("Budsjett i ubalanse")),
            ("3", _("Ny ledergruppe")),
            ("4", _("Varsling")),
        ],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    mode = RadioField(
        _("Hvordan vil du møtes?"), choices=[("d", "Teams"), ("t", _("Telefon")), ("f", _("Fysisk"))]
    )
    day = RadioField(
        _("Når møttes dere?"), choices=[("0", _("I dag")), ("1", _("I går")), ("2", _("Annen dag"))]
    )
    weight = RadioField(
        _("Samspillet med ordføreren"),
        choices=[("0", _("Ikke nå")), ("1", _("Litt")), ("2", _("En del")), ("3", _("Mye"))],
    )


def example() -> Example:
    """The form as it looks after a try with two mistakes."""
    form = Example(
        formdata=None,
        data={
            "name": "Kari Vestnes",
            "email": "kari@",
            "theme": "1",
            "areas": ["1", "3"],
            "mode": "d",
            "day": "0",
            "weight": "2",
            "price": None,
        },
    )
    form.refuse("email", _("Skriv hele adressen, for eksempel kari@sula.example."))
    form.refuse("theme", _("Velg ett tema, eller «vil helst vente»."))
    return form
