"""What every installation starts with: the municipalities and counties of Norway, and the challenge areas."""

from sqlalchemy import select

from matching.municipalities import municipalities
from portal.extensions import db
from portal.language import lazy_gettext as _l
from portal.members.models import ChallengeArea, Municipality, MunicipalityKind
from portal.sorting import sort_key

# Code, what a mentee faces, what a mentor has been through. The first three are those that made people leave.
AREAS = (
    (
        "room-to-act",
        _l("Handlingsrommet mitt er blitt trangt"),
        _l("Har måttet finne handlingsrom der det var trangt"),
    ),
    ("mayor", _l("Samspillet og tilliten med ordføreren"), _l("Har bygd tillit til en ny ordfører")),
    ("politics", _l("Det politiske spillet i kommunestyret"), _l("Har stått i politisk uro i kommunestyret")),
    (
        "well-being",
        _l("Å stå i det over tid, helse og trivsel"),
        _l("Har funnet måter å stå i det på over tid"),
    ),
    ("new-role", _l("Ny i rollen"), _l("Husker det første året og har hjulpet andre gjennom det")),
    ("management-team", _l("Ledergruppen min"), _l("Har bygd en ny ledergruppe")),
    ("conflict", _l("Konflikt i organisasjonen"), _l("Har løst en konflikt i organisasjonen")),
    ("economy", _l("Stram økonomi og omstilling"), _l("Har stått i en omstilling med røde tall")),
    ("crisis", _l("Krise og beredskap"), _l("Har ledet en kommune gjennom en krise")),
    ("merger", _l("Sammenslåing, deling eller nye grenser"), _l("Har ledet en kommune gjennom sammenslåing")),
    ("media", _l("Mediene og offentligheten"), _l("Har stått i hard medieomtale")),
    ("whistleblowing", _l("Varsling og personalsaker"), _l("Har håndtert varsling på toppnivå")),
    ("schools-care", _l("Oppvekst, helse og omsorg i endring"), _l("Har lagt om skole, helse eller omsorg")),
    ("growth", _l("Vekst eller fraflytting"), _l("Har styrt gjennom vekst eller fraflytting")),
    ("cooperation", _l("Interkommunalt samarbeid"), _l("Har fått interkommunalt samarbeid til å virke")),
    ("next-step", _l("Neste steg i karrieren"), _l("Har gått videre til noe nytt fra rollen")),
)


def load_municipalities() -> int:
    """Bring the table up to date with the reference data. Returns how many rows are there. Safe to repeat."""
    known = {m.number: m for m in db.session.scalars(select(Municipality))}
    for source in municipalities().values():
        row = known.get(source.number) or Municipality(number=source.number)
        row.name, row.display_name, row.sort_key = (
            source.name,
            source.display_name,
            sort_key(source.display_name),
        )
        row.kind = MunicipalityKind(source.kind)
        row.county_number, row.county_name = source.county_number, source.county
        row.population = source.population
        row.kostra_group, row.centrality_class = source.kostra_group, source.centrality_class
        row.centrality_index, row.language_form = source.centrality_index, source.language_form
        row.latitude, row.longitude = source.latitude, source.longitude
        row.neighbours = "|".join(sorted(source.neighbours))
        db.session.add(row)
    db.session.flush()
    return len(municipalities())


def load_challenge_areas() -> None:
    """Add the areas that are not there yet; what the secretariat has edited stays."""
    known = set(db.session.scalars(select(ChallengeArea.code)))
    for position, (code, label, experience) in enumerate(AREAS, start=1):
        if code not in known:
            area = ChallengeArea(
                code=code, label=str(label), experience_label=str(experience), position=position
            )
            db.session.add(area)
    db.session.flush()
