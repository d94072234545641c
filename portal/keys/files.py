"""Files that must be whole and on the disk, whoever else writes them and whenever the power goes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

ONLY_OURS = 0o600


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Hold the file against other processes and threads. The lock lies beside the file, for the file is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT, ONLY_OURS)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def replace(path: Path, content: bytes) -> None:
    """Put the content in the file's place in one step: whoever reads sees the old or the new, and never half."""
    beside = path.with_name(f".{path.name}.new")
    _write(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, ONLY_OURS), content)
    beside.replace(path)
    _settle(path.parent)


def extend(path: Path, whole: int, content: bytes) -> None:
    """Add to the file after its first `whole` bytes, and wait until that is on the disk."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, ONLY_OURS)
    os.ftruncate(file, whole)
    os.lseek(file, whole, os.SEEK_SET)
    _write(file, content)
    _settle(path.parent)


def _write(file: int, content: bytes) -> None:
    try:
        while content:
            content = content[os.write(file, content) :]
        os.fsync(file)
    finally:
        os.close(file)


def _settle(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def only_ours(path: Path) -> Iterator[BinaryIO]:
    """A new file that nobody else may read, on the disk when it is closed."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, ONLY_OURS), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
