from typing import Any

from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.validators import AnyOf, DataRequired, InputRequired, Length, NumberRange

from matching import Objective
from portal.forms import DateField, Form, stripped
from portal.language import lazy_gettext as _l
from portal.mentoring.round_models import Ground

_CHOSEN = NumberRange(1, 2**31 - 1, message=_l("Velg paret på nytt fra listen."))


class RoundForm(Form):
    name = StringField(
        _l("Hva heter runden?"),
        filters=[stripped],
        validators=[
            DataRequired(_l("Gi runden et navn, for eksempel «Høstrunden».")),
            Length(max=120, message=_l("Navnet kan ha høyst 120 tegn.")),
        ],
    )


class PairForm(Form):
    mentee = IntegerField(
        _l("Mentee"), validators=[InputRequired(_l("Velg paret på nytt fra listen.")), _CHOSEN]
    )
    mentor = IntegerField(
        _l("Mentor"), validators=[InputRequired(_l("Velg paret på nytt fra listen.")), _CHOSEN]
    )


class ExclusionForm(PairForm):
    ground = RadioField(
        _l("Hvorfor skal de ikke kobles?"),
        validators=[InputRequired(_l("Velg en grunn, så paret kan utelukkes."))],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ground.choices = [(ground.value, ground.label) for ground in Ground]


def _weight(label: Any) -> IntegerField:
    return IntegerField(
        label,
        validators=[
            InputRequired(_l("Skriv et helt tall fra 0 til 100.")),
            NumberRange(0, 100, message=_l("Skriv et helt tall fra 0 til 100.")),
        ],
    )


class AimForm(Form):
    """Five weights, of which only the proportions count, and what the best round is."""

    challenges = _weight(_l("Utfordringsprofil"))
    size = _weight(_l("Kommunestørrelse"))
    experience = _weight(_l("Erfaring"))
    practicalities = _weight(_l("Form og reise"))
    wishes = _weight(_l("Egne ønsker"))
    objective = RadioField(
        _l("Hva skal telle først?"),
        choices=[
            (Objective.FLOOR.value, _l("Ingen dårlige par, så høyest sum")),
            (Objective.TOTAL.value, _l("Høyest mulig sum")),
            (Objective.LEXIMIN.value, _l("De svakeste parene, ett for ett")),
            (Objective.STABLE.value, _l("Ingen to ville heller hatt hverandre")),
        ],
        validators=[AnyOf(list(Objective), message=_l("Velg hva runden skal ta hensyn til først."))],
        validate_choice=False,
    )
    even_load = BooleanField(_l("Spre mentees på flere mentorer"))


class SeenForm(Form):
    seen = StringField()  # the mark of the run that was looked at


class ReleaseForm(SeenForm):
    answer_by = DateField(
        _l("Svarfrist for mentees"),
        validators=[InputRequired(_l("Sett en svarfrist, for eksempel om to uker."))],
    )


class ReminderForm(Form):
    """One mentee, or with 0 everybody who has not answered."""

    mentee = IntegerField(_l("Mentee"), default=0, validators=[NumberRange(0, 2**31 - 1)])
