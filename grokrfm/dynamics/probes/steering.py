"""Steering: how continuous actions turn the latent space."""

from __future__ import annotations

import numpy as np
import torch

from grokrfm.dynamics.actions import ContinuousActions
from grokrfm.dynamics.view import View
from grokrfm.runs.record import Number

ANGLES = 101
"""Angles at which the map is evaluated, from −π to π."""


def steering(view: View) -> dict[str, Number]:
    """Fit of θ = s·α in the plane that each continuous action turns most.

    steering_slope_error   largest ||s| − 1| of any action
    steering_r2            smallest R² of the fits θ = s·α
    off_plane              largest root mean square of an angle in another plane, in radians
    steering_planes        number of different planes
    """
    if not isinstance(turns := getattr(view.module, "actions", None), ContinuousActions):
        return {}
    weight = next(view.module.parameters())
    alphas = torch.linspace(-torch.pi, torch.pi, ANGLES, dtype=weight.dtype, device=weight.device)
    actions = torch.arange(view.environment.actions, device=weight.device)
    with torch.no_grad():
        _, found = turns(actions[:, None].expand(-1, ANGLES), alphas.expand(len(actions), -1))
    angles, alpha = found.cpu().double().numpy(), alphas.cpu().double().numpy()
    strengths = np.square(angles).mean(axis=1)  # (A, planes)
    planes = strengths.argmax(axis=1)
    turned = np.take_along_axis(angles, planes[:, None, None], axis=2)[..., 0]  # (A, angles)
    slopes = turned @ alpha / (alpha @ alpha)
    residuals = np.square(turned - slopes[:, None] * alpha).sum(axis=1)
    totals = np.square(turned - turned.mean(axis=1, keepdims=True)).sum(axis=1)
    np.put_along_axis(strengths, planes[:, None], 0, axis=1)
    return {
        "steering_slope_error": float(np.abs(np.abs(slopes) - 1).max()),
        "steering_r2": float((1 - residuals / totals).min()),
        "off_plane": float(np.sqrt(strengths.max())),
        "steering_planes": len(set(planes.tolist())),
    }
