"""What a round says no to, as sentences for the secretariat."""

from portal.errors import DomainError
from portal.language import lazy_gettext as _l


class DraftExists(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l(
                "Det ligger alt en runde som utkast. Gjør den ferdig, eller forkast den, før du starter en ny."
            )
        )


class NobodySeeks(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Ingen søker mentor akkurat nå, så det er ingen å koble. Ingenting er laget."))


class NotADraft(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Runden er alt frigitt. Forslagene ligger hos mentees og kan ikke endres lenger.")
        )


class IsRunning(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Runden kjøres akkurat nå. Vent til den er ferdig, så kan du gå videre."))


class PairImpossible(DomainError):
    """The same words whatever the reason: a rule, a full calendar, or too little in common."""

    def __init__(self) -> None:
        super().__init__(_l("Disse to kan ikke kobles nå. Runden står som den sto."))


class NothingToRelease(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Det er ingen forslag å frigi. Kjør runden på nytt først."))


class HasChanged(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l(
                "Runden er endret etter at du åpnet siden, så ingenting er gjort. Her er den slik den står nå."
            )
        )


class DeadlineTooEarly(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Svarfristen må være i morgen eller senere, og innen et halvt år."))


class TooLargeForAim(DomainError):
    def __init__(self, most: int) -> None:
        super().__init__(
            _l(
                "Å ta de svakeste parene ett for ett går bare med inntil %(most)s mentees. Velg noe annet under Vekter.",
                most=most,
            )
        )


class NotEvenAndStable(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l(
                "Spredning på flere mentorer kan ikke brukes når ingen to skal ville ha hverandre heller. Velg det ene eller det andre."
            )
        )
