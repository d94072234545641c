"""Whom a member never wants to be matched with: for their own eyes alone."""

from enum import StrEnum

from sqlalchemy import LargeBinary, Select, false, select
from sqlalchemy.orm import Mapped, mapped_column

from portal import keys
from portal.accounts.models import User
from portal.extensions import Base, PrimaryKey
from portal.keys import SealedBytes
from portal.language import gettext as _


class ReservationKind(StrEnum):
    """Whom a person says no to; NEIGHBOURS are all municipalities next to the own one."""

    PERSON = "person"
    TIE = "tie"
    MUNICIPALITY = "municipality"
    COUNTY = "county"
    NEIGHBOURS = "neighbours"


class Tie(StrEnum):
    """What binds two people so that neither should be the other's mentor."""

    COMPANY = "company"
    FAMILY = "family"
    APPLICATIONS = "applications"
    FORMER_BOSS = "former_boss"
    DISPUTE = "dispute"

    @property
    def label(self) -> str:
        words = {
            Tie.COMPANY: _("Vi sitter i samme selskap eller IKS"),
            Tie.FAMILY: _("Vi er i familie"),
            Tie.APPLICATIONS: _("Vi søker de samme stillingene"),
            Tie.FORMER_BOSS: _("Den ene har vært den andres sjef"),
            Tie.DISPUTE: _("Kommunene våre strides, eller skal slås sammen"),
        }
        return str(words[self])


class Reservation(Base):
    """A no that is nobody's business: never shown to anyone but its owner, not even that it exists.

    The row says neither whose it is nor whom it is about: both marks are blind without the owner's key, and the rest
    is sealed with it. All that the table tells is how many there are.
    """

    __tablename__ = "reservation"

    id: Mapped[PrimaryKey]
    owner_mark: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    content: Mapped[bytes] = mapped_column(SealedBytes)

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Reservation"]]:
        """The owner's alone; the secretariat has no more right to them than anyone else."""
        mark = cls.mark_of(user.id)
        return select(cls).where(cls.owner_mark == mark if mark else false()).order_by(cls.id)

    @classmethod
    def mark_of(cls, user_id: int) -> bytes | None:
        """What stands for the owner; None when the person has no key, and so no reservation."""
        return keys.blind_if_known(user_id, "reservation.owner_mark", "")
