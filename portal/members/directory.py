"""The list of members: searching, filtering, ordering, and taking it out as a file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import contains_eager

from portal.accounts.models import User
from portal.language import gettext as _
from portal.members.models import NOWHERE, Member, Membership, Municipality
from portal.sorting import sort_key

SIZES: dict[str, tuple[int, int]] = {
    "under-2000": (0, 2_000),
    "2000-10000": (2_000, 10_000),
    "10000-20000": (10_000, 20_000),
    "20000-45000": (20_000, 45_000),
    "over-45000": (45_000, 10_000_000),
}
ORDERS: dict[str, tuple[Any, ...]] = {
    "name": (User.sort_key, Member.id),
    "municipality": (Municipality.sort_key, User.sort_key),
    "population": (Municipality.population.desc(), User.sort_key),
    "since": (Member.in_position_since.is_(None), Member.in_position_since.desc(), User.sort_key),
}


def size_labels() -> dict[str, str]:
    """The sizes in words, by code."""
    return {
        "under-2000": _("Under 2 000 innbyggere"),
        "2000-10000": _("2 000–10 000"),
        "10000-20000": _("10 000–20 000"),
        "20000-45000": _("20 000–45 000"),
        "over-45000": _("45 000 og flere"),
    }


@dataclass(frozen=True)
class Search:
    """What somebody looks for; empty text where anything will do. Words that are no choice are as if not there."""

    q: str = ""
    county: str = ""
    size: str = ""
    membership: str = ""
    invited: str = ""
    sort: str = "name"

    @property
    def is_empty(self) -> bool:
        return not (self.q or self.county or self.size or self.membership or self.invited)

    def members(self) -> Select[tuple[Member]]:
        """The members found, in order, with what the list shows of them."""
        rows = (
            select(Member)
            .join(Member.user)
            .join(Member.municipality)
            .options(
                contains_eager(Member.user).lazyload(User.role_grants), contains_eager(Member.municipality)
            )
        )
        return rows.where(*self._conditions()).order_by(*ORDERS.get(self.sort, ORDERS["name"]))

    def _conditions(self) -> Iterator[Any]:
        yield Member.municipality_number != NOWHERE
        for word in self.q[:100].split()[:6]:
            yield self._word(word)
        if self.county:
            yield Municipality.county_number == self.county[:2]
        if self.size in SIZES:
            low, high = SIZES[self.size]
            yield and_(Municipality.population >= low, Municipality.population < high)
        if self.membership in {m.value for m in Membership}:
            yield Member.membership == Membership(self.membership)
        if self.invited == "yes":
            yield Member.invited_at.is_not(None)
        elif self.invited == "no":
            yield Member.invited_at.is_(None)

    @staticmethod
    def _word(word: str) -> Any:
        key = sort_key(word)
        places: list[Any] = [User.email.contains(word.lower(), autoescape=True)]
        if key:
            places += [
                User.sort_key.contains(key, autoescape=True),
                Municipality.sort_key.contains(key, autoescape=True),
            ]
        if word.isdigit():
            places.append(Member.municipality_number == word)
        return or_(*places)


# As a file


def headings() -> list[str]:
    """The first ones are those that the import reads, so that a list can go out, be corrected, and come back."""
    return [
        _("Navn"), _("E-post"), _("Kommunenummer"), _("Kommune"), _("Tittel"), _("I stillingen siden"), _("Medlem"),
        _("Fylke"), _("Innbyggere"), _("Invitert"),
    ]  # fmt: skip


def cells(member: Member) -> list[str]:
    place, since, invited = member.municipality, member.in_position_since, member.invited_at
    return [
        member.user.name,
        member.user.email,
        place.number,
        place.display_name,
        member.title,
        f"{since:%d.%m.%Y}" if since else "",
        _("ja") if member.membership is Membership.MEMBER else _("nei"),
        place.county_name,
        str(place.population),
        f"{invited:%d.%m.%Y}" if invited else "",
    ]
