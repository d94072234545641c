"""A backup that is not whole, or not as it was written, is no backup."""

import base64
import io
import os
from typing import Any

import pytest
from flask import Flask

from portal.backup import bundle
from portal.backup.bundle import BundleBroken

CONTENT = [os.urandom(50_000) for _ in range(5)]  # does not compress, so there are several pieces


def written(content: list[bytes] | None = None) -> bytes:
    file = io.BytesIO()
    bundle.write(file, content if content is not None else CONTENT)
    return file.getvalue()


def read(content: bytes) -> bytes:
    return b"".join(bundle.read(io.BytesIO(content)))


def pieces(content: bytes) -> list[bytes]:
    """The head, and each piece with its prefix."""
    at = len(bundle.MAGIC) + bundle.NAME + bundle.SALT
    found = [content[:at]]
    while at < len(content):
        length = 4 + (int.from_bytes(content[at : at + 4]) & ~bundle.LAST)
        found.append(content[at : at + length])
        at += length
    return found


def test_what_was_written_is_read(app: Flask) -> None:
    assert read(written()) == b"".join(CONTENT)
    assert read(written([])) == b""
    assert len(pieces(written())) == 5


def test_nothing_of_it_can_be_seen(app: Flask) -> None:
    assert b"hemmelig" not in written([b"hemmelig " * 10])
    assert written([b"det samme"]) != written([b"det samme"])


@pytest.mark.promise(
    "En sikkerhetskopi som er kuttet, stokket om eller endret, blir aldri lest inn", small=60, full=1000
)
def test_a_changed_backup_does_not_open(app: Flask, promise: Any) -> None:
    import random

    chance = random.Random(7)
    whole = written()
    head, *rest = pieces(whole)
    tampered = [
        head + b"".join(rest[:-1]),
        head + b"".join(rest[1:]),
        head + b"".join(reversed(rest)),
        head + b"".join([rest[0], *rest]),
        head + rest[1] + rest[0] + b"".join(rest[2:]),
        head + b"".join([*rest, rest[-1]]),
        whole + b"x",
        head,
        b"",
        b"noe helt annet" * 10,
    ]
    size = promise.size
    while len(tampered) < size:
        place = chance.randrange(len(whole))
        cut = chance.random() < 0.3
        tampered.append(
            whole[:place]
            if cut
            else whole[:place] + bytes([whole[place] ^ (1 << chance.randrange(8))]) + whole[place + 1 :]
        )
    for content in tampered:
        with pytest.raises(BundleBroken):
            read(content)
    promise.saw(f"{len(tampered)} changed, 0 opened")


def test_it_opens_with_the_key_it_was_made_with_and_no_other(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key() -> str:
        return base64.b64encode(os.urandom(32)).decode()

    first, own, later = app.config["DATA_KEY"], key(), key()
    by_data_key = written()
    monkeypatch.setitem(app.config, "BACKUP_KEY", own)
    by_its_own = written()
    assert read(by_data_key) == read(by_its_own)
    monkeypatch.setitem(app.config, "BACKUP_KEY", f"{later},{own}")
    assert read(by_its_own) == read(written())
    monkeypatch.setitem(app.config, "BACKUP_KEY", "")
    with pytest.raises(BundleBroken, match="BACKUP_KEY"):
        read(by_its_own)
    monkeypatch.setitem(app.config, "DATA_KEY", later)
    with pytest.raises(BundleBroken):
        read(by_data_key)
    monkeypatch.setitem(app.config, "DATA_KEYS_OLD", first)
    assert read(by_data_key) == b"".join(CONTENT)
