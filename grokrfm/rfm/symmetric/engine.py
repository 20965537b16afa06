"""RFM loop on representatives: |T| blocks of order R instead of one matrix of order R·|T|."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from grokrfm.checks import NumericsError, SettingError, choice
from grokrfm.kernels import Kernel, OneHot
from grokrfm.rfm.agop import matrix_power
from grokrfm.rfm.engine import RFM
from grokrfm.rfm.problem import Fit
from grokrfm.rfm.solve import condition_of
from grokrfm.rfm.step import State
from grokrfm.rfm.symmetric.agop import Geometry, agop
from grokrfm.rfm.symmetric.orbits import OrbitMeans, RowOrbits
from grokrfm.rfm.symmetric.solve import BLOCK_SOLVERS
from grokrfm.rfm.symmetric.step import SymmetricStep

LARGEST_DEFECT = 1e-6
"""‖mean of Π M Πᵀ over the translations − M‖ / ‖M‖ (Frobenius) of a start M: well above
rounding, well below an asymmetry that matters."""


@dataclass(frozen=True)
class SymmetricRFM(RFM):
    """RFM of a training set that translations map onto itself; settings as RFM.

    The kernel matrix of rows (i, t) depends on t'·t⁻¹ only: in the characters χ of the group T of
    translations it consists of Hermitian blocks of order R, one for each χ, where R is the number
    of orbits. Outputs and gradients at one row of every orbit determine all others.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("solver", self.solver, BLOCK_SOLVERS)
        if self.batch != 1:
            raise SettingError("batch", f"must be 1 for rfm=symmetric, got {self.batch!r}")

    def steps_by_orbit(
        self,
        kernel: Kernel,
        rows: RowOrbits,
        start: Tensor | State,
        *,
        with_condition: bool = False,
    ) -> Iterator[SymmetricStep]:
        """Run the iterations as RFM.steps does.

        Raises
        ------
        NumericsError   as RFM.steps
        SettingError    if the translations do not keep the starting matrix
        """
        if not isinstance(start, State):
            start = kept_start(rows, start)
        state = self.state(start)
        problem = SymmetricProblem.of(kernel, rows, state.M, with_condition)
        for step in self.iterate(partial(self._fit, problem), state):
            yield SymmetricStep(step, rows)

    def _fit(self, problem: SymmetricProblem, M: Tensor) -> Fit:
        at, kernel, R = problem.at, problem.kernel, len(problem.at.representatives)
        points = problem.points
        gram = kernel.gram(M, at.rows, points)  # (n, R + R')
        blocks = problem.blocks(gram)  # (H, R + R', R)
        K = blocks[:, :R].clone()
        K.diagonal(dim1=-2, dim2=-1).add_(self.ridge)
        solver, inverse = BLOCK_SOLVERS[self.solver](K)
        solved = inverse(problem.targets)
        estimate = None
        if problem.with_condition:
            norm = gram[:, :R].abs().sum(dim=0).max() + self.ridge
            estimate = condition_of(norm, len(at.rows), M, partial(problem.applied, inverse))
        alpha, outputs = problem.by_row(solved), problem.by_row(blocks @ solved)
        learned = agop(kernel, M, at, alpha, gram[:, :R], centering=self.centering)
        if not bool(learned.isfinite().all()):
            raise NumericsError("the AGOP is not finite; raise rfm.ridge or change rfm.solver")
        # Rounding in the null modes of the AGOP becomes 1e-8 in its root. Unless M keeps the
        # symmetry to the last digit, one row of every orbit no longer gives a positive K.
        next_M = at.pairs(matrix_power(learned, self.agop_power))
        if M.is_cuda:
            torch.cuda.synchronize(M.device)
        return Fit(alpha, outputs[:R], outputs[R:], next_M, solver, estimate)


class SymmetricProblem(NamedTuple):
    """Data shared by all iterations.

    Parameters
    ----------
    points : OneHot           R training and R' test representatives
    analysis : (s, 2H)        real and imaginary parts of the characters
    synthesis : (2H, s)       inverse of the transform with χ̄, of real functions
    targets : (H, R, q)       Y of the solved classes, transformed
    order : (n,)              place of row (i, t) in the training set
    """

    kernel: Kernel
    at: Geometry
    points: OneHot
    analysis: Tensor
    synthesis: Tensor
    targets: Tensor
    order: Tensor
    with_condition: bool

    @classmethod
    def of(
        cls, kernel: Kernel, rows: RowOrbits, M: Tensor, with_condition: bool
    ) -> SymmetricProblem:
        """Build the problem on the device and in the dtype of M."""

        def tensor(values: np.ndarray) -> Tensor:
            return torch.as_tensor(values, device=M.device)

        s, chi, train = rows.s, rows.characters, rows.train_rows
        twice = np.where(np.abs((chi**2).sum(axis=1)) > s / 2, 1, 2)[:, None]  # χ and χ̄
        synthesis = np.concatenate([chi.real * twice, -chi.imag * twice]) / s
        analysis = np.concatenate([chi.real, chi.imag]).T
        is_label = rows.task.labels[train][:, :, None] == rows.solved  # (R, s, q)
        targets = tensor(np.einsum("ht,itq->hiq", chi.conj(), is_label))
        x = rows.inputs(train, M.device)
        points = rows.inputs(np.concatenate([train[:, 0], rows.test_rows[:, 0]]), M.device)
        pairs, with_class = (OrbitMeans(tensor(orbit)) for orbit in rows.coordinate_orbits)
        moved, q = tensor(rows.moved), len(rows.solved)
        members = tensor(_members(rows.task.active[train.flatten()], x.width))
        at = Geometry(x, points[: len(train)], moved, q, members, pairs, with_class)
        targets = targets.to(M.dtype.to_complex())
        order = rows.places(training=True).flatten().to(M.device)
        transforms = tensor(analysis).to(M.dtype), tensor(synthesis).to(M.dtype)
        return cls(kernel, at, points, *transforms, targets, order, with_condition)

    def blocks(self, gram: Tensor) -> Tensor:
        """K_χ of every character, (H, R + R', R): Σ_v χ(v) k(r_i, r_j + v)."""
        s, P = len(self.analysis), gram.shape[1]
        by_orbit = gram.view(-1, s, P)
        parts = torch.bmm(self.analysis.T.expand(len(by_orbit), -1, -1), by_orbit)  # (R, 2H, P)
        real, imaginary = parts.view(len(parts), 2, -1, P).permute(1, 2, 3, 0)
        return torch.complex(real.contiguous(), imaginary.contiguous())

    def by_row(self, transformed: Tensor) -> Tensor:
        """(R, s·q) values at row (i, t) of a function given in characters, (H, R, q)."""
        parts = torch.cat([transformed.real, transformed.imag])  # (2H, R, q)
        values = self.synthesis.T @ parts.flatten(1)  # (s, R·q)
        by_orbit = values.view(-1, *parts.shape[1:]).transpose(0, 1)
        return by_orbit.contiguous().flatten(1)

    def applied(self, inverse: Callable[[Tensor], Tensor], vectors: Tensor) -> Tensor:
        """(K + ridge·I)⁻¹ of (n, k) by its blocks."""
        s, order = len(self.analysis), self.order
        by_orbit = vectors[order].view(-1, s, vectors.shape[1])
        parts = torch.einsum("itk,th->hik", by_orbit, self.analysis)
        half = len(parts) // 2
        solved = inverse(torch.complex(parts[:half], -parts[half:]))
        result = torch.empty_like(vectors)
        result[order] = self.by_row(solved).view(vectors.shape)
        return result


def kept_start(rows: RowOrbits, M: Tensor) -> Tensor:
    """Return a starting matrix without the rounding by which translations change it.

    Raises
    ------
    SettingError   if they change it by more
    """
    kept = OrbitMeans(torch.as_tensor(rows.coordinate_orbits[0], device=M.device))(M)
    defect = float((kept - M).norm() / M.norm())
    if not defect <= LARGEST_DEFECT:
        raise SettingError(
            "start",
            f"the translations that keep the training set do not keep M_0 (relative defect"
            f" {defect:.1g}), as rfm=symmetric needs; set start=identity or rfm=default",
        )
    return kept


def _members(active: np.ndarray, width: int) -> np.ndarray:
    """(d, L) rows in which each coordinate is active, filled up with the number of rows."""
    lists = [np.flatnonzero((active == coordinate).any(axis=1)) for coordinate in range(width)]
    members = np.full((width, max(map(len, lists))), len(active))
    for coordinate, rows in enumerate(lists):
        members[coordinate, : len(rows)] = rows
    return members
