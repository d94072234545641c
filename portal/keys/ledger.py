"""Who has been erased, outside the database: a file that only grows, so that a restore can erase them again.

A line has a user id, a moment, and a seal over itself and the line before it. It is on the disk before the erasure is
committed; one that was not committed after all is followed by a line that takes it back.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from flask import current_app

from portal.keys import files
from portal.keys.masters import Master, UnknownMasterKey, masters

ERASED, UNDONE = "erased", "undone"


class LedgerBroken(RuntimeError):
    """A line of the ledger was changed, moved or removed."""


class Entry(NamedTuple):
    """A line: what was done about whom, when."""

    user_id: int
    at: datetime
    what: str


def place() -> Path | None:
    """Where the ledger is kept; None where erasures need not outlive the database."""
    setting = current_app.config["ERASURE_LEDGER"]
    return Path(setting) if setting else None


def append(entries: list[Entry]) -> None:
    """Add the lines and wait until they are on the disk."""
    path = place()
    if path is None or not entries:
        return
    with files.alone_with(path):
        # Half a line, from a power cut, was never promised to anybody: it is written over.
        whole = _whole(path)
        last = json.loads(whole.splitlines()[-1])["seal"] if whole else ""
        files.extend(path, len(whole), _lines(entries, last))


def read() -> list[Entry]:
    """Every line, verified. Raises LedgerBroken."""
    path = place()
    return list(_verified(_whole(path))) if path is not None else []


def erased() -> dict[int, datetime]:
    """The numbers of those who are erased, and the moment. A number that was erased twice has the later one."""
    found: dict[int, list[datetime]] = {}
    for entry in read():
        moments = found.setdefault(entry.user_id, [])
        if entry.what == ERASED:
            moments.append(entry.at)
        elif entry.at in moments:
            moments.remove(entry.at)
    return {user_id: max(moments) for user_id, moments in found.items() if moments}


def tells_of(gone: Mapping[int, datetime], user_id: int, created_at: datetime) -> bool:
    """Whether it is this person who was erased: after a restore somebody new can have the number of one who was."""
    return user_id in gone and created_at <= gone[user_id]


def seal_anew() -> None:
    """Seal all lines with the present key: the one they were sealed with is about to be taken away."""
    path = place()
    if path is None or not path.exists():
        return
    with files.alone_with(path):
        files.replace(path, _lines(list(_verified(_whole(path))), ""))


def _whole(path: Path) -> bytes:
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _lines(entries: list[Entry], seal: str) -> bytes:
    master, content = masters().present, b""
    for entry in entries:
        line = {"user": entry.user_id, "at": entry.at.isoformat(), "what": entry.what, "key": master.id}
        seal = _seal(master, line, seal)
        content += json.dumps({**line, "seal": seal}).encode() + b"\n"
    return content


def _verified(content: bytes) -> Iterator[Entry]:
    seal = ""
    for number, text in enumerate(content.splitlines(), start=1):
        try:
            line = json.loads(text)
            kept = line.pop("seal")
            seal = _seal(masters().by_id(line["key"]), line, seal)
            entry = Entry(line["user"], datetime.fromisoformat(line["at"]), line["what"])
        except (ValueError, KeyError, TypeError, AttributeError, UnknownMasterKey) as error:
            raise LedgerBroken(f"line {number} of the erasure ledger cannot be read") from error
        if not hmac.compare_digest(kept, seal):
            raise LedgerBroken(f"line {number} of the erasure ledger is not as it was written")
        yield entry


def _seal(master: Master, line: dict[str, object], previous: str) -> str:
    content = json.dumps([previous, line], sort_keys=True).encode()
    return hmac.digest(master.derive("erasure ledger"), content, hashlib.sha256).hex()
