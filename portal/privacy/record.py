"""The record of processing activities (article 30), written from the register so that it cannot say something else."""

from collections.abc import Iterator

from portal.privacy.register import REGISTER, Fate, Lines, Use
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
TABLE_HEAD = (
    "| kolonne | hva | om hvem | i innsyn | ved sletting |",
    "|---|---|---|---|---|",
)


def record() -> str:
    """The whole record, in Markdown."""
    return "\n".join([HEAD, *_by_use(), *_terms(), *_columns(), *_without()]) + "\n"


def _by_use() -> Iterator[str]:
    yield "## Formål og grunnlag\n"
    yield "| formål | behandlingsgrunnlag | opplysninger | slettes |"
    yield "|---|---|---|---|"
    for use in Use:
        tables = [table for table in REGISTER if table.use is use and table.is_personal]
        if tables:
            titles = "; ".join(table.title for table in tables)
            rules = "; ".join(dict.fromkeys(str(BY_CODE[table.term].rule) for table in tables))
            yield f"| {use.label} | {use.basis.label} | {titles} | {rules} |"
    yield ""
    yield "Det medlemmene selv skriver om hva de står i, kan være helseopplysninger. Grunnlaget er da uttrykkelig samtykke"
    yield "(artikkel 9 nr. 2 bokstav a): feltet er frivillig, sier hvem som leser det, og kan tømmes når som helst.\n"


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
        yield f"For å {table.use.label}. Grunnlag: {table.use.basis.label}. Slettes {BY_CODE[table.term].rule}.\n"
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
