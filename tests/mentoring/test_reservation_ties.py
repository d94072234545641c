"""Why two should not be paired can be said, to oneself alone."""

import pytest

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.members.models import Member
from portal.mentoring.pool import pool
from portal.mentoring.reservation_models import Reservation, ReservationKind, Tie
from portal.mentoring.reservations import reserve, said_by
from tests.support.client import CheckingClient
from tests.support.page import Form

ADDRESS = "/profile/reservations"


def no_to_daniel(client: CheckingClient, member: Member) -> Form:
    """The form beside the one who was searched for."""
    client.sign_in(member).get(ADDRESS)
    page = client.submit(f"{ADDRESS}/search", q="Daniel")
    return next(form for form in page.forms if "target" in form.fields)


@pytest.mark.parametrize("tie", list(Tie))
def test_a_tie_is_chosen_and_only_its_owner_reads_it(
    client: CheckingClient, bjorn: Member, daniel: Member, eva: User, tie: Tie
) -> None:
    page = client.submit(no_to_daniel(client, bjorn), tie=tie.value)
    assert tie.label in page.main
    (no,) = said_by(bjorn)
    assert (no.kind, no.target, no.tie) == (ReservationKind.TIE, str(daniel.id), tie)
    (row,) = db.session.query(Reservation)
    assert tie.value.encode() not in row.content
    assert [r.kind.value for r in pool(clock.now()).reservations] == ["tie"]
    assert tie.label not in client.sign_in(daniel).get(ADDRESS).main
    client.sign_in(eva).get(ADDRESS, status=403)


def test_nobody_has_to_say_why(client: CheckingClient, bjorn: Member, daniel: Member) -> None:
    client.submit(no_to_daniel(client, bjorn))
    (no,) = said_by(bjorn)
    assert (no.kind, no.tie) == (ReservationKind.PERSON, None)


def test_a_person_is_one_no_whatever_the_reason(bjorn: Member, daniel: Member) -> None:
    for tie in (None, Tie.FAMILY, Tie.COMPANY):
        reserve(bjorn, ReservationKind.PERSON, str(daniel.id), clock.now(), tie)
    (no,) = said_by(bjorn)
    assert no.tie is Tie.COMPANY


@pytest.mark.parametrize("tie", ["divorce", "<script>", "FAMILY"])
def test_a_tie_that_does_not_exist_is_refused(
    client: CheckingClient, bjorn: Member, daniel: Member, tie: str
) -> None:
    data = {"kind": "person", "target": str(daniel.id), "tie": tie}
    client.sign_in(bjorn).post(ADDRESS, data, status=400)
    assert said_by(bjorn) == []


@pytest.mark.parametrize(
    ("kind", "target"), [("neighbours", ""), ("neighbours", "7"), ("municipality", "4601"), ("county", "46")]
)
def test_a_tie_binds_people_and_never_a_place(
    client: CheckingClient, bjorn: Member, kind: str, target: str
) -> None:
    data = {"kind": kind, "target": target, "tie": "family"}
    page = client.sign_in(bjorn).post(ADDRESS, data, status=422)
    assert "gjelder bare en person" in page.main
    assert said_by(bjorn) == []
    client.get(ADDRESS)
