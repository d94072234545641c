"""How long each kind of data is kept, and why: the terms as data. retention.py makes them come true."""

from dataclasses import dataclass
from datetime import date, timedelta

from portal.accounts import notices
from portal.language import lazy_gettext as _l

ACCOUNTING_YEARS = 5
BACKUP_DAYS = 35  # `flask backup --keep` makes it come true; docs/operations.md tells whoever runs the portal
LOG_DAYS = 90  # of the proxy, the application and the mail server; also theirs to keep
CHANGED_ON = date(2026, 11, 28)  # when what the public page says was last changed


@dataclass(frozen=True)
class Term:
    """`rule` reads after «Slettes»; `lasts` is counted from what the rule names, where it is a length."""

    code: str
    title: str
    rule: str
    because: str
    lasts: timedelta = timedelta(0)


TERMS: tuple[Term, ...] = (
    Term(
        "membership", _l("Navn, e-post, stilling og roller"),
        _l("når du ber om det, og senest to år etter at brukeren er sperret"),
        _l("Du skal kunne komme tilbake uten å begynne på nytt, men ikke ligge her for alltid."),
        timedelta(days=730),
    ),
    Term(
        "profiles", _l("Det du står i, og det du kan bidra med"),
        _l("når du endrer eller fjerner det, når du trekker samtykket til det, og senest sammen med brukeren"),
        _l("Det brukes til å finne en mentor så lenge du vil det."),
    ),
    Term(
        "reservations", _l("Hvem du ikke vil kobles med"), _l("når du fjerner det, og senest sammen med brukeren"),
        _l("Det skal gjelde til du sier noe annet."),
    ),
    Term(
        "themes", _l("Det du ville ta opp i en samtale"), _l("når du fjerner det, når samtalen avlyses, og senest 90 dager etter at prøveperioden er over"),
        _l("Bare du og veilederen har bruk for det, og bare mens samtalene pågår."),
        timedelta(days=90),
    ),
    Term(
        "accounts", _l("At du hadde plass og samtaler, når, og hva de kostet"),
        _l("fem år etter utgangen av regnskapsåret"),
        _l("Bokføringsloven § 13 krever det av regnskapsmateriale."),
    ),
    Term(
        "proposals", _l("Begrunnelser og poeng i forslag om mentor, og hvem sekretariatet utelukket"),
        _l("ett år etter at koblingsrunden er lukket, eller svarfristen gikk ut"),
        _l("De trengs så lenge noen kan spørre hvorfor de fikk forslaget."),
        timedelta(days=365),
    ),
    Term(
        "drafts", _l("Det en koblingsrunde regner på"), _l("når runden frigis eller forkastes, og senest etter 90 dager"),
        _l("Et utkast som ikke er i bruk, skal ikke bli liggende."),
        timedelta(days=90),
    ),
    Term(
        "pairs", _l("At dere var et mentorpar, fra og til"), _l("sammen med brukeren"),
        _l("Vi foreslår ikke de samme to for hverandre en gang til."),
    ),
    Term(
        "meetings", _l("Når mentorpar møttes"), _l("tre år etter at paret er avsluttet"),
        _l("Det trengs til evalueringen av ordningen, og til å følge opp par som står stille."),
        timedelta(days=3 * 365),
    ),
    Term(
        "mails", _l("E-poster vi har sendt deg"), _l("90 dager etter at de er sendt"),
        _l("Vi må kunne se om en e-post kom fram. De sier aldri hva det gjelder."),
        timedelta(days=90),
    ),
    Term(
        "links", _l("Lenker til å logge inn"), _l("når de ikke lenger virker, etter ti minutter"),
        _l("En lenke som ikke åpner noe, har ingen verdi."),
    ),
    Term(
        "factors", _l("Passnøkler, kodeapp og gjenopprettingskoder"), _l("når du fjerner dem, og senest sammen med brukeren"),
        _l("De er det som gjør at bare du slipper inn."),
    ),
    Term(
        "changes", _l("Bytter av e-postadresse, og varsler om endret innlogging"), _l("når de ikke lenger kan angres, etter 30 dager"),
        _l("Du skal kunne si fra hvis det ikke var deg."),
        notices.LIFETIME,
    ),
    Term(
        "sessions", _l("Enheter du har vært logget inn på"), _l("når du logger ut, eller når innloggingen går ut"),
        _l("Du skal se hvor du er logget inn nå, ikke hvor du har vært."),
    ),
    Term(
        "previews", _l("Medlemslister som er lastet opp og ikke bekreftet"), _l("etter to timer"),
        _l("Sekretariatet trenger tid til å se over, og ikke mer."),
    ),
    Term(
        "keys", _l("Nøkkelen som låser det du har skrevet"), _l("sammen med brukeren"),
        _l("Uten den kan ingen lese det du skrev, heller ikke i gamle sikkerhetskopier."),
    ),
    Term(
        "consents", _l("Samtykker du har gitt og trukket"), _l("tre år etter at de er trukket"),
        _l("Vi må kunne vise at vi hadde lov, så lenge noen kan kreve det av oss (foreldelsesloven § 2)."),
        timedelta(days=3 * 365),
    ),
    Term(
        "erasures", _l("At du har bedt om å bli slettet"), _l("aldri"),
        _l("Det er bare et nummer og tre datoer. En fil utenfor databasen har det samme nummeret: Legges en gammel sikkerhetskopi tilbake, er det den som gjør at du slettes på nytt."),
    ),
    Term(
        "audit", _l("Loggen over hva som er gjort og sett"), _l("aldri, så lenge Varde er i drift"),
        _l("Loggen er en kjede som ikke kan klippes uten at det ser ut som juks. Den har nummer, ikke navn, og aldri "
           "innhold. Etter sletting peker nummeret ikke på noen."),
    ),
    Term(
        "backups", _l("Sikkerhetskopier"), _l("%(days)s dager etter at de er tatt", days=BACKUP_DAYS),
        _l("Lenge nok til å oppdage at noe er galt. Det du sletter, er ute av den siste kopien da."),
        timedelta(days=BACKUP_DAYS),
    ),
    Term(
        "logs", _l("Tekniske logger over besøk, feil og sendt e-post"), _l("etter %(days)s dager", days=LOG_DAYS),
        _l("De trengs til å finne feil og forsøk på innbrudd. De har adressen du besøkte, aldri det du skrev."),
        timedelta(days=LOG_DAYS),
    ),
)  # fmt: skip
BY_CODE = {term.code: term for term in TERMS}
