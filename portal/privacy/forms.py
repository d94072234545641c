from wtforms import BooleanField, HiddenField, IntegerField
from wtforms.validators import AnyOf, DataRequired

from portal.consents import Purpose
from portal.forms import Form
from portal.language import lazy_gettext as _l


class ConsentForm(Form):
    """Which purpose, and which words were on the page."""

    purpose = HiddenField(validators=[AnyOf([p.value for p in Purpose])])
    version = IntegerField(validators=[DataRequired()])


class WithdrawalForm(Form):
    purpose = HiddenField(validators=[AnyOf([p.value for p in Purpose])])


class ErasureForm(Form):
    understood = BooleanField(
        _l("Ja, slett alt om meg"),
        validators=[DataRequired(_l("Kryss av hvis du vil slettes. Ingenting er bestilt ennå."))],
    )


class ErasureOnRequestForm(Form):
    understood = BooleanField(
        _l("Ja, personen har selv bedt om å bli slettet"),
        validators=[
            DataRequired(_l("Kryss av hvis personen selv har bedt om det. Ingenting er bestilt ennå."))
        ],
    )
