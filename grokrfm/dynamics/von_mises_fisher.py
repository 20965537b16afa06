"""Von Mises–Fisher distribution on S³, of density ∝ exp(κ μ·z): divergence and samples."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize
from torch.special import i0e, i1e

NODES = 512
"""Nodes of the distribution function of the polar angle; its error is at most 1e-4 for κ ≥ 1."""

REACH = 10
"""Largest node is this / √κ, or π.

Since 1 − cos φ ≥ 2 φ²/π², the factor exp(κ (cos φ − 1)) is below exp(−200/π²) = 2e-9 beyond it.
"""


def kl_to_uniform(kappa: Tensor) -> Tensor:
    """Kullback–Leibler divergence from the uniform distribution, of (…) concentrations κ.

    The density is κ / (4π² I₁(κ)) · exp(κ μ·z) and E[μ·z] = I₂/I₁ = I₀/I₁ − 2/κ; the sphere has the
    area 2π². With i₁ = e^{−κ} I₁ the terms of size κ cancel before they are computed:

        KL = κ I₂/I₁ + log κ − log 4π² − log I₁ + log 2π² = κ (I₀/I₁ − 1) − 2 + log(κ / 2i₁)
    """
    first = i1e(kappa)
    return kappa * (i0e(kappa) / first - 1) - 2 + (kappa / (2 * first)).log()


def sample(direction: Tensor, kappa: Tensor, uniform: Tensor, normal: Tensor) -> Tensor:
    """Draw z = μ cos φ + v sin φ, with v a uniform unit vector orthogonal to μ.

    Nothing is rejected: φ is the inverse of its distribution function at a uniform number, so that
    z has exact pathwise gradients in μ and κ.

    Parameters
    ----------
    direction : (…, 4)   μ
    kappa : (…)          κ
    uniform : (…)        in [0, 1]
    normal : (…, 4)      standard normal; v is the direction of its part orthogonal to μ
    """
    along = (normal * direction).sum(-1, keepdim=True)
    across = normalize(normal - along * direction, dim=-1)
    angle = polar_angle(kappa, uniform)[..., None]
    return direction * angle.cos() + across * angle.sin()


def polar_angle(kappa: Tensor, uniform: Tensor) -> Tensor:
    """Return φ with P(angle between z and μ < φ) = a uniform number; (…) all.

    The density of φ is ∝ sin²φ · exp(κ cos φ). Its integral by the trapezoidal rule is piecewise
    linear between NODES, and so is its inverse.
    """
    share = torch.linspace(0, 1, NODES, dtype=kappa.dtype, device=kappa.device)
    # κ moves the nodes too, which changes no integral: gradients need not go this way
    angles = share * (REACH / kappa.detach().sqrt()).clamp(max=math.pi)[..., None]
    density = angles.sin().square() * (kappa[..., None] * (angles.cos() - 1)).exp()
    below = (density[..., 1:] + density[..., :-1]).cumsum(-1)
    below = torch.cat([torch.zeros_like(below[..., :1]), below / below[..., -1:]], dim=-1)
    left = ((below < uniform[..., None]).sum(-1, keepdim=True) - 1).clamp(min=0)

    def at(values: Tensor, index: Tensor) -> Tensor:
        return values.gather(-1, index)[..., 0]

    low, high = at(below, left), at(below, left + 1)
    start, end = at(angles, left), at(angles, left + 1)
    return start + (end - start) * (uniform - low) / (high - low)
