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
from email.parser import BytesParser
from pathlib import Path
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
from portal.mentoring.proposal_refusals import ProposalClosed
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.round_decisions import last_runs
from portal.mentoring.round_inputs import solve_again
from portal.mentoring.round_reach import within_reach
from portal.mentoring.round_release import release_round
from portal.mentoring.rounds import start_round
from portal.notifications import OutboxMessage
from portal.notifications.delivery import send_due
from portal.privacy.export import gather
from tests.coaching.programmes import NOW
from tests.mentoring.pairing import pair
from tests.security.reading import copy_of_database, words_of
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
    for mail in app.config["MAIL_FOLDER"].glob("*.eml"):
        mail.unlink()
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
    reservations.give_keys(NOW)
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
        look_over(app, world.eva, made)
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
            look_over(app, world.eva, made)
            views.append(view(app, mentee.member.user))
    return differences(*views)


def look_over(app: Flask, eva: User, made: MatchRound) -> None:
    """The secretariat opens what it can of the round: those who stand there are told that they were seen."""
    client, at = _as(app, eva), f"/secretariat/rounds/{made.id}"
    for path in ("/secretariat/rounds", at, f"{at}?state=declined", f"{at}/report", f"{at}/tables/csv"):
        assert client.open(path).status_code == 200, path


def no_room(app: Flask, bed: Any, seed: int) -> list[str]:
    """After the release a mentor has paused, or has been given somebody else. What does the mentee see, who says yes to everybody?"""
    views = []
    for why in ("a pause", "no room"):
        world = make(app, bed, seed)
        made, _outcome = run(world)
        release_round(made, clock.today(NOW) + timedelta(days=20), world.eva, NOW)
        mentee = random.Random(seed).choice(world.mentees)
        given = given_to(made, mentee)
        chosen = random.Random(seed).choice(given).mentor
        if why == "a pause":
            profiles.pause(chosen, chosen.member.user, NOW)
        else:
            person = bystander(world, given).member
            agree(person, NOW)
            pair(profiles.seek(person, {}, "", {}, Modes.EITHER, person.user, NOW), chosen, NOW)
        db.session.commit()
        seen = view(app, mentee.member.user, saying_yes(app, [proposal.id for proposal in given]))
        with time_machine.travel(NOW + timedelta(days=9), tick=False):
            seen |= named("later", view_after_work(app, mentee.member.user))
        views.append(seen)
        assert not any(p.mentor_asked_at for p in given if p.mentor_id == chosen.id)
    return differences(*views)


def late_no(app: Flask, bed: Any, seed: int) -> list[str]:
    """A mentor does not answer; or one of the two has said no since the round was run: before the release, before the
    mentee's yes, or, the mentee, while the mentor is asked, who then says yes. What do the mentee see, and the secretariat,
    and whoever has a copy of the database without its key: at every step until the deadlines have passed?"""
    when = ("before the release", "before the yes", "while asked")[seed % 3]
    worlds = (
        ("silence", "the mentee's") if when == "while asked" else ("silence", "the mentor's", "the mentee's")
    )
    views = []
    for no in worlds:
        world = make(app, bed, seed)
        made, _outcome = run(world)
        mentee = random.Random(seed).choice(world.mentees)
        given = given_to(made, mentee)
        about = random.Random(seed).choice(given)
        given_ids, chosen = [proposal.id for proposal in given], about.mentor
        other = bystander(world, given)

        def say_no(no: str = no, mentee: Any = mentee, chosen: Any = chosen, other: Any = other) -> None:
            named_by_mentee = chosen if no == "the mentee's" else other
            by_mentor = chosen if no == "the mentor's" else other
            person, now = ReservationKind.PERSON, clock.now()
            reservations.reserve(mentee.member, person, str(named_by_mentee.member_id), now)
            reservations.reserve(by_mentor.member, person, str(mentee.member_id), now)
            db.session.commit()

        seen: dict[str, Any] = {}
        if when == "before the release":
            say_no()
            seen |= named("draft", view(app, world.eva))
        release_round(made, clock.today(NOW) + timedelta(days=20), world.eva, NOW)
        db.session.commit()
        if when == "before the yes":
            say_no()
        seen |= named("yes", without_own_list(view(app, mentee.member.user, saying_yes(app, given_ids))))
        for days in (0, 9, 18):
            with time_machine.travel(NOW + timedelta(days=days, seconds=1), tick=False):
                if days == 0 and when == "while asked":
                    say_no()
                if days:
                    lapsing.expire(clock.now())
                send_due(clock.now())
                db.session.expire_all()
                if no == "the mentee's" and about.awaits_mentor:
                    with pytest.raises(ProposalClosed):
                        proposal_answers.accept(about, chosen.member.user, clock.now())
                    db.session.rollback()
                _as(app, chosen.member.user).open("/mentor/")  # who looks, and answers nothing
                seen |= named(f"copy after {days}", copy_of_database())
                seen |= named(f"mentee after {days}", without_own_list(view(app, mentee.member.user)))
                if days != 9:
                    seen |= named(f"eva after {days}", view(app, world.eva))
        db.session.expire_all()
        assert about.mentor_asked_at
        views.append(seen)
    return [name for other_view in views[1:] for name in differences(views[0], other_view)]


def mentees_late_no(app: Flask, bed: Any, seed: int) -> list[str]:
    """The mentee says no to a proposal, or yes and has said no to that very mentor by name; or takes a yes back, or has said
    no by name while the mentor is asked. What does the mentor see and get, try and take a copy of?"""
    was_asked = bool(seed % 2)
    views = []
    for has_reserved in (False, True):
        world = make(app, bed, seed)
        made, _outcome = run(world)
        release_round(made, clock.today(NOW) + timedelta(days=20), world.eva, NOW)
        mentee = random.Random(seed).choice(world.mentees)
        about = given_to(made, mentee)[0]
        user, mentor = mentee.member.user, about.mentor.member
        if was_asked:
            proposal_answers.accept(about, user, NOW)
        send_to(app, mentor.user)
        with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
            if has_reserved:
                reservations.reserve(mentee.member, ReservationKind.PERSON, str(mentor.id), clock.now())
                proposal_answers.accept(about, user, clock.now())
            else:
                proposal_answers.decline(about, user, clock.now())
            db.session.commit()
            got = send_to(app, mentor.user)
            _as(app, mentor.user).open(
                "/mentor/"
            )  # whose data the day's first look was at is written down now
            seen = view(app, mentor.user, answering(app, about.id)) | {"mails": got}
            seen["copy"] = gather(mentor.user, clock.now()).sections
            db.session.expire_all()
            assert about.awaits_mentor is has_reserved
        views.append(seen)
    return differences(*views)


def given_to(made: MatchRound, mentee: MenteeProfile) -> list[Proposal]:
    """The mentee's proposals, the first first."""
    mine = select(Proposal).where(Proposal.round_id == made.id, Proposal.mentee_id == mentee.id)
    return list(db.session.scalars(mine.order_by(Proposal.rank)))


def bystander(world: World, given: list[Proposal]) -> MentorProfile:
    """A mentor whom the mentee has not been given."""
    known = {proposal.mentor_id for proposal in given}
    return next(mentor for mentor in world.mentors if mentor.id not in known)


def named(step: str, seen: dict[str, Any]) -> dict[str, Any]:
    return {f"{step}: {what}": found for what, found in seen.items()}


def view_after_work(app: Flask, user: User) -> dict[str, Any]:
    lapsing.expire(clock.now())
    db.session.commit()
    return view(app, user)


def send_to(app: Flask, user: User) -> list[str]:
    """The mails that have gone to this person when what waits has been sent."""
    send_due(clock.now())
    mails = [BytesParser().parsebytes(file.read_bytes()) for file in app.config["MAIL_FOLDER"].glob("*.eml")]
    return [str(mail["Subject"]) for mail in mails if mail["To"] == user.email]


def answering(app: Flask, proposal_id: int) -> Callable[[CheckingClient], list[str]]:
    """What comes of the mentor's answers to what is or is not there, and how much each asks the database."""
    return _posting(app, [f"/mentor/requests/{proposal_id}/{act}" for act in ("acceptance", "decline")])


def saying_yes(app: Flask, proposal_ids: list[int]) -> Callable[[CheckingClient], list[str]]:
    """What comes of the mentee's yes to each, and how much each asks the database."""
    return _posting(app, [f"/mentoring/proposals/{proposal_id}/acceptance" for proposal_id in proposal_ids])


def _posting(app: Flask, addresses: list[str]) -> Callable[[CheckingClient], list[str]]:
    def tries(client: CheckingClient) -> list[str]:
        found = []
        for address in addresses:
            with counted(app) as queries:
                answer = client.open(address, method="POST", data={"csrf_token": client.csrf_token()})
            found.append(f"{answer.status_code} {TOKEN.sub('', words_of(answer))} {len(queries)}")
        return found

    return tries


def without_own_list(seen: dict[str, Any]) -> dict[str, Any]:
    """All but where the mentee reads whom the mentee has said no to: the name there is the mentee's own."""
    own = ("/profile/reservations", "/privacy/export")
    return {address: found for address, found in seen.items() if not address.startswith(own)}


@pytest.fixture(autouse=True)
def _mails(app: Flask, tmp_path: Path) -> Iterator[None]:
    """A folder for the mails of each world."""
    app.config["MAIL_FOLDER"] = tmp_path
    yield
    app.config["MAIL_FOLDER"] = None


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "game",
    [reservation_game, mentees_no, mentors_no, no_room, late_no, mentees_late_no],
    ids=lambda g: g.__name__,
)
@pytest.mark.promise(
    "Ingen kan se, telle, måle eller prøve seg fram til at noen har sagt nei til dem", small=3, full=40
)
def test_no_player_has_an_advantage(app: Flask, bed: Any, promise: Any, game: Any) -> None:
    told = {seed: found for seed in range(promise.size) if (found := game(app, bed, seed))}
    assert not told
    promise.saw(f"{promise.size} par av verdener ({game.__name__}), {len(told)} kunne skilles, fordel 0")
