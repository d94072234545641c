"""The fast scores are the same whole numbers as the plain ones."""

import numpy as np
import pytest

import matching
from matching import exclusions
from matching.kernel import Kernel
from tests.matching.people import round_of

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_kernel_gives_the_scores_of_the_round(threads: int) -> None:
    mentors, mentees = round_of(1, 300, 170)
    texts = {person: [1.0, k % 7 - 3, k % 5] for k, person in enumerate([one.id for one in mentees])}
    round_ = matching.propose(mentors, mentees, objective="stable", texts=texts, proposals=1).round
    scoring = round_.scoring
    ruled_out = scoring.place_rule[np.ix_(scoring.row_place, scoring.column_place)] != exclusions.NONE
    expected = np.where(ruled_out, -1, round_.scores)
    kernel = Kernel(scoring)
    found = kernel.scores(threads)
    assert found.dtype == np.float32
    assert (np.maximum(found, -1) == expected).all()
    assert (np.maximum(kernel.block(100, 203), -1) == expected[100:203]).all()
