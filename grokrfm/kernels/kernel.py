"""Kernel interfaces: a profile and its slope, of the squared distance or the inner product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

from torch import Tensor

from grokrfm.kernels.onehot import EVERY, Blocks, OneHot, inner_products, squared_distances


@runtime_checkable
class Kernel(Protocol):
    """Kernel k_M(x, z).

    Beside its Gram matrix a kernel provides its gradient in one of two ways: the weights of a
    StreamedGradient, which any function of d² or of t has, or a ClosedFormAgop. Every tensor may
    have an additional first dimension: a batch of runs that share the kernel.
    """

    def gram(self, M: Tensor, x: OneHot, z: OneHot, out: Tensor | None = None) -> Tensor:
        """K, (m, n), between the m rows of x and the n rows of z; M is (d, d) and symmetric.

        It is written to `out` if given: new memory costs as much as the arithmetic.
        """


@runtime_checkable
class StreamedGradient(Kernel, Protocol):
    """Kernel with the gradient ∇ₓk(x, z) = s·B·M(z − x) if `radial`, else s·B·M z.

    The factor s is `gradient_scale`; kept out of B, it costs nothing.
    """

    radial: ClassVar[bool]

    @property
    def gradient_scale(self) -> float | Tensor:
        """s, the same for all pairs of points; for a batch it may be (B, 1, 1)."""

    def gradient_weights(
        self, M: Tensor, x: OneHot, z: OneHot, gram: Tensor, out: Tensor | None = None
    ) -> Tensor:
        """B, (m, n), where `gram` is the K of the same rows: `gram` itself, or written to `out`."""


@runtime_checkable
class ClosedFormAgop(Kernel, Protocol):
    """Kernel whose AGOP has a closed form, cheaper than streaming over the training points."""

    def agop(self, M: Tensor, x: OneHot, coefficients: Tensor, centering: bool) -> Tensor:
        """AGOP, (d, d), of f(·) = Σ_i coefficients[i]·k(·, x_i) over the rows of x."""


class RadialKernel(ABC):
    """k(x, z) = profile(d²) with d² = (x − z)ᵀ M (x − z)."""

    radial: ClassVar[bool] = True
    gradient_scale: float = -2.0  # ∇ₓ d² = −2·M(z − x)

    @abstractmethod
    def profile(self, squared_distance: Tensor) -> Tensor:
        """k as a function of d², element by element."""

    @abstractmethod
    def slope(self, squared_distance: Tensor) -> Tensor:
        """dk/d(d²), element by element."""

    def gram(self, M: Tensor, x: OneHot, z: OneHot, out: Tensor | None = None) -> Tensor:
        filled = empty_gram(M, x, z) if out is None else out
        return fill(filled, squared_distances(M, x, z), lambda block, *_: self.profile(block))

    def gradient_weights(
        self, M: Tensor, x: OneHot, z: OneHot, gram: Tensor, out: Tensor | None = None
    ) -> Tensor:
        filled = empty_gram(M, x, z) if out is None else out
        return fill(filled, squared_distances(M, x, z), lambda block, *_: self.slope(block))


class InnerProductKernel(ABC):
    """k(x, z) = profile(t) with t = xᵀ M z."""

    radial: ClassVar[bool] = False
    gradient_scale: float = 1.0

    @abstractmethod
    def profile(self, inner_product: Tensor) -> Tensor:
        """k as a function of t, element by element."""

    @abstractmethod
    def slope(self, inner_product: Tensor) -> Tensor:
        """dk/dt, element by element."""

    def gram(self, M: Tensor, x: OneHot, z: OneHot, out: Tensor | None = None) -> Tensor:
        filled = empty_gram(M, x, z) if out is None else out
        return fill(filled, inner_products(M, x, z), lambda block, *_: self.profile(block))

    def gradient_weights(
        self, M: Tensor, x: OneHot, z: OneHot, gram: Tensor, out: Tensor | None = None
    ) -> Tensor:
        filled = empty_gram(M, x, z) if out is None else out
        return fill(filled, inner_products(M, x, z), lambda block, *_: self.slope(block))


def empty_gram(M: Tensor, x: OneHot, z: OneHot) -> Tensor:
    """Allocate the kernel matrix of two sets of rows."""
    return M.new_empty(*M.shape[:-2], len(x), len(z))


def fill(
    filled: Tensor, blocks: Blocks, function: Callable[[Tensor, slice, slice], Tensor]
) -> Tensor:
    """Write function(block, rows, columns) of every block to its place in `filled`, (m, n).

    Returns `filled`, completed by symmetry if the blocks cover one triangle only.
    """
    for rows, columns, block in blocks:
        values = filled[..., rows, columns] = function(block, rows, columns)
        if columns != EVERY and rows.stop < filled.shape[-2]:
            filled[..., rows.stop :, rows] = values[..., rows.stop - rows.start :].mT
    return filled
