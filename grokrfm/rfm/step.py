"""Results of an iteration, and the state from which the next one continues."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from grokrfm.rfm.examples import Examples


@dataclass(frozen=True, eq=False)
class State:
    """State that determines all iterations from `iteration` on.

    Parameters
    ----------
    iteration : int          the next iteration
    M : (d, d)               the feature matrix of its fit
    largest : float          largest allowed norm of M
    outputs : (m, c)         the previous predictor on the test rows; None at the start
    still : int              consecutive iterations with changes below rfm.stop_change
    """

    iteration: int
    M: Tensor
    largest: float
    outputs: Tensor | None = None
    still: int = 0


@dataclass(frozen=True, eq=False)
class Step:
    """RFM iteration.

    Parameters
    ----------
    iteration : int            t, from 0
    M : (d, d)                 the feature matrix the predictor was fitted with, M_t
    coefficients : (n, c)      α
    train_outputs : (n, c)     the predictor on the training rows
    test_outputs : (m, c)      the predictor on the test rows
    next_M : (d, d)            the feature matrix learned from it, M_{t+1}
    solver : str               the factorisation used
    seconds : float            wall time of the iteration
    state : State              state in which the next iteration begins
    last : bool                true if no iteration follows
    condition : ()             estimate for K + ridge·I in the one-norm, if requested
    """

    iteration: int
    M: Tensor
    coefficients: Tensor
    train_outputs: Tensor
    test_outputs: Tensor
    next_M: Tensor
    solver: str
    seconds: float
    state: State
    last: bool
    condition: Tensor | None = None

    def sample(self, train: Examples, test: Examples) -> tuple[Step, Examples, Examples]:
        """Step and examples that suffice for means and quantiles over rows: here all of them.

        A run that knows rows to be alike returns one of each kind.
        """
        return self, train, test
