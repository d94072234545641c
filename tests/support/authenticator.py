"""A passkey device made of software: it keeps keys, and answers as a phone would."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Key:
    """One credential on the device."""

    credential_id: bytes
    private: ec.EllipticCurvePrivateKey
    handle: str
    count: int = 0


@dataclass
class Authenticator:
    """`make` and `answer` turn the portal's questions into what the page's script would send."""

    origin: str = "http://localhost"
    site: str = "localhost"
    keys: list[Key] = field(default_factory=list)
    verifies: bool = True
    counts: bool = True

    def make(self, question: Any) -> dict[str, str]:
        """A new key, and the form's fields."""
        key = Key(
            secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1()), str(question["user"]["id"])
        )
        self.keys.append(key)
        point = key.private.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
        attested = bytes(16) + len(key.credential_id).to_bytes(2) + key.credential_id + cose
        data = self._data(key, ATTESTED) + attested
        response = {
            "clientDataJSON": bytes_to_base64url(self._client("webauthn.create", question)),
            "attestationObject": bytes_to_base64url(
                cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
            ),
        }
        return {"answer": self._answer(key, response), "handle": key.handle}

    def answer(self, question: Any, key: Key | None = None, **changes: Any) -> dict[str, str]:
        """The form's fields with a signature by a key (the first one), perhaps with parts of it changed."""
        key = key or self.keys[0]
        if self.counts:
            key.count += 1
        data, client = self._data(key), self._client("webauthn.get", question)
        signature = key.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": bytes_to_base64url(client),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
            "userHandle": key.handle,
        }
        return {"answer": self._answer(key, response | changes), "handle": ""}

    def _data(self, key: Key, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(self.site.encode()).digest() + bytes([flags]) + key.count.to_bytes(4)

    def _client(self, kind: str, question: Any) -> bytes:
        told = {"type": kind, "challenge": question["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    @staticmethod
    def _answer(key: Key, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(key.credential_id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )
