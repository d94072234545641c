"""Deleting our own older backups from the folder where a new one has been put, and nothing else that lies there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from portal.backup import bundle
from portal.backup.loading import as_lines


@dataclass(frozen=True)
class Tidied:
    """`left` are backups that our keys do not open: whoever has the keys has to see to them."""

    deleted: list[Path] = field(default_factory=list)
    left: list[Path] = field(default_factory=list)


def delete_older(folder: Path, than: timedelta, now: datetime, but: Path) -> Tidied:
    """Delete those that were taken longer ago. The age is what is sealed in the file: a copy has a new date of its own."""
    tidied = Tidied()
    for path in _backups(folder):
        if path.samefile(but):
            continue
        try:
            taken_at = _taken_at(path)
        except (bundle.BundleBroken, ValueError, KeyError, TypeError, StopIteration):
            tidied.left.append(path)
            continue
        if taken_at < now - than:
            path.unlink()
            tidied.deleted.append(path)
    return tidied


def _backups(folder: Path) -> Iterator[Path]:
    """The folder's own files that begin as our backups do; no link is followed."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(len(bundle.MAGIC)) == bundle.MAGIC:
                yield path


def _taken_at(path: Path) -> datetime:
    """When the backup was taken, from its first piece, which only a true key opens."""
    with path.open("rb") as file:
        head = next(as_lines(bundle.read(file)))
    return datetime.fromisoformat(head["at"])
