"""The chain's end, copied to where the database's owner cannot reach: a file that only grows, or a syslog.

A chain can be cut off at its end, or written anew from some point on, and be whole again. The copies tell. Each is
a line "AT varde-audit COUNT HASH", written once the transaction is committed; several processes write to one file.
"""

import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from flask import current_app

AUTHPRIV_NOTICE = 10 * 8 + 5
LINE = re.compile(r"varde-audit (restored )?(\d+) ([0-9a-f]{64})\b")


class CannotRead(RuntimeError):
    """The copies are kept somewhere, and cannot be read from here."""


@dataclass(frozen=True)
class Copy:
    """What was once the end of the chain. `restored`: an older backup was put back, and the chain goes on from here."""

    count: int
    hash: str
    restored: bool = False
    told: str = ""  # what stood before it on its line: when, and by which machine

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
    """The copies among the lines of a file or a syslog, in the order they were made."""
    matches = [(line, match) for line in lines if (match := LINE.search(line))]
    return [
        Copy(int(match[2]), match[3], bool(match[1]), _printable(line[: match.start()]))
        for line, match in matches
    ]


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text)).strip()


def own() -> list[Copy] | None:
    """The copies in the file that AUDIT_HEAD_FILE names; None where none are kept."""
    target = current_app.config.get("AUDIT_HEAD_FILE")
    if not target:
        return None
    if target.startswith("syslog:"):
        raise CannotRead(
            "the copies of the head are in a syslog, which only its keeper can read: "
            "fetch the lines with varde-audit in them, and give them with --copies FILE (- reads them)"
        )
    try:
        return read(Path(target).read_text(errors="replace").splitlines())
    except OSError as error:
        raise CannotRead(f"the copies of the head in {target} cannot be read: {error.strerror}") from error


def faults(copies: Sequence[Copy], hashes: Mapping[int, str], due: int, restores: int) -> Iterator[str]:
    """What the copies say against the chain, whose events' hashes are given by number.

    The head was copied at event `due` at the latest. What a restore makes void is left out only when the copies tell
    of as many as are known, `restores`: whoever can add a line could say that there was one more.
    """
    told = sum(copy.restored for copy in copies)
    if told != restores:
        yield f"the copies tell of {told} restored backups, and {restores} are known (--restores)"
    standing = _after_restores(copies) if told == restores else copies
    highest, copied = max(hashes, default=0), max((copy.count for copy in standing), default=0)
    if copied > highest:
        yield f"the chain ends at event {highest}, but the copy of its head says there were {copied}"
    if copied < due:
        yield f"the chain has {due} events, but its head was last copied at event {copied}"
    for count in sorted({copy.count for copy in standing if hashes.get(copy.count, copy.hash) != copy.hash}):
        yield f"event {count} is not the one whose hash was copied when it was written"


def _after_restores(copies: Iterable[Copy]) -> list[Copy]:
    standing: list[Copy] = []
    for copy in copies:
        if copy.restored:
            standing = [old for old in standing if old.count <= copy.count]
        standing.append(copy)
    return standing
