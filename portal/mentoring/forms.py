"""The shape of what members and mentors fill in. Areas come from the database, so those fields are handed in."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation

from portal import clock
from portal.consents import AsksFirst, ConsentField, Purpose
from portal.forms import DateField, Form, TimeField, stripped
from portal.language import lazy_gettext as _l
from portal.members.models import ChallengeArea
from portal.mentoring.mentorship_models import EndReason, MeetingMode
from portal.mentoring.profile_models import MOST_PLACES, Modes

LONGEST_TEXT = 4000
HOW_MUCH = [(0, _l("Nei")), (1, _l("Litt")), (2, _l("En del")), (3, _l("Mye"))]
MINUTES = [(n, str(n)) for n in (30, 45, 60, 90)]
TOO_LONG = _l("Teksten er for lang. Kort den ned til %(most)s tegn.", most=LONGEST_TEXT)
CHOOSE = _l("Velg et av svarene.")
AGREED = _l("Ja, jeg samtykker")


def _mode_choices(modes: Iterable[Any]) -> list[tuple[str, Any]]:
    labels = {
        "either": _l("Begge deler"),
        "digital": _l("Digitalt"),
        "in_person": _l("Fysisk"),
        "phone": _l("Telefon"),
    }
    return [(mode.value, labels[mode.value]) for mode in modes]


class Needed:
    """Asks for what was left empty, and lets a field's own complaint stand."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        if field.data is None and not field.errors:
            raise StopValidation(str(self.message))


class AreaForm(Form):
    """A form with a row for each area; `areas` of a subclass are its fields' ids."""

    area_ids: tuple[int, ...] = ()

    def chosen(self) -> dict[int, int]:
        """Area id to what was chosen for it."""
        return {area_id: self[f"area_{area_id}"].data for area_id in self.area_ids}

    @property
    def rows(self) -> list[Any]:
        return [self[f"area_{area_id}"] for area_id in self.area_ids]


class ChallengesForm(AreaForm, AsksFirst):
    agreed = ConsentField(AGREED, Purpose.OWN_WORDS)
    text = TextAreaField(
        _l("Med dine egne ord"), [Length(max=LONGEST_TEXT, message=TOO_LONG)], filters=[stripped]
    )
    modes = RadioField(_l("Hvordan vil du møtes?"), choices=_mode_choices(Modes), default=Modes.EITHER.value)
    county = RadioField(
        _l("Hvor skal mentoren komme fra?"),
        choices=[
            ("any", _l("Samme for meg")),
            ("other_county", _l("Et annet fylke")),
            ("same_county", _l("Samme fylke")),
        ],
        default="any",
    )
    position = RadioField(
        _l("Skal mentoren stå i rollen i dag?"),
        choices=[
            ("any", _l("Samme for meg")),
            ("in_position", _l("Ja, gjerne")),
            ("retired", _l("Nei, gjerne en som har sluttet")),
        ],
        default="any",
    )
    years = SelectField(
        _l("Hvor lenge bør mentoren ha vært i rollen?"),
        choices=[
            (0, _l("Samme for meg")),
            (5, _l("Minst fem år")),
            (10, _l("Minst ti år")),
            (15, _l("Minst femten år")),
        ],
        coerce=int,
        default=0,
    )
    larger = BooleanField(_l("Gjerne en fra en større kommune enn min"))

    def wishes(self) -> dict[str, Any]:
        """As matching.Wishes has them."""
        chosen = {name: True for name in (self.county.data, self.position.data) if name != "any"}
        return {**chosen, "larger": self.larger.data, "years": self.years.data or None}


class ExperienceForm(AreaForm, AsksFirst):
    agreed = ConsentField(AGREED, Purpose.OWN_WORDS)
    text = TextAreaField(
        _l("Med dine egne ord"), [Length(max=LONGEST_TEXT, message=TOO_LONG)], filters=[stripped]
    )
    modes = RadioField(_l("Hvordan kan du møtes?"), choices=_mode_choices(Modes), default=Modes.EITHER.value)
    retired = BooleanField(_l("Jeg har sluttet i rollen"))


def challenges_form(areas: Iterable[ChallengeArea], **data: Any) -> ChallengesForm:
    """The mentee's form, with a row for each of the areas."""
    form: ChallengesForm = _with_areas(ChallengesForm, areas, HOW_MUCH, "label")(data=data or None)
    return form


def experience_form(areas: Iterable[ChallengeArea], **data: Any) -> ExperienceForm:
    """The mentor's form, with a row for each of the areas."""
    form: ExperienceForm = _with_areas(ExperienceForm, areas, HOW_MUCH, "experience_label")(data=data or None)
    return form


def _with_areas(base: Any, areas: Iterable[ChallengeArea], choices: list[Any], label: str) -> Any:
    listed = list(areas)
    fields: dict[str, Any] = {
        f"area_{area.id}": RadioField(getattr(area, label), choices=choices, coerce=int, default=0)
        for area in listed
    }
    return type(base.__name__, (base,), {**fields, "area_ids": tuple(area.id for area in listed)})


class WillingForm(Form):
    capacity = IntegerField(
        _l("Hvor mange kan du følge samtidig?"),
        [
            InputRequired(_l("Skriv hvor mange du kan ta.")),
            NumberRange(
                min=1, max=MOST_PLACES, message=_l("Skriv et tall fra 1 til %(most)s.", most=MOST_PLACES)
            ),
        ],
        default=1,
    )


class TimeForm(Form):
    """When two are to meet."""

    def starts_at(self) -> datetime | None:
        """The moment, once day and hour are both there."""
        day, at = self["day"].data, self["at"].data
        return clock.from_oslo(day, at) if self.validate() and day and at is not None else None


class PlanForm(TimeForm):
    """When two are to meet, how long and how."""

    day = DateField(_l("Dato"), [Needed(_l("Skriv hvilken dag dere skal møtes."))])
    at = TimeField(_l("Klokken"), [Needed(_l("Skriv når dere skal møtes."))])
    minutes = RadioField(_l("Hvor lenge (minutter)"), choices=MINUTES, coerce=int, default=60)
    mode = RadioField(_l("Hvordan"), choices=_mode_choices(MeetingMode), default=MeetingMode.DIGITAL.value)


class MoveForm(TimeForm):
    day = DateField(_l("Ny dato"), [Needed(_l("Skriv hvilken dag dere skal møtes."))])
    at = TimeField(_l("Nytt klokkeslett"), [Needed(_l("Skriv når dere skal møtes."))])


class HeldForm(Form):
    """That two met: which day, how long and how."""

    when = RadioField(
        _l("Når møttes dere?"),
        choices=[("today", _l("I dag")), ("yesterday", _l("I går")), ("other", _l("Annen dag"))],
        default="today",
    )
    day = DateField(_l("Hvilken dag?"), [Optional()])
    minutes = RadioField(_l("Hvor lenge (minutter)"), choices=MINUTES, coerce=int, default=60)
    mode = RadioField(_l("Hvordan"), choices=_mode_choices(MeetingMode), default=MeetingMode.DIGITAL.value)

    def day_meant(self, today: date) -> date | None:
        """The day chosen; None when «Annen dag» has no date."""
        days = {"today": today, "yesterday": today - timedelta(days=1)}
        return days.get(self.when.data, self.day.data)


class EndForm(Form):
    reason = RadioField(
        _l("Hvorfor avslutter dere?"),
        [InputRequired(CHOOSE)],
        choices=[
            (EndReason.DONE.value, _l("Vi er kommet dit vi skulle")),
            (EndReason.NO_TIME.value, _l("Det ble for liten tid")),
            (EndReason.NEW_POSITION.value, _l("En av oss har fått ny stilling")),
            (EndReason.OTHER.value, _l("Noe annet")),
        ],
    )


class CapacityForm(Form):
    capacity = IntegerField(_l("Plasser"), [InputRequired(_l("Skriv hvor mange du kan ta."))])


class RankForm(Form):
    direction = StringField(_l("Retning"), [InputRequired(CHOOSE)])


class ReservationForm(Form):
    kind = StringField(_l("Hva det gjelder"), [InputRequired(CHOOSE)])
    target = StringField(_l("Hvem eller hvor"))
    tie = StringField(_l("Hvorfor"))


class SearchForm(Form):
    q = StringField(_l("Søk etter navn, kommune eller fylke"), filters=[stripped])
