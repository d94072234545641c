"""What each consent is about: the data, and what happens when it is taken back. The record lists them with their words."""

from dataclasses import dataclass

from portal.consents import Purpose
from portal.privacy.register.lines import Basis


@dataclass(frozen=True)
class AskedFor:
    """`data` is what is used only with the yes; `ends` what taking it back does."""

    basis: Basis
    data: str
    ends: str


ASKED_FOR: dict[Purpose, AskedFor] = {
    Purpose.OWN_WORDS: AskedFor(
        Basis.EXPLICIT,
        "det medlemmet skriver med egne ord som mentee eller mentor; områder og ønsker som mentee; tema for samtaler; "
        "begrunnelser og tekstlikhet som er regnet ut av dette",
        "alt tømmes med en gang, søket etter mentor stopper, forslag uten svar faller bort; par som er i gang, fortsetter",
    ),
    Purpose.SECRETARIAT_SEES_AREAS: AskedFor(
        Basis.CONSENT, "områder som mentee eller mentor", "sekretariatet ser dem ikke lenger"
    ),
    Purpose.LEARN_FROM_ANSWERS: AskedFor(
        Basis.CONSENT, "svar på mentorforslag", "svarene er ikke med neste gang vektene regnes ut"
    ),
    Purpose.CONTACT_FOR_EVALUATION: AskedFor(
        Basis.CONSENT, "navn og e-postadresse", "ingen henvendelse om evalueringen"
    ),
}
