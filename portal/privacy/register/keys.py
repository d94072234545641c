"""The key of each person. What it has sealed stands in the tables of its subject."""

from portal.privacy.register.lines import OWN, SECRET, Erasure, Fate, Use, kept, lines, personal, technical

GOES = Erasure(Fate.DESTROYED, with_key=True)
PROOF = kept("viser at nøkkelen er ødelagt, og hindrer at det lages en ny")

TABLES = (
    lines(
        "person_key", "Nøkkelen din", Use.ACCESS, "keys", OWN,
        technical("user_id", "nøkkel"),
        personal("wrapped", "Nøkkelen som låser opp det du har skrevet, selv låst", GOES, withheld=SECRET),
        personal("wrapped_by", "Hvilken nøkkel den er låst med", GOES, withheld=SECRET),
        personal("made_at", "Laget", PROOF),
        personal("destroyed_at", "Ødelagt", PROOF),
    ),
)  # fmt: skip
