"""Mails, the audit, and the tables that tell nothing of anybody."""

from sqlalchemy import ColumnElement, Table

from portal.mentoring import apart
from portal.privacy.register.lines import (
    Use,
    Whom,
    kept,
    lines,
    personal,
    reference,
    secret,
    technical,
)

CHAIN = kept("loggen er en kjede som ikke kan klippes; den har bare nummer, og nummeret peker ikke på noen")
INSIDE = "gjelder hvordan e-posten ble sendt, ikke deg"


def _sent(mail: Table, user_id: int) -> ColumnElement[bool]:
    # What was never sent could tell of an answer that somebody else took back, or of a confidential no.
    return mail.c.sent_at.is_not(None) & ~apart.never_went(mail, user_id)


def _known(event: Table, user_id: int) -> ColumnElement[bool]:
    return ~apart.was_never_seen(event, user_id)


TABLES = (
    lines(
        "outbox_message", "E-poster vi har sendt deg", Use.MAIL, "mails",
        Whom("own", "user_id", knows=_sent),
        technical("id user_id", "nøkler"),
        personal("kind", "Hva som ventet"),
        personal("address", "Sendt til"),
        personal("created_at", "Skrevet"),
        personal("sent_at", "Sendt"),
        secret("nonce", "engangsnøkkel, glemmes når e-posten er sendt"),
        personal("path", "Siden e-posten leder til", withheld=INSIDE),
        personal("about", "Raden e-posten gjelder, med nummer", withheld=INSIDE),
        personal("message_id", "E-postens eget nummer", withheld=INSIDE),
        personal("next_attempt_at", "Neste forsøk", withheld=INSIDE),
        personal("claimed_until", "Holdt av en prosess til", withheld=INSIDE),
        personal("attempts", "Antall forsøk", withheld=INSIDE),
        personal("last_error", "Slag feil", withheld=INSIDE),
        personal("withdrawn_at", "Tatt tilbake", withheld="kan røpe hva en annen har svart (artikkel 15 nr. 4)"),
    ),
    lines(
        "audit_event", "Det du har gjort, etter loggen", Use.ACCOUNTABILITY, "audit",
        Whom("own", "actor_id", knows=_known),
        technical("id actor_id", "nøkler"),
        personal("at", "Når", CHAIN),
        personal("event", "Hva", CHAIN),
        personal("subject", "Hvilken rad, med nummer", CHAIN),
        personal("details", "Nærmere", CHAIN, withheld="kan gjelde en annen; aldri innhold (artikkel 15 nr. 4)"),
        technical("previous_hash hash", "det som låser kjeden"),
    ),
    reference("audit_head", "Enden av loggen", "id count hash"),
    reference("revision", "Teller for sidene", "id count"),
    reference("consent_text", "Tekstene det samtykkes til", "id purpose version text first_used_at"),
    reference("challenge_area", "Utfordringsområder", "id code label experience_label position retired_at"),
    reference(
        "municipality", "Kommuner og fylker",
        "number name display_name sort_key kind county_number county_name population kostra_group centrality_class "
        "centrality_index language_form latitude longitude neighbours",
    ),
    reference(
        "programme", "Ordninger",
        "id name starts_on ends_on clips_valid_until clips minutes budget notice_hours late_forfeits no_show_forfeits",
    ),
    reference("rate", "Priser", "id programme_id kind amount valid_from"),
    reference("seat", "Plasser", "programme_id number"),
    reference(
        "steering_report", "Styringsgruppens rapporter: summer uten små tall, og uten navn",
        "id year quarter opening as_of taken_at programme_id programme_name starts_on ends_on frame price seats clips figures",
    ),
)  # fmt: skip
