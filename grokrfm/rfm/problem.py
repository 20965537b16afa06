"""Problem and Fit: data of an iteration of the RFM loop, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grokrfm.kernels import Kernel, OneHot
from grokrfm.rfm.examples import Examples
from grokrfm.rfm.solve import Solution


@dataclass(frozen=True, eq=False)
class Problem:
    """Data shared by all iterations of a run; for a batch of B runs every tensor begins with B.

    Parameters
    ----------
    kernel : Kernel
    train, test : OneHot      n and m rows
    targets : (n, c)          Y
    ridge                     a number; (B, 1) for a batch
    solve                     finds the coefficients
    K, workspace : (n, n)     overwritten at every iteration; nothing else is as large
    with_condition : bool     true: estimate the condition number
    """

    kernel: Kernel
    train: OneHot
    test: OneHot
    targets: Tensor
    ridge: Any
    solve: Callable[[Tensor, Any, Tensor, Tensor], Solution]
    K: Tensor
    workspace: Tensor
    with_condition: bool

    @classmethod
    def of(
        cls,
        kernel: Kernel,
        train: Examples,
        test: Examples,
        classes: int,
        ridge: Any,
        solve: Callable[[Tensor, Any, Tensor, Tensor], Solution],
        M: Tensor,
        with_condition: bool = False,
    ) -> Problem:
        """Build the problem on the device and in the dtype of M."""
        targets = torch.nn.functional.one_hot(train.labels, classes).to(M.dtype)
        K, workspace = (M.new_empty(*train.labels.shape, len(train.inputs)) for _ in range(2))
        x, z = train.inputs, test.inputs
        return cls(kernel, x, z, targets, ridge, solve, K, workspace, with_condition)


class Fit(NamedTuple):
    """Result of an iteration, for one run or for a batch; see Step."""

    coefficients: Tensor
    train_outputs: Tensor
    test_outputs: Tensor
    next_M: Tensor
    solver: str
    condition: Tensor | None = None

    def of_run(self, b: int) -> Fit:
        """Result of run b of a batch."""
        return Fit(
            self.coefficients[b],
            self.train_outputs[b],
            self.test_outputs[b],
            self.next_M[b],
            self.solver,
        )
