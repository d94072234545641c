"""The six people whom a visitor can be."""

from dataclasses import dataclass
from typing import Any

from portal.language import lazy_gettext as _l


@dataclass(frozen=True)
class Persona:
    code: str
    name: str
    email: str
    title: Any
    text: Any


PERSONAS = (
    Persona(
        "mentee",
        "Kari Vestnes",
        "kari.vestnes@sula.example",
        _l("Medlem som søker mentor"),
        _l("To år i rollen i Sula. Har tre forslag å svare på og ett klipp igjen."),
    ),
    Persona(
        "mentor",
        "Torgeir Hauglid",
        "torgeir.hauglid@surnadal.example",
        _l("Mentor"),
        _l("Har stått i det meste. Følger to kolleger, og én til spør etter ham."),
    ),
    Persona(
        "coach",
        "Solveig Aarnes",
        "solveig.aarnes@veileder.example",
        _l("Veileder"),
        _l("Ser uken sin, bekrefter samtaler og legger ut ledig tid."),
    ),
    Persona(
        "secretariat",
        "Hilde Sund",
        "hilde.sund@kdf.example",
        _l("Sekretariatet"),
        _l("Fyller plasser, kobler mentorer og passer på pengene."),
    ),
    Persona(
        "steering",
        "Anne Berit Lind",
        "anne.berit.lind@kdf.example",
        _l("Styringsgruppen"),
        _l("Ser tall og hva som må avgjøres, aldri navn."),
    ),
    Persona(
        "newcomer",
        "Jonas Raknes",
        "jonas.raknes@vestvagoy.example",
        _l("Nytt medlem"),
        _l("Har nettopp logget inn for første gang. Ingenting er fylt ut."),
    ),
)
BY_CODE = {persona.code: persona for persona in PERSONAS}
