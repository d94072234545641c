"""Members, their positions, and the lists that are imported."""

from portal.privacy.register.lines import (
    EMPTIED,
    GONE,
    OF_MEMBER,
    OWN,
    Use,
    Whom,
    kept,
    lines,
    personal,
    replaced,
    technical,
)

NOWHERE = "0000"  # the place of whoever is erased

TABLES = (
    lines(
        "member", "Stillingen din", Use.MEMBERSHIP, "membership", OWN,
        technical("id user_id", "nøkler"),
        personal(
            "municipality_number", "Kommune", replaced("ingen kommune", NOWHERE),
            shown="municipality_number>municipality.display_name",
        ),
        personal("title", "Tittel", replaced("tomt", "")),
        personal("in_position_since", "I stillingen siden", EMPTIED),
        personal("membership", "Medlemskap", kept("avgjør hvilken pris som gjaldt; peker ikke på noen")),
        personal("invited_at", "Invitert", kept("teller i hvor mange som er invitert; peker ikke på noen")),
    ),
    lines(
        "tenure", "Stillinger du har hatt", Use.MEMBERSHIP, "membership", OF_MEMBER,
        technical("id member_id", "nøkler"),
        personal("municipality_number", "Kommune", shown="municipality_number>municipality.display_name"),
        personal("title", "Tittel"),
        personal("started_on", "Fra"),
        personal("ended_on", "Til"),
    ),
    lines(
        "import_preview", "Lister du har lastet opp", Use.WORK, "previews", Whom("own", "by_id"),
        technical("id by_id", "nøkler"),
        personal("filename", "Filnavn"),
        personal(
            "content", "Radene i listen: navn, e-post og stilling for dem som står i den", GONE,
            withheld="gjelder dem som står i listen, ligger i høyst to timer, og slettes med den det gjelder",
        ),
        personal("created_at", "Lastet opp"),
        personal("expires_at", "Slettes"),
        personal("confirmed_at", "Bekreftet"),
    ),
)  # fmt: skip
