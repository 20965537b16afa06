"""Schedules: values that change with the share of the training that is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from grokrfm.checks import SettingError, not_negative, shown


@dataclass(frozen=True)
class Schedule:
    """Piecewise linear function of the share of the training, constant outside its points.

    Parameters
    ----------
    shares   of the training, from 0 to 1, not decreasing; two equal ones make a jump
    values   at these shares, at least 0
    """

    shares: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, share: float) -> float:
        """Return the value after a share of the training."""
        # np.interp takes the first of two equal shares from the left, and the last from the right
        return float(np.interp(share, self.shares, self.values))

    @property
    def is_zero(self) -> bool:
        return not any(self.values)


def schedule(setting: str, given: Any) -> Schedule:
    """Return the schedule of a setting: a number, or a list of [share, value].

    Raises
    ------
    SettingError   if it is neither
    """
    if not isinstance(given, (list, tuple)):
        return Schedule((0.0,), (not_negative(setting, given),))
    rule = (
        "must be a number, or a list of [share of the training, value] such as"
        f" [[0, 0.01], [0.5, 0]], got {shown(given)}"
    )
    if not given or any(not isinstance(p, (list, tuple)) or len(p) != 2 for p in given):
        raise SettingError(setting, rule)
    shares = tuple(not_negative(setting, share) for share, _ in given)
    values = tuple(not_negative(setting, value) for _, value in given)
    if list(shares) != sorted(shares) or shares[-1] > 1:
        raise SettingError(setting, f"{rule}; shares increase from 0 to 1")
    return Schedule(shares, values)
