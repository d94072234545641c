"""An OpenID provider on this machine: what an organisation's own sign-in looks like from outside, warts and all."""

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug import Request, Response
from werkzeug.serving import make_server

CLIENT, SECRET = "varde", "a secret between two"


@dataclass
class Provider:
    """Says of whoever comes what `claims` say. `forged` changes the key it is signed with; `meanwhile` is done
    before the token is given; `signed_in_at` is when the person last proved both factors here, and None for a
    provider that never tells. Whoever is asked to prove it anew does so."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    forged: bool = False
    meanwhile: Callable[[], object] = lambda: None
    signed_in_at: float | None = None
    asks_anew: bool = True
    questions: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.other_key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})

    def authorize(self, address: str) -> str:
        """What the person's browser does at the provider: returns where it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT and asked["code_challenge_method"] == "S256"
        is_old = self.signed_in_at is not None and time.time() - self.signed_in_at > float(
            asked.get("max_age", "inf")
        )
        if self.asks_anew and self.signed_in_at is not None and (asked.get("prompt") == "login" or is_old):
            self.signed_in_at = time.time()
        code = secrets.token_urlsafe()
        self.questions[code] = asked
        back = urlsplit(asked["redirect_uri"]).path
        return f"{back}?{urlencode({'code': code, 'state': asked['state']})}"

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path == "/.well-known/openid-configuration":
            return _json(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                }
            )
        if request.path == "/keys":
            return _json({"keys": [self.key.as_dict(private=False)]})
        return self._token(request)

    def _token(self, request: Request) -> Response:
        self.meanwhile()
        given = request.form
        asked = self.questions.pop(given["code"], None)
        if asked is None or (given["client_id"], given["client_secret"]) != (CLIENT, SECRET):
            return _json({"error": "invalid_grant"}, 400)
        hashed = urlsafe_b64encode(sha256(given["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if hashed != asked["code_challenge"] or given["redirect_uri"] != asked["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
        } | ({"auth_time": int(self.signed_in_at)} if self.signed_in_at is not None else {})
        key = self.other_key if self.forged else self.key
        token = jwt.encode({"alg": "RS256", "kid": "one"}, usual | self.claims, key)
        return _json({"access_token": "unused", "token_type": "Bearer", "id_token": token})


def _json(data: Any, status: int = 200) -> Response:
    return Response(json.dumps(data), status, mimetype="application/json")


@contextmanager
def serving_provider() -> Iterator[Provider]:
    provider = Provider()
    running = make_server("127.0.0.1", 0, provider, threaded=True)
    provider.issuer = f"http://127.0.0.1:{running.port}"
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        running.shutdown()
        running.server_close()
