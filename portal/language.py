"""The words on screen. The source is bokmål, so while no other language is installed nothing has to be looked up."""

from pathlib import Path
from typing import Any

import flask_babel
from flask import Flask
from flask_babel.speaklater import LazyString
from markupsafe import Markup

TRANSLATIONS = Path(__file__).parent / "translations"
_INSTALLED = any(TRANSLATIONS.rglob("*.mo"))


def gettext(text: str, **values: Any) -> str:
    """`text` in the reader's language, with `values` in place of %(name)s."""
    if _INSTALLED:
        return str(flask_babel.gettext(text, **values))
    return text % values if values else text


def ngettext(one: str, many: str, num: int, **values: Any) -> str:
    """`one` or `many`, after the reader's language; both may show %(num)s."""
    if _INSTALLED:
        return str(flask_babel.ngettext(one, many, num, **values))
    return (one if num == 1 else many) % {"num": num, **values}


def lazy_gettext(text: str, **values: Any) -> LazyString:
    """For words that are made before there is a reader."""
    return LazyString(gettext, text, **values)


def _say(text: str, **values: Any) -> Markup:
    """For templates: the text is markup, what is put into it is escaped, and %% is a per cent."""
    said = Markup(flask_babel.gettext(text) if _INSTALLED else text)  # nosec B704  # noqa: S704  # ours, not a visitor's
    return said % values if values or "%" in said else said


def _count(one: str, many: str, num: int, **values: Any) -> Markup:
    chosen = (
        flask_babel.get_translations().ungettext(one, many, num) if _INSTALLED else one if num == 1 else many
    )
    return Markup(chosen) % {"num": num, **values}  # nosec B704  # noqa: S704  # ours, not a visitor's


def register(app: Flask) -> None:
    """Give templates `_` and `ngettext`."""
    app.jinja_env.globals.update(_=_say, gettext=_say, ngettext=_count)
