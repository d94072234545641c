"""The mentor scheme so far: profiles, a round that is closed, its mentorships and meetings, and a round with answers waiting."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random

from sqlalchemy import select

from portal import clock, consents
from portal.consents import Purpose
from portal.demo.population import Cast
from portal.demo.timeline import Step, Timeline
from portal.extensions import db
from portal.members.models import ChallengeArea, Member
from portal.mentoring.mentorship_models import EndReason, MeetingMode, Mentorship
from portal.mentoring.mentorships import end as end_mentorship
from portal.mentoring.mentorships import log_held, plan_meeting
from portal.mentoring.profile_models import MenteeProfile, MentorProfile, Modes
from portal.mentoring.profiles import become_mentor, pause, seek, set_capacity, tell_experience
from portal.mentoring.proposal_answers import accept, decline
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.round_release import close_round, release_round
from portal.mentoring.rounds import start_round, swap

MENTORS, MENTEES, EARLY = 28, 41, 24
LATE = 7  # have asked since the last round, and wait for the next one
KARI_FACES = {"mayor": 3, "economy": 2, "management-team": 2}
TORGEIR_KNOWS = {"mayor": 3, "politics": 3, "economy": 2, "management-team": 2, "new-role": 2}
CHOOSES_TORGEIR = {"mayor": 3, "politics": 3, "new-role": 1}
TEXTS = (
    "Jeg trenger noen å tenke høyt med før kommunestyret i desember.",
    "Ny ordfører etter valget, og vi har ikke funnet tonen ennå.",
    "Budsjettet går ikke opp, og ledergruppen er delt.",
    "Vil bli tryggere i rollen det første året.",
    "",
)


@dataclass
class MentoringPast:
    """Plans the scheme's months on a timeline."""

    cast: Cast
    timeline: Timeline
    began: datetime
    random: Random = field(default_factory=lambda: Random(41))  # nosec B311  # invented people

    def plan(self) -> None:
        self.areas = {area.code: area.id for area in db.session.scalars(ChallengeArea.current())}
        today = clock.today(self.began)
        free = [m for m in self.cast.members if m not in self.cast.by_persona.values()]
        experienced = [m for m in free if (m.years_in_position(today) or 0) >= 7]
        self.random.shuffle(experienced)
        mentors = [self.cast.by_persona["mentor"], *experienced[: MENTORS - 1]]
        others = [m for m in free if m not in mentors and (m.years_in_position(today) or 0) <= 5]
        self.random.shuffle(others)
        near = [m for m in others if 4_500 <= m.municipality.population <= 9_500]
        admirers = near[:3]
        mentees = [*admirers, *(m for m in others if m not in admirers)][: MENTEES - 1]
        for number, member in enumerate(mentors):
            self._at(8 + number * 0.8, partial(self._mentor, member))
        for number, member in enumerate(mentees):
            early = number < EARLY and member is not admirers[2]
            day = 20 + number * 0.9 if early else 62 + number * 1.1
            step = partial(self._mentee, member, member in admirers)
            late = number - (len(mentees) - LATE)
            if late >= 0:
                self.timeline.plan(self.timeline.now - timedelta(days=5) + timedelta(hours=15 * late), step)
            else:
                self._at(day, step)
        self._at(66, lambda now: self._kari(now))
        self.admirers = admirers
        self._at(45, self._first_round)
        self._plan_second_round()

    def _at(self, days: float, step: Step) -> None:
        moment = self.began + timedelta(days=days)
        latest = self.timeline.now - timedelta(days=8)
        self.timeline.plan(min(moment, latest), step)

    # Profiles

    def _mentor(self, member: Member, now: datetime) -> None:
        torgeir = member is self.cast.by_persona["mentor"]
        profile = become_mentor(
            member, 3 if torgeir else self.random.choice((1, 1, 2, 2, 3)), member.user, now
        )
        known = TORGEIR_KNOWS if torgeir else self._draw(5, (1, 2, 2, 3, 3))
        retired = not torgeir and self.random.random() < 0.2
        modes = self.random.choice((Modes.EITHER, Modes.EITHER, Modes.DIGITAL))
        tell_experience(profile, self._by_id(known), "", modes, retired, now)
        consents.give(member.user, Purpose.SECRETARIAT_SEES_AREAS, 1, now)
        if not torgeir and self.random.random() < 0.06:
            pause(profile, member.user, now + timedelta(days=2))

    def _mentee(self, member: Member, admirer: bool, now: datetime) -> None:
        faced = CHOOSES_TORGEIR if admirer else self._draw(3, (1, 2, 3, 3))
        wishes = self.random.choice(({}, {}, {"other_county": True}, {"in_position": True}, {"years": 8}))
        text = self.random.choice(TEXTS)
        modes = self.random.choice((Modes.EITHER, Modes.DIGITAL, Modes.EITHER))
        consents.give(member.user, Purpose.OWN_WORDS, 1, now)
        seek(member, self._by_id(faced), text, wishes, modes, member.user, now)
        for number, purpose in enumerate((Purpose.SECRETARIAT_SEES_AREAS, Purpose.LEARN_FROM_ANSWERS)):
            if (member.id + number) % 4:  # most do
                consents.give(member.user, purpose, 1, now)

    def _kari(self, now: datetime) -> None:
        kari = self.cast.by_persona["mentee"]
        consents.give(kari.user, Purpose.OWN_WORDS, 1, now)
        seek(kari, self._by_id(KARI_FACES), TEXTS[1], {"in_position": True}, Modes.EITHER, kari.user, now)

    def _draw(self, most: int, strengths: tuple[int, ...]) -> dict[str, int]:
        chosen = self.random.sample(sorted(self.areas), self.random.randrange(2, most + 1))
        return {code: self.random.choice(strengths) for code in chosen}

    def _by_id(self, by_code: dict[str, int]) -> dict[int, int]:
        return {self.areas[code]: value for code, value in by_code.items()}

    # The first round

    def _first_round(self, now: datetime) -> None:
        made = start_round("Sommerrunden", self.cast.secretary, now)
        self._give_torgeir(made, self.admirers[:2], now)
        release_round(
            made, clock.today(now) + timedelta(days=12), self.cast.secretary, now + timedelta(hours=3)
        )
        for number, proposals in enumerate(self._by_mentee(made)):
            day = now + timedelta(days=1 + number % 9, hours=2)
            self.timeline.plan(day, partial(self._answer_first, proposals))
        self.timeline.plan(now + timedelta(days=13), lambda at: self._close(made, at))

    def _give_torgeir(self, made: MatchRound, members: list[Member], now: datetime) -> None:
        """The secretariat's own choice, so that the mentor whom a visitor can be has something to do."""
        torgeir = self.cast.by_persona["mentor"].id
        mentor_id = db.session.scalars(
            select(MentorProfile.id).where(MentorProfile.member_id == torgeir)
        ).one()
        ids = [member.id for member in members]
        for mentee_id in db.session.scalars(select(MenteeProfile.id).where(MenteeProfile.member_id.in_(ids))):
            swap(made, (mentee_id, mentor_id), self.cast.secretary, now + timedelta(minutes=20))

    def _by_mentee(self, made: MatchRound) -> list[list[Proposal]]:
        rows = (
            select(Proposal).where(Proposal.round_id == made.id).order_by(Proposal.mentee_id, Proposal.rank)
        )
        grouped: dict[int, list[Proposal]] = {}
        for proposal in db.session.scalars(rows):
            grouped.setdefault(proposal.mentee_id, []).append(proposal)
        return list(grouped.values())

    def _torgeirs(self, proposals: list[Proposal]) -> list[Proposal]:
        torgeir = self.cast.by_persona["mentor"]
        return [p for p in proposals if p.mentor.member is torgeir]

    def _answer_first(self, proposals: list[Proposal], now: datetime) -> None:
        mentee = proposals[0].mentee
        wants = self._torgeirs(proposals) if mentee.member in self.admirers else []
        if not wants and self.random.random() < 0.12:
            return
        chosen = wants[0] if wants else proposals[0]
        for other in proposals:
            if other is not chosen and self.random.random() < 0.35:
                decline(other, mentee.member.user, now)
        accept(chosen, mentee.member.user, now)
        self.timeline.plan(now + timedelta(days=2), lambda at: self._mentor_answers(chosen, at))

    def _mentor_answers(self, proposal: Proposal, now: datetime) -> None:
        if not proposal.awaits_mentor:
            return
        if proposal.mentee.member not in self.admirers and self.random.random() < 0.2:
            decline(proposal, proposal.mentor.member.user, now)
            return
        mentorship = accept(proposal, proposal.mentor.member.user, now)
        if mentorship is not None:
            self._meet(mentorship, now)

    def _close(self, made: MatchRound, now: datetime) -> None:
        close_round(made, self.cast.secretary, now)

    # Meetings

    def _meet(self, mentorship: Mentorship, now: datetime) -> None:
        """Every fourth week or so; some fall silent, and one pair has come to its end."""
        pace, silent = self.random.randrange(21, 36), self.random.random() < 0.2
        mode = self.random.choice((MeetingMode.DIGITAL, MeetingMode.DIGITAL, MeetingMode.PHONE))
        at = clock.from_oslo(clock.today(now) + timedelta(days=self.random.randrange(6, 14)), time(14))
        self._agree(mentorship, at, mode, now)
        while at + timedelta(days=1) <= self.timeline.now:
            day = clock.today(at)
            next_at = clock.from_oslo(day + timedelta(days=pace), time(14))
            goes_on = not silent and next_at < self.timeline.now + timedelta(days=40)
            self.timeline.plan(
                at + timedelta(hours=3),
                partial(self._held, mentorship, day, mode, next_at if goes_on else None),
            )
            if silent:
                break
            at = next_at
        if silent and self.random.random() < 0.4:
            mentor = mentorship.mentor.member.user
            over = self.timeline.now - timedelta(days=12)
            self.timeline.plan(
                over, lambda then: end_mentorship(mentorship, EndReason.NEW_POSITION, mentor, then)
            )

    def _agree(self, mentorship: Mentorship, at: datetime, mode: MeetingMode, now: datetime) -> None:
        plan_meeting(mentorship, at, 60, mode, mentorship.mentee.member.user, now)

    def _held(
        self, mentorship: Mentorship, day: date, mode: MeetingMode, next_at: datetime | None, now: datetime
    ) -> None:
        if not mentorship.is_live:
            return
        log_held(mentorship, day, 60, mode, mentorship.mentor.member.user, now)
        if next_at is not None and next_at > now:
            self._agree(mentorship, next_at, mode, now)

    # The round that is out now

    def _plan_second_round(self) -> None:
        now = self.timeline.now
        released = clock.from_oslo(clock.today(now) - timedelta(days=6), time(9, 12))
        self.timeline.plan(released, self._second_round)

    def _second_round(self, now: datetime) -> None:
        torgeir = self.cast.by_persona["mentor"]
        mentor = db.session.scalars(select(MentorProfile).where(MentorProfile.member_id == torgeir.id)).one()
        set_capacity(mentor, 4, torgeir.user, now)  # one for Kari, beside whom the secretariat gives him
        made = start_round("Høstrunden", self.cast.secretary, now)
        self._give_torgeir(made, self.admirers[2:], now)
        deadline = clock.today(self.timeline.now) + timedelta(days=10)
        release_round(made, deadline, self.cast.secretary, now + timedelta(hours=2))
        for number, proposals in enumerate(self._by_mentee(made)):
            mentee = proposals[0].mentee
            if mentee.member is self.cast.by_persona["mentee"]:
                continue
            at = now + timedelta(days=1 + number % 5)
            self.timeline.plan(at, partial(self._answer_second, proposals))

    def _answer_second(self, proposals: list[Proposal], now: datetime) -> None:
        mentee, wants = proposals[0].mentee, self._torgeirs(proposals)
        if wants and mentee.member in self.admirers:
            accept(wants[0], mentee.member.user, now)
            return
        wanted = [p for p in proposals if p not in wants]
        if not wanted or self.random.random() < 0.45:
            return
        accept(wanted[0], mentee.member.user, now)
        if self.random.random() < 0.4:
            self.timeline.plan(now + timedelta(hours=20), lambda at: self._mentor_answers(wanted[0], at))


def profiles() -> tuple[int, int]:
    """How many mentors and mentees there are."""
    mentors, mentees = select(MentorProfile.id), select(MenteeProfile.id)
    return len(db.session.scalars(mentors).all()), len(db.session.scalars(mentees).all())
