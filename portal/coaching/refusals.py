"""What the coaching rules say no to, in words for the person who asked."""

from portal.errors import DomainError
from portal.language import lazy_gettext as _l


class SlotTaken(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Timen ble tatt rett før deg. Klippet ditt er ikke brukt, og ingenting er bestilt.")
        )


class SlotPassed(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Timen er passert. Velg en annen tid."))


class ModeNotOffered(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Veilederen tilbyr ikke denne timen på den måten. Velg den andre formen."))


class AlreadyBusy(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du har allerede en samtale på den tiden. Flytt den, eller velg en annen time."))


class ClipCardEmpty(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Du har ingen klipp igjen. Du kan bestille når kommunen eller du selv betaler timen.")
        )


class ProgrammeOver(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Timen ligger utenfor perioden klippekortet gjelder for. Velg en annen tid."))


class NoSeat(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du har ikke plass i ordningen ennå, og kan derfor ikke bestille."))


class NoPrice(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Prisen for denne dagen er ikke satt ennå. Ingenting er bestilt; si fra til KDF.")
        )


class AccountShut(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Brukeren er stengt. Ingenting er bestilt."))


class NoticePassed(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Fristen for å flytte samtalen er ute. Du kan fortsatt avlyse den."))


class BookingClosed(DomainError):
    """The conversation is cancelled, confirmed or begun, so that what was asked no longer makes sense."""

    def __init__(self) -> None:
        super().__init__(_l("Samtalen er allerede avlyst, startet eller ferdig. Ingenting er endret."))


class NotYetBegun(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Samtalen har ikke begynt ennå. Den kan bekreftes når den er i gang."))


class TooLateToCorrect(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Bekreftelsen kan rettes samme dag. Etter det må sekretariatet gjøre det."))


class ClipTakenAgain(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Klippet er brukt på en ny samtale i mellomtiden, så dette kan ikke rettes."))
