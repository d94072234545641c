"""The person's own page: what we have, what they said yes to, who has seen it, and the way out."""

import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal import audit, consents
from portal.accounts.models import User
from portal.audit import AuditEvent
from portal.audit.reads import READ
from portal.consents import Purpose
from portal.extensions import db
from portal.notifications import OutboxMessage
from portal.privacy import erasure, readers
from portal.privacy.export import as_pdf
from portal.privacy.export.gathering import Copy
from portal.privacy.models import WAIT, Erasure
from tests.coaching.programmes import NOW
from tests.privacy.lives import SECRET, Life

PAGE = "/personal-data"
ROOT = Path(__file__).parents[2]
AREAS = Purpose.SECRETARIAT_SEES_AREAS


def test_it_says_what_we_have_and_the_day_it_goes(life: Life, client: Any) -> None:
    page = client.sign_in(life.bjorn).get(PAGE)
    assert "Det du ville ta opp i en samtale" in page.main
    assert "30. oktober 2027" in page.main  # 90 days after the programme's last day, and the sweep at night
    assert "1. januar 2032" in page.main  # five years after the accounting year
    assert SECRET not in page.text


def test_a_newcomer_and_a_coach_have_a_page_of_their_own(life: Life, client: Any, eva: User) -> None:
    coach = client.sign_in(life.cecilie).get(PAGE)
    assert "Det du kan si ja til" not in coach.main
    secretariat = client.sign_in(eva).get(PAGE)
    assert "Ingen andre har åpnet opplysninger om deg" in secretariat.main


def test_yes_and_no_are_one_button_each_on_the_same_page(life: Life, client: Any) -> None:
    page = client.sign_in(life.daniel).get(PAGE)
    (form,) = [form for form in page.forms if form.fields.get("purpose") == [AREAS.value]]
    page = client.submit(form)
    assert consents.holds(life.daniel.user_id, AREAS)
    assert "Trekk" in page.main
    page = client.submit(next(form for form in page.forms if form.fields.get("purpose") == [AREAS.value]))
    assert not consents.holds(life.daniel.user_id, AREAS)
    assert "trukket" in page.main


def test_a_yes_to_words_that_have_changed_meanwhile_is_asked_for_again(life: Life, client: Any) -> None:
    client.sign_in(life.daniel).get(PAGE)
    page = client.post("/personal-data/consents", {"purpose": AREAS.value, "version": "7"}, status=422)
    assert "Teksten er endret" in page.main
    assert not consents.holds(life.daniel.user_id, AREAS)


@pytest.mark.parametrize(
    "sent", [{}, {"purpose": "everything", "version": "1"}, {"purpose": "", "version": "x"}]
)
def test_a_purpose_that_does_not_exist_is_no_page(life: Life, client: Any, sent: dict[str, str]) -> None:
    client.sign_in(life.daniel)
    client.post("/personal-data/consents", sent, status=404)


def test_the_export_is_a_zip_with_both_files_and_the_audit_knows(life: Life, client: Any) -> None:
    client.sign_in(life.bjorn).get("/personal-data/export")
    answer = client.post("/personal-data/export", status=200)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Haugland" not in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as file:
        assert sorted(file.namelist()) == ["opplysningene-dine.json", "opplysningene-dine.pdf"]
        assert json.loads(file.read("opplysningene-dine.json"))["name"] == "Bjørn Haugland"
        assert file.read("opplysningene-dine.pdf").startswith(b"%PDF-")
    told = db.session.scalars(select(AuditEvent).where(AuditEvent.event == "own data exported")).one()
    assert told.actor_id == life.bjorn.user_id
    assert told.details == {}


def test_nobody_waits_for_the_database_while_the_copy_is_made_into_a_file(
    life: Life, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding = []

    def make(copy: Copy) -> bytes:
        holding.append(db.session().in_transaction())
        return as_pdf(copy)

    client.sign_in(life.bjorn).get("/personal-data/export")
    monkeypatch.setattr("portal.privacy.export.as_pdf", make)
    client.post("/personal-data/export", status=200)
    assert holding == [False]


def test_every_purpose_that_is_noted_has_words_of_its_own(app: Flask) -> None:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "portal").rglob("*.py")))
    purposes = set(re.findall(r"has_read\(.+?, current_user, \"([a-z-]+)\"\)", code, re.DOTALL))
    lists = set(re.findall(r"has_taken_out\(\s*\"([a-z-]+)\", [^(]", code)) - {"costs"}  # about nobody
    noted = purposes | {f"{name}-list" for name in lists}
    assert {"coaching", "member-page", "members-list"} <= noted
    assert not [purpose for purpose in noted if readers.purpose(purpose) == purpose]


@pytest.mark.parametrize("address", ["/personal-data/export", "/personal-data/erasure"])
def test_the_copy_and_the_erasure_ask_who_sits_there_now(life: Life, client: Any, address: str) -> None:
    client.sign_in(life.bjorn, NOW)
    client.get(address)
    with time_machine.travel(NOW + timedelta(minutes=31), tick=False):
        assert "/confirm" in client.get(address, status=303).headers["Location"]
        client.post(address, {"understood": "y"}, status=403)
    assert db.session.scalars(select(Erasure)).all() == []


def test_who_has_seen_it_tells_role_purpose_and_day_and_never_who(life: Life, client: Any, eva: User) -> None:
    for reader, role, purpose in (
        (eva, "secretariat", "member-page"),
        (life.cecilie.user, "coach", "coaching"),
    ):
        audit.record(
            READ,
            by=reader,
            on=life.bjorn.user,
            at=NOW,
            person=life.bjorn.user_id,
            role=role,
            purpose=purpose,
        )
    db.session.commit()
    page = client.sign_in(life.bjorn).get("/personal-data/readings")
    for words in ("Sekretariatet", "Veileder", "24. november 2026", "2 ganger"):
        assert words in page.main
    assert "Eva" not in page.main
    assert "member-page" not in page.main
    assert "Sekretariatet" in client.get(PAGE).main
    assert "Ingen andre har åpnet" in client.sign_in(life.daniel).get("/personal-data/readings").main


def test_asking_to_be_erased_takes_a_tick_and_can_be_undone(life: Life, client: Any) -> None:
    client.sign_in(life.bjorn).get("/personal-data/erasure")
    page = client.submit("/personal-data/erasure", status=422)
    assert "Ingenting er bestilt" in page.main
    client.get("/personal-data/erasure")
    page = client.submit("/personal-data/erasure", understood="y")
    assert "1. desember 2026" in page.main
    page = client.submit("/personal-data/erasure/withdrawal")
    assert "Bli slettet" in page.main
    assert erasure.erase_due(NOW + WAIT) == 0


def test_when_the_week_is_over_the_person_is_gone_and_out_and_no_mail_says_so(
    life: Life, client: Any
) -> None:
    user_id, address = life.bjorn.user_id, life.bjorn.user.email
    page = client.sign_in(life.bjorn).get("/personal-data/erasure")
    assert "Du får ingen e-post når det er gjort" in page.main
    client.submit("/personal-data/erasure", understood="y")
    with time_machine.travel(NOW + WAIT + timedelta(hours=1), tick=False):
        assert erasure.erase_due(NOW + WAIT + timedelta(hours=1)) == 1
        client.get(PAGE, status=303)
    mails = select(OutboxMessage).where(OutboxMessage.sent_at.is_(None), OutboxMessage.withdrawn_at.is_(None))
    assert not [
        mail for mail in db.session.scalars(mails) if mail.user_id == user_id or mail.address == address
    ]


def test_the_only_one_in_the_secretariat_is_told_what_to_do_first(life: Life, client: Any, eva: User) -> None:
    client.sign_in(eva).get("/personal-data/erasure")
    page = client.submit("/personal-data/erasure", status=422, understood="y")
    assert "Gi en annen tilgang først" in page.main


def test_the_secretariat_erases_on_request_and_the_person_may_undo(
    life: Life, client: Any, eva: User
) -> None:
    page = client.sign_in(eva).get(f"/secretariat/members/{life.bjorn.id}")
    assert f"/secretariat/members/{life.bjorn.id}/erasure" in page.links
    client.get(f"/secretariat/members/{life.bjorn.id}/erasure")
    client.submit(f"/secretariat/members/{life.bjorn.id}/erasure", status=422)
    client.get(f"/secretariat/members/{life.bjorn.id}/erasure")
    page = client.submit(f"/secretariat/members/{life.bjorn.id}/erasure", understood="y")
    assert "Slettingen er bestilt" in page.main
    client.sign_in(life.bjorn).get(PAGE)
    client.submit("/personal-data/erasure/withdrawal")
    wish = db.session.scalars(select(Erasure)).one()
    assert (wish.asked_by_id, wish.undone_by_id) == (eva.id, life.bjorn.user_id)


def test_the_secretariat_is_told_that_nobody_is_erased_behind_a_locked_door(
    life: Life, client: Any, eva: User
) -> None:
    page = client.sign_in(eva).get(f"/secretariat/members/{life.bjorn.id}/erasure")
    assert "slettes ingenting" not in page.main
    life.bjorn.user.locked_at = NOW
    page = client.get(f"/secretariat/members/{life.bjorn.id}/erasure")
    assert "Til den er åpnet igjen, slettes ingenting" in page.main


def test_whoever_is_erased_cannot_be_erased_on_request(life: Life, client: Any, eva: User) -> None:
    erasure.erase(life.bjorn.user, None, NOW)
    db.session.commit()
    client.sign_in(eva).get(f"/secretariat/members/{life.bjorn.id}/erasure", status=404)


@pytest.mark.parametrize("who", ["bjorn", "cecilie"])
def test_only_the_secretariat_erases_others(life: Life, client: Any, who: str) -> None:
    client.sign_in(getattr(life, who))
    client.get(f"/secretariat/members/{life.daniel.id}/erasure", status=403)
    client.post(f"/secretariat/members/{life.daniel.id}/erasure", {"understood": "y"}, status=403)
