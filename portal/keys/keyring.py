"""The keys that live now, in a file beside the backups: without it no backup opens what people wrote.

Backups hold no keys. This file is overwritten at each backup and each erasure, so that a destroyed key is in no copy:
keep one of it, and never the old ones.
"""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import select

from portal.extensions import db
from portal.keys import files
from portal.keys.masters import UnknownMasterKey, masters
from portal.keys.models import PersonKey


class KeyringBroken(RuntimeError):
    """The keyring file was changed, or is not ours."""


class Kept(NamedTuple):
    """A row of the file. One that is destroyed has a moment, and nothing else."""

    user_id: int
    wrapped: bytes | None
    wrapped_by: str | None
    made_at: datetime
    destroyed_at: datetime | None


def place() -> Path | None:
    """Where the keyring is kept; None where there are no backups."""
    setting = current_app.config["KEYRING_FILE"]
    return Path(setting) if setting else None


def write() -> None:
    """Make the file say what the database says now."""
    path = place()
    if path is None:
        return
    # Read inside the lock, in a transaction of its own: whoever writes last has seen every erasure before it.
    with files.alone_with(path):
        files.replace(path, _as_file(_present()))


def read() -> list[Kept]:
    """What the file says, verified; empty when there is none. Raises KeyringBroken."""
    path = place()
    if path is None or not path.exists():
        return []
    try:
        content = json.loads(path.read_bytes())
        kept, key = content.pop("seal"), masters().by_id(content["key"]).derive("keyring")
    except (ValueError, KeyError, AttributeError, UnknownMasterKey) as error:
        raise KeyringBroken(f"{path} is not a keyring that DATA_KEY or DATA_KEYS_OLD has sealed") from error
    if not hmac.compare_digest(kept, _seal(key, content)):
        raise KeyringBroken(f"{path} was changed after it was written")
    return [_from_text(*row) for row in content["keys"]]


def _present() -> list[Kept]:
    with db.engine.connect().execution_options(reading=True) as connection:
        rows = connection.execute(select(PersonKey.__table__).order_by(PersonKey.user_id))
        return [Kept(**row._mapping) for row in rows]


def _as_file(rows: list[Kept]) -> bytes:
    master = masters().present
    content: dict[str, Any] = {"format": 1, "key": master.id, "keys": [_as_text(row) for row in rows]}
    return json.dumps({**content, "seal": _seal(master.derive("keyring"), content)}).encode()


def _seal(key: bytes, content: dict[str, Any]) -> str:
    return hmac.digest(key, json.dumps(content, sort_keys=True).encode(), hashlib.sha256).hex()


def _as_text(row: Kept) -> list[Any]:
    wrapped = b64encode(row.wrapped).decode() if row.wrapped else None
    destroyed = row.destroyed_at.isoformat() if row.destroyed_at else None
    return [row.user_id, wrapped, row.wrapped_by, row.made_at.isoformat(), destroyed]


def _from_text(
    user_id: int, wrapped: str | None, wrapped_by: str | None, made_at: str, destroyed_at: str | None
) -> Kept:
    destroyed = datetime.fromisoformat(destroyed_at) if destroyed_at else None
    opened = b64decode(wrapped) if wrapped else None
    return Kept(user_id, opened, wrapped_by, datetime.fromisoformat(made_at), destroyed)
