"""What production wants before it starts, so that nobody meets what is missing later."""

import pytest

import config
from tests.support.settings import KEY, set_production

pytestmark = pytest.mark.pure
HEX = "6b" * 32


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    set_production(monkeypatch)


def test_production_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_KEYS_OLD", f"{KEY}, {KEY},")
    monkeypatch.setenv("BACKUP_KEY", f"{KEY},{KEY}")
    assert config.Production().BASE_URL == "https://varde.kdf.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATA_KEY", "kort"),
        ("DATA_KEY", HEX),
        ("DATA_KEY", f"{KEY},{KEY}"),
        ("DATA_KEYS_OLD", f"{KEY},kort"),
        ("BACKUP_KEY", HEX),
        ("BACKUP_KEY", f"{KEY},"),
    ],
)
def test_a_key_that_can_seal_nothing_stops_the_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(config.MissingSetting) as refused:
        config.Production()
    assert name in str(refused.value) and value not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://varde.kdf.example",
        "varde.kdf.example",
        "https://",
        "https:///x",
        "https://kdf.example/varde",
        "https://varde.kdf.example?x",
    ],
)
def test_an_address_where_no_passkey_works_or_no_link_leads_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("BASE_URL", address)
    with pytest.raises(config.MissingSetting, match="BASE_URL"):
        config.Production()


def test_a_stroke_too_many_in_the_address_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_URL", "https://varde.kdf.example/")
    assert config.Production().BASE_URL == "https://varde.kdf.example"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "smtp://mail.kdf.example"),
        ("SMTP_URL", "smtp://varde:hemmelig@10.0.0.5:25"),
        ("SMTP_URL", "mail.kdf.example"),
        ("DATABASE_URL", "postgresql://varde:hemmelig@db.kdf.example/varde"),
        ("DATABASE_URL", "postgres://varde@10.0.0.5/varde?sslmode=prefer"),
        ("DATABASE_URL", "postgresql:///varde?host=db.kdf.example&password=hemmelig"),
        ("RATELIMIT_STORAGE_URI", "redis://:hemmelig@10.0.0.6:6379"),
    ],
)
def test_what_would_leave_the_machine_unencrypted_stops_the_start_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(config.MissingSetting) as refused:
        config.Production()
    assert name in str(refused.value) and "hemmelig" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "smtp://localhost:25"),
        ("SMTP_URL", "smtp+tls://mail.kdf.example:587"),
        ("DATABASE_URL", "postgresql://varde@db.kdf.example/varde?sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://varde@localhost/varde"),
        ("DATABASE_URL", "postgresql:///varde?host=/var/run/postgresql"),
        ("DATABASE_URL", "sqlite:////srv/varde/varde.sqlite"),
        ("RATELIMIT_STORAGE_URI", "rediss://redis.kdf.example"),
        ("RATELIMIT_STORAGE_URI", "memory://"),
    ],
)
def test_what_stays_here_or_is_encrypted_will_do(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    config.Production()
