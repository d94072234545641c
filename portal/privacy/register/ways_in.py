"""What a person proves who they are with, and the letters that go with it."""

from portal.privacy.register.lines import OWN, Use, lines, personal, secret, technical

TABLES = (
    lines(
        "passkey", "Passnøklene dine", Use.ACCESS, "membership", OWN,
        technical("id user_id", "nøkler"),
        secret("handle credential_id public_key sign_count", "det enheten viser at den har nøkkelen med"),
        personal("device", "Nettleser og system da den ble laget"),
        personal("created_at", "Laget"),
        personal("used_at", "Sist brukt"),
    ),
    lines(
        "totp", "Kodeappen din", Use.ACCESS, "membership", OWN,
        technical("id user_id", "nøkler"),
        secret("sealed_secret last_step", "det appen regner ut koder av"),
        personal("created_at", "Laget"),
        personal("confirmed_at", "Tatt i bruk"),
    ),
    lines(
        "recovery_code", "Gjenopprettingskodene dine", Use.ACCESS, "membership", OWN,
        technical("id user_id", "nøkler"),
        secret("salt code_hash", "avtrykk av koden"),
        personal("created_at", "Laget"),
        personal("used_at", "Brukt"),
    ),
    lines(
        "identity", "Innlogging med en annen virksomhets konto", Use.ACCESS, "membership", OWN,
        technical("id user_id", "nøkler"),
        personal("issuer", "Hvem som går god for deg"),
        personal("subject", "Nummeret de kjenner deg på"),
        personal("created_at", "Knyttet til"),
    ),
    lines(
        "email_change", "Bytte av e-postadresse", Use.ACCESS, "links", OWN,
        technical("id user_id", "nøkler"),
        secret("token_hash", "avtrykk av lenken"),
        personal("old_email", "Fra"),
        personal("new_email", "Til"),
        personal("expires_at", "Lenken virker til"),
        personal("confirmed_at", "Bekreftet"),
        personal("undone_at", "Gjort om"),
    ),
    lines(
        "notice", "Varsler om at innloggingen din ble endret", Use.ACCESS, "links", OWN,
        technical("id user_id email_change_id", "nøkler"),
        secret("token_hash", "avtrykk av lenken i varselet"),
        personal("expires_at", "Lenken virker til"),
        personal("used_at", "Brukt"),
    ),
    lines(
        "recovery", "Når sekretariatet har hjulpet deg inn igjen", Use.ACCESS, "membership", OWN,
        technical("id user_id", "nøkler"),
        technical("asked_by_id approved_by_id", "hvem som gjorde det: står i loggen, med nummer"),
        personal("asked_at", "Bedt om"),
        personal("approved_at", "Godkjent"),
        personal("withdrawn_at", "Trukket"),
    ),
    lines(
        "challenge", "Spørsmål til en passnøkkel", None, "", (),
        technical("id purpose holder_hash value expires_at", "tilfeldige tall som lever noen minutter"),
    ),
)  # fmt: skip
