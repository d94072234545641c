"""Second factors, changes of address, and ways back in."""

from portal.privacy.register.lines import OWN, Use, lines, personal, reference, secret, technical

TABLES = (
    lines(
        "passkey", "Passnøklene dine", Use.ACCESS, "factors", OWN,
        technical("id user_id", "nøkler"),
        secret("handle credential_id public_key sign_count", "det nettleseren og Varde kjenner hverandre igjen på"),
        personal("device", "Enhet"),
        personal("created_at", "Lagt til"),
        personal("used_at", "Sist brukt"),
    ),
    lines(
        "totp", "Kodeappen din", Use.ACCESS, "factors", OWN,
        technical("id user_id session_id", "nøkler"),
        secret("sealed_secret last_step", "hemmeligheten som appen lager koder av, låst med nøkkelen din"),
        personal("created_at", "Satt opp"),
        personal("confirmed_at", "Tatt i bruk"),
    ),
    lines(
        "recovery_code", "Gjenopprettingskodene dine", Use.ACCESS, "factors", OWN,
        technical("id user_id", "nøkler"),
        secret("salt code_hash", "avtrykk av koden"),
        personal("created_at", "Laget"),
        personal("used_at", "Brukt"),
    ),
    lines(
        "identity", "Innlogging med kontoen fra jobben", Use.ACCESS, "factors", OWN,
        technical("id user_id", "nøkler"),
        personal("issuer", "Hvem som går god for deg"),
        personal("subject", "Ditt nummer hos dem"),
        personal("created_at", "Knyttet til"),
    ),
    lines(
        "email_change", "Bytter av e-postadresse", Use.ACCESS, "changes", OWN,
        technical("id user_id", "nøkler"),
        personal("old_email", "Gammel adresse"),
        personal("new_email", "Ny adresse"),
        secret("token_hash", "avtrykk av lenken"),
        personal("expires_at", "Lenken virket til"),
        personal("confirmed_at", "Bekreftet"),
        personal("undone_at", "Angret"),
    ),
    lines(
        "notice", "Varsler om at innloggingen din er endret", Use.ACCESS, "changes", OWN,
        technical("id user_id", "nøkler"),
        secret("token_hash", "avtrykk av lenken"),
        personal("expires_at", "Lenken virker til"),
        personal("used_at", "Du sa fra at det ikke var deg"),
    ),
    lines(
        "recovery", "Når sekretariatet har sluppet deg inn på nytt", Use.ACCESS, "factors", OWN,
        technical("id user_id asked_by_id approved_by_id", "nøkler, og hvem som gjorde det, med nummer"),
        personal("asked_at", "Bedt om"),
        personal("approved_at", "Godkjent"),
        personal("withdrawn_at", "Trukket"),
    ),
    reference("challenge", "Spørsmål til en passnøkkel, i noen minutter", "id purpose holder_hash value expires_at"),
)  # fmt: skip
