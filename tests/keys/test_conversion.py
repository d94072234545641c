"""What was written before there were keys is sealed by the migration, and comes back as it was on the way down."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.engine import make_url

import config
from portal import create_app, use_migrations
from portal.coaching.models import Booking
from portal.extensions import db
from portal.members.reference import load_challenge_areas, load_municipalities
from portal.mentoring.profile_models import MenteeProfile, MentorProfile
from portal.mentoring.proposal_models import Proposal
from portal.mentoring.reservation_models import ReservationKind
from portal.mentoring.reservations import said_by_anyone
from portal.mentoring.round_models import MatchRun

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
SAID = ("Ordføreren ringer hver kveld", "Sju år med omstilling", "En krevende sak")
WISHES = {"other_county": True, "years": 8}
REASONS = [{"code": "other_county", "values": {}}]
INPUTS = {
    "mentees": [
        {"id": "1", "municipality": "3405", "areas": {}, "years": 2, "modes": ["digital"], "wishes": WISHES}
    ],
    "mentors": [],
    "blocked": [["1", "2"]],
    "fixed": [],
}


@pytest.fixture
def before(new_bed: Any) -> Any:
    """A portal on the tables of the first release."""
    settings = config.Testing()
    settings.SQLALCHEMY_DATABASE_URI = new_bed("conversion").url
    app = create_app(settings)
    use_migrations(app)
    with app.app_context():
        upgrade(revision="0001")
        load_municipalities()
        load_challenge_areas()
        _write()
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


def _add(table: str, **values: Any) -> None:
    quoted, names = f'"{table}"', ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    db.session.execute(text(f"INSERT INTO {quoted} ({names}) VALUES ({marks})"), values)


def _write() -> None:
    for number, name in ((1, "Bjørn"), (2, "Astrid")):
        _add(
            "user",
            id=number,
            email=f"{number}@example.org",
            name=name,
            sort_key=name,
            language="nb",
            created_at=NOW,
        )
        _add(
            "member",
            id=number,
            user_id=number,
            municipality_number="3405",
            title="Kommunedirektør",
            membership="member",
        )
    _add("user", id=3, email="3@example.org", name="Cecilie", sort_key="c", language="nb", created_at=NOW)
    _add("mentee_profile", id=1, member_id=1, text=SAID[0], wishes=json.dumps(WISHES), modes="either")
    _add("mentee_profile", id=2, member_id=2, text="", wishes="{}", modes="either")
    _add(
        "mentor_profile",
        id=1,
        member_id=2,
        text=SAID[1],
        modes="either",
        retired=False,
        willing_since=NOW,
        updated_at=NOW,
    )
    for number, kind, target in ((1, "person", 2), (2, "neighbours", None), (3, "person", 2)):
        _add("reservation", id=number, member_id=1, kind=kind, person_id=target, created_at=NOW)
    _add("reservation", id=4, member_id=2, kind="municipality", municipality_number="0301", created_at=NOW)
    _add("match_round", id=1, name="Høst", weights="{}", created_at=NOW)
    _proposal()
    _add(
        "match_run",
        id=1,
        round_id=1,
        number=1,
        ran_at=NOW,
        cause="run",
        decisions="{}",
        result="{}",
        inputs=json.dumps(INPUTS),
    )
    _booking()


def _proposal() -> None:
    frozen = {"reasons": json.dumps(REASONS), "difference": json.dumps(REASONS[0]), "parts": "[]"}
    _add("proposal", id=1, round_id=1, mentee_id=1, mentor_id=1, rank=1, score=0, **frozen)


def _booking() -> None:
    _add("coach", id=1, user_id=3, headline="Veileder", bio="", place="", meeting_link="")
    _add(
        "programme", id=1, name="Pilot", starts_on="2026-08-01", ends_on="2027-07-31", clips_valid_until="2027-07-31", clips=2, minutes=60, budget=250000,
        notice_hours=24, late_forfeits=True, no_show_forfeits=True,
    )  # fmt: skip
    _add("enrolment", id=1, programme_id=1, member_id=1, applied_at=NOW)
    _add("slot", id=1, coach_id=1, starts_at=NOW, ends_at=NOW.replace(hour=10), mode="digital", place="")
    _add(
        "booking",
        id=1,
        slot_id=1,
        enrolment_id=1,
        mode="digital",
        payer="personal",
        price=2300,
        theme=SAID[2],
        booked_at=NOW,
    )


def test_what_was_plain_is_sealed_and_comes_back(before: Flask) -> None:
    upgrade()
    assert (db.session.get_one(MenteeProfile, 1).text, db.session.get_one(MenteeProfile, 1).wishes) == (
        SAID[0],
        WISHES,
    )
    assert db.session.scalar(text("SELECT text FROM mentee_profile WHERE id = 2")) is None
    assert db.session.get_one(MentorProfile, 1).text == SAID[1]
    assert db.session.get_one(Booking, 1).theme == SAID[2]
    assert [(no.member_id, no.kind, no.target, no.at) for no in said_by_anyone()] == [
        (1, ReservationKind.PERSON, "2", NOW),
        (1, ReservationKind.NEIGHBOURS, "", NOW),
        (2, ReservationKind.MUNICIPALITY, "0301", NOW),
    ]
    proposal = db.session.get_one(Proposal, 1)
    assert (proposal.reasons, proposal.difference) == (REASONS, REASONS[0])
    stored = db.session.scalars(db.select(MatchRun.inputs)).one()
    assert "other_county" not in json.dumps(stored)
    db.session.remove()
    downgrade(revision="0001")
    rows = db.session.execute(text("SELECT text, wishes FROM mentee_profile ORDER BY id")).all()
    wishes = [row.wishes if isinstance(row.wishes, dict) else json.loads(row.wishes) for row in rows]
    assert ([row.text for row in rows], wishes) == ([SAID[0], ""], [WISHES, {}])
    assert db.session.scalar(text("SELECT theme FROM booking")) == SAID[2]
    frozen = db.session.execute(text("SELECT reasons, difference FROM proposal")).one()
    assert [x if isinstance(x, list | dict) else json.loads(x) for x in frozen] == [REASONS, REASONS[0]]
    noes = db.session.execute(text("SELECT kind, person_id FROM reservation ORDER BY id"))
    assert [tuple(row) for row in noes] == [
        ("person", 2),
        ("neighbours", None),
        ("municipality", None),
    ]
    kept = db.session.scalar(text("SELECT inputs FROM match_run"))
    assert (kept if isinstance(kept, dict) else json.loads(kept)) == INPUTS


def test_nothing_plain_is_left_in_the_file(before: Flask) -> None:
    url = make_url(before.config["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() != "sqlite":
        pytest.skip(
            "PostgreSQL lets go of what was plain at its next VACUUM FULL, as docs/operations.md says"
        )
    upgrade()
    db.session.remove()
    db.engine.dispose()
    files = [path.read_bytes() for path in Path(str(url.database)).parent.glob("*.sqlite*")]
    assert files
    assert not [said for said in (*SAID, "other_county") for held in files if said.encode() in held]
