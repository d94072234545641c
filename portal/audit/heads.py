"""The chain's end, copied to where the database's owner cannot reach: a file that only grows, or a syslog.

A chain can be cut off at its end, or written anew from some point on, and be whole again. The copies tell. Each is
a line "AT varde-audit COUNT HASH", written once the transaction is committed; several processes write to one file.
"""

import os
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app

AUTHPRIV_NOTICE = 10 * 8 + 5
LINE = re.compile(r"varde-audit (restored )?(\d+) ([0-9a-f]{64})\b")


@dataclass(frozen=True)
class Copy:
    """What was once the end of the chain. `restored`: an older backup was put back, and the chain goes on from here."""

    count: int
    hash: str
    restored: bool = False

    def line(self, at: datetime) -> str:
        return f"{at.isoformat()} varde-audit {'restored ' * self.restored}{self.count} {self.hash}"


def put(copy: Copy, at: datetime) -> None:
    """Copy the head to where AUDIT_HEAD_FILE says. What is committed stays so whatever happens here."""
    target = current_app.config.get("AUDIT_HEAD_FILE")
    if not target:
        return
    try:
        if target.startswith("syslog:"):
            _to_syslog(target, copy.line(at))
        else:
            _append(Path(target), copy.line(at))
    except OSError:
        current_app.logger.exception("the audit's head could not be copied")


def _append(path: Path, line: str) -> None:
    # One write to a file opened for appending is one line, whoever else writes; fsync makes it outlive a power cut.
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def _to_syslog(target: str, line: str) -> None:
    """syslog://HOST:PORT over UDP, or syslog:///dev/log for the machine's own."""
    parts = urlsplit(target)
    address = (parts.hostname, parts.port or 514) if parts.hostname else parts.path
    family = socket.AF_INET if parts.hostname else socket.AF_UNIX
    with socket.socket(family, socket.SOCK_DGRAM) as wire:
        wire.sendto(f"<{AUTHPRIV_NOTICE}>{line}".encode(), address)


def read(lines: Iterable[str]) -> list[Copy]:
    """The copies among the lines of a file or a syslog. What a restore has made void is left out."""
    found: list[Copy] = []
    for line in lines:
        match = LINE.search(line)
        if match is None:
            continue
        copy = Copy(int(match[2]), match[3], bool(match[1]))
        if copy.restored:
            found = [old for old in found if old.count <= copy.count]
        found.append(copy)
    return found


def own() -> list[Copy]:
    """The copies in the file that AUDIT_HEAD_FILE names; none where there is no such file."""
    target = current_app.config.get("AUDIT_HEAD_FILE")
    path = Path(target) if target and not target.startswith("syslog:") else None
    return read(path.read_text(errors="replace").splitlines()) if path and path.exists() else []


def faults(copies: Iterable[Copy], hashes: dict[int, str]) -> Iterator[str]:
    """What the copies say against the chain, whose events' hashes are given by number."""
    highest = max(hashes, default=0)
    kept = {copy.count: copy.hash for copy in copies}
    missing = [count for count in kept if count > highest]
    if missing:
        yield f"the chain ends at event {highest}, but the copy of its head says there were {max(missing)}"
    for count, known in sorted(kept.items()):
        if 0 < count <= highest and hashes.get(count) != known:
            yield f"event {count} is not the one whose hash was copied when it was written"
