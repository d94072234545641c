"""What the mentor's desk says in words: who asks, how much room there is, when the two met or will meet."""

from datetime import date, datetime

from portal import clock
from portal.language import gettext as _
from portal.members.models import Member
from portal.mentoring.coarse import count
from portal.mentoring.mentorship_models import Mentorship
from portal.mentoring.profile_models import MenteeProfile
from portal.rendering import NBSP, clock_time, number, short_date

QUIET_WEEKS = 8
MOST_AREAS = 3


def introduction(member: Member, today: date) -> str:
    """A mentee to a mentor who has been asked: how long in the role, and how many live there."""
    years = member.years_in_position(today)
    place = _("en fylkeskommune")
    if not member.municipality.is_county:
        place = _("en kommune med %(number)s innbyggere", number=number(member.municipality.population))
    if years is None:
        return str(_("Leder %(place)s.", place=place))
    since = _("Under ett år") if years < 1 else _("%(number)s år", number=count(years))
    return str(_("%(since)s i rollen i %(place)s.", since=f"{since[:1].upper()}{since[1:]}", place=place))


def faced(mentee: MenteeProfile) -> list[str]:
    """What weighs most of what the mentee stands in."""
    return [area.area.label for area in mentee.areas[:MOST_AREAS]]


def weeks_quiet(mentorship: Mentorship, now: datetime) -> str | None:
    """Elleve uker, when it is long since the two met and nothing is agreed; else None."""
    if mentorship.next_planned(now) is not None:
        return None
    last = mentorship.last_held
    weeks = (now - (last.starts_at if last else mentorship.started_at)).days // 7
    return str(_("%(number)s uker", number=count(weeks))) if weeks >= QUIET_WEEKS else None


def room(running: int, free: int) -> str:
    """To er i gang, én plass er ledig."""
    nobody, nothing = _("Ingen er i gang"), _("ingen plass er ledig")
    begun = (
        _("Én er i gang") if running == 1 else _("%(number)s er i gang", number=count(running).capitalize())
    )
    left = _("én plass er ledig") if free == 1 else _("%(number)s plasser er ledige", number=count(free))
    return f"{begun if running else nobody}, {left if free > 0 else nothing}."


def when(moment: datetime, now: datetime, hour: bool = False) -> str:
    """I dag, i går, i morgen, or the date; with the hour when it is near and asked for."""
    days = (clock.today(moment) - clock.today(now)).days
    near = {0: _("I dag"), -1: _("I går"), 1: _("I morgen")}.get(days)
    if near is None:
        return short_date(moment)
    return f"{near} kl.{NBSP}{clock_time(moment)}" if hour else str(near)
