"""One member, as the secretariat sees it: position, history, access and invitation, never content."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from portal import audit, clock
from portal.access import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member, Membership
from portal.notifications import Kind, OutboxMessage
from tests.support.people import new_member, new_user

NEW = "/secretariat/members/new"
KARI = {"name": "Kari Vik", "email": "Kari.Vik@privat.example", "municipality": "4018", "title": "Kommunedirektør",
        "since": "1.8.2021", "membership": "member"}  # fmt: skip


def mails() -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


def test_a_member_is_shown_with_history_and_roles(client: Any, eva: User, astrid: Member) -> None:
    client.sign_in(eva)
    page = client.get(f"/secretariat/members/{astrid.id}")
    assert page.heading == "Astrid Moen"
    for said in ("Lillehammer (3405)", "Innlandet", "1. mars 2012", "Medlem, Mentor", "Ikke ennå"):
        assert said in page.words


def test_a_new_member_is_added_and_not_yet_invited(client: Any, eva: User) -> None:
    client.sign_in(eva)
    client.get(NEW)
    page = client.submit("new", **KARI)
    assert page.heading == "Kari Vik" and "Invitasjonen er ikke sendt ennå" in page.words
    kari = db.session.scalars(select(Member)).one()
    assert kari.user.email == "kari.vik@privat.example"
    assert kari.user.roles == {Role.MEMBER}
    assert [t.started_on for t in kari.tenures] == [date(2021, 8, 1)]
    assert mails() == 0 and not audit.verify()


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Skriv navnet."),
        ("name", "123", "Skriv fornavn og etternavn."),
        ("name", "x" * 100_000, "høyst 200 tegn"),
        ("email", "", "Skriv e-postadressen."),
        ("email", "kari", "Det ser ikke ut som en e-postadresse."),
        ("email", "kåre@nome.example", "ikke æ, ø eller å"),
        ("email", "x" * 100_000, "Adressen er for lang."),
        ("municipality", "", "Velg kommunen."),
        ("municipality", "9999", ""),
        ("title", "\0\0", "Skriv tittelen."),
        ("since", "i fjor", "Skriv datoen slik: 24.11.2026."),
        ("since", "1.1.2199", "Datoen er ikke kommet ennå."),
        ("since", "1.1.1066", "så langt tilbake"),
        ("membership", "x", ""),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_the_rest_is_kept(
    client: Any, eva: User, field: str, value: str, said: str
) -> None:
    client.sign_in(eva)
    client.get(NEW)
    page = client.submit("new", status=422, **{**KARI, field: value})
    assert page.texts(f"#{field}-error")
    assert said in page.texts(f"#{field}-error")[0]
    kept = "title" if field == "name" else "name"
    assert page.one(f"#{kept}").get("value") == KARI[kept]
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0


def test_an_address_in_use_is_refused(client: Any, eva: User, bjorn: Member) -> None:
    client.sign_in(eva)
    client.get(NEW)
    page = client.submit("new", status=422, **{**KARI, "email": bjorn.user.email.upper()})
    assert page.texts("#email-error") == ["En med denne e-postadressen er registrert fra før."]


def test_somebody_with_another_hat_can_become_a_member(client: Any, eva: User, fredrik: User) -> None:
    client.sign_in(eva)
    client.get(NEW)
    client.submit("new", **{**KARI, "email": fredrik.email})
    db.session.expire_all()
    assert fredrik.roles == {"member", "steering"}


def test_nobody_makes_themselves_a_member(client: Any, eva: User) -> None:
    client.sign_in(eva)
    client.get(NEW)
    page = client.submit("new", status=422, **{**KARI, "email": eva.email})
    assert "Din egen rad tar en kollega seg av." in page.words
    db.session.expire_all()
    assert eva.roles == {"secretariat"}


def test_a_move_is_kept_in_the_history(client: Any, eva: User, bjorn: Member) -> None:
    client.sign_in(eva)
    client.get(f"/secretariat/members/{bjorn.id}/position")
    page = client.submit("position", municipality="3403", since="01.10.2026", membership="non_member")
    assert "Endringen er lagret." in page.words
    assert page.texts("tbody th") == ["Hamar", "Nome"]
    db.session.expire_all()
    assert [t.ended_on for t in bjorn.tenures] == [date(2026, 10, 1), None]
    assert bjorn.membership is Membership.NON_MEMBER
    client.get(f"/secretariat/members/{bjorn.id}/position")
    assert "Ingenting var endret." in client.submit("position").words
    client.get(f"/secretariat/members/{bjorn.id}/position")
    page = client.submit("position", status=422, since="1.1.2199")
    assert page.texts("#since-error") and page.one("#since").get("value") == "1.1.2199"


@pytest.mark.parametrize("path", ["", "/position"])
def test_a_member_nobody_has_does_not_exist(client: Any, eva: User, path: str) -> None:
    client.sign_in(eva)
    client.get(f"/secretariat/members/1000000000000{path}", status=404)
    client.get(f"/secretariat/members/12345{path}", status=404)


def test_nobody_else_comes_in(client: Any, bjorn: Member, astrid: Member, fredrik: User) -> None:
    for person in (bjorn, astrid, fredrik):
        client.sign_in(person)
        client.get(f"/secretariat/members/{bjorn.id}", status=403)
        client.post(f"/secretariat/members/{bjorn.id}/position", {"municipality": "0301"}, status=403)


def test_an_invitation_is_sent_once_however_often_the_button_is_pressed(
    client: Any, eva: User, bjorn: Member
) -> None:
    client.sign_in(eva)
    page = client.get(f"/secretariat/members/{bjorn.id}")
    form = page.form("invitation")
    assert "får en invitasjon" in client.submit(form).words
    assert "nettopp sendt" in client.submit(form).words
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert (mail.kind, mail.address) == (Kind.INVITATION, bjorn.user.email)
    db.session.execute(update(Member).values(invited_at=clock.now() - timedelta(days=7)))
    client.get(f"/secretariat/members/{bjorn.id}")
    client.submit("Send ny invitasjon")
    assert mails() == 2


def test_all_who_are_not_invited_are_invited_at_once(
    client: Any, eva: User, bjorn: Member, astrid: Member
) -> None:
    client.sign_in(eva)
    blocked = new_member("Sperret Person", "Nome")
    blocked.user.deactivated_at = clock.now()
    astrid.invited_at = clock.now()
    page = client.get("/secretariat/members")
    assert "Ett medlem er ikke invitert" in page.words
    page = client.get("/secretariat/members/invitations")
    form = page.form("Send én invitasjon")
    page = client.submit(form)
    assert "Én invitasjon er på vei." in page.words
    assert "Alle er invitert fra før." in client.submit(form).words
    assert mails() == 1
    assert "Alle er invitert" in client.get("/secretariat/members/invitations").words
    client.get(f"/secretariat/members/{blocked.id}")
    assert "sperret" in client.submit("invitation").words


def test_no_challenge_is_shown_to_the_secretariat_here(client: Any, eva: User, bjorn: Member) -> None:
    client.sign_in(eva)
    assert "ordføreren" not in client.get(f"/secretariat/members/{bjorn.id}").main


def test_whoever_lacks_a_member_row_gets_a_page(client: Any) -> None:
    client.sign_in(new_user("Kari Prøve", Role.MEMBER))
    assert "Du står ikke i medlemslisten ennå" in client.get("/profile").words
    client.get("/profile/position", status=303)
    client.post("/profile/position", {"title": "x"}, status=303)
