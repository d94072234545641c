"""The keys from the environment: the one that wraps people's keys now, and older ones that still open what they wrapped."""

import base64
import hashlib
import hmac
import os
from binascii import Error
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

SIZE = 32
NONCE = 12


class BadMasterKey(ValueError):
    """DATA_KEY or DATA_KEYS_OLD is not 32 bytes in base64."""


class UnknownMasterKey(RuntimeError):
    """A key is wrapped by a DATA_KEY that this installation does not have."""


@dataclass(frozen=True)
class Master:
    """A key from the environment, and the name by which rows remember it."""

    id: str
    secret: bytes

    @classmethod
    def read(cls, text: str) -> "Master":
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except (Error, ValueError):
            secret = b""
        if len(secret) != SIZE:
            raise BadMasterKey("DATA_KEY must be 32 bytes in base64: openssl rand -base64 32")
        return cls(hashlib.sha256(b"varde master key" + secret).hexdigest()[:16], secret)

    def wrap(self, person_key: bytes, user_id: int) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self.secret).encrypt(nonce, person_key, self._about(user_id))

    def unwrap(self, wrapped: bytes, user_id: int) -> bytes:
        try:
            return AESGCM(self.secret).decrypt(wrapped[:NONCE], wrapped[NONCE:], self._about(user_id))
        except InvalidTag:
            raise UnknownMasterKey(f"the key of user {user_id} was not wrapped by {self.id}") from None

    def derive(self, purpose: str) -> bytes:
        """A key for another purpose; knowing it does not tell this one."""
        return hmac.digest(self.secret, f"varde {purpose}".encode(), hashlib.sha256)

    def _about(self, user_id: int) -> bytes:
        return f"person key|{self.id}|{user_id}".encode()


@dataclass(frozen=True)
class Masters:
    """The present key first, then the old ones."""

    present: Master
    old: tuple[Master, ...]

    def __iter__(self) -> Iterator[Master]:
        return iter((self.present, *self.old))

    def by_id(self, master_id: str) -> Master:
        for master in self:
            if master.id == master_id:
                return master
        raise UnknownMasterKey(f"no key called {master_id} in DATA_KEY or DATA_KEYS_OLD")


def masters() -> Masters:
    """The keys that the settings give."""
    return _read(current_app.config["DATA_KEY"], current_app.config["DATA_KEYS_OLD"])


@lru_cache(maxsize=8)
def _read(present: str, old: str) -> Masters:
    return Masters(Master.read(present), tuple(Master.read(text) for text in old.split(",") if text.strip()))
