"""Settings from the environment, one class per environment. A secret that is missing or no use stops the start."""

import base64
import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

INSTANCE = Path(__file__).parent / "instance"
KEY_SIZE = 32
# What wraps people's keys where nothing is secret.
OPEN_DATA_KEY = base64.b64encode(hashlib.sha256(b"only-for-development").digest()).decode()


class MissingSetting(RuntimeError):
    """A setting that this environment cannot do without is not set, or is no use as it stands."""


def _database_url(default: str) -> str:
    url = os.environ.get("DATABASE_URL", default)
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == KEY_SIZE
    except ValueError:
        return False


def _is_elsewhere(url: str) -> bool:
    """Whether the address leads to another machine: what goes there can be read on its way."""
    parts = urlsplit(url)
    hosts = {parts.hostname or "localhost", *parse_qs(parts.query).get("host", ())}  # libpq takes both
    return not all(host in ("localhost", "::1") or host.startswith(("127.", "/")) for host in hosts)


class Config:
    """What all environments share."""

    NAME = "base"
    DEMO = False
    TESTING = False
    BABEL_DEFAULT_LOCALE = "nb"
    BABEL_DEFAULT_TIMEZONE = "Europe/Oslo"
    LANGUAGES = ("nb",)
    SESSION_COOKIE_NAME = "varde"
    SESSION_COOKIE_HTTPONLY = True
    SESSION_COOKIE_SAMESITE = "Lax"
    # The database ends sessions; the cookie only has to outlive the longest of them, and is not signed anew each time.
    PERMANENT_SESSION_LIFETIME = timedelta(days=31)
    SESSION_REFRESH_EACH_REQUEST = False
    WTF_CSRF_TIME_LIMIT = None
    MAX_CONTENT_LENGTH = 8 * 1024 * 1024
    MAX_FORM_MEMORY_SIZE = 2 * 1024 * 1024
    RATELIMIT_STRATEGY = "fixed-window"
    RATELIMIT_HEADERS_ENABLED = False
    RATELIMIT_IN_MEMORY_FALLBACK_ENABLED = True  # each process counts for itself while Redis is down
    SQLALCHEMY_TRACK_MODIFICATIONS = False
    TRUSTED_PROXIES = 0
    SEND_FILE_MAX_AGE_DEFAULT = timedelta(days=365)
    ROUND_IN_REQUEST = 2000  # mentors and mentees; a larger match round is left to the worker

    def __init__(self) -> None:
        self.SQLALCHEMY_DATABASE_URI = _database_url(f"sqlite:///{INSTANCE / 'varde.sqlite'}")
        self.SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-development")
        self.DATA_KEY = os.environ.get("DATA_KEY", OPEN_DATA_KEY)
        self.DATA_KEYS_OLD = os.environ.get("DATA_KEYS_OLD", "")
        # Files outside the database: who has been erased, and the keys that live now. See docs/operations.md.
        self.ERASURE_LEDGER = os.environ.get("ERASURE_LEDGER", "")
        self.KEYRING_FILE = os.environ.get("KEYRING_FILE", "")
        self.BACKUP_KEY = os.environ.get("BACKUP_KEY", "")
        # Paths are put after it.
        address = os.environ.get("BASE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '5000')}")
        self.BASE_URL = address.rstrip("/")
        self.MAIL_FROM = os.environ.get("MAIL_FROM", "Varde <varde@kdf.example>")
        self.SMTP_URL = os.environ.get("SMTP_URL", "")
        self.MAIL_FOLDER: Path | None = Path(os.environ.get("MAIL_FOLDER", INSTANCE / "mail"))
        # A file outside the database that only grows, or syslog://HOST:PORT: the copies of the audit's head.
        self.AUDIT_HEAD_FILE = os.environ.get("AUDIT_HEAD_FILE", "")
        self.RATELIMIT_STORAGE_URI = os.environ.get("RATELIMIT_STORAGE_URI", "memory://")
        # Who may read /metrics; nobody while it is empty.
        self.METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "")
        # Sign-in with the organisation's own account (Entra ID, say); off while there is no issuer.
        self.OIDC_ISSUER = os.environ.get("OIDC_ISSUER", "")
        self.OIDC_CLIENT_ID = os.environ.get("OIDC_CLIENT_ID", "")
        self.OIDC_CLIENT_SECRET = os.environ.get("OIDC_CLIENT_SECRET", "")
        self.OIDC_NAME = os.environ.get("OIDC_NAME", "KDF")
        # Without the parameters: what a failing statement was about is nobody's business in a log.
        self.SQLALCHEMY_ENGINE_OPTIONS: dict[str, Any] = {"pool_pre_ping": False, "hide_parameters": True}


class Development(Config):
    NAME = "development"


class Demo(Config):
    """The demonstration: invented people, one click to be any of them."""

    NAME = "demo"
    DEMO = True


class Testing(Config):
    NAME = "testing"
    TESTING = True
    RATELIMIT_ENABLED = False

    def __init__(self) -> None:
        super().__init__()
        self.SQLALCHEMY_DATABASE_URI = _database_url("sqlite://")
        self.MAIL_FOLDER = None
        self.ERASURE_LEDGER = self.KEYRING_FILE = ""
        self.BASE_URL = "http://localhost"


class Production(Config):
    NAME = "production"
    SESSION_COOKIE_NAME = "__Host-varde"
    SESSION_COOKIE_SECURE = True
    PREFERRED_URL_SCHEME = "https"
    NEEDED = (
        "SECRET_KEY",
        "DATA_KEY",
        "DATABASE_URL",
        "BASE_URL",
        "SMTP_URL",
        "MAIL_FROM",
        # What must lie outside the database to be worth anything.
        "AUDIT_HEAD_FILE",
        "ERASURE_LEDGER",
        "KEYRING_FILE",
        # memory:// counts for each process by itself, so it is for whoever runs one, and says so.
        "RATELIMIT_STORAGE_URI",
    )
    ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})

    def __init__(self) -> None:
        missing = [name for name in self.NEEDED if not os.environ.get(name)]
        if missing:
            raise MissingSetting(f"Production needs these environment variables: {', '.join(missing)}")
        if os.environ.get("VARDE_DEMO"):
            raise MissingSetting("VARDE_DEMO is set: the demonstration never runs in production")
        super().__init__()
        if len(self.SECRET_KEY) < 32:
            raise MissingSetting("SECRET_KEY must have at least 32 characters")
        if self.DATA_KEY == OPEN_DATA_KEY:
            raise MissingSetting(
                "DATA_KEY is the one that everybody knows: openssl rand -base64 32 makes another"
            )
        self._refuse_bad_keys()
        self._refuse_open_ways()
        address = urlsplit(self.BASE_URL)
        if address.scheme != "https" or not address.hostname:
            raise MissingSetting(
                "BASE_URL must begin with https://: passkeys and the session's cookie need it"
            )
        if address.path or address.query or address.fragment:
            raise MissingSetting("BASE_URL must end with the host: the portal lies at the root of its own")
        if self.OIDC_ISSUER and not (self.OIDC_CLIENT_ID and self.OIDC_CLIENT_SECRET):
            raise MissingSetting("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
        self.TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "1"))
        self.MAIL_FOLDER = None

    def _refuse_open_ways(self) -> None:
        """Mails carry ways in, the database everything: neither leaves the machine unencrypted."""
        if urlsplit(self.SMTP_URL).scheme not in ("smtps", "smtp+tls", "smtp"):
            raise MissingSetting("SMTP_URL must be smtps://, smtp+tls://, or smtp:// on this machine")
        if self.SMTP_URL.startswith("smtp:") and _is_elsewhere(self.SMTP_URL):
            raise MissingSetting("SMTP_URL leaves this machine unencrypted: smtps:// or smtp+tls://")
        asked = parse_qs(urlsplit(self.SQLALCHEMY_DATABASE_URI).query).get("sslmode", [])
        mode = asked[-1] if asked else os.environ.get("PGSSLMODE", "")
        if _is_elsewhere(self.SQLALCHEMY_DATABASE_URI) and mode not in self.ENCRYPTED:
            raise MissingSetting("DATABASE_URL leaves this machine unencrypted: ?sslmode=verify-full")
        if self.RATELIMIT_STORAGE_URI.startswith("redis:") and _is_elsewhere(self.RATELIMIT_STORAGE_URI):
            raise MissingSetting("RATELIMIT_STORAGE_URI leaves this machine unencrypted: rediss://")

    def _refuse_bad_keys(self) -> None:
        """Now, and not when the first person writes something. Says which setting, never what it holds."""
        keys = {
            "DATA_KEY": [self.DATA_KEY],
            "DATA_KEYS_OLD": [text for text in self.DATA_KEYS_OLD.split(",") if text.strip()],
            "BACKUP_KEY": self.BACKUP_KEY.split(",") if self.BACKUP_KEY else [],
        }
        bad = [name for name, texts in keys.items() if not all(map(_is_key, texts))]
        if bad:
            raise MissingSetting(f"{', '.join(bad)}: a key is 32 bytes in base64: openssl rand -base64 32")


ENVIRONMENTS: dict[str, type[Config]] = {c.NAME: c for c in (Development, Demo, Testing, Production)}


def from_environment() -> Config:
    """The settings that VARDE_ENV names; production when it names nothing, so that nothing opens by accident."""
    name = os.environ.get("VARDE_ENV", "production")
    if name not in ENVIRONMENTS:
        raise MissingSetting(f"VARDE_ENV is {name!r}; it must be one of {', '.join(ENVIRONMENTS)}")
    return ENVIRONMENTS[name]()
