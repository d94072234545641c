"""The record of processing activities (article 30), written from the register so that it cannot say something else."""

from collections.abc import Iterator

from portal.consents import current
from portal.privacy.register import ASKED_FOR, REGISTER, Basis, Fate, Lines, Use
from portal.privacy.terms import BY_CODE, TERMS

HEAD = """# Protokoll over behandlingsaktiviteter

*Personvernforordningen artikkel 30. Skrevet av `flask privacy record` fra registeret i `portal/privacy/register`; en test
passer på at de to er like. Rett registeret, ikke denne filen.*

| | |
|---|---|
| Behandlingsansvarlig | Norsk Kommunedirektørforum (KDF), ved daglig leder. Kontaktopplysninger og personvernombud: KDF må bekrefte |
| Løsning | Varde: samtaler med veileder og mentorordning for kommunedirektører og fylkeskommunedirektører |
| Registrerte | medlemmer (om lag 370 mulige), mentorer, veiledere, sekretariat, styringsgruppe |
| Mottakere utenfor KDF | ingen. En kommune som betaler, får en faktura med nøytral tekst |
| Databehandlere | den som drifter tjeneren, og den som leverer e-post. Navn og avtaler: KDF må bekrefte |
| Overføring ut av EØS | ingen fra løsningen selv. For databehandlerne: KDF må bekrefte |
| Sikring | kryptering per person av det som skrives, tilgang etter rolle, logg som ikke kan endres, to faktorer, kryptert sikkerhetskopi |
"""
OWN_WORDS = """Det medlemmene selv forteller om hva de står i eller har stått i, kan være helseopplysninger: egne ord, områder og ønsker som
mentee, tema for en samtale. Grunnlaget er uttrykkelig samtykke (artikkel 9 nr. 2 bokstav a), som gis med en avkryssing under ordene
første gang noe fortelles, lagres med versjon, og trekkes på personvernsiden. Uten samtykket lagres det ikke. Alt kan tømmes når som
helst: områdene, teksten og temaet hver for seg, eller alt på en gang. Det en samtale skulle handle om, tømmes når den avlyses.

Hvilke områder en mentor har erfaring med, er det mentoren tilbyr, og følger avtalen om å være mentor. Reservasjoner er valg fra
lister (hvem, hvor, hva slags tilknytning), uten fritekst, og bygger på berettiget interesse i at feil par ikke blir til. Et nei
til et forslag har ingen begrunnelse. Mål for et mentorpar lagres ikke i dag.
"""
TABLE_HEAD = (
    "| kolonne | hva | om hvem | i innsyn | ved sletting |",
    "|---|---|---|---|---|",
)


def record() -> str:
    """The whole record, in Markdown."""
    return "\n".join([HEAD, *_by_use(), *_consents(), *_terms(), *_columns(), *_without()]) + "\n"


def _by_use() -> Iterator[str]:
    yield "## Formål og grunnlag\n"
    yield "| formål | behandlingsgrunnlag | opplysninger | slettes |"
    yield "|---|---|---|---|"
    for use in Use:
        found = [*_tables(use), *_apart(use)]
        if found:
            titles = "; ".join(title for title, _term in found)
            rules = "; ".join(dict.fromkeys(str(BY_CODE[term].rule) for _title, term in found))
            yield f"| {use.label} | {use.basis.label} | {titles} | {rules} |"
    for purpose, asked in ASKED_FOR.items():
        if asked.basis is Basis.CONSENT:
            yield f"| {purpose.label} | {asked.basis.label} | {asked.data} | når samtykket trekkes |"
    yield f"\n{OWN_WORDS}"


def _tables(use: Use) -> Iterator[tuple[str, str]]:
    """What we have for this use: its title and the code of its term."""
    return ((table.title, table.term) for table in REGISTER if table.use is use and table.is_personal)


def _apart(use: Use) -> Iterator[tuple[str, str]]:
    """The single columns that are for this use, in tables that are for another."""
    for table in REGISTER:
        for line in table.lines:
            if line.use is use:
                yield f"{line.label} ({table.title})", line.term or table.term


def _consents() -> Iterator[str]:
    yield "## Samtykker\n"
    yield "Hvert ja lagres med tekst og versjon, hvem og når, og når det ble trukket. Legges en sikkerhetskopi tilbake, teller ingen av"
    yield "dem før de er gitt på nytt.\n"
    yield "| samtykke | ordene (versjon) | opplysninger | når det trekkes |"
    yield "|---|---|---|---|"
    for purpose, asked in ASKED_FOR.items():
        words = current(purpose)
        yield f"| {purpose.label} | «{words.text}» ({words.version}) | {asked.data} | {asked.ends} |"
    yield ""


def _terms() -> Iterator[str]:
    yield "## Sletting\n"
    yield "| hva | slettes | fordi |"
    yield "|---|---|---|"
    for term in TERMS:
        yield f"| {term.title} | {term.rule} | {term.because} |"
    yield ""


def _columns() -> Iterator[str]:
    yield "## Kolonne for kolonne\n"
    for table in REGISTER:
        if table.is_personal:
            yield from _table(table)


def _table(table: Lines) -> Iterator[str]:
    yield f"### {table.title} (`{table.table}`)\n"
    if table.use is not None:
        yield f"For å {table.use.label}. Grunnlag: {table.bases}. Slettes {BY_CODE[table.term].rule}.\n"
    yield from TABLE_HEAD
    for line in table.lines:
        if not line.is_personal:
            yield f"| `{line.column}` | {line.label} | – | – | – |"
            continue
        whom = ", ".join(table.of(name).title or "den det gjelder" for name in line.about)
        shown = "ja" if set(line.shown_to) == set(line.about) else f"nei: {line.withheld}"
        if line.shown_to and shown != "ja":
            shown = f"bare {', '.join(table.of(name).title.lower() for name in line.shown_to)}; ellers {line.withheld}"
        label = f"{line.label}{' (sensitiv)' if line.sensitive else ''}"
        yield f"| `{line.column}` | {label} | {whom} | {shown} | {_fate(line.erasure.fate, line.erasure.words)} |"
    yield ""


def _fate(fate: Fate, words: str) -> str:
    if fate is Fate.REPLACED:
        return f"{fate.label} med {words}"
    return f"{fate.label}: {words}" if words else fate.label


def _without() -> Iterator[str]:
    yield "## Tabeller uten personopplysninger\n"
    for table in REGISTER:
        if not table.is_personal:
            yield f"- `{table.table}`: {table.title}"
