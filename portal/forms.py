"""The base of every form, and the fields that read numbers, days and times as Norwegians write them."""

import re
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from wtforms import Field, FileField, StringField
from wtforms.widgets import TextInput

from portal.language import gettext as _


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Checks shape only: rules are the models' own."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        def wrap_formdata(self, form: "Form", formdata: Any) -> Any:
            """What was sent; a file only to the fields that take one, for under any other's name it is no text."""
            sent = super().wrap_formdata(form, formdata)
            if not isinstance(sent, CombinedMultiDict):
                return sent
            takes_file = {field.name for field in form if isinstance(field, FileField)}
            pairs: Any = sent.items(multi=True)
            return MultiDict(
                [(name, value) for name, value in pairs if isinstance(value, str) or name in takes_file]
            )

    def refuse(self, field: str, message: object) -> None:
        """Put a rule's no at the field that it concerns."""
        target: Field = self[field]
        target.errors = (*target.errors, str(message))


def stripped(value: Any) -> Any:
    """A filter for text fields: no blanks at the ends, no characters that databases or browsers refuse."""
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if c.isprintable() or c in "\n\r\t").strip()


class DateField(StringField):
    """A day: 24.11.2026 as people write it, or 2026-11-24 as browsers send it."""

    widget = TextInput()
    data: date | None  # type: ignore[assignment]  # WTForms types the text, we hold the day

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%d.%m.%Y}" if self.data else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if text:
            self.data = parse_day(text)
            if self.data is None:
                raise ValueError(_("Skriv datoen slik: 24.11.2026."))


def parse_day(text: str) -> date | None:
    """The day that a person or a spreadsheet wrote, or None when it is no day."""
    text = text.strip().removesuffix("T00:00:00").removesuffix(" 00:00:00")
    norwegian = re.fullmatch(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})", text)
    iso = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    try:
        if norwegian:
            return date(int(norwegian[3]), int(norwegian[2]), int(norwegian[1]))
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        return None
    return None


class TimeField(StringField):
    """A time of day: 9, 09.00 or 09:00."""

    widget = TextInput()
    data: time | None  # type: ignore[assignment]  # as DateField

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%H.%M}" if self.data else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not text:
            return
        match = re.fullmatch(r"(\d{1,2})(?:[.:](\d{2}))?", text)
        if not match or int(match[1]) > 23 or int(match[2] or 0) > 59:
            raise ValueError(_("Skriv tiden slik: 09.00."))
        self.data = time(int(match[1]), int(match[2] or 0))


class AmountField(StringField):
    """A number with decimals: 12,5 and 12.5 are both one, and blanks between thousands are welcome."""

    widget = TextInput()
    data: Decimal | None  # type: ignore[assignment]  # as DateField

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:f}".replace(".", ",") if self.data is not None else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = re.sub(r"[\s\u00a0]|kr$", "", valuelist[0]) if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = Decimal(text.replace(",", "."))
        except InvalidOperation:
            raise ValueError(_("Skriv et tall, for eksempel 2300 eller 12,5.")) from None
        if not self.data.is_finite():
            raise ValueError(_("Skriv et tall, for eksempel 2300 eller 12,5."))
