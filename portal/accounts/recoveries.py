"""Letting somebody who has lost every way in begin anew: one of the secretariat asks, another agrees."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, select, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import audit
from portal.access import Role
from portal.accounts.factors import forget_factors
from portal.accounts.models import LoginLink, User
from portal.accounts.sessions import end_all
from portal.database import lock, refused
from portal.errors import DomainError
from portal.extensions import Base, PrimaryKey, db
from portal.language import lazy_gettext as _l
from portal.notifications import Kind, outbox

OPEN_FOR = timedelta(days=7)
RECOVERY_ASKED = audit.declare("recovery asked")
RECOVERY_WITHDRAWN = audit.declare("recovery withdrawn")
RECOVERED = audit.declare("recovered", "way")


class NotOneself(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dette gjelder deg selv. To andre i sekretariatet må gjøre det."))


class TwoPeople(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Du ba om det selv. En annen i sekretariatet må godkjenne."))


class AlreadyAsked(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Det er bedt om dette fra før. Det venter på at en annen godkjenner."))


class TooNew(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l("Du fikk tilgangen for under en måned siden. To som har hatt den lenger, må gjøre dette.")
        )


class AskerTooNew(DomainError):
    def __init__(self) -> None:
        super().__init__(
            _l(
                "Den som ba om det, fikk tilgangen for under en måned siden."
                " Trekk det tilbake, og la en som har hatt den lenger, be om det."
            )
        )


class NotWaiting(DomainError):
    def __init__(self) -> None:
        super().__init__(_l("Dette venter ikke lenger. Noen har svart, eller tiden gikk ut."))


class Recovery(Base):
    """A request to let a person begin anew. Two others of the secretariat stand behind it."""

    __tablename__ = "recovery"
    __table_args__ = (
        CheckConstraint("asked_by_id <> user_id AND approved_by_id <> user_id", name="not_oneself"),
        CheckConstraint("approved_by_id <> asked_by_id", name="two_people"),
        CheckConstraint("(approved_at IS NULL) = (approved_by_id IS NULL)", name="approved_by_somebody"),
        CheckConstraint("approved_at IS NULL OR withdrawn_at IS NULL", name="one_ending"),
        Index(
            "uq_recovery_waiting",
            "user_id",
            unique=True,
            sqlite_where=text("approved_at IS NULL AND withdrawn_at IS NULL"),
            postgresql_where=text("approved_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    user: Mapped[User] = relationship(foreign_keys=user_id)
    asked_by: Mapped[User] = relationship(foreign_keys=asked_by_id)

    @classmethod
    def waiting(cls) -> Select[tuple["Recovery"]]:
        open_ones = cls.approved_at.is_(None) & cls.withdrawn_at.is_(None)
        return select(cls).where(open_ones).order_by(cls.asked_at)

    @classmethod
    def is_open(cls, now: datetime) -> ColumnElement[bool]:
        """The condition that it waits and can be approved."""
        return cls.approved_at.is_(None) & cls.withdrawn_at.is_(None) & (cls.asked_at > now - OPEN_FOR)

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple["Recovery"]]:
        """Those that wait, but not one's own: whoever has stolen an account shall not see it coming."""
        return cls.waiting().where(cls.user_id != user.id)

    @classmethod
    def void_all(cls, user: User, now: datetime) -> None:
        open_ones = (cls.user_id == user.id) & cls.approved_at.is_(None) & cls.withdrawn_at.is_(None)
        db.session.execute(update(cls).where(open_ones).values(withdrawn_at=now))

    @classmethod
    def ask(cls, user: User, by: User, now: datetime) -> "Recovery":
        """Ask on behalf of somebody who has called, say. Raises NotOneself, TooNew or AlreadyAsked."""
        if by.id == user.id:
            raise NotOneself
        if not by.may_vouch(now):
            raise TooNew
        late = (cls.user_id == user.id) & (cls.asked_at <= now - OPEN_FOR)
        open_ones = cls.approved_at.is_(None) & cls.withdrawn_at.is_(None)
        db.session.execute(update(cls).where(late & open_ones).values(withdrawn_at=now))
        recovery = cls(user=user, asked_by=by, asked_at=now)
        with refused({"uq_recovery_waiting": AlreadyAsked, "ck_recovery_not_oneself": NotOneself}):
            db.session.add(recovery)
            db.session.flush()
        audit.record(RECOVERY_ASKED, by=by, on=user, at=now)
        return recovery

    def approve(self, by: User, now: datetime) -> None:
        """Let the person begin anew. Raises NotOneself, TwoPeople, TooNew, AskerTooNew or NotWaiting."""
        if by.id == self.user_id:
            raise NotOneself
        if by.id == self.asked_by_id:
            raise TwoPeople
        if not self.asked_by.is_active or Role.SECRETARIAT not in self.asked_by.roles:
            raise NotWaiting
        # One who could make a colleague, and ask or approve as that colleague, would be both of the two.
        if not by.may_vouch(now):
            raise TooNew
        if not self.asked_by.may_vouch(now):
            raise AskerTooNew
        lock(self.user)  # before the request is, as everybody does who ends it with the account
        self._finish(now, approved_by_id=by.id, approved_at=now)
        recover(self.user, by, now, way="two_people")

    def withdraw(self, by: User, now: datetime) -> None:
        """Say that it is not to be."""
        self._finish(now, withdrawn_at=now)
        audit.record(RECOVERY_WITHDRAWN, by=by, on=self.user, at=now)

    def _finish(self, now: datetime, **values: object) -> None:
        # One statement decides, so that of two answers at once one holds.
        waiting = (Recovery.id == self.id) & Recovery.approved_at.is_(None) & Recovery.withdrawn_at.is_(None)
        answered = update(Recovery).where(waiting, Recovery.asked_at > now - OPEN_FOR).values(**values)
        if db.session.scalar(answered.returning(Recovery.id)) is None:
            raise NotWaiting


def recover(user: User, by: User | None, now: datetime, way: str) -> None:
    """Take the second factors away, open the account and invite the person anew."""
    lock(
        user
    )  # a factor that is being set up comes before this, and is forgotten, or after it, and is refused
    forget_factors(user)
    LoginLink.void_all(user, now)  # before the sessions, so that none is opened behind them
    end_all(user, now)
    user.locked_at = None
    outbox.send(Kind.INVITATION, user, now, path="/sign-in")
    audit.record(RECOVERED, by=by, on=user, at=now, way=way)
