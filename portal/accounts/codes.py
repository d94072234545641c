"""Codes of the authenticator app and recovery codes: each is used once, whatever comes at the same time."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update

from portal import keys
from portal.accounts.factors import RecoveryCode, Totp
from portal.accounts.models import User
from portal.accounts.sessions import Session
from portal.extensions import db

ISSUER = "Varde"
SEALED_AS = "totp.secret"
STEP = 30
HOW_MANY = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that can be taken for another
_LENGTH = 12


def set_up_app(here: Session, now: datetime) -> Totp:
    """A new secret for the person's app, shown in this session alone. It counts once a code of it has been given."""
    db.session.execute(delete(Totp).where(Totp.session_id == here.id))
    totp = Totp(
        user_id=here.user_id,
        session_id=here.id,
        sealed_secret=keys.seal(here.user_id, SEALED_AS, pyotp.random_base32()),
        last_step=0,
        created_at=now,
    )
    db.session.add(totp)
    db.session.flush()
    return totp


def secret_of(totp: Totp) -> str:
    return keys.open(totp.user_id, SEALED_AS, totp.sealed_secret)


def address_of(totp: Totp, user: User) -> str:
    """What the QR code says: the secret, and what the app shall call it."""
    return pyotp.TOTP(secret_of(totp)).provisioning_uri(name=user.email, issuer_name=ISSUER)


def use_app_code(totp: Totp, code: str, now: datetime) -> bool:
    """Whether the code is right, now or half a minute to either side, and newer than the last one used."""
    step = _step_of(totp, code, now)
    if step is None:
        return False
    # One statement decides who was first, so that of two with the same code one comes in.
    spent = update(Totp).where(Totp.id == totp.id, Totp.last_step < step).values(last_step=step)
    found = db.session.scalar(spent.returning(Totp.id).execution_options(synchronize_session=False))
    return found is not None


def _step_of(totp: Totp, code: str, now: datetime) -> int | None:
    generator, here = pyotp.TOTP(secret_of(totp)), int(now.timestamp()) // STEP
    given = code.encode()
    right = [
        s
        for s in (here - 1, here, here + 1)
        if hmac.compare_digest(generator.generate_otp(s).encode(), given)
    ]
    return right[0] if right else None


@dataclass(frozen=True)
class FreshCodes:
    """Codes that nobody has yet, with what is to be stored in their place."""

    shown: list[str]
    salt: bytes
    hashes: list[str]

    @classmethod
    def make(cls) -> "FreshCodes":
        """Ten, hashed: slow, so to be called while no lock is held."""
        shown, salt = [_new_code() for _ in range(HOW_MANY)], secrets.token_bytes(16)
        return cls(shown, salt, [hashed(code, salt) for code in shown])


def give_recovery_codes(user: User, fresh: FreshCodes, now: datetime) -> list[str]:
    """Let the codes be the person's, to be shown this once; those they had before are void."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    for code_hash in fresh.hashes:
        db.session.add(RecoveryCode(user_id=user.id, salt=fresh.salt, code_hash=code_hash, created_at=now))
    db.session.flush()
    return fresh.shown


def salt_of(user: User) -> bytes:
    """What the person's recovery codes are hashed with."""
    salt = db.session.scalar(select(RecoveryCode.salt).where(RecoveryCode.user_id == user.id).limit(1))
    return salt or b"none"  # the same work whether or not there are codes


def hashed(code: str, salt: bytes) -> str:
    """What is stored in place of a code. Slow on purpose, so that whoever holds the database cannot try them all:
    to be called while no lock is held."""
    return hashlib.scrypt(written(code).encode(), salt=salt, n=2**13, r=8, p=1, dklen=32).hex()


def use_recovery_code(user: User, hash_of_code: str, now: datetime) -> bool:
    """Whether the code was one of the person's, and unused until now."""
    mine = (RecoveryCode.user_id == user.id) & (RecoveryCode.code_hash == hash_of_code)
    spent = update(RecoveryCode).where(mine, RecoveryCode.used_at.is_(None)).values(used_at=now)
    found = db.session.scalar(spent.returning(RecoveryCode.id).execution_options(synchronize_session=False))
    return found is not None


def count_left(user: User) -> int:
    unused = (RecoveryCode.user_id == user.id) & RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).where(unused)) or 0


def written(code: str) -> str:
    """A code as it was typed, without the blanks and dashes that make it readable."""
    return "".join(c for c in code.casefold() if c.isalnum())


def is_app_code(code: str) -> bool:
    return len(code) == 6 and code.isascii() and code.isdigit()


def is_recovery_code(code: str) -> bool:
    return len(code) == _LENGTH and set(code) <= set(_LETTERS)


def _new_code() -> str:
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(code[i : i + 4] for i in range(0, _LENGTH, 4))
