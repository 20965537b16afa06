"""The choice among restarts."""

import pytest

from grokrfm.dynamics.choice import Candidate, chosen

FIT, CLOSED = Candidate(1e-5, 0.01, 0), Candidate(1e-4, 0.01, 6)


@pytest.mark.parametrize(
    ("candidates", "best"),
    [
        ([Candidate(0.2, 0.0, 6), FIT], 1),  # it must fit
        ([Candidate(1e-6, 0.5, 6), CLOSED], 1),  # it must encode what it predicts
        ([FIT, CLOSED], 1),  # it must close
        ([Candidate(1e-6, 0.01, 12), CLOSED], 1),  # the smallest group has no cover below it
        ([CLOSED, Candidate(1e-5, 0.01, 6)], 1),  # then the loss decides
        ([Candidate(0.3, 0, 0), Candidate(0.2, 0, 0)], 1),
        ([CLOSED, CLOSED], 0),
    ],
)
def test_the_best_candidate_is_chosen(candidates, best):
    assert chosen(candidates) == best
