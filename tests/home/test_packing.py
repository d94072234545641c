"""Pages are packed for browsers that ask for it, except where a stranger could have put words into them."""

import gzip

from portal.members.models import Member
from tests.support.client import CheckingClient

ASKING = {"Accept-Encoding": "gzip, br"}


def test_a_page_is_packed_for_a_browser_that_unpacks(client: CheckingClient, bjorn: Member) -> None:
    client.sign_in(bjorn)
    packed = client.open("/home", headers=ASKING)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Bjørn" in gzip.decompress(packed.data).decode()


def test_a_page_with_a_query_is_not(client: CheckingClient, bjorn: Member) -> None:
    client.sign_in(bjorn)
    assert "Content-Encoding" not in client.open("/home?q=gjett", headers=ASKING).headers


def test_a_browser_that_does_not_ask_gets_it_plain(client: CheckingClient, bjorn: Member) -> None:
    client.sign_in(bjorn)
    assert "Content-Encoding" not in client.open("/home").headers
