"""The loop: fit, predict, learn features; a generator of Steps."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from grokrfm.checks import NumericsError, boolean, choice, integer, not_negative, positive
from grokrfm.kernels import Kernel, OneHot
from grokrfm.rfm.agop import agop, matrix_power
from grokrfm.rfm.solve import SOLVERS

DTYPES = {"float64": torch.float64, "float32": torch.float32}

# Test rows predicted at a time, so that their kernel matrix stays small beside K.
TEST_ROWS_AT_A_TIME = 1024


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled rows of a task's table.

    Parameters
    ----------
    inputs : OneHot      m rows of width d
    labels : (m,) int
    strata               name → (m,) mask of the rows of that kind
    """

    inputs: OneHot
    labels: Tensor
    strata: Mapping[str, Tensor] = field(default_factory=dict)


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
    last : bool                whether no iteration follows
    """

    iteration: int
    M: Tensor
    coefficients: Tensor
    train_outputs: Tensor
    test_outputs: Tensor
    next_M: Tensor
    solver: str
    seconds: float
    last: bool


@dataclass(frozen=True)
class RFM:
    """The settings of a Recursive Feature Machine.

    Parameters
    ----------
    iterations : int     fits, the first with the starting M; each is followed by an update of M
    ridge : float        added to the diagonal of K
    solver : str         a name in grokrfm.rfm.solve.SOLVERS
    agop_power : float   M_{t+1} = AGOP^agop_power; the papers take 1/2
    centering : bool     subtract the mean Jacobian over the training points
    dtype : str          float64 or float32
    max_growth : float   the run ends as failed when ‖M_t‖ exceeds this multiple of ‖M_0‖
    """

    iterations: int
    ridge: float
    solver: str
    agop_power: float
    centering: bool
    dtype: str
    max_growth: float

    def __post_init__(self) -> None:
        checked = {
            "iterations": integer("iterations", self.iterations, minimum=1),
            "ridge": not_negative("ridge", self.ridge),
            "solver": choice("solver", self.solver, SOLVERS),
            "agop_power": positive("agop_power", self.agop_power),
            "centering": boolean("centering", self.centering),
            "dtype": choice("dtype", self.dtype, DTYPES),
            "max_growth": positive("max_growth", self.max_growth),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def torch_dtype(self) -> torch.dtype:
        return DTYPES[self.dtype]

    def steps(
        self, kernel: Kernel, train: Examples, test: Examples, classes: int, M: Tensor
    ) -> Iterator[Step]:
        """Run the iterations from the feature matrix M, (d, d), on its device and in its dtype.

        Raises
        ------
        NumericsError   if a solve fails, or M is not finite or grows beyond `max_growth`
        """
        targets = torch.nn.functional.one_hot(train.labels, classes).to(M.dtype)
        largest = self.max_growth * float(M.norm())
        K = M.new_empty(len(train.inputs), len(train.inputs))  # the one matrix of its size kept
        for iteration in range(self.iterations):
            try:
                step = self._step(iteration, kernel, train.inputs, test.inputs, targets, M, K)
                _check_growth(step.next_M, largest)
            except NumericsError as error:
                raise NumericsError(f"iteration {iteration}: {error}") from error
            yield step
            M = step.next_M

    def _step(
        self,
        iteration: int,
        kernel: Kernel,
        x: OneHot,
        x_test: OneHot,
        targets: Tensor,
        M: Tensor,
        K: Tensor,
    ) -> Step:
        started = time.perf_counter()
        kernel.gram(M, x, x, out=K)
        coefficients, solver = SOLVERS[self.solver](K, self.ridge, targets)
        train_outputs = K @ coefficients
        test_outputs = _predict(kernel, M, x, coefficients, x_test)
        learned = agop(kernel, M, x, coefficients, K, centering=self.centering)
        if not learned.isfinite().all():
            raise NumericsError("the AGOP is not finite; raise rfm.ridge or change rfm.solver")
        next_M = matrix_power(learned, self.agop_power)
        if M.is_cuda:
            torch.cuda.synchronize(M.device)
        return Step(
            iteration,
            M,
            coefficients,
            train_outputs,
            test_outputs,
            next_M,
            solver,
            seconds=time.perf_counter() - started,
            last=iteration == self.iterations - 1,
        )


def _predict(kernel: Kernel, M: Tensor, x: OneHot, coefficients: Tensor, points: OneHot) -> Tensor:
    blocks = range(0, len(points), TEST_ROWS_AT_A_TIME)
    parts = (points[start : start + TEST_ROWS_AT_A_TIME] for start in blocks)
    return torch.cat([kernel.gram(M, part, x) @ coefficients for part in parts])


def _check_growth(M: Tensor, largest: float) -> None:
    norm = float(M.norm())
    if not norm <= largest:
        raise NumericsError(
            f"the feature matrix exploded: its norm is {norm:.3g}, more than rfm.max_growth allows"
            f" ({largest:.3g}); a ridge (rfm.ridge=1e-8) cures every case known"
        )
