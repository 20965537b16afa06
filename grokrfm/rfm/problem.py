"""Problem and Fit: data of an iteration of the RFM loop, and its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from grokrfm.kernels import Kernel, OneHot
from grokrfm.kernels.onehot import BLOCK_ENTRIES
from grokrfm.rfm.agop import Agop, agop_of
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
    agop                      learns from them, see grokrfm.rfm.agop.agop
    memory : float            bytes for blocks, beside K and workspace
    K, workspace : (n, n)     overwritten at every iteration; nothing else is as large
    both : OneHot             all rows of a small run, whose kernel values are made at once; or None
    values : (n + m, n)       theirs; K is the first part
    with_condition : bool     true: estimate the condition number
    """

    kernel: Kernel
    train: OneHot
    test: OneHot
    targets: Tensor
    ridge: Any
    solve: Callable[[Tensor, Any, Tensor, Tensor], Solution]
    agop: Callable[..., Agop]
    memory: float
    K: Tensor
    workspace: Tensor
    both: OneHot | None
    values: Tensor
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
        memory: float,
        with_condition: bool = False,
    ) -> Problem:
        """Build the problem on the device and in the dtype of M."""
        targets = torch.nn.functional.one_hot(train.labels, classes).to(M.dtype)
        x, z, n, runs = train.inputs, test.inputs, len(train.inputs), train.labels.shape[:-1]
        small = not runs and (n + len(z)) * n <= 2 * BLOCK_ENTRIES[M.device.type]
        both = OneHot(torch.cat([x.active, z.active]), x.width) if small else None
        values = M.new_empty(*runs, len(both or x), n)
        K = values[..., :n, :]
        return cls(
            kernel,
            x,
            z,
            targets,
            ridge,
            solve,
            agop_of(kernel),
            memory,
            K,
            torch.empty_like(K),
            both,
            values,
            with_condition,
        )


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
