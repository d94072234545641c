"""The copy as a PDF that a screen reader can read, too. What people have written goes in as data, never as markup."""

import json
from pathlib import Path

from portal.language import gettext as _
from portal.privacy.export.gathering import Copy

TEMPLATE = Path(__file__).parent / "copy.typ"


def as_pdf(copy: Copy) -> bytes:
    """PDF/UA-1, with fonts of its own; nothing of the machine it is made on."""
    import typst  # only here: the web process starts without it

    made: bytes = typst.compile(
        TEMPLATE,
        ignore_system_fonts=True,
        pdf_standards=["ua-1"],
        timestamp=int(copy.made_at.timestamp()),
        sys_inputs={"copy": json.dumps(copy.as_data(), ensure_ascii=False), "words": json.dumps(_words())},
    )
    return made


def _words() -> dict[str, str]:
    return {
        "introduction": _(
            "Dette er en kopi av det Varde har lagret om deg. De samme opplysningene ligger i JSON-filen i den samme "
            "zip-filen, som et annet system kan lese. Kopien er laget i det du ba om den, og er ikke lagret hos oss."
        ),
        "controller": _("Ansvarlig for behandlingen: %(name)s."),
        "purpose": _("Hvorfor"),
        "basis": _("Grunnlag"),
        "deleted": _("Slettes"),
        "left_out": _("Ikke tatt med, og hvorfor"),
        "readings": _("Hvem som har sett opplysninger om deg"),
        "no_readings": _("Ingen andre har åpnet opplysninger om deg siden loggen begynte."),
        "nothing": _("Her har vi ingenting om deg"),
        "page": _("Side"),
    }
