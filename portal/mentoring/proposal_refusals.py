"""Why an answer to a proposal is refused, in the words that the one who answers reads."""

from portal.errors import DomainError
from portal.language import lazy_gettext as _l


class NotYourTurn(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dette er ikke ditt å svare på nå. Last siden på nytt for å se hvor det står."))


class ProposalClosed(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Fristen for å svare er ute, eller forslaget gjelder ikke lenger. Ingenting er endret.")
        )


class HasMentor(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du har allerede en mentor, så de andre forslagene gjelder ikke lenger."))


class MentorIsAsked(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Vi spør en mentor for deg akkurat nå. Vent på svaret, så finner vi andre om du vil.")
        )
