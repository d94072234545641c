import re
from typing import Any

from flask_wtf.file import FileField, FileRequired
from markupsafe import Markup
from wtforms import BooleanField, HiddenField, RadioField, SearchField, SelectField, StringField
from wtforms.validators import DataRequired, Email, Length, Regexp, ValidationError
from wtforms.widgets import Select

from portal.forms import DateField, Form, stripped
from portal.language import gettext as _
from portal.language import lazy_gettext as _l
from portal.members.directory import size_labels
from portal.members.models import Membership

Groups = dict[str, list[tuple[str, str]]]


def _has_letters(_form: Form, field: StringField) -> None:
    if field.data and not any(c.isalpha() for c in field.data):
        raise ValidationError(_("Skriv fornavn og etternavn."))


class _Who(Form):
    """Stands first in the file as on the page: fields, and what is wrong with them, come in this order."""

    name = StringField(
        _l("Navn"),
        filters=[stripped],
        validators=[
            DataRequired(_l("Skriv navnet.")),
            Length(max=200, message=_l("Navnet kan ha høyst 200 tegn.")),
            _has_letters,
        ],
        render_kw={"autocomplete": "off"},
    )
    email = StringField(
        _l("E-post"),
        filters=[stripped],
        validators=[
            DataRequired(_l("Skriv e-postadressen.")),
            Length(max=254, message=_l("Adressen er for lang.")),
            Regexp(
                r"^[\x00-\x7f]*$",
                message=_l("En e-postadresse kan bare ha bokstavene a–z, ikke æ, ø eller å."),
            ),
            Email(_l("Det ser ikke ut som en e-postadresse. Den skal se slik ut: navn@kommune.no.")),
        ],
        render_kw={"type": "email", "autocomplete": "off", "spellcheck": "false"},
    )


class GroupedSelect(Select):
    """Options in groups; those of the group without a name stand before them, in none."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        made = str(super().__call__(field, **kwargs))
        return Markup(_NAMELESS.sub(r"\1", made))  # nosec B704  # noqa: S704  # it is Markup already


_NAMELESS = re.compile(r'<optgroup label="">(.*?)</optgroup>')


class PositionForm(Form):
    """Where somebody is chief executive. `choose_from` hands in the municipalities."""

    municipality = SelectField(
        _l("Kommune eller fylkeskommune"),
        validators=[DataRequired(_l("Velg kommunen."))],
        widget=GroupedSelect(),
    )
    title = StringField(
        _l("Tittel"),
        filters=[stripped],
        validators=[
            DataRequired(_l("Skriv tittelen.")),
            Length(max=120, message=_l("Tittelen kan ha høyst 120 tegn.")),
        ],
        render_kw={"autocomplete": "organization-title"},
    )
    since = DateField(
        _l("I stillingen siden"),
        description=_l("Slik: 24.11.2021. La det stå tomt om du ikke vet dagen."),
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )

    def choose_from(self, places: Groups) -> None:
        self.municipality.choices = {"": [("", _("Velg …"))], **places}


class MemberPositionForm(PositionForm):
    """The same, for the secretariat, that also says who is a member of KDF."""

    membership = RadioField(_l("Medlemskap i KDF"), choices=[], default=Membership.MEMBER.value)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.membership.choices = [(m.value, m.label) for m in Membership]


class NewMemberForm(_Who, MemberPositionForm):
    """Everything that the secretariat knows of somebody new."""


class UploadForm(Form):
    file = FileField(_l("Filen med medlemmene"), validators=[FileRequired(_l("Velg en fil først."))])


class ConfirmationForm(Form):
    """`fingerprint` is of what was shown, so that nothing else is imported."""

    fingerprint = HiddenField()
    leave_out = BooleanField()


class FilterForm(Form):
    """The filter above the list; it lives in the address, so it needs no token."""

    class Meta:
        csrf = False

    q = SearchField(_l("Søk"), filters=[stripped], render_kw={"autocomplete": "off", "maxlength": 100})
    county = SelectField(_l("Fylke"), validate_choice=False)
    size = SelectField(_l("Størrelse"), validate_choice=False)
    membership = SelectField(_l("Medlemskap"), validate_choice=False)
    invited = SelectField(_l("Invitert"), validate_choice=False)
    sort = HiddenField()

    def choose_from(self, counties: list[tuple[str, str]]) -> None:
        self.county.choices = [("", _("Alle fylker")), *counties]
        self.size.choices = [("", _("Alle størrelser")), *size_labels().items()]
        self.membership.choices = [("", _("Alle")), *((m.value, m.label) for m in Membership)]
        self.invited.choices = [("", _("Alle")), ("yes", _("Invitert")), ("no", _("Ikke invitert ennå"))]
