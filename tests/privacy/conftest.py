from collections.abc import Iterator

import pytest
import time_machine

from portal.coaching.models import Coach
from portal.members.models import Member
from tests.coaching.programmes import NOW
from tests.privacy.lives import Life


@pytest.fixture
def life(bjorn: Member, astrid: Member, daniel: Member, cecilie: Coach) -> Iterator[Life]:
    with time_machine.travel(NOW, tick=False):
        yield Life(bjorn, astrid, daniel, cecilie, NOW)
