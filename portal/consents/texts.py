"""What a person says yes to, word for word. A version that somebody has seen is never changed: a new one is added."""

from dataclasses import dataclass
from enum import StrEnum

from portal.language import gettext as _


class Purpose(StrEnum):
    """What is done only with a person's yes."""

    OWN_WORDS = "own_words"
    SECRETARIAT_SEES_AREAS = "secretariat_sees_areas"
    LEARN_FROM_ANSWERS = "learn_from_answers"
    CONTACT_FOR_EVALUATION = "contact_for_evaluation"

    @property
    def label(self) -> str:
        labels = {
            Purpose.OWN_WORDS: _("Varde bruker det du forteller om det du står i"),
            Purpose.SECRETARIAT_SEES_AREAS: _("Sekretariatet får se områdene dine"),
            Purpose.LEARN_FROM_ANSWERS: _("Koblingen får lære av svarene dine"),
            Purpose.CONTACT_FOR_EVALUATION: _("KDF kan kontakte deg om evalueringen"),
        }
        return str(labels[self])


@dataclass(frozen=True)
class Wording:
    """A version of a purpose's text. `covers` is the oldest version whose yes still holds under this one."""

    purpose: Purpose
    version: int
    text: str
    covers: int


TEXTS: tuple[Wording, ...] = (
    Wording(
        Purpose.OWN_WORDS,
        1,
        "Det jeg skriver og krysser av om det jeg står i eller har stått i, kan si noe om helsen min. Jeg samtykker i at "
        "Varde bruker det til å finne en mentor, og til at veilederen vet hva jeg vil snakke om. Veilederen ser temaet, "
        "og en mentor som blir spurt, ser områdene. Det jeg skriver med egne ord, vises ikke til noen. Trekker jeg "
        "samtykket, tømmes det, og letingen etter mentor stopper.",
        1,
    ),
    Wording(
        Purpose.SECRETARIAT_SEES_AREAS,
        1,
        "Sekretariatet i KDF kan se hvilke utfordringsområder jeg har krysset av for, så de kan hjelpe til med å "
        "finne en mentor. De ser områdene, aldri det jeg har skrevet selv. Uten samtykke ser de bare at jeg ønsker "
        "en mentor, eller vil være det.",
        1,
    ),
    Wording(
        Purpose.LEARN_FROM_ANSWERS,
        1,
        "Svarene mine på mentorforslag, og om det ble et mentorpar av dem, kan brukes til å justere hvor mye hvert "
        "hensyn teller i koblingen. Det som kommer ut, er tall for alle under ett. Ingen kan lese svarene mine ut "
        "av dem. Uten samtykke brukes svarene bare til å finne en mentor til meg.",
        1,
    ),
    Wording(
        Purpose.CONTACT_FOR_EVALUATION,
        1,
        "KDF kan sende meg en e-post og spørre om jeg vil fortelle hva ordningen har betydd for meg, når den skal "
        "evalueres. Jeg velger selv om jeg svarer. Uten samtykke får jeg ingen slik henvendelse.",
        1,
    ),
)


def current(purpose: Purpose) -> Wording:
    """The text as it reads today."""
    return max((w for w in TEXTS if w.purpose is purpose), key=lambda w: w.version)
