"""Profiles, reservations, proposals and pairs. What one of two has answered is never in the other's export."""

from typing import Any

from sqlalchemy import ColumnElement, Table, false, select

from portal.extensions import Base, db
from portal.language import gettext as _
from portal.members.models import ChallengeArea, Member
from portal.mentoring import apart, reservations, wording
from portal.mentoring.reservation_models import Reservation
from portal.privacy.register.lines import (
    DESTROYED,
    EMPTIED,
    OF_MEMBER,
    SECRET,
    Use,
    Whom,
    kept,
    lines,
    personal,
    replaced,
    technical,
)
from portal.rendering import long_date

COUNTS = kept("teller i hvor mange som fikk mentor; står bare på et nummer")
OTHERS = "er den andres svar, og den andre skal kunne svare i fred (artikkel 15 nr. 4)"
OF_TWO = "måler de to mot hverandre, og ville røpet den andre (artikkel 15 nr. 4)"
NEUTRAL_LIST = replaced("tom liste", [])
BOTH = ("mentee", "mentor")


def _released(proposal: Table, _user_id: int) -> ColumnElement[bool]:
    rounds = Base.metadata.tables["match_round"]
    return proposal.c.round_id.in_(select(rounds.c.id).where(rounds.c.released_at.is_not(None)))


def _wishes(wishes: Any) -> str:
    labels = {
        "other_county": _("fra et annet fylke"),
        "same_county": _("fra samme fylke"),
        "larger": _("fra en større kommune"),
        "retired": _("har sluttet i rollen"),
        "in_position": _("står i rollen"),
    }
    said = [str(label) for code, label in labels.items() if wishes.get(code)]
    if wishes.get("years"):
        said.append(str(_("minst %(years)s år i rollen", years=wishes["years"])))
    return ", ".join(said) or str(_("ingen"))


def _areas() -> dict[str, ChallengeArea]:
    return {area.code: area for area in db.session.scalars(select(ChallengeArea))}


def _reasons(reasons: Any) -> str:
    return ". ".join(text for _icon, text in wording.reasons_for_mentee(reasons, _areas()))


def _difference(difference: Any) -> str:
    return wording.difference_for_mentee(difference, _areas()) or ""


def _said_by(reservation: Table, user_id: int) -> ColumnElement[bool]:
    mark = Reservation.mark_of(user_id)
    return reservation.c.owner_mark == mark if mark else false()


def _reservations(user_id: int) -> list[dict[str, str]]:
    member = db.session.scalar(select(Member).where(Member.user_id == user_id))
    noes = reservations.described(reservations.said_by(member)) if member is not None else []
    return [{"content": f"{name}. {meaning} {long_date(no.at)}"} for no, name, meaning in noes]


MENTEE = Whom("mentee", "mentee_id>mentee_profile.member_id>member.user_id", "Du ser etter mentor")
MENTOR = Whom("mentor", "mentor_id>mentor_profile.member_id>member.user_id", "Du er mentor")
SUGGESTED = Whom("mentee", MENTEE.path, "Forslag til deg", _released)
ASKED = Whom("mentor", MENTOR.path, "Forespørsler du har fått", apart.is_known)
NAME = ">member.user_id>user.name"
_PAIR = "mentorship_id>mentorship."

TABLES = (
    lines(
        "mentee_profile", "Det du står i", Use.OWN_WORDS, "profiles", OF_MEMBER,
        technical("id member_id", "nøkler"),
        personal("text", "Det du har skrevet", DESTROYED, sensitive=True),
        personal("wishes", "Ønsker", DESTROYED, words=_wishes, sensitive=True),
        personal("modes", "Hvordan dere kan møtes", replaced("begge deler", "either")),
        personal("seeking_since", "Har sett etter mentor siden", EMPTIED),
        personal("paused_at", "Satt på pause", EMPTIED),
        personal("others_wanted_at", "Bedt om andre forslag", EMPTIED),
    ),
    lines(
        "mentee_area", "Områder du står i", Use.OWN_WORDS, "profiles",
        Whom("own", "mentee_id>mentee_profile.member_id>member.user_id"),
        technical("mentee_id", "nøkkel"),
        personal("area_id", "Område", shown="area_id>challenge_area.label", sensitive=True),
        personal("weight", "Hvor mye det veier, 1 til 3"),
    ),
    lines(
        "mentor_profile", "Deg som mentor", Use.MENTORING, "profiles", OF_MEMBER,
        technical("id member_id", "nøkler"),
        personal("text", "Det du har skrevet", DESTROYED, sensitive=True, use=Use.OWN_WORDS),
        personal("modes", "Hvordan dere kan møtes", replaced("begge deler", "either")),
        personal("retired", "Har sluttet i rollen", replaced("nei", False)),
        personal("willing_since", "Mentor siden", COUNTS),
        personal("updated_at", "Sist endret", COUNTS),
        personal("paused_at", "Satt på pause", kept("holder profilen utenfor koblingen")),
    ),
    lines(
        "mentor_area", "Områder du har vært gjennom", Use.MENTORING, "profiles",
        Whom("own", "mentor_id>mentor_profile.member_id>member.user_id"),
        technical("mentor_id", "nøkkel"),
        personal("area_id", "Område", shown="area_id>challenge_area.experience_label", sensitive=True),
        personal("strength", "Hvor godt du kjenner det, 1 til 3"),
    ),
    lines(
        "mentor_place", "Hvor mange du kan ta imot", Use.MENTORING, "profiles",
        Whom("own", "mentor_id>mentor_profile.member_id>member.user_id"),
        technical("mentor_id", "nøkkel"),
        personal("number", "Plass nummer"),
    ),
    lines(
        "reservation", "Hvem du ikke vil kobles med", Use.RESERVATIONS, "reservations", Whom("own", "", finds=_said_by),
        technical("id", "nøkkel"),
        personal("owner_mark", "Merke for hvem som har sagt det", withheld=SECRET),
        personal("mark", "Merke for hva som er sagt", withheld=SECRET),
        personal("content", "Person, kommune eller fylke, og når du sa det", sensitive=True),
        opened=_reservations,
    ),
    lines(
        "match_round", "Koblingsrunder", None, "", (),
        technical("id name weights created_at run_at answer_by released_at closed_at", "gjelder runden, ingen enkeltperson"),
        technical("created_by_id run_by_id released_by_id closed_by_id", "hvem som gjorde det, med nummer"),
    ),
    lines(
        "match_run", "Kjøringer av en runde", Use.MENTORING, "proposals", (MENTEE, MENTOR),
        technical("id round_id number ran_at emptied_at cause by_id", "gjelder runden, ingen enkeltperson"),
        personal(
            "mentee_id", "Paret som ble endret", EMPTIED, about=("mentee",),
            withheld="er sekretariatets arbeid med et utkast som gjelder flere (artikkel 15 nr. 4)",
        ),
        personal(
            "mentor_id", "Paret som ble endret", EMPTIED, about=("mentor",),
            withheld="er sekretariatets arbeid med et utkast som gjelder flere (artikkel 15 nr. 4)",
        ),
        technical("decisions result", "hvem som ble satt sammen med hvem, og hvem sekretariatet utelukket, med nummer; tømmes ett år etter at runden er lukket, og da er bare tallene for runden igjen"),
        technical("inputs", "det koblingen fikk se av alle i runden; tømmes når runden frigis, og et utkast forkastes når noen i det slettes"),
    ),
    lines(
        "run_order", "Kjøringer som venter på tur", Use.MENTORING, "drafts", (MENTEE, MENTOR),
        technical("round_id cause is_undoing ordered_at hold held_until attempts stage done of failed_at", "gjelder runden, ingen enkeltperson"),
        technical("ordered_by_id", "hvem som gjorde det, med nummer"),
        personal(
            "mentee_id", "Paret som skal endres", EMPTIED, about=("mentee",),
            withheld="er sekretariatets arbeid med et utkast som gjelder flere (artikkel 15 nr. 4)",
        ),
        personal(
            "mentor_id", "Paret som skal endres", EMPTIED, about=("mentor",),
            withheld="er sekretariatets arbeid med et utkast som gjelder flere (artikkel 15 nr. 4)",
        ),
        technical("decisions", "hvem som skal settes sammen med hvem, med nummer"),
    ),
    lines(
        "text_vector", "Hvor likt det du har skrevet er det andre har skrevet", Use.OWN_WORDS, "profiles", OF_MEMBER,
        technical("member_id side saves fit", "nøkler, og hvilken beregning den hører til"),
        personal("sealed", "Tall som maskinen sammenligner tekster med", withheld="er tall som bare kan leses sammen med andres"),
    ),
    lines(
        "proposal", "Forslag om mentor", Use.MENTORING, "proposals", (SUGGESTED, ASKED),
        technical("id round_id mentee_id mentor_id locked_at", "nøkler"),
        personal("rank", "Rekkefølge", COUNTS, about=BOTH, shown_to=("mentee",), withheld=OTHERS),
        personal("score", "Hvor godt de to passer", replaced("0", 0), about=BOTH, withheld=OF_TWO),
        personal("parts", "Hva som teller i det", NEUTRAL_LIST, about=BOTH, withheld=OF_TWO),
        personal("reasons", "Begrunnelse", DESTROYED, about=BOTH, shown_to=("mentee",), withheld=OF_TWO, words=_reasons, coarse=True, use=Use.OWN_WORDS),
        personal("difference", "Forskjell", DESTROYED, about=BOTH, shown_to=("mentee",), withheld=OF_TWO, words=_difference, coarse=True, use=Use.OWN_WORDS),
        personal("mentee_accepted_at", "Du sa ja", COUNTS, about=("mentee",)),
        personal("mentee_declined_at", "Du sa nei", COUNTS, about=("mentee",)),
        personal("mentor_asked_at", "Du ble spurt", COUNTS, about=("mentor",)),
        personal("mentor_answer_by", "Frist for å svare", COUNTS, about=("mentor",)),
        personal("mentor_accepted_at", "Du sa ja", COUNTS, about=("mentor",)),
        personal("mentor_declined_at", "Du sa nei", COUNTS, about=("mentor",)),
        personal("lapsed_at", "Falt bort", COUNTS, about=BOTH, withheld=OTHERS),
    ),
    lines(
        "mentorship", "Mentorpar", Use.MENTORING, "pairs", (MENTEE, MENTOR),
        technical("id place proposal_id", "nøkler"),
        personal("mentee_id", "Mentee", COUNTS, about=BOTH, shown=f"mentee_id>mentee_profile.member_id{NAME}"),
        personal("mentor_id", "Mentor", COUNTS, about=BOTH, shown=f"mentor_id>mentor_profile.member_id{NAME}"),
        personal("started_at", "Startet", COUNTS, about=BOTH),
        personal("ended_at", "Avsluttet", COUNTS, about=BOTH),
        personal("end_reason", "Grunn", COUNTS, about=BOTH),
        technical("ended_by_id", "hvem som avsluttet, med nummer"),
    ),
    lines(
        "meeting", "Møter i mentorparet", Use.MENTORING, "meetings",
        (
            Whom("mentee", f"{_PAIR}mentee_id>mentee_profile.member_id>member.user_id", "Som mentee"),
            Whom("mentor", f"{_PAIR}mentor_id>mentor_profile.member_id>member.user_id", "Som mentor"),
        ),
        technical("id mentorship_id", "nøkler"),
        personal("starts_at", "Tidspunkt", COUNTS, about=BOTH),
        personal("minutes", "Minutter", COUNTS, about=BOTH),
        personal("mode", "Form", COUNTS, about=BOTH),
        personal("held_logged_at", "Notert som holdt", COUNTS, about=BOTH),
        personal("cancelled_at", "Avlyst", COUNTS, about=BOTH),
        technical("agreed_by_id held_logged_by_id", "hvem som noterte, med nummer"),
    ),
)  # fmt: skip
