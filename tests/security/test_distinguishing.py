"""Two worlds, alike but for one confidential no. Whoever sees everything of both must not be able to tell them apart.

The best player there is holds both worlds beside each other and looks for any difference: in a page, a file, an order,
a count, a mail, what comes of trying, or how much a page asks the database (which is what its time is made of). Where
nothing differs, no player has an advantage.
"""

import random
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urldefrag, urljoin

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

import matching
from portal import clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import ChallengeArea
from portal.mentoring import lapsing, profiles, proposal_answers, reservations, rounds
from portal.mentoring.profile_models import MenteeProfile, MentorProfile, Modes
from portal.mentoring.proposal_models import MatchRound, Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_inputs import solve_again
from portal.mentoring.round_reach import within_reach
from portal.mentoring.round_release import release_round
from portal.mentoring.rounds import start_round
from portal.notifications import OutboxMessage
from tests.coaching.programmes import NOW
from tests.mentoring.pairing import pair
from tests.security.reading import words_of
from tests.support.client import CheckingClient
from tests.support.crawl import counted
from tests.support.page import Page
from tests.support.people import agree, new_member, new_user

PLACES = (
    "Nome", "Lierne", "Sirdal", "Åfjord", "Hitra", "Nordreisa", "Ringebu", "Alta", "Steinkjer", "Lillehammer", "Hamar",
    "Voss", "Kristiansund", "Narvik", "Evje og Hornnes", "Tynset", "Frogn", "Bømlo", "Rana", "Stord",
)  # fmt: skip
MENTORS, MENTEES = 13, 6
TOKEN = re.compile(r'(name="csrf_token"[^>]*value=")[^"]*')


@dataclass
class World:
    """Everybody in it, made the same from the same seed."""

    eva: User
    mentees: list[MenteeProfile] = field(default_factory=list)
    mentors: list[MentorProfile] = field(default_factory=list)

    def pair(self, link: tuple[str, str]) -> tuple[MenteeProfile, MentorProfile]:
        """The two whom the engine knows by these member ids."""
        mentee = next(profile for profile in self.mentees if str(profile.member_id) == link[0])
        return mentee, next(profile for profile in self.mentors if str(profile.member_id) == link[1])


def make(app: Flask, bed: Any, seed: int) -> World:
    """The world of this seed, on a database put back to its beginning."""
    db.session.rollback()
    bed.rewind(app)
    chance = random.Random(seed)
    areas = list(db.session.scalars(select(ChallengeArea.id).order_by(ChallengeArea.id)))
    places = chance.sample(PLACES, MENTORS + MENTEES)
    world = World(new_user("Eva Nygård", Role.SECRETARIAT))
    for number, place in enumerate(places):
        chosen = {area: chance.randint(1, 3) for area in chance.sample(areas, 4)}
        if number < MENTEES:
            member = new_member(f"Mentee Nr{number}", place)
            agree(member, NOW)
            seeking = profiles.seek(member, chosen, "", {}, Modes.EITHER, member.user, NOW)
            world.mentees.append(seeking)
        else:
            member = new_member(f"Mentor Nr{number}", place, Role.MENTOR)
            mentor = profiles.become_mentor(member, 1, member.user, NOW)
            profiles.tell_experience(mentor, chosen, "", Modes.EITHER, False, NOW)
            world.mentors.append(mentor)
    db.session.commit()
    return world


def run(world: World) -> tuple[MatchRound, matching.Outcome]:
    made = start_round("Høstrunden", world.eva, NOW)
    db.session.commit()
    (last,) = last_runs(made, 1)
    assert last is not None
    return made, solve_again(last)


# What somebody can see


def view(
    app: Flask, user: User, tries: Callable[[CheckingClient], list[str]] | None = None
) -> dict[str, Any]:
    """Every page and file that can be reached, what each asked the database, the mails, and what comes of trying."""
    client = _as(app, user)
    seen: dict[str, Any] = {}
    waiting = deque([client.open("/sign-in").headers["Location"], "/devices", "/privacy"])
    while waiting:
        address = waiting.popleft()
        if address in seen or len(seen) > 150:
            continue
        with app.app_context(), counted(app) as queries:
            answer = client.open(address)
        seen[address] = (answer.status_code, TOKEN.sub(r"\1", words_of(answer)), len(queries))
        if isinstance(answer, Page) and answer.is_html and answer.status_code == 200:
            waiting.extend(_links(answer, address))
    mails = select(
        OutboxMessage.kind, OutboxMessage.path, OutboxMessage.created_at, OutboxMessage.withdrawn_at
    )
    seen["mails"] = [
        tuple(map(str, row)) for row in db.session.execute(mails.where(OutboxMessage.user_id == user.id))
    ]
    if tries is not None:
        seen["tried"] = tries(client)
    return seen


def _as(app: Flask, user: User) -> CheckingClient:
    client = CheckingClient(app, Page)
    client.checks = False
    client.sign_in(user)
    return client


def _links(page: Page, address: str) -> list[str]:
    joined = (urldefrag(urljoin(address, href)).url for href in page.links)
    return [t for t in joined if t.startswith("/") and not t.startswith(("//", "/static/"))]


def trying(made: MatchRound, mentee: int, mentor: int) -> Callable[[CheckingClient], list[str]]:
    """What the secretariat can try with the two: swap, lock, unlock and rule out."""

    def tries(client: CheckingClient) -> list[str]:
        chosen = {
            "mentee": mentee,
            "mentor": mentor,
            "ground": "judgement",
            "csrf_token": client.csrf_token(),
        }
        found = []
        for what in ("swaps", "locks", "unlockings", "exclusions"):
            answer = client.open(f"/secretariat/rounds/{made.id}/{what}", method="POST", data=chosen)
            found.append(f"{what} {answer.status_code} {TOKEN.sub('', words_of(answer))}")
        return found

    return tries


def one_after_another(made: MatchRound, mentee: int) -> Callable[[CheckingClient], list[str]]:
    """The secretariat rules out whoever the mentee is given, until there is nobody left, and lets them all in again."""

    def tries(client: CheckingClient) -> list[str]:
        found, gone, at = [], list[int](), f"/secretariat/rounds/{made.id}"
        token = client.csrf_token()

        def decide(what: str, mentor: int) -> None:
            chosen = {"mentee": mentee, "mentor": mentor, "ground": "judgement", "csrf_token": token}
            client.open(f"{at}/{what}", method="POST", data=chosen)
            for rest in (f"?mentee={mentee}", "?view=heatmap", "/tables/csv"):
                found.append(f"{len(gone)} {what} {TOKEN.sub('', words_of(client.open(at + rest)))}")

        while (given := _given(made, mentee)) and len(gone) < MENTORS:
            gone.append(given)
            decide("exclusions", given)
        assert 1 < len(gone) < MENTORS - 1  # whoever has not come up is one of several
        while gone:
            decide("admissions", gone.pop())
        return found

    return tries


def _given(made: MatchRound, mentee: int) -> int | None:
    db.session.expire_all()
    (last,) = last_runs(made, 1)
    return last.pairs.get(mentee, (None, 0))[0] if last else None


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


# The games


def beyond_reach(outcome: matching.Outcome, chance: random.Random) -> tuple[str, str]:
    """A mentee and a mentor who could be a pair, and whom the engine has simply not chosen."""
    near = within_reach(outcome)
    return chance.choice(sorted(set(matching.matrix(outcome)) - set(near)))


def reservation_game(app: Flask, bed: Any, seed: int) -> list[str]:
    """One of the two has said no to the other, in person or with the whole municipality; or nobody has."""
    chance = random.Random(seed)
    views: list[list[dict[str, Any]]] = []
    link: tuple[str, str] | None = None
    by_mentor, everybody_there = chance.random() < 0.5, chance.random() < 0.3
    for has_reserved in (False, True):
        world = make(app, bed, seed)
        if link is not None and has_reserved:
            two = [profile.member for profile in world.pair(link)]
            owner, target = reversed(two) if by_mentor else two
            kind = ReservationKind.MUNICIPALITY if everybody_there else ReservationKind.PERSON
            named = target.municipality_number if everybody_there else str(target.id)
            reservations.reserve(owner, kind, named, NOW)
            db.session.commit()
        made, outcome = run(world)
        link = link or beyond_reach(outcome, chance)
        mentee, mentor = world.pair(link)
        other = (mentee if by_mentor else mentor).member.user
        before = view(app, world.eva, trying(made, mentee.id, mentor.id))
        assert rounds.let_in(made, (mentee.id, mentor.id), world.eva, NOW) is not None
        db.session.commit()
        enumerated = {"one after another": one_after_another(made, mentee.id)(_as(app, world.eva))}
        release_round(made, clock.today(NOW) + timedelta(days=9), world.eva, NOW)
        db.session.commit()
        views.append([before, enumerated, view(app, world.eva), view(app, other)])
    return [name for one, two in zip(*views, strict=True) for name in differences(one, two)]


def mentees_no(app: Flask, bed: Any, seed: int) -> list[str]:
    """The mentee has said no to a mentor, or has not answered. What does that mentor see?"""
    views = []
    for declines in (False, True):
        world = make(app, bed, seed)
        made, _outcome = run(world)
        release_round(made, clock.today(NOW) + timedelta(days=9), world.eva, NOW)
        given = list(db.session.scalars(select(Proposal).order_by(Proposal.id)))
        chosen = random.Random(seed).choice(given)
        if declines:
            proposal_answers.decline(chosen, chosen.mentee.member.user, NOW)
        db.session.commit()
        views.append(view(app, chosen.mentor.member.user))
    return differences(*views)


def mentors_no(app: Flask, bed: Any, seed: int) -> list[str]:
    """The mentor has said no, or has let the deadline pass. What does the mentee see once it has passed?"""
    views = []
    for declines in (False, True):
        world = make(app, bed, seed)
        made, _outcome = run(world)
        release_round(made, clock.today(NOW) + timedelta(days=20), world.eva, NOW)
        mentee = random.Random(seed).choice(world.mentees)
        mine = select(Proposal).where(Proposal.mentee_id == mentee.id).order_by(Proposal.rank)
        given = list(db.session.scalars(mine))
        proposal_answers.accept(given[0], mentee.member.user, NOW)
        if declines:
            proposal_answers.decline(given[0], given[0].mentor.member.user, NOW + timedelta(days=2))
        db.session.commit()
        with time_machine.travel(NOW + timedelta(days=9), tick=False):
            lapsing.expire(clock.now())
            db.session.commit()
            views.append(view(app, mentee.member.user))
    return differences(*views)


def late_no(app: Flask, bed: Any, seed: int) -> list[str]:
    """After the release a mentor has paused, has been given somebody else, or has said no to the mentee, or the mentee has said no to the mentor by
    name. What does the mentee see, who says yes to everybody: at once, and when the deadlines have passed?"""
    views = []
    for no in ("a pause", "no room", "the mentor's", "the mentee's"):
        world = make(app, bed, seed)
        made, _outcome = run(world)
        release_round(made, clock.today(NOW) + timedelta(days=20), world.eva, NOW)
        mentee = random.Random(seed).choice(world.mentees)
        mine = select(Proposal).where(Proposal.mentee_id == mentee.id).order_by(Proposal.rank)
        given = list(db.session.scalars(mine))
        chosen = random.Random(seed).choice(given).mentor
        given_to = {proposal.mentor_id for proposal in given}
        bystander = next(mentor for mentor in world.mentors if mentor.id not in given_to)
        about = chosen if no == "the mentee's" else bystander
        reservations.reserve(mentee.member, ReservationKind.PERSON, str(about.member_id), NOW)
        if no == "the mentor's":
            reservations.reserve(chosen.member, ReservationKind.PERSON, str(mentee.member_id), NOW)
        if no == "a pause":
            profiles.pause(chosen, chosen.member.user, NOW)
        if no == "no room":
            agree(bystander.member, NOW)
            pair(
                profiles.seek(bystander.member, {}, "", {}, Modes.EITHER, bystander.member.user, NOW),
                chosen,
                NOW,
            )
        db.session.commit()
        yes = saying_yes(app, [proposal.id for proposal in given])
        seen = without_own_list(view(app, mentee.member.user, yes)) | {
            address: found
            for address, found in view(app, mentee.member.user).items()
            if address.startswith("/mentoring/")
        }
        with time_machine.travel(NOW + timedelta(days=9), tick=False):
            lapsing.expire(clock.now())
            db.session.commit()
            later = without_own_list(view(app, mentee.member.user))
        views.append(seen | {f"later {address}": found for address, found in later.items()})
        assert not any(p.mentor_asked_at for p in given if p.mentor_id == chosen.id)
    return [name for other in views[1:] for name in differences(views[0], other)]


def saying_yes(app: Flask, proposal_ids: list[int]) -> Callable[[CheckingClient], list[str]]:
    """What comes of the mentee's yes to each, and how much each asks the database."""

    def tries(client: CheckingClient) -> list[str]:
        found = []
        for proposal_id in proposal_ids:
            with counted(app) as queries:
                address, token = f"/mentoring/proposals/{proposal_id}/acceptance", client.csrf_token()
                answer = client.open(address, method="POST", data={"csrf_token": token})
            found.append(f"{answer.status_code} {TOKEN.sub('', words_of(answer))} {len(queries)}")
        return found

    return tries


def without_own_list(seen: dict[str, Any]) -> dict[str, Any]:
    """All but where the mentee reads whom the mentee has said no to: the name there is the mentee's own."""
    own = ("/profile/reservations", "/privacy/export")
    return {address: found for address, found in seen.items() if not address.startswith(own)}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "game", [reservation_game, mentees_no, mentors_no, late_no], ids=lambda g: g.__name__
)
@pytest.mark.promise(
    "Ingen kan se, telle, måle eller prøve seg fram til at noen har sagt nei til dem", small=2, full=40
)
def test_no_player_has_an_advantage(app: Flask, bed: Any, promise: Any, game: Any) -> None:
    told = {seed: found for seed in range(promise.size) if (found := game(app, bed, seed))}
    assert not told
    promise.saw(f"{promise.size} par av verdener ({game.__name__}), {len(told)} kunne skilles, fordel 0")
