"""The path that Varde is for, walked by its people in a browser: once with JavaScript and once without."""

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.coaching.models import Booking, Coach, Slot
from portal.coaching.week import unconfirmed
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import MatchRound, Proposal
from tests.members.files import csv_of
from tests.support.browsing import Visitor
from tests.support.own_world import World


def person(world: World, persona: str) -> Visitor:
    visitor = world.visitor()
    visitor.become(persona)
    return visitor


def test_the_newcomer_tells_who_and_what(world: World) -> None:
    jonas = person(world, "newcomer")
    jonas.follow("Begynn her", within=".next-step")
    jonas.choose("Samspillet og tilliten med ordføreren", "Mye")
    jonas.choose("Ledergruppen min", "En del")
    jonas.choose("Hvordan vil du møtes?", "Digitalt")
    jonas.fill(text="Ny ordfører etter valget.")
    jonas.page.get_by_label("Ja, jeg samtykker").check()
    jonas.press("Lagre")
    jonas.sees("Vi leter")
    jonas.go("/profile/position")
    jonas.fill(title="Konstituert kommunedirektør", since="1.8.2026")
    jonas.press("Lagre")
    jonas.sees("Konstituert kommunedirektør")
    jonas.go("/profile/challenges")
    expect(jonas.page.get_by_role("group", name="Ledergruppen min").get_by_label("En del")).to_be_checked()


def torgeirs_proposal(world: World) -> str:
    """Where Kari's proposal of the mentor persona stands. The page itself tells nobody who is behind it."""
    with world.app.app_context():
        by_name = select(Member.id).join(Member.user)
        kari, torgeir = (
            by_name.where(User.name == name).scalar_subquery() for name in ("Kari Vestnes", "Torgeir Hauglid")
        )
        both = (MenteeProfile.member_id == kari, MentorProfile.member_id == torgeir)
        found = select(Proposal.id).join(Proposal.mentee).join(Proposal.mentor).where(*both)
        return f"#proposal-{db.session.scalars(found).one()}"


def test_a_mentee_and_a_mentor_find_each_other(world: World) -> None:
    torgeir = person(world, "mentor")
    torgeir.press("Plasser: én til", within="#room")
    torgeir.sees("5", at=".stepper__value")

    proposal = torgeirs_proposal(world)
    kari = person(world, "mentee")
    kari.follow("Se forslagene")
    kari.sees_no("Torgeir", "Surnadal")
    kari.sees("2. valg", at=proposal)
    kari.page.locator(f"{proposal} [value=up]").click()
    kari.sees("1. valg", at=proposal)
    kari.press("ja, gjerne", within=proposal)
    kari.sees("Vi spør", at=proposal)

    torgeir.go("/mentor/")
    torgeir.press("Ja, jeg stiller for Kari Vestnes")
    torgeir.sees("Dere er et mentorpar", "kari.vestnes@sula.example")

    kari.go("/home")
    kari.sees("Torgeir Hauglid")
    kari.follow("Foreslå en tid", within=".next-step")
    kari.sees("torgeir.hauglid@surnadal.example")
    day = clock.today(clock.now()) + timedelta(days=9)
    kari.fill(**{"plan-day": f"{day:%d.%m.%Y}", "plan-at": "13"})
    kari.press("Avtal møtet")
    kari.sees("kl. 13.00")

    torgeir.go("/mentor/")
    torgeir.sees_no("Ikke avtalt", at="#mentees .row:has-text('Kari')")
    torgeir.follow("Logg møte med Kari Vestnes")
    torgeir.choose("Dag", "I dag")
    torgeir.press("Lagre møtet")
    torgeir.sees("I dag", at="#mentees .row:has-text('Kari')")


def choose_hour(member: Visitor, number: int) -> None:
    """An hour of the week after, so that there is time to change one's mind."""
    member.follow("Uken etter")
    member.page.wait_for_url("**week=**")
    member.page.locator(".slot").nth(number).click()


def test_a_clip_is_used_and_comes_back(world: World) -> None:
    kari = person(world, "mentee")
    expect(kari.page.locator(".ticket--free")).to_have_count(1)
    kari.follow("Velg tid")
    choose_hour(kari, -1)
    kari.sees("Bruker klipp 2 av 2", at="#choice")
    kari.page.locator("main [name=theme]").select_option(index=2)
    kari.press("Bestill samtalen")
    kari.sees("Samtalen er bestilt", at="#status")
    kari.go("/coaching/")
    expect(kari.page.locator(".ticket--free")).to_have_count(0)
    expect(kari.page.locator(".ticket--booked")).to_have_count(2)

    kari.follow("Flytt samtalen")
    choose_hour(kari, 0)
    kari.press("Flytt samtalen hit")
    kari.sees("Samtalen er flyttet", at="#status")
    kari.go("/coaching/")
    expect(kari.page.locator(".ticket--booked")).to_have_count(2)

    kari.follow("Avlys samtalen")
    kari.sees("Du beholder klippet")
    kari.press("Avlys samtalen")
    kari.sees("Samtalen er avlyst", at="#status")
    kari.go("/home")
    expect(kari.page.locator(".ticket--free")).to_have_count(1)


def two_wait_for_a_word() -> None:
    """Exactly two of the coach's conversations are over and not confirmed."""
    me = db.session.scalars(select(Coach).join(Coach.user).where(User.name == "Solveig Aarnes")).one()
    _first, *others = db.session.scalars(unconfirmed(me, clock.now()))
    for booking in others:
        booking.confirm_held(me.user, clock.now())
    held = select(Booking).join(Booking.slot).where(Slot.coach_id == me.id, Booking.held_at.is_not(None))
    again = db.session.scalars(held.order_by(Slot.starts_at.desc()).limit(1)).one()
    again.held_at = again.confirmed_by_id = None
    db.session.commit()


def test_the_coach_offers_time_and_confirms(world: World) -> None:
    with world.app.app_context():
        two_wait_for_a_word()
    solveig = person(world, "coach")
    first = solveig.page.locator(".call-out h2").inner_text()
    solveig.press("Gjennomført", within=".call-out")
    expect(solveig.page.locator(".call-out h2")).not_to_have_text(first)
    solveig.press("Møtte ikke", within=".call-out")
    expect(solveig.page.locator(".call-out")).to_have_count(0)

    solveig.follow("Ledig tid", within="header")
    today = clock.today(clock.now())
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 7)
    solveig.fill(
        first=f"{saturday:%d.%m.%Y}", last=f"{saturday + timedelta(days=14):%d.%m.%Y}", starts="17", ends="19"
    )
    solveig.press("Legg til")
    solveig.sees("Lørdager 17–19", "6 ledige timer igjen")


def test_the_secretariat_imports_a_list(world: World, tmp_path: Path) -> None:
    rows = [
        (f"Ny Person{'abc'[n]}", f"ny{n}@nome.example", "Nome", "Kommunedirektør", "01.08.2021", "ja")
        for n in range(3)
    ]
    wrong, right = tmp_path / "feil.csv", tmp_path / "riktig.csv"
    wrong.write_bytes(csv_of(*rows[:2], ("Siri Hove", "siri@heroy.example", "Herøy", "", "", "ja")))
    right.write_bytes(csv_of(*rows))
    hilde = person(world, "secretariat")
    hilde.go("/secretariat/members")
    hilde.follow("Importer en liste")
    hilde.page.get_by_label("Filen med medlemmene").set_input_files(wrong)
    hilde.press("Se over listen")
    hilde.sees("Én rad har feil", "Herøy", "Siri Hove")
    hilde.press("Legg bort listen")
    hilde.page.get_by_label("Filen med medlemmene").set_input_files(right)
    hilde.press("Se over listen")
    hilde.sees("3 rader er klare", "3 nye")
    hilde.press("Importer alle 3 radene")
    hilde.go("/secretariat/members?q=Persona")
    hilde.sees("1 ", "Ny Persona", at="#found")


def test_the_secretariat_gives_seats_to_the_queue(world: World) -> None:
    hilde = person(world, "secretariat")
    hilde.follow("Gi plass", within=".call-out")
    seats = hilde.page.locator(".figure__number").first
    before = int(seats.inner_text())
    hilde.press("Gi plass til", within=".call-out")
    expect(seats).not_to_have_text(str(before))
    assert int(seats.inner_text()) > before


def test_a_round_from_start_to_end(world: World) -> None:
    hilde = person(world, "secretariat")
    hilde.go("/secretariat/rounds")
    hilde.fill(name="Julerunden")
    hilde.press("Ny runde")
    hilde.sees("Julerunden", at="h1")
    hilde.page.locator(".pair-list a:has(b)").first.click()
    hilde.page.wait_for_url("**mentee=**")
    hilde.press("Bytt til", within=".round-board__pair")
    hilde.sees("Lås opp", at=".round-board__pair")
    last = hilde.page.locator(".pair-list a:has(b)").last
    last.click()
    expect(last).to_have_attribute("aria-current", "true")
    hilde.page.get_by_text("Utelukk, med grunn").click()
    hilde.page.locator("[name=ground]").first.check(force=True)
    hilde.press("Utelukk paret")
    hilde.sees("ble utelukket", "Angre", at="#round")
    hilde.follow("Se over og frigi")
    hilde.press("Frigi til")
    hilde.sees("Julerunden", at="h1")
    hilde.page.get_by_text("Lukk runden").first.click()
    hilde.press("Lukk runden")
    with world.app.app_context():
        name = MatchRound.name == "Julerunden"
        assert db.session.scalars(select(MatchRound).where(name)).one().closed_at is not None


def test_the_steering_group_reads_figures_and_no_names(world: World) -> None:
    anne = person(world, "steering")
    anne.sees("Plasser", "Bundet", "Mentorpar")
    with world.app.app_context():
        names = db.session.scalars(select(User.name).join(Member, Member.user_id == User.id))
        text = anne.page.locator("main").inner_text()
        assert not [name for name in names if name in text]
