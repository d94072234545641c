"""Where a member stands with the mentor scheme: one stage, its sentence, and the steps on the way."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, lazyload, selectinload

from portal import consents
from portal.accounts.models import User
from portal.consents import Purpose
from portal.extensions import db
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal


class Stage(StrEnum):
    EMPTY = "empty"
    SEEKING = "seeking"
    CHOOSING = "choosing"
    UNASKED = "unasked"  # said yes, and no mentor is asked: full and paused look the same
    ASKING = "asking"
    PAIRED = "paired"


@dataclass(frozen=True)
class Standing:
    """What the pages need to know. `proposals` are those of the newest released round, in the mentee's order."""

    stage: Stage
    profile: MenteeProfile | None = None
    mentorship: Mentorship | None = None
    proposals: list[Proposal] = field(default_factory=list)
    awaits_consent: bool = False  # what was told is kept, and is not used before the member says yes anew

    @property
    def is_paused(self) -> bool:
        """Whether the member has put the search on hold."""
        return self.profile is not None and self.profile.paused_at is not None and self.mentorship is None

    @property
    def open_proposals(self) -> list[Proposal]:
        return [p for p in self.proposals if p.awaits_mentee]

    @property
    def answer_by(self) -> datetime | None:
        return self.proposals[0].round.answer_by if self.proposals else None

    @property
    def sentence(self) -> str:
        """The status in one sentence."""
        if self.mentorship is not None:
            return str(_("Du og %(name)s er et mentorpar.", name=self.mentorship.mentor.member.name))
        texts = {
            Stage.EMPTY: _("Fortell hva du står i, så finner vi noen som har stått i noe lignende."),
            Stage.SEEKING: _("Vi leter etter en mentor til deg."),
            Stage.UNASKED: _("Du har sagt ja, og ingen mentor er spurt akkurat nå."),
            Stage.ASKING: _("Vi spør i den rekkefølgen du har satt, én om gangen."),
        }
        if self.awaits_consent:
            return str(_("Vi trenger et ja fra deg før vi kan lete videre."))
        if self.stage is Stage.SEEKING and self.is_paused:
            return str(_("Søket ditt har pause."))
        if self.stage is not Stage.CHOOSING:
            return str(texts[self.stage])
        if len(self.open_proposals) == 1:
            return str(_("Ett forslag venter på svaret ditt."))
        waiting = {2: _("To"), 3: _("Tre")}.get(len(self.open_proposals), len(self.open_proposals))
        return str(_("%(number)s forslag venter på svaret ditt.", number=waiting))

    @property
    def steps(self) -> list[tuple[str, str]]:
        """(done, now or later; text) for each of the four steps."""
        texts = [
            _("Du forteller hva du står i"),
            _("Du velger blant forslagene"),
            _("Mentoren svarer"),
            _("Dere får navn og avtaler første møte"),
        ]
        order = [Stage.EMPTY, Stage.CHOOSING, Stage.ASKING, Stage.PAIRED]
        at = order.index(self.stage) if self.stage in order else order.index(Stage.CHOOSING)
        met = self.mentorship is not None and bool(self.mentorship.meetings)
        return [
            ("done" if n < at or (n == at and met) else "now" if n == at else "later", str(text))
            for n, text in enumerate(texts)
        ]


def read(user: User) -> Standing:
    """The member's standing, in four small queries at most."""
    agreed = consents.condition(user.id, Purpose.OWN_WORDS)
    found = db.session.execute(MenteeProfile.visible_to(user).add_columns(agreed)).one_or_none()
    if found is None:
        return Standing(Stage.EMPTY)
    profile, is_agreed = found
    mentorship = db.session.scalar(_live(profile))
    if mentorship is not None:
        return Standing(Stage.PAIRED, profile, mentorship)
    if profile.seeking_since is None:
        return Standing(Stage.EMPTY, profile)
    proposals = list(db.session.scalars(_newest(profile)))
    return Standing(_stage(proposals), profile, None, proposals, awaits_consent=not is_agreed)


def _stage(proposals: list[Proposal]) -> Stage:
    """Of one who seeks: a mentor who is asked first, then what the mentee can do."""
    if any(p.awaits_mentor for p in proposals):
        return Stage.ASKING
    if any(p.awaits_mentee for p in proposals):
        return Stage.CHOOSING
    return Stage.UNASKED if any(p.is_queued for p in proposals) else Stage.SEEKING


def _live(profile: MenteeProfile) -> Select[tuple[Mentorship]]:
    mentor = joinedload(Mentorship.mentor, innerjoin=True).joinedload(MentorProfile.member, innerjoin=True)
    return (
        select(Mentorship)
        .where(Mentorship.mentee_id == profile.id, Mentorship.ended_at.is_(None))
        .options(
            mentor.joinedload(Member.user, innerjoin=True).options(lazyload(User.role_grants)),
            selectinload(Mentorship.meetings),
        )
    )


def _newest(profile: MenteeProfile) -> Select[tuple[Proposal]]:
    """The proposals of the newest round that was released with any for this mentee, while it is open."""
    mine = (Proposal.mentee_id == profile.id) & MatchRound.released_at.is_not(None)
    newest = select(MatchRound.id).join(Proposal, Proposal.round_id == MatchRound.id).where(mine)
    newest = newest.order_by(MatchRound.released_at.desc(), MatchRound.id.desc()).limit(1)
    return (
        select(Proposal)
        .join(Proposal.round)
        .where(mine, Proposal.round_id == newest.scalar_subquery(), MatchRound.closed_at.is_(None))
        .options(joinedload(Proposal.round, innerjoin=True))
        .order_by(Proposal.rank, Proposal.id)
    )
