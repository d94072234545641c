"""The engine's reasons in plain Norwegian: to the mentee without a name or a place, to the secretariat in full."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from portal.language import gettext as _
from portal.members.models import ChallengeArea
from portal.mentoring.coarse import FAR, LONG_YEARS, count, people, place_of, time_in_role
from portal.mentoring.pool import years_at_the_top
from portal.mentoring.profile_models import MentorProfile
from portal.rendering import number

Data = Mapping[str, Any]
Areas = Mapping[str, ChallengeArea]

AREA_ICONS = {
    "room-to-act": "compass",
    "mayor": "handshake",
    "politics": "gavel",
    "well-being": "hand-heart",
    "new-role": "hat-school",
    "management-team": "person-group",
    "conflict": "chat-elipsis",
    "economy": "wallet",
    "crisis": "lifebuoy",
    "merger": "arrows-circlepath",
    "media": "megaphone",
    "whistleblowing": "shield-lock",
    "schools-care": "house",
    "growth": "arrows-up-down",
    "cooperation": "link",
    "next-step": "hiking-trail-sign",
}
ICONS = {
    "size": "buildings-2",
    "kind": "buildings-3",
    "experience": "clock",
    "retired": "calendar",
    "digital": "video",
    "near": "location-pin",
    "language": "chat",
    "wish": "thumb-up",
    "text": "note-pencil",
}
EXPERIENCED = 6


def headline(mentor: MentorProfile, today: date) -> str:
    """Who the mentor is, so coarse that it could be several: no name, no municipality."""
    member = mentor.member
    years = years_at_the_top(member, today)
    title = _("fylkeskommunedirektør") if member.municipality.is_county else _("kommunedirektør")
    if mentor.retired and years is not None and years >= LONG_YEARS[-1]:
        return str(
            _("Tidligere %(title)s, %(years)s som øverste leder", title=title, years=time_in_role(years))
        )
    place = place_of(member.municipality)
    if mentor.retired:
        return str(_("Tidligere %(title)s i %(place)s", title=title, place=place))
    if years is not None and years >= EXPERIENCED:
        return str(_("Erfaren %(title)s i %(place)s", title=title, place=place))
    return f"{title[:1].upper()}{title[1:]} {_('i')} {place}"


def reasons_for_mentee(reasons: Iterable[Data], areas: Areas) -> list[tuple[str, str]]:
    """Icon and sentence for each reason, as the mentee reads them."""
    return [(icon_of(r), _reason(r["code"], r["values"], areas)) for r in reasons]


def icon_of(reason: Data) -> str:
    if reason["code"] == "area":
        return AREA_ICONS.get(reason["values"]["area"], "checkmark-circle")
    return ICONS.get(reason["code"], "checkmark-circle")


def _reason(code: str, values: Data, areas: Areas) -> str:
    if code == "area":
        area = areas.get(values["area"])
        return area.experience_label if area else str(_("Har stått i noe av det samme som deg"))
    if code == "experience":
        return str(_("Har vært øverste leder i %(years)s", years=time_in_role(values["years"])))
    if code == "wish":
        return _wish_met(values["wish"])
    texts = {
        "size": _("Omtrent samme størrelse som der du leder"),
        "kind": _("Leder en kommune som ligner på din"),
        "retired": _("Har sluttet i rollen og har god tid"),
        "digital": _("Dere kan møtes digitalt"),
        "near": _("Nær nok til at dere kan møtes"),
        "language": _("Bruker samme målform som deg"),
        "text": _("Har beskrevet noe som ligner det du står i"),
    }
    return str(texts.get(code, _("Passer godt med det du har fortalt")))


def _wish_met(wish: str) -> str:
    texts = {
        "other_county": _("Fra et annet fylke, som du ønsket"),
        "same_county": _("Fra samme fylke, som du ønsket"),
        "larger": _("Leder en større kommune, som du ønsket"),
        "retired": _("Har sluttet i rollen, som du ønsket"),
        "in_position": _("Står i rollen i dag, som du ønsket"),
        "years": _("Har den erfaringen du ønsket"),
    }
    return str(texts.get(wish, _("Oppfyller et ønske du hadde")))


def difference_for_mentee(difference: Data | None, areas: Areas) -> str | None:
    """The one honest difference, to stand after «Én forskjell:»."""
    if difference is None:
        return None
    code, values = difference["code"], difference["values"]
    if code == "wish":
        return _wish_missed(values["wish"])
    if code == "missing_area":
        area = areas.get(values["area"])
        label = area.label if area else _("alt du har nevnt")
        return str(_("har ikke selv stått i «%(area)s».", area=label))
    if code in ("size", "experience", "centrality"):
        return _compared(code, values)
    if code == "distance":
        far = next((limit for limit in FAR if values["kilometres"] > limit), FAR[-1])
        return str(_("holder til mer enn %(number)s km unna.", number=far))
    if code == "language":
        return str(_("kommunen der bruker en annen målform enn din."))
    if code == "mode":
        return str(_("møtes helst på en annen måte enn du har valgt."))
    return str(_("har sluttet og er ikke i rollen i dag."))


def _compared(code: str, values: Data) -> str:
    mentee, mentor = values["mentee"], values["mentor"]
    if code == "size":
        return str(
            _("leder en kommune med %(theirs)s, du %(yours)s.", theirs=people(mentor), yours=number(mentee))
        )
    if code == "experience":
        return str(
            _(
                "har vært i rollen i %(theirs)s, du i %(yours)s.",
                theirs=time_in_role(mentor),
                yours=time_in_role(mentee),
            )
        )
    if mentor > mentee:
        return str(_("leder en kommune som ligger mindre sentralt enn din."))
    return str(_("leder en kommune som ligger mer sentralt enn din."))


def _wish_missed(wish: str) -> str:
    texts = {
        "other_county": _("kommer fra samme fylke som deg."),
        "same_county": _("kommer fra et annet fylke enn deg."),
        "larger": _("leder ikke en større kommune enn din."),
        "retired": _("står fortsatt i rollen."),
        "in_position": _("har sluttet og er ikke i rollen i dag."),
        "years": _("har kortere erfaring enn du ønsket."),
    }
    return str(texts.get(wish, _("oppfyller ikke alle ønskene dine.")))


def capacity(places: int) -> str | None:
    """How many the mentor follows at a time: what the mentor has said, and nothing of how many places are free now.

    Else a mentee whose yes comes to nothing could tell a mentor without room from one who is ruled out.
    """
    if not places:
        return None
    if places == 1:
        return str(_("Følger én om gangen"))
    return str(_("Følger inntil %(number)s om gangen", number=count(places)))


def difference_for_secretariat(difference: Data | None, areas: Areas | None) -> str | None:
    """The difference that costs the most, with the figures behind it. Without `areas`, none is named; a wish never is."""
    if difference is None:
        return None
    code, values = difference["code"], difference["values"]
    if code == "missing_area":
        area = areas.get(values["area"]) if areas is not None else None
        return str(
            _("Mentor mangler: %(area)s", area=area.label)
            if area
            else _("Mentor mangler et av områdene som er viktige for mentee")
        )
    if code == "wish":
        return str(_("Et ønske er ikke oppfylt"))
    if code == "distance":
        return str(_("%(number)s km mellom dem", number=number(values["kilometres"])))
    pair = {"mentee": values.get("mentee"), "mentor": values.get("mentor")}
    if code == "size":
        figures = {who: number(population) for who, population in pair.items()}
        return str(_("Innbyggere: mentor %(mentor)s, mentee %(mentee)s", **figures))
    texts = {
        "experience": _("År i rollen: mentor %(mentor)s, mentee %(mentee)s", **pair),
        "centrality": _("Sentralitet: mentor klasse %(mentor)s, mentee klasse %(mentee)s", **pair),
        "language": _("Målform: mentor %(mentor)s, mentee %(mentee)s", **pair),
        "mode": _("Ingen felles møteform"),
        "retired": _("Mentor har sluttet i rollen"),
    }
    return str(texts.get(code, code))
