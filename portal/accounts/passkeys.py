"""Passkeys: offering one to be made, and being answered by one. The challenge is used once, soon, where it was asked for.

webauthn is loaded where it is used: it is a tenth of the web process's start.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounts.factors import Passkey
from portal.accounts.models import User, digest
from portal.errors import DomainError
from portal.extensions import Base, PrimaryKey, db, enum_type
from portal.language import lazy_gettext as _l

CHALLENGE_LIFETIME = timedelta(minutes=5)
LONGEST_ANSWER = 20_000


class PasskeyRefused(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Nøkkelen ble ikke godtatt. Prøv en gang til, eller bruk en annen måte."))


class PasskeyCopied(PasskeyRefused):
    """The key has counted less far than one with the same secret: one of the two is a copy."""

    def __init__(self, passkey: Passkey) -> None:
        super().__init__()
        self.passkey = passkey


class Purpose(StrEnum):
    """What a challenge was made for; an answer to one is none to another."""

    MAKE = "make"
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"


class Challenge(Base):
    """A question that only a passkey can answer, waiting for its answer."""

    __tablename__ = "challenge"

    id: Mapped[PrimaryKey]
    purpose: Mapped[Purpose] = mapped_column(enum_type(Purpose, "purpose"))
    # The browser or session that asked, hashed.
    holder_hash: Mapped[str] = mapped_column(String(64), index=True)
    value: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)

    @classmethod
    def make(cls, purpose: Purpose, holder: str, now: datetime) -> bytes:
        """A new challenge for the holder; an earlier one of the same purpose is void."""
        mine = (cls.holder_hash == digest(holder)) & (cls.purpose == purpose)
        db.session.execute(delete(cls).where(mine))
        value, expires = secrets.token_bytes(32), now + CHALLENGE_LIFETIME
        db.session.add(cls(purpose=purpose, holder_hash=digest(holder), value=value, expires_at=expires))
        return value

    @classmethod
    def use(cls, purpose: Purpose, holder: str, now: datetime) -> bytes:
        """The holder's challenge, and it is gone, however the answer turns out. Raises PasskeyRefused without one."""
        mine = (cls.holder_hash == digest(holder)) & (cls.purpose == purpose)
        # Taken and removed in one statement, so that of two answers at once one is heard.
        taken = delete(cls).where(mine).returning(cls.value, cls.expires_at)
        row = db.session.execute(taken.execution_options(synchronize_session=False)).first()
        if row is None or row.expires_at <= now:
            raise PasskeyRefused
        return bytes(row.value)


def offer(user: User, holder: str, now: datetime) -> str:
    """What the browser needs to make a key for the person, as JSON."""
    import webauthn
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    own = db.session.scalars(Passkey.visible_to(user)).all()
    options = webauthn.generate_registration_options(
        rp_id=_site(),
        rp_name="Varde",
        user_name=user.email,
        user_display_name=user.name,
        user_id=own[0].handle if own else secrets.token_bytes(32),
        challenge=Challenge.make(Purpose.MAKE, holder, now),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key.credential_id) for key in own],
    )
    return webauthn.options_to_json(options)


def keep(user: User, answer: str, handle: str, holder: str, device: str, now: datetime) -> Passkey:
    """The key that the browser made, once it is verified."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = Challenge.use(Purpose.MAKE, holder, now)
    try:
        made = webauthn.verify_registration_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=challenge,
            expected_rp_id=_site(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
        known_by = webauthn.base64url_to_bytes(handle[:200])
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise PasskeyRefused from error
    own = db.session.scalars(Passkey.visible_to(user)).first()
    known = db.session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id))
    if known is not None or len(known_by) != 32 or (own is not None and own.handle != known_by):
        raise PasskeyRefused
    passkey = Passkey(
        user_id=user.id,
        handle=known_by,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        device=device[:80],
        created_at=now,
        used_at=now,
    )
    db.session.add(passkey)
    db.session.flush()
    return passkey


def ask(purpose: Purpose, holder: str, now: datetime, user: User | None = None) -> str:
    """What the browser needs to answer with a key, as JSON: any key, or one of the person's."""
    import webauthn
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    own = db.session.scalars(Passkey.visible_to(user)) if user is not None else ()
    options = webauthn.generate_authentication_options(
        rp_id=_site(),
        challenge=Challenge.make(purpose, holder, now),
        allow_credentials=[PublicKeyCredentialDescriptor(id=key.credential_id) for key in own],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def answered(purpose: Purpose, answer: str, holder: str, now: datetime) -> User:
    """The person whose key has answered. Raises PasskeyRefused, PasskeyCopied among them."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = Challenge.use(purpose, holder, now)
    try:
        given = webauthn.helpers.parse_authentication_credential_json(answer[:LONGEST_ANSWER])
        # Locked, so that of two answers with one count the second is seen as a copy.
        mine = select(Passkey).where(Passkey.credential_id == given.raw_id).with_for_update()
        passkey = db.session.scalar(mine.execution_options(populate_existing=True))
        if passkey is None or given.response.user_handle not in (None, passkey.handle):
            raise PasskeyRefused
        verified = webauthn.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=_site(),
            expected_origin=_origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # compared below, once it is known that the key itself says so
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise PasskeyRefused from error
    counted = verified.new_sign_count
    if (
        counted or passkey.sign_count
    ) and counted <= passkey.sign_count:  # most keys of today do not count at all
        raise PasskeyCopied(passkey)
    passkey.sign_count, passkey.used_at = counted, now
    user = db.session.get_one(User, passkey.user_id)
    if not user.is_active:
        raise PasskeyRefused
    return user


def _origin() -> str:
    parts = urlsplit(str(current_app.config["BASE_URL"]))
    return f"{parts.scheme}://{parts.netloc}"


def _site() -> str:
    return urlsplit(str(current_app.config["BASE_URL"])).hostname or "localhost"
