"""RFM loop (fit, predict, learn features) as a generator of Steps."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from grokrfm.checks import (
    NumericsError,
    SettingError,
    boolean,
    choice,
    integer,
    not_negative,
    positive,
)
from grokrfm.kernels import Kernel, OneHot
from grokrfm.rfm.agop import matrix_power
from grokrfm.rfm.examples import Examples
from grokrfm.rfm.problem import Fit, Problem
from grokrfm.rfm.solve import SOLVERS, condition
from grokrfm.rfm.step import State, Step

DTYPES = {"float64": torch.float64, "float32": torch.float32}

# Test rows predicted at a time, so that their kernel matrix stays small beside K.
TEST_ROWS_AT_A_TIME = 1024

FREE_SHARE = 0.25
"""Share of the free memory that blocks may take if rfm.memory_budget is null."""


@dataclass(frozen=True)
class RFM:
    """Settings of a Recursive Feature Machine.

    Parameters
    ----------
    iterations : int       fits, the first with the starting M; each is followed by an update of M
    ridge : float          added to the diagonal of K
    solver : str           a name in grokrfm.rfm.solve.SOLVERS
    agop_power : float     M_{t+1} = AGOP^agop_power; the papers take 1/2
    centering : bool       subtract the mean Jacobian over the training points
    dtype : str            float64 or float32
    max_growth : float     the run fails when ‖M_t‖ exceeds this multiple of ‖M_0‖ (Frobenius)
    stop_change : float    stop early if the relative changes of M and of the test outputs are
                           below this (Frobenius); None: never
    stop_patience : int    … for this many consecutive iterations
    checkpoint_seconds     interval between checkpoints; 0: every iteration
    memory_budget : float  GB for blocks, beside K and its factor; None: a quarter of the free
                           memory
    batch : int | str      maximal number of runs of equal shapes in one batch, see
                           grokrfm.rfm.batch; 1: every run alone; auto: as many as is fastest
    """

    PLUMBING: ClassVar[frozenset[str]] = frozenset({"checkpoint_seconds", "memory_budget", "batch"})
    """Settings that do not change what is computed."""

    iterations: int
    ridge: float
    solver: str
    agop_power: float
    centering: bool
    dtype: str
    max_growth: float
    stop_change: float | None
    stop_patience: int
    checkpoint_seconds: float
    memory_budget: float | None
    batch: int | str

    def __post_init__(self) -> None:
        stop, budget = self.stop_change, self.memory_budget
        checked: dict[str, Any] = {
            "iterations": integer("iterations", self.iterations, minimum=1),
            "ridge": not_negative("ridge", self.ridge),
            "solver": choice("solver", self.solver, SOLVERS),
            "agop_power": positive("agop_power", self.agop_power),
            "centering": boolean("centering", self.centering),
            "dtype": choice("dtype", self.dtype, DTYPES),
            "max_growth": positive("max_growth", self.max_growth),
            "stop_change": None if stop is None else positive("stop_change", stop),
            "stop_patience": integer("stop_patience", self.stop_patience, minimum=1),
            "checkpoint_seconds": not_negative("checkpoint_seconds", self.checkpoint_seconds),
            "memory_budget": None if budget is None else positive("memory_budget", budget),
            "batch": batch_size(self.batch),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def torch_dtype(self) -> torch.dtype:
        return DTYPES[self.dtype]

    def steps(
        self,
        kernel: Kernel,
        train: Examples,
        test: Examples,
        classes: int,
        start: Tensor | State,
        *,
        with_condition: bool = False,
    ) -> Iterator[Step]:
        """Run the iterations from a feature matrix, (d, d), on its device and in its dtype.

        From the State of an earlier Step only the following iterations are computed, with bit for
        bit the same results.

        Raises
        ------
        NumericsError   if a solve fails, or M is not finite or grows beyond `max_growth`
        """
        state = self.state(start)
        solve, memory = SOLVERS[self.solver], self.block_memory(state.M.device)
        problem = Problem.of(
            kernel, train, test, classes, self.ridge, solve, state.M, memory, with_condition
        )
        yield from self.iterate(partial(self.fit, problem), state)

    def iterate(self, fit: Callable[[Tensor], Fit], state: State) -> Iterator[Step]:
        """Run the iterations from a state; `fit` solves, predicts and learns from M."""
        while state.iteration < self.iterations:
            started = time.perf_counter()
            try:
                fitted = fit(state.M)
                check_growth(fitted.next_M, state.largest)
            except NumericsError as error:
                raise NumericsError(f"iteration {state.iteration}: {error}") from error
            step = self.step(state, fitted, time.perf_counter() - started)
            yield step
            if step.last:
                return
            state = step.state

    def state(self, start: Tensor | State) -> State:
        """State in which a run begins: from a feature matrix, (d, d), or a given state."""
        if isinstance(start, State):
            return start
        return State(0, start, self.max_growth * float(start.norm()))

    @torch.inference_mode()
    def fit(self, problem: Problem, M: Tensor) -> Fit:
        """Solve, predict and learn the next feature matrix, of one run or of a batch."""
        kernel, x, K, workspace = problem.kernel, problem.train, problem.K, problem.workspace
        kernel.gram(M, problem.both or x, x, out=problem.values)
        coefficients, solver, inverse = problem.solve(K, problem.ridge, problem.targets, workspace)
        estimate = condition(K, self.ridge, inverse) if problem.with_condition else None
        del inverse  # it may hold a factor as large as K, or in the workspace
        if problem.both:
            test_outputs = problem.values[len(x) :] @ coefficients
        else:
            test_outputs = _predict(kernel, M, x, coefficients, problem.test, problem.memory)
        learned, train_outputs = problem.agop(
            M,
            x,
            coefficients,
            K,
            centering=self.centering,
            memory=problem.memory,
            workspace=workspace,
        )
        if train_outputs is None:
            train_outputs = (coefficients.mT @ K).mT  # K is symmetric; this order is a third faster
        if not math.isfinite(learned.sum()):
            raise NumericsError("the AGOP is not finite; raise rfm.ridge or change rfm.solver")
        next_M = matrix_power(learned, self.agop_power)
        if M.is_cuda:
            torch.cuda.synchronize(M.device)
        return Fit(coefficients, train_outputs, test_outputs, next_M, solver, estimate)

    def step(self, state: State, fit: Fit, seconds: float) -> Step:
        """Step of a run, from its state and its fit, which took `seconds`."""
        still = state.still + 1 if self._stands_still(state, fit) else 0
        return Step(
            state.iteration,
            state.M,
            fit.coefficients,
            fit.train_outputs,
            fit.test_outputs,
            fit.next_M,
            fit.solver,
            seconds,
            State(state.iteration + 1, fit.next_M, state.largest, fit.test_outputs, still),
            last=still >= self.stop_patience or state.iteration == self.iterations - 1,
            condition=fit.condition,
        )

    def block_memory(self, device: torch.device) -> float:
        """Bytes available to the blocks of an iteration, now."""
        if self.memory_budget is not None:
            return self.memory_budget * 1e9
        if device.type == "cuda":
            return FREE_SHARE * torch.cuda.mem_get_info(device)[0]
        if "SC_AVPHYS_PAGES" in os.sysconf_names:
            return FREE_SHARE * os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return math.inf  # macOS does not report it; blocks on a CPU are small anyway

    def _stands_still(self, state: State, fit: Fit) -> bool:
        if self.stop_change is None or state.outputs is None:
            return False
        of_M = (fit.next_M - state.M).norm() / state.M.norm()
        of_outputs = (fit.test_outputs - state.outputs).norm() / fit.test_outputs.norm()
        return float(torch.maximum(of_M, of_outputs)) < self.stop_change


def _predict(
    kernel: Kernel, M: Tensor, x: OneHot, coefficients: Tensor, points: OneHot, memory: float
) -> Tensor:
    runs = M.shape[:-2].numel()
    fitting = int(memory // (runs * len(x) * M.element_size()))
    step = max(1, min(TEST_ROWS_AT_A_TIME, fitting))
    parts = (points[start : start + step] for start in range(0, len(points), step))
    return torch.cat([kernel.gram(M, part, x) @ coefficients for part in parts], dim=-2)


def batch_size(value: object) -> int | str:
    """Return a maximal number of runs in one batch, or "auto"."""
    if isinstance(value, str) and value != "auto":
        raise SettingError("batch", f"must be auto or an integer of at least 1, got {value!r}")
    return value if isinstance(value, str) else integer("batch", value, minimum=1)


def check_growth(M: Tensor, largest: float) -> None:
    """Raise NumericsError if the norm of a feature matrix is not at most `largest`."""
    norm = float(torch.linalg.vector_norm(M))
    if not norm <= largest:
        raise NumericsError(
            f"the feature matrix exploded: its norm is {norm:.3g}, but rfm.max_growth allows only"
            f" {largest:.3g}; a ridge (rfm.ridge=1e-8) prevents this in every known case"
        )
