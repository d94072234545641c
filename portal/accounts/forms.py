from typing import Any

from wtforms import EmailField, Field, HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Email, Length

from portal.accounts.codes import written
from portal.accounts.grants import GIVEN_BY_HAND
from portal.forms import Form, stripped
from portal.language import lazy_gettext as _l


def _address(label: Any) -> Field:
    return EmailField(
        label,
        filters=[stripped],
        validators=[
            DataRequired(_l("Skriv e-postadressen.")),
            Length(max=320, message=_l("Adressen er for lang.")),
            Email(_l("Det ser ikke ut som en e-postadresse. Den skal se slik ut: navn@kommune.no.")),
        ],
        render_kw={"autocomplete": "email", "spellcheck": "false"},
    )


class SignInForm(Form):
    email = _address(_l("E-postadressen din"))
    next = HiddenField(filters=[stripped])


class CodeForm(Form):
    """A code of the app, or a recovery code."""

    code = StringField(
        _l("Kode"),
        filters=[lambda value: written(value) if isinstance(value, str) else value],
        validators=[DataRequired(_l("Skriv koden.")), Length(max=40, message=_l("Koden er for lang."))],
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "none"},
    )
    next = HiddenField(filters=[stripped])
    file = HiddenField(filters=[stripped])


class NewAddressForm(Form):
    email = _address(_l("Ny e-postadresse"))


class GrantForm(Form):
    """Giving somebody a role."""

    email = _address(_l("E-postadressen"))
    name = StringField(
        _l("Fullt navn"),
        filters=[stripped],
        validators=[DataRequired(_l("Skriv navnet.")), Length(max=200, message=_l("Navnet er for langt."))],
        render_kw={"autocomplete": "off"},
    )
    role = SelectField(_l("Rolle"))

    def offer_roles(self) -> None:
        self.role.choices = [(role.value, role.label) for role in GIVEN_BY_HAND]


class RecoveryForm(Form):
    email = _address(_l("E-postadressen til den det gjelder"))
