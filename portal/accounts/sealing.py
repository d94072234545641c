"""Secrets that must be read again are stored sealed: the database alone does not open them."""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


def seal(user_id: int, what: str, value: str) -> bytes:
    """`value` for the database, readable only as this person's `what`."""
    nonce = os.urandom(12)
    return nonce + _cipher().encrypt(nonce, value.encode(), _belongs_to(user_id, what))


def unseal(user_id: int, what: str, sealed: bytes) -> str:
    """What was sealed. Raises cryptography's InvalidTag when it is somebody else's, or was changed."""
    return _cipher().decrypt(sealed[:12], sealed[12:], _belongs_to(user_id, what)).decode()


def _cipher() -> AESGCM:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"varde accounts sealing").derive(secret))


def _belongs_to(user_id: int, what: str) -> bytes:
    return f"{user_id}:{what}".encode()
