"""Four months of the coaching pilot: seats, conversations held, missed, moved and cancelled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from portal import clock, consents
from portal.coaching.availability import Offer, offer
from portal.coaching.booking import book, move
from portal.coaching.enrolment import apply, give_seat, withdraw
from portal.coaching.models import (
    Booking,
    Enrolment,
    Mode,
    Payer,
    Programme,
    Rate,
    RateKind,
    Slot,
    SlotMode,
)
from portal.consents import Purpose
from portal.demo.population import Cast
from portal.demo.timeline import Timeline
from portal.extensions import db
from portal.members.models import Member

SEATED, WAITING, WITHDRAWN = 47, 3, 5
# What each participant has come to, in the order in which they got their seats.
COURSES = (
    *(["both"] * 7 + ["one"] * 14 + ["one and booked"] * 3 + ["missed"] * 2 + ["late"] * 2),
    *(["booked"] * 9 + ["unconfirmed", "kari"] + ["nothing"] * 8),
)
# How many days ago somebody must have booked at the latest, for it all to have happened by now.
WELL_BEFORE = {"both": 62, "one": 26, "one and booked": 34, "missed": 26, "late": 26}
THEMES = (
    "Samspillet med ordføreren",
    "Rollen og handlingsrommet",
    "En krevende sak",
    "Å stå i det over tid",
    None,
)
SECOND_DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def programme(start: date) -> Programme:
    """The pilot: one year, 60 seats, two clips each, 250 000 kroner."""
    ends = date(start.year + 1, start.month, 1) - timedelta(days=1)
    pilot = Programme(
        name="Veiledningstjenesten",
        starts_on=start,
        ends_on=ends,
        clips_valid_until=ends + timedelta(days=31),
        clips=2,
        minutes=60,
        budget=Decimal(250_000),
        seats=[],
        rates=[
            Rate(kind=RateKind.MEMBER, amount=Decimal(2_300), valid_from=start),
            Rate(kind=RateKind.NON_MEMBER, amount=Decimal(2_900), valid_from=start),
            Rate(kind=RateKind.COACH_FEE, amount=Decimal(2_300), valid_from=start),
        ],
    )
    pilot.add_seats(60)
    db.session.add(pilot)
    db.session.flush()
    return pilot


@dataclass
class CoachingPast:
    """Plans the pilot's months on a timeline."""

    pilot: Programme
    cast: Cast
    timeline: Timeline
    random: Random = field(default_factory=lambda: Random(60))  # nosec B311  # invented people

    def plan(self) -> None:
        self._offer_time()
        kari = self.cast.by_persona["mentee"]
        kept_out = set(self.cast.by_persona.values())
        pool = [m for m in self.cast.members if m not in kept_out and m.membership.value == "member"]
        self.random.shuffle(pool)
        seated = pool[: SEATED - 1]
        seated.insert(COURSES.index("kari"), kari)
        for place, (member, course) in enumerate(zip(seated, COURSES, strict=True)):
            self._enrol(member, course, place)
        self._leave(pool[SEATED : SEATED + WITHDRAWN])
        self._wait(pool[SEATED + WITHDRAWN : SEATED + WITHDRAWN + WAITING])

    # The coaches' time

    def _offer_time(self) -> None:
        first = self.pilot.starts_on + timedelta(days=7)
        last = clock.today(self.timeline.now) + timedelta(days=63)
        patterns = ((0, 9, 12), (1, 12, 15), (2, 9, 11), (3, 12, 16), (4, 9, 12), (1, 9, 11))
        offered_at = clock.from_oslo(self.pilot.starts_on - timedelta(days=20), time(10))
        for number, coach in enumerate(self.cast.coaches):
            for turn in (0, 2) if number else (0, 1, 3):
                weekday, begin, end = patterns[(number + turn) % len(patterns)]
                day = first + timedelta(days=(weekday - first.weekday()) % 7)
                mode = SlotMode.EITHER if turn != 2 else SlotMode.DIGITAL
                offer(coach, Offer(day, last, time(begin), time(end), mode), offered_at)

    # Seats

    def _enrol(self, member: Member, course: str, place: int) -> None:
        opens = clock.from_oslo(self.pilot.starts_on - timedelta(days=4), time(8, 30))
        at = opens + timedelta(days=place * 1.9, minutes=self.random.randrange(400))
        self.timeline.plan(at, lambda now: self._seat(member, course, now))

    def _seat(self, member: Member, course: str, now: datetime) -> None:
        enrolment = apply(member, self.pilot, now)
        given = now + timedelta(hours=self.random.randrange(3, 70))

        def give(at: datetime) -> None:
            give_seat(enrolment, self.cast.secretary, at)
            self._follow(enrolment, course, at)

        self.timeline.plan(min(given, self.timeline.now), give)

    def _leave(self, members: list[Member]) -> None:
        opens = clock.from_oslo(self.pilot.starts_on, time(14))
        for number, member in enumerate(members):
            self.timeline.plan(opens + timedelta(days=9 + 17 * number), partial(self._change_mind, member))

    def _change_mind(self, member: Member, now: datetime) -> None:
        enrolment = apply(member, self.pilot, now)
        self.timeline.plan(now + 2 * SECOND_DAY, lambda at: withdraw(enrolment, member.user, at))

    def _wait(self, members: list[Member]) -> None:
        for days, member in zip((16, 9, 3), members, strict=True):
            at = self.timeline.now - timedelta(days=days)
            self.timeline.plan(at, partial(self._ask, member))

    def _ask(self, member: Member, now: datetime) -> None:
        apply(member, self.pilot, now)

    # Conversations

    def _follow(self, enrolment: Enrolment, course: str, seated_at: datetime) -> None:
        now = self.timeline.now
        soon = seated_at + timedelta(days=self.random.randrange(2, 9))
        if course in WELL_BEFORE:
            latest = (now - seated_at).days - WELL_BEFORE[course]
            soon = seated_at + timedelta(days=self.random.randrange(2, max(latest, 4)))
            self.timeline.plan(soon, lambda at: self._first(enrolment, course, at))
        elif course == "booked":
            asked = max(soon, now - timedelta(days=self.random.randrange(2, 8)))
            self.timeline.plan(min(asked, now), lambda at: self._book_ahead(enrolment, at))
        elif course == "unconfirmed":
            self.timeline.plan(now - timedelta(days=9), lambda at: self._forgotten(enrolment, at))
        elif course == "kari":
            self.timeline.plan(
                now - timedelta(days=5), lambda at: self._book(enrolment, at, now + timedelta(days=10))
            )

    def _first(self, enrolment: Enrolment, course: str, now: datetime) -> None:
        booking = self._book(enrolment, now, now + timedelta(days=self.random.randrange(3, 11)))
        chance = self.random.random()
        if course == "late":
            at = booking.starts_at - timedelta(hours=self.random.randrange(3, 18))
            self.timeline.plan(at, lambda then: booking.cancel(booking.member.user, then))
        elif chance < 0.45 and course != "missed":
            before = booking.starts_at - timedelta(hours=self.random.randrange(30, 60))
            self.timeline.plan(max(now, before), lambda at: self._again(booking, enrolment, course, at))
        elif chance < 0.85 and course != "missed":
            self.timeline.plan(now + 4 * HOUR, lambda at: self._move(booking, course, at))
        else:
            self._confirm(booking, course)

    def _again(self, booking: Booking, enrolment: Enrolment, course: str, now: datetime) -> None:
        booking.cancel(booking.member.user, now)
        fresh = self._book(enrolment, now, now + timedelta(days=self.random.randrange(4, 12)))
        self._confirm(fresh, course)

    def _forgotten(self, enrolment: Enrolment, now: datetime) -> None:
        """A conversation some days ago that its coach has not confirmed, so that there is something to do."""
        own = Slot.free(now).where(
            Slot.coach_id == self.cast.coaches[0].id, Slot.starts_at > now + 3 * SECOND_DAY
        )
        slot = db.session.scalars(own.limit(1)).one()
        book(slot, enrolment, Mode.DIGITAL, enrolment.member.user, now)

    def _move(self, booking: Booking, course: str, now: datetime) -> None:
        later = self._free(booking.starts_at + SECOND_DAY, now)
        self._confirm(move(booking, later, booking.member.user, now), course)

    def _confirm(self, booking: Booking, course: str) -> None:
        at = booking.slot.ends_at + timedelta(minutes=self.random.randrange(5, 600))
        coach = booking.slot.coach.user
        if course == "missed":
            self.timeline.plan(at, lambda now: booking.confirm_no_show(coach, now))
            return
        self.timeline.plan(at, lambda now: booking.confirm_held(coach, now))
        if course in ("both", "one and booked"):
            after = at + timedelta(days=self.random.randrange(9, 24))
            final = self._second if course == "both" else self._book_ahead_from(booking)
            self.timeline.plan(min(after, self.timeline.now), lambda now: final(booking.enrolment, now))

    def _second(self, enrolment: Enrolment, now: datetime) -> None:
        booking = self._book(enrolment, now, now + timedelta(days=self.random.randrange(3, 9)))
        self._confirm(booking, "one")
        if self.random.random() < 0.4:
            payer = self.random.choice((Payer.MUNICIPALITY, Payer.PERSONAL))
            third = now + timedelta(days=20)
            self.timeline.plan(third, lambda at: self._extra(enrolment, payer, at))

    def _extra(self, enrolment: Enrolment, payer: Payer, now: datetime) -> None:
        self._confirm(self._book(enrolment, now, now + 3 * SECOND_DAY, payer), "one")

    def _book_ahead_from(self, booking: Booking) -> Callable[[Enrolment, datetime], None]:
        return lambda enrolment, _now: self._book_ahead(
            enrolment, max(_now, self.timeline.now - 3 * SECOND_DAY)
        )

    def _book_ahead(self, enrolment: Enrolment, now: datetime) -> None:
        wanted = self.timeline.now + timedelta(days=self.random.randrange(1, 24), hours=2)
        self._book(enrolment, now, wanted)

    def _book(
        self, enrolment: Enrolment, now: datetime, wanted: datetime, payer: Payer = Payer.KDF
    ) -> Booking:
        slot = self._free(wanted, now)
        mode = Mode.IN_PERSON if slot.mode is SlotMode.EITHER and self.random.random() < 0.2 else Mode.DIGITAL
        theme = self.random.choice(THEMES)
        if theme:
            consents.give(enrolment.member.user, Purpose.OWN_WORDS, 1, now)
        return book(slot, enrolment, mode, enrolment.member.user, now, payer, theme)

    def _free(self, wanted: datetime, now: datetime) -> Slot:
        """One of the first few free hours from `wanted` on, or the first there is."""
        ahead = Slot.free(now).where(Slot.starts_at >= max(wanted, now + 26 * HOUR))
        return self.random.choice(list(db.session.scalars(ahead.limit(6))))
