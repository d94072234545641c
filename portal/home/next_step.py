"""The one thing that waits for the member now."""

from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from portal.coaching.clip_card import ClipState
from portal.coaching.participation import Participation
from portal.language import gettext as _
from portal.mentoring.mentorship_models import Meeting
from portal.mentoring.status import Stage, Standing
from portal.rendering import weekday_date


@dataclass(frozen=True)
class NextStep:
    """A wide card. Without a link there is nothing to do; `seeds` draw the landscapes of unnamed mentors."""

    title: str
    text: str
    action: str = ""
    url: str = ""
    deadline: datetime | None = None
    seeds: tuple[int, ...] = ()


def next_step(coaching: Participation, mentoring: Standing, now: datetime) -> NextStep:
    """What waits, most pressing first; when nothing does, that all is well."""
    return (
        _agree(mentoring)
        or _choose(mentoring)
        or _tell(coaching, mentoring)
        or _meet(mentoring, now)
        or _book(coaching)
        or _apply(coaching)
        or _wait(mentoring)
        or _calm(coaching, mentoring, now)
    )


def _agree(mentoring: Standing) -> NextStep | None:
    if not mentoring.awaits_consent:
        return None
    return NextStep(
        _("Si ja, så leter vi videre"),
        _(
            "Det du har fortalt om det du står i, kan si noe om helsen din. Derfor bruker vi det bare når du har "
            "samtykket. Det ligger klart, og brukes ikke imens."
        ),
        _("Se over og si ja"),
        url_for("mentoring_profile.challenges"),
    )


def _choose(mentoring: Standing) -> NextStep | None:
    waiting = mentoring.open_proposals
    if mentoring.stage is not Stage.CHOOSING or not waiting:
        return None
    counted = {1: _("Vi fant én"), 2: _("Vi fant to"), 3: _("Vi fant tre")}.get(
        len(waiting), _("Vi fant flere")
    )
    return NextStep(
        _("%(counted)s som har stått i noe lignende", counted=counted),
        _(
            "Les i ro og mak, og si hvem du helst vil ha som mentor. "
            "Ingen av dem vet hvem du er før du har sagt ja."
        ),
        _("Se forslaget") if len(waiting) == 1 else _("Se forslagene"),
        url_for("mentoring.proposals"),
        mentoring.answer_by,
        tuple(p.id for p in waiting),
    )


def _tell(coaching: Participation, mentoring: Standing) -> NextStep | None:
    if mentoring.stage is not Stage.EMPTY or coaching.enrolment is not None:
        return None
    return NextStep(
        _("Fortell kort hva du står i"),
        _(
            "Fem spørsmål, tre minutter. Da kan vi finne en kollega som har stått i noe lignende. "
            "Du bestemmer hva du vil dele, og kan hoppe over alt."
        ),
        _("Begynn her"),
        url_for("mentoring_profile.challenges"),
    )


def _meet(mentoring: Standing, now: datetime) -> NextStep | None:
    pair = mentoring.mentorship
    if pair is None or pair.next_planned(now) is not None:
        return None
    name = pair.mentor.member.user.first_name
    first = pair.last_held is None
    return NextStep(
        _("Avtal det første møtet med %(name)s", name=name)
        if first
        else _("Avtal det neste møtet med %(name)s", name=name),
        _("Dere velger selv når og hvordan. En halvtime er nok til å begynne."),
        _("Foreslå en tid"),
        url_for("mentoring.mentorship", mentorship_id=pair.id),
    )


def _book(coaching: Participation) -> NextStep | None:
    tickets = coaching.card.tickets
    if not coaching.card.left or any(t.state is ClipState.BOOKED for t in tickets):
        return None
    text = _("Klippekortet ditt har %(left)s av %(total)s samtaler igjen, betalt av KDF.", left=coaching.card.left, total=coaching.card.total)  # fmt: skip
    return NextStep(_("Velg tid for en samtale"), text, _("Velg tid"), url_for("coaching.slots"))


def _apply(coaching: Participation) -> NextStep | None:
    if coaching.programme is None or coaching.has_seat or coaching.is_waiting:
        return None
    return NextStep(
        _("To samtaler med en veileder venter på deg"),
        _("KDF betaler begge. Søk om plass, så får du beskjed når den er din."),
        _("Søk om plass"),
        url_for("coaching.sessions"),
    )


def _wait(mentoring: Standing) -> NextStep | None:
    if mentoring.stage is not Stage.UNASKED:
        return None
    return NextStep(
        _("Ingen mentor er spurt akkurat nå"),
        _(
            "Vi spør dem du har sagt ja til, når det lar seg gjøre. Vil du ikke vente, finner vi andre til deg."
        ),
        _("Se forslagene"),
        url_for("mentoring.proposals"),
    )


def _calm(coaching: Participation, mentoring: Standing, now: datetime) -> NextStep:
    moments = [t.booking.starts_at for t in coaching.card.tickets if t.booking and t.booking.is_ahead(now)]
    meeting = next_meeting(mentoring, now)
    if meeting is not None:
        moments.append(meeting.starts_at)
    if moments:
        text = _(
            "Ingenting venter på deg. Det neste i kalenderen er %(day)s.", day=weekday_date(min(moments))
        )
    elif mentoring.stage is Stage.ASKING:
        text = _("Vi har spurt en mentor på dine vegne, og sier fra når svaret kommer.")
    elif mentoring.stage is Stage.SEEKING and mentoring.is_paused:
        text = _("Søket etter en mentor har pause. Det du har fortalt, ligger klart til du søker igjen.")
    elif mentoring.stage is Stage.SEEKING:
        text = _("Vi leter etter en mentor til deg, og sier fra når vi har forslag.")
    else:
        text = _("Ingenting venter på deg.")
    return NextStep(_("Alt er i orden"), text)


def next_meeting(mentoring: Standing, now: datetime) -> Meeting | None:
    """The next meeting agreed with the mentor."""
    return mentoring.mentorship.next_planned(now) if mentoring.mentorship is not None else None
