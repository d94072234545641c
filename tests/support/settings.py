"""The environment of a production, as it should be."""

from base64 import b64encode

import pytest

import config

KEY = b64encode(b"k" * 32).decode()
SOUND = {
    "DATA_KEY": KEY,
    "DATABASE_URL": "sqlite://",
    "BASE_URL": "https://varde.kdf.example",
    "SMTP_URL": "smtps://mail.kdf.example",
    "RATELIMIT_STORAGE_URI": "memory://",
}


def set_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that production needs, and nothing else that it reads."""
    for name in ("VARDE_DEMO", "DATA_KEYS_OLD", "BACKUP_KEY", "OIDC_ISSUER", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    for name in config.Production.NEEDED:
        monkeypatch.setenv(name, SOUND.get(name, "x" * 40))
