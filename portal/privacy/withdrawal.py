"""Taking a consent back, and what follows from it: what was kept only because of the yes, goes with it."""

from datetime import datetime

from sqlalchemy import exists, select

from portal import consents
from portal.accounts.models import User
from portal.coaching.models import Booking
from portal.consents import Purpose
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.own_words import forget_own_words, has_own_words
from portal.privacy.leaving import drop_drafts


def withdraw(user: User, purpose: Purpose, now: datetime) -> None:
    """Take the yes back. Of one's own words everything goes, also where there was no yes any more that could end."""
    consents.withdraw(user, purpose, now)
    if purpose is Purpose.OWN_WORDS and keeps_own_words(user):
        drop_drafts(user, now)
        forget_own_words(user, now)
        for booking in db.session.scalars(Booking.of_member(user).where(Booking.theme.is_not(None))).all():
            booking.forget_theme(user, now)


def keeps_own_words(user: User) -> bool:
    """Whether there is anything that `withdraw` would empty."""
    member = db.session.scalar(select(Member).where(Member.user_id == user.id))
    if member is None:
        return False
    themes = Booking.of_member(user).where(Booking.theme.is_not(None)).with_only_columns(Booking.id)
    return has_own_words(member) or bool(db.session.scalar(select(exists(themes))))
