"""Kernel of a batch of runs whose kernels differ in a parameter, such as the bandwidth."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from grokrfm.kernels.kernel import (
    ClosedFormAgop,
    InnerProductKernel,
    Kernel,
    RadialKernel,
    empty_gram,
    fill,
)
from grokrfm.kernels.onehot import OneHot, inner_products, squared_distances


def batched(kernels: Sequence[Kernel]) -> Kernel:
    """Kernel of a batch whose run b has kernels[b]; all kernels have the same `batch_key`."""
    same = all(kernel == kernels[0] for kernel in kernels)
    return kernels[0] if same else BatchedKernel(tuple(kernels))  # type: ignore[arg-type]


def batch_key(kernel: Kernel) -> Hashable:
    """Key that is equal for kernels that can share a batch: profiles of a class, or equal ones."""
    by_profile = isinstance(kernel, (RadialKernel, InnerProductKernel))
    if by_profile and not isinstance(kernel, ClosedFormAgop):
        return type(kernel)
    return kernel if isinstance(kernel, Hashable) else id(kernel)


@dataclass(frozen=True)
class BatchedKernel:
    """Kernels of one class: the runs share the distances or products, each has its own profile.

    Parameters
    ----------
    kernels   one per run of the batch
    """

    kernels: tuple[RadialKernel, ...] | tuple[InnerProductKernel, ...]

    @property
    def radial(self) -> bool:
        return self.kernels[0].radial

    @property
    def gradient_scale(self) -> Tensor:
        scales = [kernel.gradient_scale for kernel in self.kernels]
        return torch.tensor(scales, dtype=torch.float64)[:, None, None]

    def gram(self, M: Tensor, x: OneHot, z: OneHot, out: Tensor | None = None) -> Tensor:
        filled = empty_gram(M, x, z) if out is None else out
        blocks = squared_distances(M, x, z) if self.radial else inner_products(M, x, z)
        return fill(filled, blocks, lambda block, *_: self._profiles(block))

    def gradient_weights(
        self, M: Tensor, x: OneHot, z: OneHot, gram: Tensor, out: Tensor | None = None
    ) -> Tensor:
        filled = torch.empty_like(gram) if out is None else out
        for kernel, runs in self._alike():
            rows, columns = x.of_runs(runs), z.of_runs(runs)
            filled[runs] = kernel.gradient_weights(M[runs], rows, columns, gram[runs])
        return filled

    def _profiles(self, block: Tensor) -> Tensor:
        return torch.cat([kernel.profile(block[runs]) for kernel, runs in self._alike()])

    def _alike(self) -> Iterator[tuple[RadialKernel | InnerProductKernel, slice]]:
        """Yield each kernel with the consecutive runs that share it."""
        start = 0
        kernels: Sequence[RadialKernel | InnerProductKernel] = self.kernels
        for kernel, group in groupby(kernels):
            stop = start + len(list(group))
            yield kernel, slice(start, stop)
            start = stop
