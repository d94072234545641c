from wtforms import EmailField, HiddenField
from wtforms.validators import DataRequired, Email, Length

from portal.forms import Form, stripped
from portal.language import lazy_gettext as _l


class SignInForm(Form):
    email = EmailField(
        _l("E-postadressen din"),
        filters=[stripped],
        validators=[
            DataRequired(_l("Skriv e-postadressen din.")),
            Length(max=320, message=_l("Adressen er for lang.")),
            Email(_l("Det ser ikke ut som en e-postadresse. Den skal se slik ut: navn@kommune.no.")),
        ],
        render_kw={"autocomplete": "email", "spellcheck": "false"},
    )
    next = HiddenField(filters=[stripped])
