"""Users, their ways in, and what they have said yes to."""

from portal.privacy.register.lines import (
    EMPTIED,
    GONE,
    OWN,
    Use,
    Whom,
    kept,
    lines,
    personal,
    replaced,
    secret,
    technical,
)
from portal.sorting import sort_key

ERASED_NAME = "Slettet bruker"


def erased_name(user_id: int) -> str:
    return f"{ERASED_NAME} {user_id}"


def erased_email(user_id: int) -> str:
    return f"slettet-{user_id}@slettet.invalid"


TABLES = (
    lines(
        "user", "Brukeren din", Use.MEMBERSHIP, "membership", Whom("own", "id"),
        technical("id", "nummeret vi kjenner brukeren på"),
        personal("email", "E-postadresse", replaced("slettet-nummer@slettet.invalid", erased_email)),
        personal("name", "Navn", replaced("«Slettet bruker» og nummeret", erased_name)),
        personal(
            "sort_key", "Navnet, slik det sorteres",
            replaced("som navnet", lambda user_id: sort_key(erased_name(user_id))),
            withheld="er navnet en gang til, skrevet for sortering",
        ),
        personal("language", "Målform", replaced("bokmål", "nb")),
        personal("created_at", "Registrert", kept("viser når brukeren ble til, og peker ikke på noen")),
        personal("locked_at", "Låst", EMPTIED),
        personal("deactivated_at", "Sperret", kept("holder brukeren stengt etter sletting")),
    ),
    lines(
        "role_grant", "Rollene dine", Use.ACCESS, "membership", OWN,
        technical("id user_id", "nøkler"),
        personal("role", "Rolle"),
        personal("granted_at", "Gitt"),
        technical("granted_by_id", "hvem som ga den: står i loggen, med nummer"),
    ),
    lines(
        "login_link", "Lenker du har bedt om for å logge inn", Use.ACCESS, "links", OWN,
        technical("id user_id", "nøkler"),
        secret("token_hash browser_hash", "avtrykk av lenken og nettleseren"),
        personal("created_at", "Bedt om"),
        personal("expires_at", "Virker til"),
        personal("used_at", "Brukt"),
    ),
    lines(
        "session", "Enhetene du er logget inn på", Use.ACCESS, "sessions", OWN,
        technical("id user_id", "nøkler"),
        secret("token_hash", "avtrykk av nøkkelen i nettleseren"),
        personal("device", "Nettleser og system"),
        personal("created_at", "Logget inn"),
        personal("seen_at", "Sist brukt"),
        personal("expires_at", "Varer til"),
        personal("ended_at", "Logget ut"),
        personal("proved_at", "Andre faktor sist vist"),
        personal("vouched_at", "Organisasjonen gikk god for deg"),
        personal("wrong_codes", "Feil koder på rad"),
    ),
    lines(
        "consent", "Samtykkene dine", Use.RIGHTS, "consents", OWN,
        technical("id user_id", "nøkler"),
        personal("purpose", "Til hva", GONE),
        personal("version", "Tekstens versjon", GONE),
        personal("given_at", "Gitt", GONE),
        personal("withdrawn_at", "Trukket", GONE),
        personal("lapsed_at", "Falt bort da en sikkerhetskopi ble lagt tilbake", GONE),
    ),
    lines(
        "erasure", "Når du har bedt om å bli slettet", Use.RIGHTS, "erasures", OWN,
        technical("id user_id", "nøkler: nummeret er det som gjør at en gammel sikkerhetskopi slettes på nytt"),
        personal("asked_at", "Bedt om", kept("viser at vi gjorde det du ba om")),
        personal("due_at", "Skal skje", kept("viser at vi gjorde det du ba om")),
        personal("undone_at", "Angret", kept("viser at vi gjorde det du ba om")),
        personal("done_at", "Gjort", kept("viser at vi gjorde det du ba om")),
        technical("asked_by_id undone_by_id", "hvem som ba, med nummer"),
    ),
)  # fmt: skip
