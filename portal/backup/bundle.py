"""The file: a compressed stream in sealed pieces, each bound to its number, the last one marked as the last.

    VARDE BACKUP 1\\n | 8 bytes that name the key | 16 bytes of salt | pieces
    piece: 4 bytes (highest bit: the last; the rest: length) | AES-256-GCM of up to 64 KiB

A piece that is changed, moved, doubled or missing, and a file that ends too early or too late, do not open.
"""

import hashlib
import hmac
import os
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from portal.keys.masters import Master, masters

MAGIC = b"VARDE BACKUP 1\n"
PIECE = 64 * 1024
NAME, SALT, TAG = 8, 16, 16
LAST = 1 << 31


class BundleBroken(RuntimeError):
    """The file is not a backup, is not whole, or was not made with a key that is here."""


def write(file: BinaryIO, content: Iterable[bytes]) -> None:
    """Compress and seal the content into the file, piece by piece, with the first of our keys."""
    secret = next(_secrets())
    head = MAGIC + _name(secret) + os.urandom(SALT)
    cipher = _cipher(secret, head)
    file.write(head)
    waiting, number = b"", 0
    for some in _compressed(content):
        waiting += some
        while len(waiting) > PIECE:
            file.write(_sealed(cipher, head, number, waiting[:PIECE], last=False))
            waiting, number = waiting[PIECE:], number + 1
    file.write(_sealed(cipher, head, number, waiting, last=True))


def read(file: BinaryIO) -> Iterator[bytes]:
    """The content, verified piece by piece; only once it has come to its end is it known to be whole."""
    head = file.read(len(MAGIC) + NAME + SALT)
    if not head.startswith(MAGIC) or len(head) != len(MAGIC) + NAME + SALT:
        raise BundleBroken("this is not a backup of Varde")
    cipher = _cipher(_secret(head[len(MAGIC) :][:NAME]), head)
    unpacker = zlib.decompressobj()
    for piece in _opened(file, cipher, head):
        yield unpacker.decompress(piece)
    yield unpacker.flush()
    if not unpacker.eof:
        raise BundleBroken("the backup ends too early")


def _opened(file: BinaryIO, cipher: AESGCM, head: bytes) -> Iterator[bytes]:
    number, last = 0, False
    while not last:
        prefix = file.read(4)
        size = int.from_bytes(prefix)
        last, length = bool(size & LAST), size & ~LAST
        sealed = file.read(length) if len(prefix) == 4 and length <= PIECE + TAG else b""
        try:
            yield cipher.decrypt(_nonce(number, last), sealed, head + prefix)
        except (InvalidTag, ValueError):
            raise BundleBroken(
                f"piece {number} of the backup is missing or is not as it was written"
            ) from None
        number += 1
    if file.read(1):
        raise BundleBroken("there is something after the end of the backup")


def _sealed(cipher: AESGCM, head: bytes, number: int, piece: bytes, last: bool) -> bytes:
    prefix = ((len(piece) + TAG) | (LAST if last else 0)).to_bytes(4)
    return prefix + cipher.encrypt(_nonce(number, last), piece, head + prefix)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _cipher(secret: bytes, head: bytes) -> AESGCM:
    # The salt makes a key for this file alone, so that numbering its pieces never repeats a nonce.
    return AESGCM(hmac.digest(secret, head, hashlib.sha256))


def _compressed(content: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(6)
    for some in content:
        yield packer.compress(some)
    yield packer.flush()


def _secrets() -> Iterator[bytes]:
    """The key that seals now, then all that a backup may have been sealed with."""
    if current_app.config["BACKUP_KEY"]:
        for text in current_app.config["BACKUP_KEY"].split(","):
            yield Master.read(text).secret
    for master in masters():
        yield master.derive("backup")


def _secret(name: bytes) -> bytes:
    for secret in _secrets():
        if _name(secret) == name:
            return secret
    raise BundleBroken("the backup was made with a key that is not in BACKUP_KEY, DATA_KEY or DATA_KEYS_OLD")


def _name(secret: bytes) -> bytes:
    return hashlib.sha256(b"varde backup key" + secret).digest()[:NAME]
