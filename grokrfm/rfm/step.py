"""An iteration as others see it, and what the next one goes on from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class State:
    """All that the iterations from `iteration` on depend on.

    Parameters
    ----------
    iteration : int          the next one
    M : (d, d)               the feature matrix it is fitted with
    largest : float          the norm that M may not exceed
    outputs : (m, c)         the previous predictor on the test rows; None at the start
    still : int              for how many iterations M and the outputs have stood still
    """

    iteration: int
    M: Tensor
    largest: float
    outputs: Tensor | None = None
    still: int = 0


@dataclass(frozen=True, eq=False)
class Step:
    """One RFM iteration.

    Parameters
    ----------
    iteration : int            t, from 0
    M : (d, d)                 the feature matrix the predictor was fitted with, M_t
    coefficients : (n, c)      α
    train_outputs : (n, c)     the predictor on the training rows
    test_outputs : (m, c)      the predictor on the test rows
    next_M : (d, d)            the feature matrix learned from it, M_{t+1}
    solver : str               the factorisation that solved it
    seconds : float            wall time of the iteration
    state : State              where the next iteration begins
    last : bool                whether no iteration follows
    condition : ()             estimate for K + ridge·I in the one-norm, where it was asked for
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
