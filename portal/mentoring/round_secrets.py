"""What a kept run holds that would tell what a mentee wishes or who has said no to whom: sealed, mentee by mentee."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select

from portal import keys
from portal.extensions import Json, db
from portal.members.models import Member

PLACE = "match_run.inputs"
STORED = frozenset({"owner", "sealed"})


class Secret(NamedTuple):
    """The mentee's wishes, the mentors (as the engine names them) with whom it cannot be, whatever the reason, and those
    the mentee has wanted before."""

    wishes: Mapping[str, Any]
    blocked: list[str]
    ranking: list[str] = []  # never changed


def sealed(secrets: Mapping[str, Secret]) -> dict[str, Json]:
    """By the mentee's member id, what is stored in place of each secret."""
    members = select(Member.id, Member.user_id).where(Member.id.in_(map(int, secrets)))
    owners = {str(member_id): user_id for member_id, user_id in db.session.execute(members)}
    keys.load(owners.values())
    return {
        member_id: {"owner": owners[member_id], "sealed": _sealed(owners[member_id], secret)}
        for member_id, secret in secrets.items()
    }


def _sealed(user_id: int, secret: Secret) -> str:
    return b64encode(keys.seal(user_id, PLACE, json.dumps(secret._asdict()))).decode()


def opened(mentees: Iterable[Json]) -> list[tuple[Json, Secret]]:
    """The stored mentees with their secrets; one whose key is gone has left the round."""
    stored = list(mentees)
    keys.load(mentee["owner"] for mentee in stored)
    found = []
    for mentee in stored:
        try:
            text = keys.open(mentee["owner"], PLACE, b64decode(mentee["sealed"]))
        except keys.Destroyed:
            continue
        found.append((mentee, Secret(**json.loads(text))))
    return found
