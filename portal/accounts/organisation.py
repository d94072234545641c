"""Coming in with the organisation's own sign-in (OpenID Connect; Entra ID, say). Off until it is configured.

Authlib and joserfc are loaded where they are used: most houses never need them.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import structlog
from flask import current_app
from sqlalchemy import select

from portal import audit
from portal.accounts.factors import Identity, has_factor
from portal.accounts.models import User
from portal.accounts.notices import tell
from portal.accounts.sessions import RECENT
from portal.database import lock, refused
from portal.errors import DomainError
from portal.extensions import db
from portal.language import lazy_gettext as _l

if TYPE_CHECKING:
    from authlib.oidc.core import CodeIDToken

LINKED = audit.declare("organisation sign-in linked")
ALGORITHMS = ["RS256", "PS256", "ES256"]
PATIENCE = 10  # seconds
MOST = 1_000_000  # bytes of an answer
LEEWAY = 60  # seconds that the provider's clock may be ahead of ours
UNKNOWN_AGE = timedelta(days=1)  # of a proof, where the provider does not say when: too old to be fresh
log = structlog.get_logger("varde.organisation")


class NotLetIn(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Vi kunne ikke logge deg inn den veien. Prøv med e-post i stedet."))


@dataclass(frozen=True)
class Asked:
    """What this browser asked the provider, kept in its session until the answer comes."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def anew(cls) -> "Asked":
        return cls(*(secrets.token_urlsafe(48) for _ in range(3)))


@dataclass(frozen=True)
class Arrival:
    """Who has come, and when they proved a second factor to the organisation; None when they did not. It may be long
    ago: at the organisation people stay signed in all day."""

    user: User
    proved_at: datetime | None

    def is_fresh(self, now: datetime) -> bool:
        return self.proved_at is not None and now - self.proved_at <= RECENT


def is_on() -> bool:
    return bool(current_app.config["OIDC_ISSUER"])


def way_of(user: User) -> str | None:
    """What the organisation's sign-in is called, where it is the person's own way in."""
    mine = (Identity.user_id == user.id) & (Identity.issuer == current_app.config["OIDC_ISSUER"])
    linked = is_on() and db.session.scalar(select(Identity.id).where(mine)) is not None
    return str(current_app.config["OIDC_NAME"]) if linked else None


def address_to_ask(asked: Asked, return_to: str, anew: bool = False) -> str:
    """Where the provider asks the person who they are. `anew`: also of whoever it has let in already."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    question = {
        "response_type": "code",
        "client_id": current_app.config["OIDC_CLIENT_ID"],
        "redirect_uri": return_to,
        "scope": "openid email",
        "state": asked.state,
        "nonce": asked.nonce,
        "code_challenge": create_s256_code_challenge(asked.verifier),
        "code_challenge_method": "S256",
    }
    if anew:  # with max_age, the provider must say when the person proved who they are
        question |= {"prompt": "login", "max_age": str(int(RECENT.total_seconds()))}
    return f"{_provider()['authorization_endpoint']}?{urlencode(question)}"


def arrive(asked: Asked, state: str, code: str, return_to: str, now: datetime) -> Arrival:
    """The person whom the provider vouches for. Raises NotLetIn. The database is not asked before the provider has
    answered, so that nothing is held, and nothing seen grows old, for as long as that takes."""
    if not secrets.compare_digest(asked.state.encode(), state.encode()):
        raise NotLetIn
    claims = _claims(_token(code, asked.verifier, return_to), asked.nonce, now)
    user, is_new = _person(claims, now)
    # At the first meeting, whoever has a factor of ours shows it: an address alone shall not open their account.
    return Arrival(user, None if is_new and has_factor(user) else _proved_at(claims, now))


def _proved_at(claims: "CodeIDToken", now: datetime) -> datetime | None:
    methods, said = claims.get("amr") or [], claims.get("auth_time")
    if not isinstance(methods, list) or "mfa" not in methods:
        return None
    if not said:
        log.warning("the organisation does not say when somebody signed in there: auth_time is missing")
        return now - UNKNOWN_AGE
    try:
        at = datetime.fromtimestamp(said, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise NotLetIn from error
    if at > now + timedelta(seconds=LEEWAY):
        raise NotLetIn
    return min(at, now)


def _person(claims: "CodeIDToken", now: datetime) -> tuple[User, bool]:
    """The person, and whether this is the first meeting. Their row is locked: of two returns at once one is the first."""
    issuer, subject = str(claims["iss"])[:300], str(claims["sub"])[:300]
    known = select(User).join(Identity, Identity.user_id == User.id)
    user = db.session.scalar(known.where(Identity.issuer == issuer, Identity.subject == subject))
    verified = claims.get("email_verified") is True or claims.get("xms_edov") in (True, 1, "1", "true")
    addressed = db.session.scalar(User.by_email(str(claims.get("email") or ""))) if verified else None
    user = user or addressed
    if user is None:
        raise NotLetIn
    lock(user)
    linked = select(Identity.subject).where(Identity.user_id == user.id, Identity.issuer == issuer)
    found = db.session.scalar(linked)
    if not user.is_active or found not in (None, subject) or (found is None and user is not addressed):
        raise NotLetIn
    if found is None:
        _link(user, issuer, subject, now)
    return user, found is None


def _link(user: User, issuer: str, subject: str, now: datetime) -> None:
    taken = {"uq_identity_issuer_subject": NotLetIn, "uq_identity_user_id_issuer": NotLetIn}
    with refused(taken):
        db.session.add(Identity(user_id=user.id, issuer=issuer, subject=subject, created_at=now))
    audit.record(LINKED, by=user, on=user, at=now)
    tell(user, now)


def _token(code: str, verifier: str, return_to: str) -> str:
    question = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": return_to,
        "client_id": current_app.config["OIDC_CLIENT_ID"],
        "client_secret": current_app.config["OIDC_CLIENT_SECRET"],
        "code_verifier": verifier,
    }
    answer = _fetch(str(_provider()["token_endpoint"]), urlencode(question).encode())
    return str(answer.get("id_token") or "")


def _claims(token: str, nonce: str, now: datetime) -> "CodeIDToken":
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        keys = KeySet.import_key_set(_fetch(str(_provider()["jwks_uri"])))  # type: ignore[arg-type]  # checked within
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        client = current_app.config["OIDC_CLIENT_ID"]
        expected = {
            "iss": {"essential": True, "value": current_app.config["OIDC_ISSUER"]},
            "aud": {"essential": True, "value": client},
            "nonce": {"essential": True, "value": nonce},
        }
        parameters = {"nonce": nonce, "client_id": client}
        claims = CodeIDToken(decoded.claims, decoded.header, options=expected, params=parameters)
        claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise NotLetIn from error
    return claims


def _provider() -> dict[str, Any]:
    issuer = str(current_app.config["OIDC_ISSUER"])
    found = _fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise NotLetIn
    return found


def _fetch(url: str, data: bytes | None = None) -> dict[str, Any]:
    open_way = () if current_app.config["SESSION_COOKIE_SECURE"] else ("http",)
    if urlsplit(url).scheme not in ("https", *open_way):
        raise NotLetIn
    try:
        with urlopen(Request(url, data, {"Accept": "application/json"}), timeout=PATIENCE) as answer:  # nosec B310  # noqa: S310  # the scheme is checked
            found = json.loads(answer.read(MOST))
    except (URLError, OSError, ValueError) as error:
        raise NotLetIn from error
    if not isinstance(found, dict):
        raise NotLetIn
    return found
