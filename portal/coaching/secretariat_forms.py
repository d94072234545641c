from wtforms import Form, SearchField, SelectField

from portal.forms import stripped
from portal.language import lazy_gettext as _l


class ParticipantFilter(Form):
    """Looked at, never stored: it lives in the address, and a choice that does not exist is as if not made."""

    q = SearchField(_l("Navn eller kommune"), filters=[stripped])
    show = SelectField(_l("Vis"), validate_choice=False)


class SessionFilter(Form):
    month = SelectField(_l("Måned"), validate_choice=False)
    outcome = SelectField(_l("Status"), validate_choice=False)
    coach = SelectField(_l("Veileder"), validate_choice=False)
    payer = SelectField(_l("Betales av"), validate_choice=False)
